import pandas as pd
import pytest

from weakseg.page import to_markdown
from weakseg.results_page import results_page
from weakseg.tables import (
    SHOWN,
    SUMMARY_COLUMNS,
    join,
    per_class,
    read_metrics,
    summary,
    way,
)


def markdown(*tables):
    return to_markdown(results_page(*tables))


def metrics(fold: int, macro: float, bark: float, model: str = "gwrp") -> pd.DataFrame:
    rows = [("", macro), ("Bark", bark)]
    return pd.DataFrame(
        [(0.0, model, fold, "tagging", "f1", name, value) for name, value in rows],
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


def test_a_fold_without_a_value_leaves_no_mean_but_that_of_a_class():
    table = join([metrics(1, 0.5, 0.2), metrics(2, float("nan"), float("nan"))])
    mean = table[table.holdout_fold == "mean"].set_index("class").value
    assert pd.isna(mean[""]) and mean["Bark"] == pytest.approx(0.2)


def test_page_shows_the_means(joined):
    text = markdown("mine", summary(joined))
    assert text.startswith("# mine\n") and "mean over 2 holdout folds" in text
    assert "| gwrp | 0.600 |" in text and "Of the way" not in text


def test_classes_may_be_called_anything(tmp_path):
    table = metrics(1, 0.5, 0.2)
    names = ["", "NA", "1", "macro", "null"]
    table = pd.concat([table.head(1)] * 5).assign(**{"class": names})
    table.to_csv(tmp_path / "m.csv", index=False)
    read = join([read_metrics(tmp_path / "m.csv")])
    assert set(per_class(read)["class"]) == {"NA", "1", "macro", "null"}
    assert len(summary(read)) == 2


def test_what_has_no_value_is_shown_so():
    text = markdown("mine", summary(join([metrics(1, float("nan"), 0.2)])))
    assert "| gwrp | n/a |" in text


def test_page_says_how_far_models_have_come():
    references = {"floor_ones": 0.2, "oracle_activity": 1.0}
    tables = [metrics(1, 0.6, 0.2), *(metrics(1, v, v, m) for m, v in references.items())]
    text = markdown("mine", summary(join(tables)))
    assert "| gwrp | 0.600 |\n| floor_ones | 0.200 |\n| oracle_activity | 1.000 |" in text
    assert "Of the way from `floor_ones` to `oracle_activity`, in percent:" in text
    assert text.endswith("| gwrp | 50 |\n")


def test_tuned_tables_follow_under_their_own_heading(joined):
    tuned = summary(join([metrics(1, 0.8, 0.2), metrics(2, 0.9, 0.4)]))
    text = markdown("mine", summary(joined), tuned)
    first, _, second = text.partition("## Tuned thresholds")
    assert first == markdown("mine", summary(joined)) + "\n" and "| gwrp | 0.850 |" in second
    assert "no holdout clip was used" in second and "### Audio tagging, 0 dB" in second


def test_the_way_leads_down_where_less_is_better_and_leaves_out_what_says_nothing():
    wide = pd.DataFrame(
        {"error_rate": [1.0, 3.0, 0.0], "recall": [0.5, 1.0, 1.0]},
        index=["gwrp", "floor_ones", "oracle_activity"],
    )
    found = way(wide, SHOWN[0])
    assert list(found.index) == ["gwrp"] and list(found.columns) == ["error_rate"]
    assert found.error_rate.item() == pytest.approx(2 / 3)
