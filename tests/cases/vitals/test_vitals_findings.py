"""What a report says, in sentences and tables, and what one looks at before any detector."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from vitals_frames import random, stay, written

from workbench.cases.vitals import exploration, findings
from workbench.cases.vitals.features import FEATURES
from workbench.cases.vitals.metrics import compare, evaluate
from workbench.cases.vitals.simulator import generate
from workbench.cases.vitals.stays import Stays
from workbench.cases.vitals.threshold import freeze
from workbench.style import Chart

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def frame():
    return random(patients=200, seed=3)


@pytest.fixture(scope="module")
def evaluation(frame):
    return evaluate(frame, replicates=20)


@pytest.fixture(scope="module")
def few():
    """Plenty of patients, one of them with an onset."""
    early = stay("early", 0, [0.1] * 14 + [0.8] * 10, onset=20)
    first = [r for k in range(3) for r in stay(f"f{k}", 1 + k, [0.1] * 30)]
    later = [r for k in range(8) for r in stay(f"q{k}", 101 + k, [0.1] * 30)]
    return written(*early, *first, *stay("later", 100, [0.9] * 24, onset=20), *later)


def is_drawn(figure):
    assert isinstance(figure, Chart)
    figure.set_dpi(50)
    return figure.png().startswith(PNG)


# What a report says


def test_the_headline_says_what_alarms_find_how_early_and_how_many_are_right(evaluation):
    text = findings.headline(evaluation)
    assert f"{evaluation['alarms_per_patient_day'].value:.2f} alarms per patient-day find" in text
    assert f"{evaluation['lead_hours'].value:.1f} hours before the onset or earlier" in text
    assert text.endswith("of the alarms are right " + text[text.rindex("(") :])


def test_of_fewer_than_five_onsets_nothing_is_said(few):
    found = evaluate(few, replicates=5)
    assert "Too few patients had an onset" in findings.headline(found)
    assert "too few patients had an onset" in findings.against(
        "itself", compare(few, few, replicates=5)
    )
    assert findings.by_budget(few, found).is_empty()
    assert findings.by_kind(few, found).is_empty()


def test_of_too_few_patients_nothing_is_said_at_all():
    nothing = evaluate(written(), replicates=0)
    assert findings.headline(nothing) == "Too few patients were judged to say anything."
    assert findings.weak_points(nothing) == "There are not two wards to tell apart."


def test_a_comparison_says_whether_it_is_certain(frame):
    noise = pl.Series(np.random.default_rng(1).random(len(frame)))
    worse = frame.with_columns(score=0.2 * pl.col("score") + 0.8 * noise)
    assert findings.against("noise", compare(frame, worse, replicates=40)).startswith(
        "Against noise: certainly better."
    )
    assert "not certainly different" in findings.against("itself", compare(frame, frame))


def test_weak_points_are_wards(evaluation):
    text = findings.weak_points(evaluation)
    assert text.startswith("Alarms are right least often in “")
    assert sum(ward in text for ward in ("north", "south", "not known")) == 2


def test_more_alarms_find_more(frame, evaluation):
    table = findings.by_budget(frame, evaluation)
    assert table["sensitivity"].is_sorted()
    assert (table["alarms_per_patient_day"] <= table["budget"]).all()
    wanted = (1 / table["ppv"]).to_list()
    assert table["alarms_per_find"].to_list() == pytest.approx(wanted)


def test_episodes_are_told_apart_by_kind(frame, evaluation):
    table = findings.by_kind(frame, evaluation)
    assert table["kind"].to_list() == ["sepsis"]
    row = table.row(0, named=True)
    assert 0 < row["sensitivity"] <= 1
    assert row["episodes"] >= 5


def test_false_alarms_are_counted_by_artefact(frame, evaluation):
    table = findings.by_artefact(frame, evaluation)
    assert table["artefact"].to_list() == ["motion"]
    row = table.row(0, named=True)
    assert row["patients"] >= 5
    assert row["alarms"] <= row["observations"]


def test_the_typical_patient_was_found_with_the_median_lead(frame, evaluation):
    patient = findings.typical(frame, evaluation)
    stays = Stays(frame)
    frozen = freeze(stays)
    at = np.flatnonzero(frozen.judged[stays.stay] & stays.in_time & stays.alarms(frozen.rule))
    rows = pl.DataFrame({"patient": stays.rows["patient"][at], "lead": -stays.since[at]})
    first = rows.group_by("patient").agg(pl.col("lead").max())
    lead = first.filter(pl.col("patient") == patient)["lead"][0]
    assert abs(lead - evaluation["lead_hours"].value) < 1
    assert findings.typical(written(), evaluate(written(), replicates=0)) is None


def test_the_best_of_several_is_named(evaluation):
    none = evaluate(written(), replicates=0)
    text = findings.sides({"a chart": none, "this": evaluation})
    assert text.startswith("this gains most")


def test_a_detector_that_says_nothing_of_its_scores_has_no_drivers():
    assert findings.driving(None) == "This detector does not say what drives its scores."


@pytest.mark.parametrize("name", ["explore", "tune", "report"])
def test_every_page_begins_by_saying_that_this_is_no_medical_device(name):
    path = Path(__file__).parents[3] / "notebooks" / "vitals" / f"{name}.ipynb"
    first = json.loads(path.read_text())["cells"][0]["source"]
    assert "**A research tool, not a medical device.**" in "".join(first)


# What one looks at first


@pytest.fixture(scope="module")
def stream():
    parts = list(generate(days=12, seed=2, scale=0.4))
    events, labels, patterns, episodes = (
        pl.concat([getattr(part, name) for part in parts])
        for name in ("events", "labels", "patterns", "episodes")
    )
    rows = events.join(labels, on="event_id", how="left", maintain_order="left")
    return rows.join(patterns, on="event_id", how="left", maintain_order="left"), episodes


def test_days_show_observations_patients_and_episodes(stream):
    rows, episodes = stream
    truth = {"drift": [{"time": "2025-03-08T00:00:00Z", "what": "new_monitors"}]}
    figure = exploration.plot_days(rows, episodes, truth)
    heads = [axes.get_title(loc="left") for axes in figure.axes]
    assert heads[0].startswith("About ")
    assert f"of {len(episodes)} episodes are" in heads[1]
    assert is_drawn(figure)
    assert is_drawn(exploration.plot_days(rows))


def test_signs_move_towards_the_onset(stream):
    figure = exploration.plot_onsets(stream[0])
    assert "moves most before the onset" in figure.get_suptitle()
    assert is_drawn(figure)


def test_how_often_staff_measure_is_told_of_whole_hours_before_the_onset(stream):
    rows, _ = stream
    figure = exploration.plot_onsets(rows)
    head = figure.axes[5].get_title(loc="left").replace("\n", " ")
    assert re.fullmatch(
        r"[\d.]+ observations an hour a day before, [\d.]+ in the hour before", head
    )
    hours = exploration._around_onset(rows)["since"]
    assert (hours.min(), hours.max()) == (exploration.BEFORE, exploration.AFTER - 1)


def test_signs_of_too_few_patients_are_not_drawn(stream):
    rows, episodes = stream
    one = rows.filter(pl.col("patient") == episodes["patient"][0])
    figure = exploration.plot_onsets(one)
    assert figure.get_suptitle() == ""
    assert is_drawn(figure)


def test_what_is_measured_is_told_by_sign(stream):
    table = exploration.measured(stream[0])
    heart = table.filter(pl.col("sign") == "Heart rate").row(0, named=True)
    assert heart["unit"] == "/min"
    assert heart["low"] < heart["median"] < heart["high"]
    assert heart["share"] == pytest.approx(
        1 - stream[0]["heart_rate"].null_count() / len(stream[0])
    )
    assert exploration.measured(stream[0].clear()).is_empty()


def test_a_feature_that_tells_stands_before_one_that_does_not(stream):
    rows, _ = stream
    told = rows.with_columns(pl.col("label").fill_null(0))
    table = rows.select(
        "event_id",
        respiration=told["label"].cast(pl.Float64),
        heart_rate=pl.Series(np.where(np.arange(len(rows)) % 2, math.nan, 1.0)),
    )
    features = [f for f in FEATURES["signs"] if f.name in ("respiration", "heart_rate")]
    found = exploration.separation(table, rows, features)
    assert found["feature"].to_list() == ["respiration", "heart_rate"]
    assert found["auroc"].to_list() == [1.0, 0.5]
    assert found["missing"].to_list()[1] == pytest.approx(0.5, abs=0.01)
