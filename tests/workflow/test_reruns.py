"""A change reruns what it touches, and nothing else (dry runs over a finished smoke run)."""

import pytest

pytestmark = pytest.mark.workflow

LAST = {"describe_run": 1}  # after whatever ran
TABLES = {"summarise": 1, "draw_models": 1, "gallery": 1} | LAST
EVALUATION = {"evaluate": 3} | TABLES
DETECTION = {"detect_events": 3, "draw_clips": 3, "draw_method": 1} | EVALUATION
TUNING = {"tune_thresholds": 3} | DETECTION
SEGMENTATION = {"segment": 3, "segment_training": 3, "separate": 3} | TUNING
TRAINING = {"train": 3, "describe_models": 1, "draw_training": 1} | SEGMENTATION
ONE_MODEL = dict.fromkeys(TRAINING, 1)
FEATURES = {"extract_features": 4, "evaluate_references": 1, "draw_mixtures": 1} | TRAINING
MIXTURES = {"render_mixtures": 4} | FEATURES
PLAN = {"plan_mixtures": 1} | MIXTURES
MATERIAL = {"gather_material": 1}
FOLDS = {"assign_folds": 1} | MATERIAL | PLAN

# not of tiny_fresh, whose learning rate follows a cosine, and of which the method is drawn
DECAY = {rule: min(n, 2) for rule, n in TRAINING.items() if rule != "draw_method"}
CHANGES = [
    # two values that change places, which Snakemake alone would not see
    ("mixtures={reshuffle: false, overlap: true}", PLAN),
    ("data={demo_takes: 7}", {"make_demo_archives": 1, "index_recordings": 1} | FOLDS),
    ("data={demo_scenes: 2}", {"make_demo_archives": 1, "index_recordings": 1} | FOLDS),
    ("mixtures={seed: 5}", FOLDS),
    ("mixtures={overlap: true}", PLAN),
    ("mixtures={level_over: file}", PLAN),
    ("mixtures={sample_rate: 16000}", MATERIAL | MIXTURES),
    ("features={mask_threshold_db: -3}", FEATURES),
    ("features={fmin_hz: 60}", FEATURES),
    ("training={iterations: 7}", TRAINING),
    ("training={threads: 1}", TRAINING),
    ("training={decay: 0.5}", DECAY),
    ("models={tiny_fresh: {objective: {absent: 2.0}}}", ONE_MODEL),
    ("models={tiny_fresh: {foreground: {above: 1.0}}}", ONE_MODEL),
    ("models={tiny_fresh: {mixtures: {speed: 0.2}}}", ONE_MODEL),
    ("models={tiny_fresh: {training: {iterations: 7}}}", ONE_MODEL),
    ("training={keep: best}", TRAINING),
    ("training={patience: 2}", TRAINING),
    ("training={save_every_seconds: 5}", {}),
    ("training={tensorboard: true}", {}),
    ("tuning={clips: 3}", {"segment_training": 3} | TUNING),
    ("detection={high_threshold: 0.3}", TUNING | {"evaluate_references": 1}),
    ("detection={median_frames: 3}", TUNING | {"evaluate_references": 1}),
    ("separation={clips: 1}", {"separate": 3} | LAST),
    ("separation={resolution: mel}", {"separate": 1, "evaluate": 1} | TABLES),
    ("gallery={clips: [00001.wav]}", {"gallery": 1} | LAST),
    ("gallery={max_mb: 5}", {"gallery": 1} | LAST),
    ("evaluation={draws: 100}", EVALUATION | {"evaluate_references": 1}),
    ("evaluation={figure_mixtures: [00003.wav]}", {"draw_clips": 3, "draw_mixtures": 1} | LAST),
    ("evaluation={mask_threshold: 0.2}", TUNING | {"evaluate_references": 1}),
]


@pytest.mark.parametrize("change,expected", CHANGES, ids=[change for change, _ in CHANGES])
def test_a_key_reruns_what_it_touches(smoke, change, expected):
    assert smoke.would_run("--config", change) == expected


def test_a_new_snr_leaves_the_old_one_alone(smoke):
    jobs = smoke.would_run("--config", "grid={snr_db: [0, 10]}")
    expected = dict(MIXTURES)
    del expected["draw_method"], expected["describe_models"]  # are of the first SNR
    assert jobs == expected


def test_a_model_less_only_redoes_tables_and_looks(smoke):
    jobs = smoke.would_run("--config", "grid={models: [tiny_gwrp, tiny_fresh]}")
    assert jobs == TABLES | {"describe_models": 1, "draw_training": 1}


def test_a_touched_file_reruns_nothing(smoke):
    for path in (smoke.results / "mixtures.yaml", *smoke.results.glob("archives/*.zip")):
        path.touch()
    assert smoke.would_run() == {}
