"""Pictures of tables, trainings and curves show what was given."""

import numpy as np
import pytest

from tests.unit.figures.drawings import curve_of, draw_curves, history_of, per_class_of, summary_of
from weakseg.figures import classes, history, models, noise


def test_curves_mark_the_thresholds_of_the_configuration():
    table = curve_of()
    figure = draw_curves({"gmp": table, "_$": table.query("task != 'masks'")})
    assert len(figure.axes) == 12
    across, against = figure.axes[4], figure.axes[7]
    rows = table[table.task == "frames"]
    np.testing.assert_array_equal(across.lines[0].get_xydata(), rows[["recall", "precision"]])
    np.testing.assert_array_equal(against.lines[0].get_xydata(), rows[["threshold", "f1"]])
    assert (
        against.lines[1].get_xydata().tolist()
        == rows[["threshold", "f1"]].iloc[[2]].values.tolist()
    )
    assert against.lines[-1].get_xdata()[0] == 0.21
    assert len(figure.axes[8].lines) == 2 and len(figure.axes[9].lines) == 3  # one model has masks
    with pytest.raises(ValueError, match="no curve was given"):
        draw_curves({})
    with pytest.raises(ValueError, match="curve of gmp: no column f1"):
        draw_curves({"gmp": table.drop(columns="f1")})


def test_noise_draws_the_means_against_the_snr():
    summary = summary_of((10, -5, 0), low=0.0, high=0.5)
    figure = noise.draw_noise(summary)
    assert len(figure.axes) == 6
    chosen = summary.query("task == 'tagging' and metric == 'f1' and holdout_fold == 'mean'")
    for line, name in zip(
        figure.axes[0].get_lines(), ["gmp", "_new$x$", "oracle_mask"], strict=True
    ):
        mine = chosen[chosen.model == name].sort_values("snr_db")
        np.testing.assert_array_equal(line.get_xydata(), mine[["snr_db", "value"]].to_numpy(float))
    ends = [path.vertices[:, 1].tolist() for path in figure.axes[0].collections[0].get_paths()]
    assert ends == [[0, 0.5]] * 3
    with pytest.raises(ValueError, match="one SNR; run two or more"):
        noise.draw_noise(summary_of((0,)))


def test_classes_are_marks_the_best_class_first():
    table = per_class_of(["Bark", "Flute"], {"gmp": [0.2, 0.4], "gap": [0.1, np.nan]})
    figure = classes.draw_classes(table, 0)
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["Flute", "Bark"]
    for panel in figure.axes[:4]:
        gmp, gap = panel.get_lines()
        assert gmp.get_xdata().tolist() == [0.4, 0.2]
        assert gmp.get_ydata().tolist() == [-0.125, 0.875]
        assert gap.get_ydata().tolist() == [0.125, 1.125]
        assert np.isnan(gap.get_xdata()[0]) and gap.get_xdata()[1] == 0.1
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["gmp", "gap"]  # no reference
    with pytest.raises(ValueError, match="no mean of a model at 10 dB"):
        classes.draw_classes(table, 10)


def test_history_shows_what_is_finite():
    table = history_of(4, loss=[1.0, np.inf, np.nan, 0.5], validation_auc=np.nan)
    figure = history.draw_history({"gmp": table, "gap": history_of().drop(columns="validation_f1")})
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Training loss", "Validation loss", "Validation: F1", "Gradient"]
    first, second = figure.axes[0].get_lines()
    np.testing.assert_array_equal(first.get_xydata(), [(100, 1.0), (400, 0.5)])
    np.testing.assert_array_equal(second.get_ydata(), [1, 1 / 2, 1 / 3])
    assert [len(axes.get_lines()) for axes in figure.axes] == [2, 2, 1, 2]


def test_bad_histories_are_named():
    with pytest.raises(ValueError, match="no history was given"):
        history.draw_history({})
    with pytest.raises(ValueError, match="history of gmp: no column gradient_norm"):
        history.draw_history({"gmp": history_of().drop(columns="gradient_norm")})


def test_models_are_bars_of_the_means():
    summary = summary_of()
    summary.loc[summary["holdout_fold"] != "mean", "value"] = 99
    figure = models.draw_models(summary)
    assert len(figure.axes) == 6
    upper = figure.axes[0]
    assert upper.get_title(loc="left") == "SNR 0 dB: F1"
    heights = np.array([bar.get_height() for bar in upper.patches]).reshape(3, 4)
    np.testing.assert_allclose(heights, 0.1 * np.arange(3)[:, None] + 0.01 * np.arange(4))
    assert not upper.collections
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["gmp", "_new$x$", "oracle_mask"]


def test_intervals_are_drawn_where_they_are_known():
    summary = summary_of((0,), ("gmp",), 0.0, 0.5)
    summary.loc[summary["task"] == "frames", "ci_low"] = np.nan
    upper = models.draw_models(summary).axes[0]
    (errors,) = upper.collections
    ends = [segment[:, 1].tolist() for segment in errors.get_segments()]
    np.testing.assert_allclose(ends, [[0, 0.5]] * 3)


def test_what_a_model_does_not_predict_is_marked():
    summary = summary_of((0,))
    lacking = (summary["model"] == "gmp") & (summary["task"] == "masks")
    figure = models.draw_models(summary[~lacking])
    assert [[t.get_text() for t in axes.texts] for axes in figure.axes] == [["n/a"], ["n/a"], []]


def test_bad_summaries_are_named():
    with pytest.raises(ValueError, match="summary: no column value"):
        models.draw_models(summary_of().drop(columns="value"))
    with pytest.raises(ValueError, match="no row has the holdout_fold mean"):
        models.draw_models(summary_of().query("holdout_fold != 'mean'"))
