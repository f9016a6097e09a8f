"""Figures say what they show, whatever the span holds."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from matplotlib.dates import num2date
from vitals_frames import START, random, stay, written

from workbench.cases.vitals import plots
from workbench.cases.vitals.alarms import Rule
from workbench.cases.vitals.bedside import SIGNS, bedside
from workbench.cases.vitals.metrics import evaluate
from workbench.cases.vitals.quantities import quantity
from workbench.cases.vitals.stays import Stays
from workbench.cases.vitals.tradeoff import at_most, tradeoff
from workbench.errors import ParameterError

TRUTH = {
    "drift": [
        {"time": "2025-03-10T00:00:00Z", "what": "new_monitors"},
        {"time": "2031-01-01T00:00:00Z", "what": "not in this span"},
    ]
}
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def frame():
    return random(patients=150, seed=3)


@pytest.fixture(scope="module")
def evaluation(frame):
    return evaluate(frame, replicates=20)


def titles(figure):
    found = [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes]
    heading = figure.get_suptitle()
    return [text for text in [*found, heading] if text]


def words(figure):
    return " ".join(text.get_text() for axes in figure.axes for text in axes.texts)


def is_drawn(figure):
    figure.set_dpi(50)  # fewer pixels, less waiting
    return figure.png().startswith(PNG)


def test_the_panel_states_its_findings_with_numbers(frame, evaluation):
    figure = plots.plot(frame, evaluation, TRUTH, {"NEWS2": frame.with_columns(score=0.35)})
    first, second, third = titles(figure)
    assert "alarms per patient-day find" in first
    assert "NEWS2 finds" in first
    assert second.endswith("are found six hours before the onset or earlier")
    assert third.startswith("Alarms over 7 days stay between")
    assert all(any(c.isdigit() for c in title) for title in titles(figure))


def test_every_panel_has_axes_with_names(frame, evaluation):
    for axes in plots.plot(frame, evaluation).axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel()


def test_the_chart_of_news2_is_marked_where_a_ward_acts(frame, evaluation):
    figure = plots.plot(frame, evaluation, None, {"NEWS2": frame})
    assert "NEWS2 ≥ 5" in words(figure)
    assert "NEWS2 ≥ 7" in words(figure)
    assert "NEWS2 ≥" not in words(plots.plot(frame, evaluation, None, {"another": frame}))


def test_known_changes_inside_the_span_are_marked_and_named(frame, evaluation):
    figure = plots.plot(frame, evaluation, TRUTH)
    assert "10 Mar: new monitors" in words(figure)
    assert "not in this span" not in words(figure)


def test_wards_are_told_apart_by_name_and_size(evaluation):
    figure = plots.plot_wards(evaluation)
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert any(name.startswith("north (") for name in names)
    assert titles(figure)[0].startswith("Most alarms are raised in")


def test_the_same_figure_is_the_same_bytes(frame, evaluation):
    first, second = (plots.plot(frame, evaluation, TRUTH).png() for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    "change",
    [
        {"label": pl.lit(0, pl.Int8)},
        {"label": pl.lit(1, pl.Int8)},
        {"label": pl.lit(None, pl.Int8)},
        {"score": pl.lit(0.5)},
        {"score": pl.lit(None, pl.Float64)},
        {"known_at": pl.col("event_time") - timedelta(hours=1)},
        {"ward": pl.lit(None, pl.String), "care_unit": pl.lit(None, pl.Int64)},
    ],
)
def test_figures_can_be_drawn_of_any_span(frame, change):
    changed = frame.with_columns(**change)
    found = evaluate(changed, replicates=5)
    assert is_drawn(plots.plot(changed, found, TRUTH, {"NEWS2": changed}))
    assert is_drawn(plots.plot_wards(found))


def test_figures_can_be_drawn_of_nothing(frame):
    nothing = frame.clear()
    found = evaluate(nothing, replicates=5)
    assert is_drawn(plots.plot(nothing, found))
    assert is_drawn(plots.plot_wards(found))


def test_a_point_of_the_tradeoff_is_what_evaluation_finds_at_that_threshold(frame):
    found = evaluate(frame, replicates=0)
    row = tradeoff(frame, [found.settings["threshold"]]).row(0, named=True)
    for name in ("alarms_per_patient_day", "sensitivity", "ppv", "utility"):
        assert row[name] == pytest.approx(found[name].value), name


def test_the_tradeoff_goes_from_all_to_nearly_nothing(frame):
    curve = tradeoff(frame)
    assert curve["threshold"].is_sorted()
    assert curve["sensitivity"][0] == 1.0
    assert curve["alarms_per_patient_day"][-1] < curve["alarms_per_patient_day"][0] / 4
    assert at_most(curve, 0.0) == 0.0
    assert (
        at_most(curve, 1.0)
        == curve.filter(pl.col("alarms_per_patient_day") <= 1)["sensitivity"].max()
    )


def charted(onset=20):
    """A stay with every sign, and the points of NEWS2 beside it."""
    hours = 24
    rng = np.random.default_rng(1)
    frame = written(*stay("p", 0, [0.1] * 14 + [0.9] * 10, onset=onset))
    signs = {
        name: pl.Series(
            (rng.uniform(0.4, 0.6, hours) * 100 * quantity(name).scale).astype(np.int64)
        )
        for name in (*(sign.name for sign in SIGNS), "diastolic")
    }
    signs["temperature"] = pl.Series([3700] * hours)
    pattern = pl.Series(["motion" if h == 3 else None for h in range(hours)])
    points = frame.with_columns(score=pl.Series([0.05] * 16 + [0.3] * 8))
    return frame.with_columns(pattern=pattern, **signs), points


def test_a_chart_has_all_signs_and_the_score_on_one_time_axis():
    frame, points = charted()
    figure = bedside(frame, points, "p", 0.8)
    labels = [axes.get_ylabel().split("\n")[0] for axes in figure.axes]
    assert labels == ["Breath", "SpO₂", "Pressure", "Pulse", "Temp.", "NEWS2", "Score"]
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    assert is_drawn(figure)


def test_a_chart_says_how_early_the_alarm_came():
    frame, points = charted()
    text = titles(bedside(frame, points, "p", 0.8))[0]
    assert text.startswith("The alarm comes 6.0 hours before deterioration")
    assert text.endswith("5 points of NEWS2 4.0 hours before")
    told = bedside(frame, points, "p", 0.8, onset=START + timedelta(hours=18))
    assert titles(told)[0].startswith("The alarm comes 4.0 hours before deterioration")


def test_a_chart_ends_six_hours_after_the_onset_however_long_the_stay_goes_on():
    frame, points = charted()
    onset = START + timedelta(hours=15)
    figure = bedside(frame, points, "p", 0.8, onset=onset, hours=8)
    end = num2date(figure.axes[0].get_xlim()[1])
    assert end - onset == timedelta(hours=6, minutes=30)
    assert titles(figure)[0].startswith("The alarm comes 1.0 hours before deterioration")


def test_a_chart_says_what_did_not_come():
    frame, points = charted()
    text = titles(bedside(frame, points.with_columns(score=0.0), "p", 2.0))[0]
    assert text.startswith("No alarm comes in the 12 hours before deterioration")
    assert text.endswith("NEWS2 stays below 5 points")
    quiet, points = charted(onset=None)
    assert titles(bedside(quiet, points, "p", 0.8))[0].endswith("in a stay without deterioration")


def test_a_chart_shows_the_alarms_that_the_policy_raises():
    frame, points = charted()
    stays = Stays(frame)
    alarms = stays.rows["event_time"].filter(pl.Series(stays.alarms(Rule(0.8))))
    marks = next(
        line for line in bedside(frame, points, "p", 0.8).axes[-1].lines
        if line.get_label() == "alarm"
    )  # fmt: skip
    assert list(marks.get_xdata()) == list(alarms.to_numpy())


def test_the_second_scale_of_saturation_has_bands_of_its_own():
    frame, points = charted()
    first, second = (
        bedside(frame.with_columns(spo2_scale=pl.lit(scale)), points, "p", 0.8).axes[1]
        for scale in (1, 2)
    )
    edges = [sorted(p.get_xy()[1] for p in axes.patches) for axes in (first, second)]
    assert 91.49 in np.round(edges[0], 2)
    assert 83.49 in np.round(edges[1], 2)


def test_a_chart_of_a_patient_who_is_not_there_is_refused():
    frame, points = charted()
    with pytest.raises(ParameterError, match="the patient 'nobody'"):
        bedside(frame, points, "nobody", 0.8)
