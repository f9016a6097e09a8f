"""The challenge's utility, against a plain reading of its definition and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.cases.vitals.utility import (
    attainable,
    best_threshold,
    from_onset,
    gain,
    normalised_utility,
)
from workbench.durations import HOUR


def hours_of(*stays: list[int]) -> np.ndarray:
    """Hours from onset of stays that are given by the label of each hour."""
    stay = np.repeat(np.arange(len(stays)), [len(labels) for labels in stays])
    time = np.concatenate([np.arange(len(labels)) for labels in stays]) * HOUR
    return from_onset(stay, time, np.concatenate(stays).astype(np.int8))


def utility(labels: list[int], alarms: list[bool]) -> float:
    """The utility of one stay's alarms, hour by hour, as the challenge's paper defines it."""
    if not any(labels):
        return sum(-0.05 for alarm in alarms if alarm)
    onset = labels.index(1) + 6
    total = 0.0
    for t, alarm in enumerate(alarms):
        if t > onset + 3:
            continue
        if alarm and t <= onset - 6:
            total += max((t - (onset - 12)) / 6, -0.05)
        elif alarm:
            total += (onset + 3 - t) / 9
        elif t > onset - 6:
            total += -2 * (t - (onset - 6)) / 9
    return total


def best_alarms(labels: list[int]) -> list[bool]:
    """From 12 hours before the onset to 3 hours after it."""
    if not any(labels):
        return [False for _ in labels]
    onset = labels.index(1) + 6
    return [onset - 12 <= t <= onset + 3 for t in range(len(labels))]


STAYS = st.lists(
    st.tuples(st.integers(1, 40), st.integers(0, 60)).map(
        lambda s: [int(t >= s[1]) for t in range(s[0])]
    ),
    min_size=1,
    max_size=5,
)


@given(STAYS, st.randoms(use_true_random=False))
def test_it_is_the_sum_over_all_hours_of_all_stays(stays, random):
    alarms = [[random.random() < 0.4 for _ in labels] for labels in stays]
    observed = sum(map(utility, stays, alarms))
    best = sum(utility(labels, best_alarms(labels)) for labels in stays)
    silent = sum(utility(labels, [False] * len(labels)) for labels in stays)
    own = normalised_utility(np.concatenate(alarms), hours_of(*stays))
    if best > silent:
        assert own == pytest.approx((observed - silent) / (best - silent), abs=1e-12)
    else:
        assert np.isnan(own)


def test_two_stays_by_hand():
    # Onset at hour 8: labels turn 1 at hour 2. What an alarm gains at hours 0 to 11:
    # 4/6, 5/6, 1, then (6 - k + 3)/9 + 2k/9 for k = 1..9 hours after hour 2.
    labels = [0, 0, *[1] * 10]
    gains = [4 / 6, 5 / 6, 1, *((9 - k + 2 * k) / 9 for k in range(1, 10))]
    hours = hours_of(labels, [0, 0, 0])
    np.testing.assert_allclose(gain(hours), [*gains, -0.05, -0.05, -0.05])
    alarm = np.zeros(15, bool)
    alarm[[2, 5, 13]] = True
    expected = (1 + 12 / 9 - 0.05) / sum(gains)
    assert normalised_utility(alarm, hours) == pytest.approx(expected)


def test_perfect_alarms_are_worth_1_and_none_0():
    labels = [0] * 20 + [1] * 12
    hours = hours_of(labels, [0] * 9)
    best = np.array([*best_alarms(labels), *[False] * 9])
    assert normalised_utility(best, hours) == pytest.approx(1.0)
    assert normalised_utility(~best, hours) < 0
    assert normalised_utility(np.zeros(41, bool), hours) == 0.0


def test_an_alarm_in_every_hour_of_stays_without_sepsis_costs_a_twentieth_each():
    hours = hours_of([0] * 30, [0] * 12 + [1] * 10)
    everything = normalised_utility(np.ones(len(hours), bool), hours)
    septic = normalised_utility(np.arange(len(hours)) >= 30, hours)
    assert everything - septic == pytest.approx(-0.05 * 30 / attainable(hours).sum())


def test_hours_later_than_three_after_the_onset_count_for_nothing():
    hours = hours_of([0] * 2 + [1] * 20)
    assert gain(hours)[12:].tolist() == [0.0] * 10
    assert attainable(hours)[12:].tolist() == [0.0] * 10


def test_times_that_are_no_whole_hours_lie_between_them():
    hours = from_onset(np.zeros(2, int), np.array([0, HOUR // 2]), np.array([1, 1], np.int8))
    assert hours.tolist() == [-6.0, -5.5]
    assert gain(hours)[1] == pytest.approx(1 - 0.5 / 9 + 2 * 0.5 / 9)


@given(STAYS, st.integers(1, 9), st.randoms(use_true_random=False))
def test_no_threshold_gains_more_than_the_best_one(stays, levels, random):
    hours = hours_of(*stays)
    score = np.array([random.randrange(levels) / levels for _ in hours])
    best = best_threshold(score, hours)
    gained = gain(hours)[score >= best].sum()
    for level in {*score.tolist(), np.inf}:
        assert gained >= gain(hours)[score >= level].sum() - 1e-9
