"""What captions say of results is what the tables hold."""

import pytest

from workflow.measured import SHOWN, best_means, total_costs

HEAD = "snr_db,model,holdout_fold,task,metric,value,ci_low,ci_high\n"


def table(tmp_path, *rows):
    (tmp_path / "summary.csv").write_text(HEAD + "".join(f"{row}\n" for row in rows))
    return tmp_path / "summary.csv"


def test_the_highest_mean_of_each_snr_and_metric(tmp_path):
    path = table(
        tmp_path,
        "0.0,gmp,mean,masks,f1,0.2,0.1,0.3",
        "0.0,best,mean,masks,f1,0.54321,0.5,0.6",
        "0.0,gmp,1,masks,f1,0.9,,",
        "0.0,oracle_mask,mean,masks,f1,1.0,,",
        "-5.0,gmp,mean,masks,f1,0.1,,",
        "0.0,gmp,mean,masks,auc,0.99,,",
    )
    first = {"snr": "0", "what": "F1 of masks", "model": "best", "value": "0.543"}
    second = {"snr": "-5", "what": "F1 of masks", "model": "gmp", "value": "0.100"}
    assert best_means(path) == [first | {"low": "0.500", "high": "0.600"}, second]
    assert all(metric in ("f1", "si_sdr_improvement_db") for _, metric in SHOWN)


@pytest.mark.parametrize("rows", [[], ["0.0,gmp,mean,masks,f1,,,"]])
def test_nothing_is_said_of_what_has_no_value(tmp_path, rows):
    assert best_means(table(tmp_path, *rows)) == []


def test_a_table_that_is_not_there_yet_says_nothing(tmp_path):
    assert best_means(tmp_path / "summary.csv") == [] and total_costs(tmp_path / "costs.csv") == {}


def test_costs_are_those_of_all_steps(tmp_path):
    path = tmp_path / "costs.csv"
    head = "rule,jobs,seconds,cpu_seconds,longest_seconds,peak_memory_mb\n"
    path.write_text(f"{head}train,3,20,30,9,484\nall,43,5400,60,9,484\n")
    assert total_costs(path) == {"jobs": "43", "hours": "1.50", "mb": "484"}
