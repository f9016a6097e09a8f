"""Money and delay, by hand."""

import numpy as np
import pytest
from evaluation_frames import random, written

from workbench.cases.fraud.costs import CostModel, episodes, money
from workbench.errors import ParameterError
from workbench.replay import metrics

COST = CostModel(review_cost=10, recovered=0.5)


def ledger(frame, alerted, cost=COST):
    return money(frame, metrics.codes(frame["card"])[0], np.array(alerted, bool), cost)


def test_an_alerted_fraud_gives_back_its_share_and_prevents_what_follows_on_its_card():
    frame = written(
        (0, "a", 0.9, 1, 1000),  # caught: half comes back, the card is blocked
        (1, "b", 0.1, 1, 2000),  # another card: lost
        (2, "a", 0.1, 1, 4000),  # prevented
        (3, "a", 0.1, 0, 8000),  # genuine: neither lost nor saved
    )
    table = ledger(frame, [True, False, False, False])
    assert table["saved"].to_list() == [500, 0, 4000, 0]
    assert table["lost"].to_list() == [500, 2000, 0, 0]
    assert table["review_cost"].to_list() == [10, 0, 0, 0]
    assert table["net"].to_list() == [490, 0, 4000, 0]


def test_prevention_ends_when_the_label_would_have_been_known_anyway():
    frame = written((0, "a", 0.9, 1, 1000), (167, "a", 0.1, 1, 30), (168, "a", 0.1, 1, 70))
    assert ledger(frame, [True, False, False])["saved"].to_list() == [500, 30, 0]


def test_a_label_that_is_never_known_would_never_have_stopped_the_card():
    frame = written((0, "a", 0.9, 1, 1000), (9999, "a", 0.1, 1, 70)).with_columns(known_at=None)
    assert ledger(frame, [True, False])["saved"].to_list() == [500, 70]


def test_an_alert_on_a_prevented_fraud_saves_nothing_more_and_prevents_no_longer():
    frame = written((0, "a", 0.9, 1, 1000), (100, "a", 0.9, 1, 40), (200, "a", 0.1, 1, 70))
    table = ledger(frame, [True, True, False])
    assert table["saved"].to_list() == [500, 40, 0]
    assert table["review_cost"].to_list() == [10, 10, 0]


def test_a_false_alert_costs_its_review_and_prevents_nothing():
    frame = written((0, "a", 0.9, 0, 1000), (1, "a", 0.1, 1, 70))
    assert ledger(frame, [True, False])["net"].to_list() == [-10, 0]


def test_what_is_lost_and_saved_is_the_amount_of_fraud():
    frame = random(seed=3)
    alerted = metrics.daily_rank(frame) < 5
    table = ledger(frame, alerted)
    fraud = frame["label"].to_numpy() == 1
    assert table["lost"].sum() + table["saved"].sum() == frame["amount"].to_numpy()[fraud].sum()
    assert (table["lost"] >= 0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"review_cost": -1}, "a review cost of -1"),
        ({"recovered": 1.5}, "a recovered share of 1.5"),
    ],
)
def test_an_impossible_cost_model_is_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        CostModel(**change)


def found(frame, alerted):
    return episodes(frame, metrics.codes(frame["card"])[0], np.array(alerted, bool))


def test_a_gap_of_more_than_seven_days_starts_another_episode():
    frame = written((0, "a", 0, 1), (168, "a", 0, 1), (336.01, "a", 0, 1))
    assert found(frame, [False] * 3)["frauds"].to_list() == [2, 1]


def test_the_delay_runs_from_the_first_fraud_to_the_first_alerted_one():
    frame = written(
        (0, "a", 0, 1), (1, "a", 0, 0), (2.5, "a", 0, 1), (4, "a", 0, 1), (5, "b", 0, 1)
    )
    table = found(frame, [False, True, True, True, False])
    assert table["delay_hours"].to_list() == [2.5, None]


def test_episodes_of_two_cards_are_apart():
    frame = written((0, "a", 0, 1), (1, "b", 0, 1), (2, "a", 0, 1))
    table = found(frame, [True, False, False])
    assert table["card"].to_list() == [0, 1]
    assert table["frauds"].to_list() == [2, 1]
    assert table["delay_hours"].to_list() == [0.0, None]


def test_without_fraud_there_are_no_episodes():
    assert found(written((0, "a", 0, 0)), [True]).is_empty()
