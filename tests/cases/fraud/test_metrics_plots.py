"""Figures say what they show, whatever the span holds."""

import gc
import weakref

import matplotlib as mpl
import numpy as np
import polars as pl
import pytest
from evaluation_frames import random, written

from workbench.cases.fraud import panels, plots
from workbench.cases.fraud.metrics import evaluate
from workbench.style import Chart, figure_style, percent

TRUTH = {
    "drift": [
        {"time": "2025-03-10T00:00:00Z", "what": "card_testing begins"},
        {"time": "2025-03-20T00:00:00Z", "what": "theft stops"},
        {"time": "2031-01-01T00:00:00Z", "what": "not in this span"},
    ]
}
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def frame():
    return random()


@pytest.fixture(scope="module")
def evaluation(frame):
    return evaluate(frame, budget=5, replicates=20)


def titles(figure):
    found = [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes]
    heading = figure.get_suptitle()
    return [*found, heading] if heading else found


def words(figure):
    return " ".join(text.get_text() for axes in figure.axes for text in axes.texts)


def test_the_panel_states_its_findings_with_numbers(frame, evaluation):
    figure = plots.plot(frame, evaluation, TRUTH, {"amount": frame.with_columns(score="amount")})
    first, second, third, fourth = titles(figure)
    assert first.startswith("Half of all fraud is found at")
    assert second.startswith("The median fraud scores higher than")
    assert third.startswith("Scores foresee")
    assert "verage precision" in fourth
    assert all(any(c.isdigit() for c in title) for title in titles(figure))


def test_every_panel_has_axes_with_names(frame, evaluation):
    for axes in plots.plot(frame, evaluation).axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel()


def test_drift_inside_the_span_is_marked_and_named(frame, evaluation):
    figure = plots.plot(frame, evaluation, TRUTH)
    assert "1  10 Mar: card testing begins" in words(figure)
    assert "2  20 Mar: theft stops" in words(figure)
    assert "not in this span" not in words(figure)


def test_the_largest_fall_at_a_known_drift_is_the_finding():
    days = 30
    frame = random(days=days)
    late = pl.col("event_time") >= pl.datetime(2025, 3, 20, time_zone="UTC")
    worse = frame.with_columns(score=pl.when(late).then(0.5).otherwise("score"))
    figure = plots.plot(worse, evaluate(worse, budget=5, replicates=5), TRUTH)
    assert titles(figure)[3].startswith("Average precision falls from")
    assert titles(figure)[3].endswith("in the week after “theft stops”")


def test_baselines_are_drawn_under_the_curve_by_name(frame, evaluation):
    figure = plots.plot(
        frame, evaluation, None, {"amount alone": frame.with_columns(score="amount")}
    )
    texts = [t.get_text() for t in figure.axes[0].get_legend().get_texts()]
    assert any(t.startswith("amount alone (AP") for t in texts)
    assert any(t.startswith("no skill") for t in texts)


def test_a_curve_has_at_most_two_thousand_points():
    frame = random(days=60, per_day=100, distinct_scores=10**9)
    figure = plots.plot(frame, evaluate(frame, budget=5, replicates=2))
    assert max(len(line.get_xdata()) for line in figure.axes[0].lines) <= 2000


def test_the_same_figure_is_the_same_bytes(frame, evaluation):
    first, second = (plots.plot(frame, evaluation, TRUTH).png() for _ in range(2))
    assert first.startswith(PNG)
    assert first == second
    assert b"Software" not in first


def is_drawn(figure):
    figure.set_dpi(50)  # fewer pixels, less waiting
    return figure.png().startswith(PNG)


def every_figure(frame, evaluation):
    return [
        plots.plot(frame, evaluation, TRUTH),
        plots.plot_by_pattern(evaluation),
        plots.plot_budget(frame, evaluation),
        plots.plot_money(frame, evaluation),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"label": pl.lit(0, pl.Int8), "pattern": pl.lit(None, pl.String)},
        {"label": pl.lit(1, pl.Int8)},
        {"label": pl.lit(None, pl.Int8)},
        {"score": pl.lit(0.5)},
        {"score": pl.col("score") * 1000 - 500},
    ],
    ids=["no fraud", "only fraud", "no labels", "one score", "no probabilities"],
)
def test_every_figure_can_be_drawn_of_any_span(change):
    frame = random(days=5, per_day=20).with_columns(**change)
    for figure in every_figure(frame, evaluate(frame, budget=3, replicates=5)):
        assert is_drawn(figure)


def test_calibration_can_be_drawn_alone(evaluation):
    figure = plots.plot_calibration(evaluation)
    assert titles(figure) == [panels.foreseen(evaluation)]
    assert is_drawn(figure)


def test_a_single_day_can_be_drawn():
    frame = written((0, "a", 0.9, 1), (1, "b", 0.2, 0), (2, "c", 0.1, 0))
    for figure in every_figure(frame, evaluate(frame, budget=1, replicates=5)):
        assert is_drawn(figure)


def test_frauds_of_patterns_that_were_not_asked_for_share_one_line(frame):
    figure = plots.plot(frame, evaluate(frame, budget=5, replicates=2, patterns=["theft"]))
    texts = [t.get_text() for t in figure.axes[1].get_legend().get_texts()]
    skimming = (frame["pattern"] == "skimming").sum()
    assert texts[2] == f"no named pattern ({skimming:,})"


def test_the_pattern_that_is_missed_most_is_named(evaluation):
    worst = evaluation.by_pattern.sort("recall_at_budget").row(0, named=True)
    (heading,) = [t for t in titles(plots.plot_by_pattern(evaluation)) if t]
    assert f"“{worst['pattern']}”" in heading
    assert percent(worst["recall_at_budget"]) in heading


def test_the_budget_is_compared_with_twice_as_many_alerts(frame, evaluation):
    (heading,) = titles(plots.plot_budget(frame, evaluation))
    assert heading.startswith(
        f"5 alerts a day catch {percent(evaluation['recall_at_budget'].value)}"
    )
    assert "10 would catch" in heading


def test_money_names_what_is_saved_and_the_best_budget(frame, evaluation):
    saved, best = titles(plots.plot_money(frame, evaluation))
    total = evaluation["money_saved"].value + evaluation["money_lost"].value
    assert saved.startswith(percent(evaluation["money_saved"].value / total))
    assert best.startswith("Alerts pay most at")


def test_effects_show_the_strongest_terms_first():
    figure = plots.plot_effects(
        ["weak", "strong_one", "middle"],
        [np.array([1.0]), np.array([0.5, 1.5]), np.array([1.0])],
        [np.array([0.0, 0.1]), np.array([-2.0, 0.0, 2.0, 0.3]), np.array([0.0, 1.0])],
        limit=2,
    )
    assert titles(figure) == [
        "strong one",
        "middle",
        "“strong one” moves the score most: its bins differ by up to 4.0 in log-odds",
    ]


def test_effects_of_no_terms_and_of_a_term_without_edges_can_be_drawn():
    assert is_drawn(plots.plot_effects([], [], []))
    lone = plots.plot_effects(["a"], [np.empty(0)], [np.array([0.2, 0.1])])
    assert is_drawn(lone)


def test_the_number_of_frauds_that_scores_foresee_is_their_sum(frame, evaluation):
    expected, happened = frame["score"].sum(), frame["label"].sum()
    assert f"foresee {expected:,.0f} frauds where {happened:,} happened" in panels.foreseen(
        evaluation
    )


def test_drawing_changes_no_global_setting(frame, evaluation):
    before = dict(mpl.rcParams)
    plots.plot(frame, evaluation).png()
    assert dict(mpl.rcParams) == before


def test_settings_come_back_after_an_error():
    before = mpl.rcParams["text.color"]
    with pytest.raises(RuntimeError), figure_style():
        raise RuntimeError
    assert mpl.rcParams["text.color"] == before


def test_a_figure_has_no_background_and_shows_itself_in_a_notebook():
    figure = Chart(2, 1)
    figure.add_subplot()
    data, size = figure._repr_png_()
    assert data.startswith(PNG)
    assert size == {"width": 192, "height": 96}
    assert figure.get_facecolor()[3] == 0


def test_a_figure_is_gone_when_nothing_refers_to_it(frame, evaluation):
    figure = plots.plot_budget(frame, evaluation)
    figure.png()
    reference = weakref.ref(figure)
    del figure
    gc.collect()
    assert reference() is None
