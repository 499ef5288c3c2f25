"""Recordings of one's own in folders, and real ones in archives like the published sets."""

import csv
import io
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import soundfile

pytestmark = pytest.mark.workflow

SHARED = Path(__file__).parents[3] / "shared"
# a class whose name wants to be a command
HOSTILE = "$(touch x) & `touch x`; touch x 'roll' \"b"
SMALL = (
    "mixtures={folds: 2, per_fold: 4, shard: 4, seconds: 3, event_seconds: 1}",
    "grid={models: [tiny_fresh]}",
)


@pytest.fixture
def folders(tmp_path):
    """Events of three classes in sub-folders, in several formats and rates, and two scenes."""
    rng = np.random.default_rng(0)
    for number, label in enumerate(("dog bark", "Straße", HOSTILE)):
        (tmp_path / "events" / label).mkdir(parents=True)
        for take in range(3):
            rate = (16000, 44100, 48000)[take]
            time = np.arange(round(rate * (0.4 + 0.2 * take))) / rate
            tone = 0.3 * np.sin(2 * np.pi * 500 * (number + 1) * time) * np.exp(-3 * time)
            name = f"{take}.{('wav', 'flac', 'ogg')[take]}"
            soundfile.write(tmp_path / "events" / label / name, tone, rate)
    (tmp_path / "scenes").mkdir()
    for name, seconds in (("long.wav", 7.0), ("short.wav", 1.3)):
        scene = rng.normal(0, 0.02, (round(22050 * seconds), 2))
        soundfile.write(tmp_path / "scenes" / name, scene, 22050)
    (tmp_path / "events" / "dog bark" / "broken.wav").write_bytes(b"not audio")
    return tmp_path


def test_folders_go_all_the_way(folders, fresh, root):
    data = f"data={{source: folders, scenes: {folders}/scenes, events: {folders}/events}}"
    output = fresh.must_run("--config", data, *SMALL)
    assert "events: 9 of 10 recordings are usable" in output
    assert "not used: unreadable" in output
    classes = pd.read_csv(fresh.results / "tables" / "per_class.csv")["class"]
    assert set(classes) == {"dog bark", "Straße", HOSTILE}
    assert not [place for place in (fresh.directory, root, Path()) if (place / "x").exists()]
    assert not list(fresh.directory.rglob("x"))

    new = folders / "events" / "Straße" / "new.wav"
    soundfile.write(new, np.sin(np.arange(20000) / 9), 16000)
    assert "index_recordings" in fresh.would_run("--config", data, *SMALL)
    new.unlink()

    # the same length and header, another sound
    changed = folders / "scenes" / "long.wav"
    audio, rate = soundfile.read(changed)
    soundfile.write(changed, audio[::-1], rate)
    rerun = fresh.would_run("--config", data, *SMALL)
    assert "index_recordings" in rerun and "render_mixtures" in rerun


def test_a_list_stands_for_folders(folders, fresh):
    """One with spaces, an umlaut, CRLF, semicolons and a byte order mark, and a recording twice."""
    files = sorted(path for path in (folders / "events").rglob("*.*"))
    rows = [
        ["label", "file"],
        *([path.parent.name, f"events/{path.parent.name}/{path.name}"] for path in files),
    ]
    rows += [rows[1], ["dog bark", "events/gone.wav"]]
    table = io.StringIO(newline="")
    csv.writer(table, delimiter=";").writerows(rows)
    text = table.getvalue()
    (folders / "my list.csv").write_text(text, encoding="utf-8-sig", newline="")
    data = f"data={{source: folders, scenes: {folders}/scenes, events: {folders}/my list.csv}}"
    output = fresh.must_run("mixtures", "--config", data, *SMALL)
    assert "events: 9 of 12 recordings are usable" in output
    assert "events: 1 not used: listed twice" in output
    assert "events: 1 not used: listed in my list.csv but not there" in output
    events = pd.read_csv(fresh.results / "recordings" / "events.csv")
    assert set(events[events.usable].label) == {"dog bark", "Straße", HOSTILE}
    assert "gather_material" in fresh.would_run("--config", data, *SMALL)

    (folders / "my list.csv").write_text(text.replace("Straße;", "road;"), encoding="utf-8-sig")
    assert "index_recordings" in fresh.would_run("mixtures", "--config", data, *SMALL)
    (folders / "my list.csv").write_text(text.replace("file", "path"))
    done = fresh.run("mixtures", "--config", data, *SMALL)
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("configuration: ")]
    assert "my list.csv: no column file (there are label, path)" in line


LABELS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "../../up & $(touch x)",
    "$\\frac$ {a} %s \\n",
    "=cmd|' /C touch x'!A1",
]


@pytest.mark.soak
def test_labels_are_text_to_the_end(folders, fresh, root):
    """In every page and picture; a list may have labels that no folder could be called."""
    takes = sorted((folders / "events" / "Straße").glob("*.*"))
    rows = [["file", "label"]]
    for number, label in enumerate(LABELS):
        for take in takes:
            copy = folders / f"{number}-{take.name}"
            copy.write_bytes(take.read_bytes())
            rows.append([copy.name, label])
    with (folders / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    data = f"data={{source: folders, scenes: {folders}/scenes, events: {folders}/list.csv}}"
    fresh.must_run("--config", data, *SMALL)
    fresh.must_run("--report", "report.html", "--config", data, *SMALL)

    assert set(pd.read_csv(fresh.results / "tables" / "per_class.csv")["class"]) == set(LABELS)
    pages = [fresh.directory / "report.html", *sorted(fresh.results.rglob("*.html"))]
    assert len(pages) >= 4
    for page in pages:
        assert not runs_in(page.read_text(encoding="utf-8")), page
    for picture in fresh.results.rglob("*.svg"):
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(picture).iter()}
        assert not tags & {"script", "img", "image/svg+xml", "foreignObject"}
    assert not list(folders.rglob("up*")) and not list(folders.parent.glob("up*"))
    assert not list(fresh.directory.rglob("x")) and not (root / "x").exists()


def runs_in(page: str) -> list[str]:
    """What a label has made run in a page."""
    found = []

    class Reader(HTMLParser):
        script = False

        def handle_starttag(self, tag, attrs):
            kind = dict(attrs).get("type") or ""
            self.script = tag == "script" and kind != "application/json"
            found.extend(f"{tag} {name}" for name, _ in attrs if name.startswith("on"))
            found.extend(f"img {value}" for name, value in attrs if (name, value) == ("src", "x"))

        def handle_data(self, text):
            if self.script and "alert(1)" in text:
                found.append(text[:200])

    Reader().feed(page)
    return found


def test_check_data_says_what_is_there_each_time(folders, fresh):
    data = f"data={{source: folders, scenes: {folders}/scenes, events: {folders}/events}}"
    output = fresh.must_run("check_data", "--config", data, *SMALL)
    report = (fresh.results / "check_data.md").read_text()
    assert report in output and "| Straße " in report
    assert "events: 1 unreadable (Format not recognised) (dog bark/broken.wav)" in report
    assert "## This stops the run" not in report
    again = fresh.must_run("check_data", "--config", data, SMALL[0].replace("folds: 2", "folds: 3"))
    assert "- too few sources to fill 3 folds (the scenes: 2)" in again
    assert [path.name for path in fresh.results.glob("*.*")] == ["check_data.md"]


def test_check_data_reports_what_nobody_could_use(fresh, tmp_path):
    for role in ("scenes", "events"):
        (tmp_path / role).mkdir()
    (tmp_path / "scenes" / "half.zip").write_bytes(b"PK\x03\x04 half of it")
    with zipfile.ZipFile(tmp_path / "events" / "all.zip", "w") as archive:
        archive.writestr("Bark/1.wav", "not audio")
    data = f"data={{source: archives, scenes: {tmp_path}/scenes, events: {tmp_path}/events}}"
    output = fresh.must_run("check_data", "--config", data)
    assert "Traceback" not in output
    assert "half.zip: not a readable zip archive" in output
    assert "- no usable recording among the events; give some" in output
    assert "events: 1 unreadable" in output


def test_check_data_of_the_demo(fresh):
    output = fresh.must_run("check_data", "index_recordings")
    rows = [line for line in output.splitlines() if line.startswith("| ")]
    classes = set(pd.read_csv(fresh.results / "recordings" / "events.csv").label)
    shown = [row.split("|")[1].strip() for row in rows]
    assert (shown[0], shown[2:]) == ("class", [*sorted(classes), "(the scenes)"])
    assert "## This stops the run" not in output


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real recordings (../shared) are not here")
def test_real_recordings_in_archives(fresh, tmp_path):
    tool, clips = SHARED / "tools/build_dcase_archives.py", SHARED / "data/esc10/clips.csv"
    archives = tmp_path / "archives"
    command = [sys.executable, tool, clips, archives, "--events-per-class", "8"]
    subprocess.run([*command, "--scenes-per-class", "2"], check=True, capture_output=True)
    fresh.must_run(
        "--config",
        f"data={{source: archives, scenes: {archives}, events: {archives}}}",
        "mixtures={seconds: 5, per_fold: 6}",
        "grid={models: [tiny_fresh]}",
    )
    events = pd.read_csv(fresh.results / "recordings" / "events.csv")
    assert len(events) == 48 and events.usable.all() and not events.verified.all()
    folds = pd.read_csv(fresh.results / "folds.csv")
    assert (folds.groupby(["role", "source"]).fold.nunique() == 1).all()
    summary = pd.read_csv(fresh.results / "tables" / "summary.csv")
    assert summary[summary.task == "masks"].value.notna().all()
