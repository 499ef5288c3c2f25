"""The page as a file: complete, within its size, the same each time, safe whatever names hold."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from weakseg.gallery import write
from weakseg.gallery.document import document, safe_json
from weakseg.gallery.excerpt import excerpt
from weakseg.gallery.stems import with_stems
from weakseg.gallery.write import write_gallery
from weakseg.separation import Separator


def data_of(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])


def test_the_same_clips_give_the_same_bytes_whatever_the_threads(make_clip, summary, tmp_path):
    clips = [make_clip(f"{i}.wav") for i in range(3)]
    for name, threads in (("one", 1), ("two", 3)):
        write_gallery(tmp_path / name, "t", clips, summary=summary, threads=threads)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_nothing_of_the_page_points_elsewhere(page):
    text = page.read_text(encoding="utf-8")
    outside = re.sub(r"<(script|style|pre)\b.*?</\1>", "", text, flags=re.S)
    assert re.findall(r'(?:src|href)="([^"]*)"', outside) == ["data:,", "#clip"]


class Elements(HTMLParser):
    """Counts elements, as a browser's parser would."""

    def __init__(self, text):
        super().__init__()
        self.names = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.names.append(tag)
        assert not [name for name, _ in attributes if name.startswith("on")]


def test_hostile_names_add_no_element(page, make_clip, tmp_path):
    plain = tmp_path / "plain.html"
    write_gallery(plain, "t", [make_clip(classes=list("abcd"))])
    assert Elements(page.read_text("utf-8")).names == Elements(plain.read_text("utf-8")).names


def test_json_survives_and_ends_nothing(hostile):
    for name in [*hostile, "<!--<script>", "]]>", "\u2028", "\ud800", "{{scripts}}"]:
        text = safe_json({name: name})
        assert json.loads(text) == {name: name}
        assert not set("<>&") & set(text) and text.isascii()


def test_a_title_of_any_kind_is_written(tmp_path, make_clip):
    write_gallery(tmp_path / "page", "\ud800 & ü", [make_clip()])
    assert "&#55296; &amp; &#252;" in (tmp_path / "page").read_text("utf-8")


def test_what_is_put_in_is_not_itself_filled_in():
    text = document("{{data}}", {"name": "{{scripts}}"})
    assert "<title>{{data}}</title>" in text and '"{{scripts}}"' in text


def test_a_page_is_never_larger_than_allowed(make_clip, tmp_path):
    clips = [make_clip(f"{number}.wav", seconds=4.0) for number in range(2)]
    path = tmp_path / "page"
    write_gallery(path, "t", clips)
    free = path.stat().st_size
    assert data_of(path)["notes"] == []
    seen = []
    for share in (0.9, 0.5):
        write_gallery(path, "t", clips, max_mb=share * free / 1e6)
        assert path.stat().st_size <= share * free
        seen.append((len(data_of(path)["clips"]), data_of(path)["notes"]))
    lower = "To keep the page small, its sounds are coded with a lower quality."
    assert seen[0] == (2, [lower])
    assert seen[-1] == (1, [lower, "To keep the page small, 1 of 2 clips were left out."])
    assert [one["title"] for one in data_of(path)["clips"]] == ["0.wav"]


def test_a_size_that_holds_no_clip_is_refused_and_leaves_the_old_page(make_clip, tmp_path):
    path = tmp_path / "page"
    path.write_text("old")
    with pytest.raises(ValueError, match=r"^one.wav alone takes .*gallery.max_mb .*raise it$"):
        write_gallery(path, "t", [make_clip()], max_mb=0.1)
    assert [one.name for one in tmp_path.iterdir()] == ["page"] and path.read_text() == "old"
    with pytest.raises(ValueError, match="no clip to show"):
        write_gallery(path, "t", [])


def test_an_error_while_writing_leaves_nothing(make_clip, tmp_path, monkeypatch):
    real = write.document
    monkeypatch.setattr(write, "document", lambda title, data: real(title, data) + "\ud800")
    with pytest.raises(UnicodeEncodeError):
        write_gallery(tmp_path / "page", "t", [make_clip()])
    assert list(tmp_path.iterdir()) == []


def test_the_description_of_a_clip(make_clip, tmp_path, spectral):
    write_gallery(tmp_path / "page", "t", [make_clip(classes=list("abcd"))], thresholds=[0.1, 0.2])
    data = data_of(tmp_path / "page")
    [clip] = data["clips"]
    truth, model = clip["rows"]
    assert clip["classes"] == ["a", "c", "b"]  # those in the clip by onset, then what is found
    assert truth["events"] == [[0, 0.4, 1.6], [1, 1.0, 2.0]]
    assert model["events"] == [[0, 0.5, 1.5], [2, 2.0, 2.6]]
    assert [cell["present"] for cell in truth["cells"]] == [True, True, False]
    assert [cell["present"] for cell in model["cells"]] == [True, False, True]
    assert [cell["sound"] is None for cell in model["cells"]] == [False, True, False]
    assert clip["frames"] == spectral.n_frames(48000) == len(model["scores"][0])
    assert data["thresholds"] == [0.1, 0.2] and data["tables"] == []


def test_a_model_without_masks_has_neither_masks_nor_sounds(make_clip, tmp_path):
    clip = make_clip()
    model = replace(clip.models[0], masks=None)
    assert with_stems(replace(clip, models=[model]), {}).models == [model]
    write_gallery(tmp_path / "page", "t", [replace(clip, models=[replace(model, stems={})])])
    cells = data_of(tmp_path / "page")["clips"][0]["rows"][1]["cells"]
    assert [(cell["mask"], cell["sound"]) for cell in cells] == [(None, None)] * 3


def test_the_separated_sounds_are_those_of_the_separator(make_clip, spectral):
    clip = make_clip()
    [model] = with_stems(clip, {"<i>model</i>": None}).models
    separator = Separator(clip.waveform, spectral)
    assert sorted(model.stems) == [0, 1]
    for index, stem in model.stems.items():
        np.testing.assert_array_equal(stem, separator.separate(model.masks[index]))


def test_sounds_of_a_learnt_foreground_are_cut_to_its_map(make_clip):
    clip = make_clip()
    nothing = replace(clip.models[0], learnt_foreground=np.zeros_like(clip.logmel))
    cut = {"above": 1.5, "steepness": 3.0}
    [silent, heard] = with_stems(
        replace(clip, models=[nothing, replace(clip.models[0], name="other")]),
        {nothing.name: cut, "other": cut},
    ).models
    assert all(not stem.any() for stem in silent.stems.values())
    assert all(stem.any() for stem in heard.stems.values())


def test_a_number_of_the_table_is_rounded_once(make_clip, summary, tmp_path):
    """The page shows three digits: 0.812, as the other tables do."""
    summary.loc[(summary.model == "b") & (summary.holdout_fold == "mean"), "value"] = 0.81247877
    write_gallery(tmp_path / "g.html", "t", [make_clip()], summary=summary)
    rows = data_of(tmp_path / "g.html")["tables"][0]["rows"]
    value = next(row["values"]["f1"][0] for row in rows if row["model"] == "b")
    assert f"{value:.3f}" == "0.812"


def test_the_table_has_the_means_with_their_intervals(page):
    tagging, separation = data_of(page)["tables"]
    assert (tagging["title"], separation["title"]) == (
        "Audio tagging, 0 dB",
        "Separation (dB), 0 dB",
    )
    assert [row["model"] for row in tagging["rows"]] == [
        "<u>a</u>",
        "b",
        "oracle_activity",
        "floor_ones",
    ]
    assert [row["reference"] for row in tagging["rows"]] == [False, False, True, True]
    assert tagging["rows"][0]["values"]["f1"] == [0.25, 0.2, 0.3]
    assert tagging["rows"][3]["values"]["f1"] == [None, None, None]


def test_of_a_long_clip_the_part_with_most_events_is_shown(make_clip, spectral, table):
    long = make_clip(seconds=20.0, truth=False, classes=list("abcd"))
    events = table(("a", 1.0, 1.2), ("a", 12.0, 14.0), ("b", 12.5, 15.0))
    object.__setattr__(long.models[0], "events", events)
    object.__setattr__(long.models[0], "learnt_foreground", long.logmel)
    part = excerpt(long, 4.0)
    assert part.seconds <= 4.0 and part.seconds == pytest.approx(4.0, abs=0.05)
    assert 11 <= part.starts <= 12
    rows = part.models[0].events
    assert list(rows["event_label"]) == ["a", "b"]
    assert list(rows["onset"] + part.starts) == pytest.approx([12.0, 12.5])
    frames = len(part.logmel)
    assert part.models[0].masks.shape[1] == len(part.models[0].frame_scores) == frames
    np.testing.assert_array_equal(part.models[0].learnt_foreground, part.logmel)
    first = round(part.starts * spectral.sample_rate)
    assert (part.waveform == long.waveform[first : first + len(part.waveform)]).all()
    assert len(part.models[0].stems[0]) == len(part.waveform)
    assert part.why[-1] == f"{part.seconds:.1f} of 20.0 s, those with most events"
    assert excerpt(long, 20.0) is long


def test_shapes_that_do_not_agree_are_refused(make_clip, table):
    clip = make_clip()
    with pytest.raises(ValueError, match=r"one.wav: mask_truth\[0\]: shape \(1, 2\), expected"):
        type(clip)(**vars(clip) | {"mask_truth": {0: clip.logmel[:1, :2]}})
    wrong = replace(clip.models[0], learnt_foreground=clip.logmel[1:])
    with pytest.raises(ValueError, match=r"learnt_foreground: shape .*, expected"):
        replace(clip, models=[wrong])
    with pytest.raises(ValueError, match="true_events: other is none of the 4 classes"):
        type(clip)(**vars(clip) | {"true_events": table(("other", 0, 1))})
