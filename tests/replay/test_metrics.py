"""Metrics that any case can use."""

import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from workbench.errors import ParameterError
from workbench.replay import metrics
from workbench.streams.schema import TIME

START = datetime(2025, 3, 3, tzinfo=UTC)


def frame(scores, labels, hours=None, known_hours=None):
    n = len(scores)
    hours = hours if hours is not None else range(n)
    known = known_hours if known_hours is not None else [h + 168 for h in hours]
    return pl.DataFrame(
        {
            "event_id": [f"{i:03d}" for i in range(n)],
            "event_time": [START + timedelta(hours=h) for h in hours],
            "score": scores,
            "label": labels,
            "known_at": [None if h is None else START + timedelta(hours=h) for h in known],
        },
        schema={
            "event_id": pl.String,
            "event_time": TIME,
            "score": pl.Float64,
            "label": pl.Int8,
            "known_at": TIME,
        },
    )


def test_a_score_that_was_made_when_the_label_was_known_does_not_count():
    rows, excluded = metrics.evaluable(frame([0.1, 0.2, 0.3], [0, 1, 1], [0, 1, 2], [1, 1, 1]))
    assert rows["event_id"].to_list() == ["000"]
    assert excluded == {"without score": 0, "without label": 0, "label already known": 2}


def test_rows_without_score_or_label_are_left_out_and_counted_once():
    rows, excluded = metrics.evaluable(
        frame([None, math.nan, math.inf, 0.4, 0.5], [1, 1, None, None, 0])
    )
    assert rows["event_id"].to_list() == ["004"]
    assert excluded == {"without score": 3, "without label": 1, "label already known": 0}


def test_a_label_that_is_never_known_cannot_have_been_learned_so_it_counts():
    rows, excluded = metrics.evaluable(frame([0.1], [1], known_hours=[None]))
    assert len(rows) == 1
    assert not any(excluded.values())


def test_rows_come_in_event_order():
    shuffled = frame([0.1, 0.2, 0.3], [0, 1, 0], [1, 0, 0])
    assert metrics.evaluable(shuffled)[0]["event_id"].to_list() == ["001", "002", "000"]


def test_a_missing_column_is_refused_by_name():
    with pytest.raises(ParameterError, match="without the column 'card'"):
        metrics.evaluable(frame([0.1], [0]), ("card",))


@pytest.mark.parametrize("label", [[], [0, 0], [1, 1]])
def test_one_class_has_no_ranking_metrics_and_no_warning(label):
    score = np.linspace(0, 1, len(label))
    assert math.isnan(metrics.roc_auc(np.array(label), score))
    assert math.isnan(metrics.average_precision(np.array(label), score))


def test_days_are_calendar_days_and_only_those_with_events():
    place, days = metrics.day_codes(frame([0] * 3, [0] * 3, [0, 23, 49])["event_time"])
    assert place.tolist() == [0, 0, 1]
    assert days.to_list() == [date(2025, 3, 3), date(2025, 3, 5)]


def test_the_rank_within_a_day_keeps_event_order_for_equal_scores():
    rows = frame([0.5, 0.9, 0.5, 0.1, 0.2], [0] * 5, [0, 1, 2, 24, 25])
    assert metrics.daily_rank(rows).tolist() == [1, 0, 2, 1, 0]


def test_precision_and_recall_at_several_budgets():
    rows = frame([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 1], [0, 1, 2, 24])
    curve = metrics.budget_curve(rows, [1, 2, 9])
    assert curve["alerts"].to_list() == [2, 3, 4]
    assert curve["caught"].to_list() == [2, 2, 3]
    assert curve["precision"].to_list() == [1.0, 2 / 3, 0.75]
    assert curve["recall"].to_list() == [2 / 3, 2 / 3, 1.0]


def test_recall_without_positives_is_not_a_number():
    assert metrics.budget_curve(frame([0.5], [0]), [1])["recall"].is_nan().all()


def test_the_curve_holds_one_point_for_each_distinct_score():
    recall, precision = metrics.precision_recall_curve(
        np.array([1, 0, 1, 0]), np.array([0.9, 0.5, 0.5, 0.1])
    )
    assert recall.tolist() == [0.5, 1.0, 1.0]
    assert precision.tolist() == [1.0, 2 / 3, 0.5]


def test_a_long_curve_is_thinned_and_keeps_both_ends():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 5000)
    recall, precision = metrics.precision_recall_curve(label, rng.random(5000), points=100)
    assert len(recall) == len(precision) <= 100
    assert recall[-1] == 1.0
    assert (np.diff(recall) >= 0).all()


def test_a_curve_without_positives_is_empty():
    assert [len(x) for x in metrics.precision_recall_curve(np.zeros(3), np.arange(3.0))] == [0, 0]
    assert len(metrics.precision_recall_curve(np.empty(0), np.empty(0))[0]) == 0


def test_reliability_of_hand_computed_bins():
    table = metrics.reliability(np.array([0, 0, 0, 1]), np.array([0.1, 0.2, 0.6, 0.8]), [0.5])
    assert table["events"].to_list() == [2, 2]
    assert table["positives"].to_list() == [0, 1]
    assert table["mean_score"].to_list() == pytest.approx([0.15, 0.7])
    assert table["observed"].to_list() == [0.0, 0.5]
    # Wilson's interval of 1 in 2, from his formula by hand.
    assert table.row(1, named=True)["observed_low"] == pytest.approx(0.0945, abs=1e-4)
    assert table.row(1, named=True)["observed_high"] == pytest.approx(0.9055, abs=1e-4)


def test_equal_scores_share_a_bin():
    table = metrics.reliability(np.array([0, 1, 1]), np.full(3, 0.5))
    assert table["events"].to_list() == [3]


def test_brier_score_equals_scikit_learn_and_the_calibration_error_its_definition():
    from sklearn.metrics import brier_score_loss

    rng = np.random.default_rng(0)
    score = rng.random(2000)
    label = (rng.random(2000) < score**2).astype(int)
    entity, weights = rng.integers(0, 50, 2000), rng.poisson(1, 50).astype(np.uint8)
    brier, error = metrics.Calibration(score, label, entity, 50)(weights)
    weight = weights[entity]
    assert brier == pytest.approx(brier_score_loss(label, score, sample_weight=weight))
    place = metrics.score_bins(score)
    wanted = sum(
        weight[place == b].sum()
        * abs(
            np.average(score[place == b], weights=weight[place == b])
            - np.average(label[place == b], weights=weight[place == b])
        )
        for b in np.unique(place)
    )
    assert error == pytest.approx(wanted / weight.sum())


@pytest.mark.parametrize("score", [[-0.1, 0.5], [0.5, 1.1]])
def test_scores_that_are_no_probabilities_have_no_calibration(score):
    calibration = metrics.Calibration(np.array(score), np.array([0, 1]), np.array([0, 1]), 2)
    assert np.isnan(calibration(np.ones(2, np.uint8))).all()
