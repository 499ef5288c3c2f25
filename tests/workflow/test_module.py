"""Another workflow uses this one as a module, with a prefix and a section of its configuration."""

import pytest
import soundfile
import yaml

pytestmark = pytest.mark.workflow

OUTER = """
configfile: "outer.yaml"

module weakseg:
    snakefile: {snakefile!r}
    config: config["weakseg"]
    prefix: "sounds"

use rule * from weakseg as weakseg_*

rule count:
    default_target: True
    input: rules.weakseg_summarise.output.summary
    output: "count.txt"
    shell: "wc -l {{input}} > {{output}}"
"""
# the two archives of events, of which render_mixtures reads, and a state of the training
MODEL = "sounds/results/smoke/models/snr0/tiny_gmp/holdout1/model.pt"


@pytest.fixture
def outer(fresh, root):
    """A workflow beside this one, whose section `weakseg` is experiments/smoke.yaml."""
    fresh.snakefile = fresh.directory / "Snakefile"
    fresh.snakefile.write_text(OUTER.format(snakefile=str(root / "Snakefile")))
    section = yaml.safe_load(fresh.configfiles[0].read_text())
    fresh.configfiles = (fresh.directory / "outer.yaml",)
    fresh.configfiles[0].write_text(yaml.safe_dump({"weakseg": section}))
    return fresh


def test_rules_have_their_name_and_the_default_target_is_the_outer_one(outer):
    jobs = outer.would_run()
    assert jobs.pop("count") == 1
    assert jobs["weakseg_train"] == 3
    assert all(name.startswith("weakseg_") for name in jobs)
    assert outer.would_run("weakseg_all").keys() > jobs.keys()


def test_every_file_lies_under_the_prefix(outer):
    training = "weakseg={training: {save_every_seconds: 0, tensorboard: true}}"
    outer.must_run(MODEL, "--config", training)
    assert (outer.directory / MODEL).exists()
    known = {"Snakefile", "outer.yaml", ".snakemake", "sounds"}
    assert {path.name for path in outer.directory.iterdir()} == known
    assert (outer.directory / "sounds/results/smoke/.state").is_dir()
    assert (outer.directory / "sounds/results/smoke/tensorboard").is_dir()


def test_the_section_lies_over_config_yaml_and_is_checked(outer):
    grid = "weakseg={grid: {models: [gmp, gwrp]}, experiment: other}"  # the demo's definitions
    assert "sounds/results/other/models/snr0/gmp" in outer.must_run("-n", "--config", grid)
    wrong = outer.run("--config", "weakseg={mixtures: {fold: 2}}")
    assert wrong.returncode != 0 and "configuration: mixtures.fold: no such key" in wrong.stderr


def test_recordings_of_a_user_have_no_prefix(outer):
    for name in ("scenes/a.wav", "events/dog/b.wav"):
        path = outer.directory / "audio" / name
        path.parent.mkdir(parents=True)
        soundfile.write(path, [0.1, 0.2], 8000)
    data = "weakseg={data: {source: folders, scenes: audio/scenes, events: audio/events}}"
    plan = outer.must_run("-n", "--config", data)
    assert "input: audio/scenes/a.wav, audio/events/dog/b.wav" in plan
    assert "sounds/results/smoke/recordings/scenes.csv" in plan


def test_what_was_made_is_no_recording_of_ones_own(outer):
    stem = outer.directory / "sounds/results/smoke/separated/a.flac"
    stem.parent.mkdir(parents=True)
    soundfile.write(stem, [0.1, 0.2], 8000)
    ended = outer.run("-n", "weakseg_predict", "--config", 'weakseg={predict: {audio: "."}}')
    assert "predict.audio: .: holds no recording" in ended.stderr
