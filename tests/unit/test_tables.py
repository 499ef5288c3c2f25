import pandas as pd
import pytest

from weakseg.tables import SUMMARY_COLUMNS, join, markdown, per_class, summary


def metrics(fold: int, macro: float, bark: float) -> pd.DataFrame:
    rows = [("macro", macro), ("Bark", bark)]
    return pd.DataFrame(
        [(0.0, "gwrp", fold, "tagging", "f1", name, value) for name, value in rows],
        columns=["snr_db", "model", "holdout_fold", "task", "metric", "class", "value"],
    )


@pytest.fixture
def joined():
    return join([metrics(1, 0.5, 0.2), metrics(2, 0.7, 0.4)])


def test_summary_holds_each_fold_and_their_mean(joined):
    table = summary(joined)
    assert list(table.columns) == SUMMARY_COLUMNS
    assert dict(zip(table.holdout_fold, table.value, strict=True)) == pytest.approx(
        {"1": 0.5, "2": 0.7, "mean": 0.6}
    )


def test_classes_stand_in_a_table_of_their_own(joined):
    table = per_class(joined)
    assert set(table["class"]) == {"Bark"}
    assert table[table.holdout_fold == "mean"].value.item() == pytest.approx(0.3)


def test_page_shows_the_means(joined):
    page = markdown("mine", summary(joined))
    assert page.startswith("# mine\n") and "mean over 2 holdout folds" in page
    assert "| gwrp | 0.600 |" in page
