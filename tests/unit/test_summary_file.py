"""summary.json: all rows with all digits, null for what has no value."""

import json

import pytest

from weakseg.summary_file import write_summary

HEAD = "snr_db,model,holdout_fold,task,metric,value,ci_low,ci_high\n"


@pytest.fixture
def written(tmp_path):
    """Writes a summary of some rows: its content, and its bytes."""

    def write(rows, name="summary.json"):
        (tmp_path / "summary.csv").write_text(HEAD + rows)
        (tmp_path / "tuned.csv").write_text(HEAD + "0.0,gmp,1,masks,f1,0.5,,\n")
        (tmp_path / "models.csv").write_text("model,track,parameters\nNA,A,550\n1,B,7\n")
        write_summary(
            tmp_path / name,
            experiment="müsli",
            versions={"python": "3.11"},
            commit=None,
            run={"source": "demo", "snr_db": [0.0]},
            models=tmp_path / "models.csv",
            summary=tmp_path / "summary.csv",
            summary_tuned=tmp_path / "tuned.csv",
        )
        data = (tmp_path / name).read_bytes()
        return json.loads(data), data

    return write


def test_every_row_is_there(written):
    content, _ = written("0.0,NA,1,masks,f1,0.1234567890123456,,0.2\n-5.0,1,mean,events,f1,,,\n")
    first, second = content["results"]
    assert first == {
        "snr_db": 0.0,
        "model": "NA",
        "holdout_fold": 1,
        "task": "masks",
        "metric": "f1",
        "value": 0.1234567890123456,
        "ci_low": None,
        "ci_high": 0.2,
    }
    assert (second["model"], second["holdout_fold"], second["value"]) == ("1", "mean", None)
    assert content["results_tuned"][0]["value"] == 0.5
    assert [model["model"] for model in content["models"]] == ["NA", "1"]
    assert content["models"][0]["parameters"] == 550
    assert content["experiment"] == "müsli" and content["commit"] is None
    assert content["schema"] == 1 and content["run"]["source"] == "demo"


def test_nothing_but_json_is_written(written):
    content, data = written("0.0,gmp,1,masks,f1,nan,inf,-inf\n")
    assert b"NaN" not in data and b"Infinity" not in data
    assert content["results"][0]["ci_low"] is None
    assert written("0.0,gmp,1,masks,f1,nan,inf,-inf\n", "again.json")[1] == data
