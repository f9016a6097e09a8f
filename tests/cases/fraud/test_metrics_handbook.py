"""The Handbook's protocol, against its steps written out plainly."""

from datetime import date, timedelta

import polars as pl
import pytest
from evaluation_frames import START, random, written
from sklearn.metrics import average_precision_score, roc_auc_score

from workbench.cases.fraud import handbook
from workbench.cases.fraud.metrics import card_precision_top_k
from workbench.errors import ParameterError

FIRST = START.date()


def by_the_book(frame, first_test_day, train=7, delay=7, test=7):
    """Return event ids of the test set, day by day with a growing set of known cards."""
    start = first_test_day - timedelta(days=train + delay)
    rows = frame.with_columns(
        day=(pl.col("event_time").dt.date() - pl.lit(start)).dt.total_days()
    ).to_dicts()
    known = {r["card"] for r in rows if r["label"] == 1 and 0 <= r["day"] < train}
    kept = []
    for d in range(test):
        known |= {r["card"] for r in rows if r["label"] == 1 and r["day"] == train + d - 1}
        kept += [
            r["event_id"] for r in rows if r["day"] == train + delay + d and r["card"] not in known
        ]
    return kept


@pytest.mark.parametrize("lengths", [(7, 7, 7), (3, 2, 5), (1, 1, 1)])
def test_the_test_set_is_the_handbooks(lengths):
    frame = random(days=24, cards=200)
    day = FIRST + timedelta(days=16)
    found = handbook.week_rows(frame, day, *lengths)
    assert found["event_id"].to_list() == by_the_book(frame, day, *lengths)
    assert found.columns == frame.columns
    assert len(found) > 0


def days(*rows):
    """Return a frame of ``(day, card, label)`` that covers 21 days."""
    edges = [(0, "edge", 0), (20, "edge", 0)]
    return written(*((24 * d + 1, c, 0.5, y) for d, c, y in sorted([*rows, *edges])))


@pytest.mark.parametrize(
    ("fraud_day", "test_day", "kept"),
    [
        (0, 14, False),  # a fraud of the training week: its card is known
        (6, 14, False),
        (7, 14, True),  # the first day of the delay week is not known on the first test day
        (7, 15, False),  # but on the second
        (12, 19, True),
        (12, 20, False),
        (13, 20, True),
    ],
)
def test_each_test_day_knows_one_more_day_of_the_delay_week(fraud_day, test_day, kept):
    frame = days((fraud_day, "a", 1), (test_day, "a", 0))
    found = handbook.week_rows(frame, FIRST + timedelta(days=14))
    assert ("a" in found["card"].to_list()) == kept


def test_a_fraud_before_the_training_week_is_not_known():
    frame = days((0, "a", 1), (16, "a", 0))
    found = handbook.week_rows(frame, FIRST + timedelta(days=15), delta_test=6)
    assert "a" in found["card"].to_list()


def test_performance_is_measured_on_those_rows():
    frame = random(days=22, cards=200)
    day = FIRST + timedelta(days=14)
    rows = handbook.week_rows(frame, day)
    found = handbook.week_performance(frame, day, k=5, replicates=30)
    label, score = rows["label"].to_numpy(), rows["score"].to_numpy()
    assert found["roc_auc"].value == roc_auc_score(label, score)
    assert found["average_precision"].value == average_precision_score(label, score)
    assert found["card_precision_at_k"].value == card_precision_top_k(rows, 5)[0]
    assert all(e.low <= e.value <= e.high for e in found.values())


def test_a_frame_that_does_not_cover_the_weeks_is_refused_with_what_it_covers():
    with pytest.raises(ParameterError, match="events from 2025-03-03 to 2025-03-23"):
        handbook.week_rows(days(), date(2025, 3, 16))
    with pytest.raises(ParameterError, match="a frame that covers 2025-03-04 to 2025-03-24"):
        handbook.week_rows(days(), date(2025, 3, 18))
    with pytest.raises(ParameterError, match="no events"):
        handbook.week_rows(written(), date(2025, 3, 18))


def test_lengths_are_whole_days():
    with pytest.raises(ParameterError, match="7 training, 0 delay and 7 test days"):
        handbook.week_rows(days(), date(2025, 3, 17), delta_delay=0)
