"""When an alarm is raised, and that neither batches nor a restart change one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vitals_rows import observations

from workbench.cases.vitals.alarms import FORGET_AFTER, Alarms, Rule
from workbench.durations import DAY, HOUR, MINUTE
from workbench.errors import ParameterError
from workbench.replay.alerting import AlertPolicy


def hours_of_alarms(scores, rule, **options):
    """At which hours an hourly row of scores raises alarms."""
    time = np.arange(len(scores)) * HOUR
    return np.flatnonzero(
        rule.raised(np.zeros(len(scores), int), time, np.array(scores), **options)
    ).tolist()


def test_a_score_at_the_threshold_raises_an_alarm_at_once():
    assert hours_of_alarms([0.4, 0.5, 0.4], Rule(0.5)) == [1]


def test_an_alarm_that_stands_is_raised_again_after_the_repeat():
    assert hours_of_alarms([0.9] * 14, Rule(0.5)) == [0, 6, 12]
    assert hours_of_alarms([0.9] * 14, Rule(0.5, repeat="8h")) == [0, 8]


def test_an_alarm_that_was_over_is_raised_anew_after_the_pause():
    scores = [0.9, 0.1, 0.9, 0.9, 0.9]
    assert hours_of_alarms(scores, Rule(0.5)) == [0]
    assert hours_of_alarms(scores, Rule(0.5, pause="2h")) == [0, 2]
    assert hours_of_alarms(scores, Rule(0.5, pause="3h")) == [0, 3]


def test_an_alarm_is_not_over_before_the_score_falls_below_clear():
    scores = [0.9, 0.4, 0.9, 0.2, 0.9]
    assert hours_of_alarms(scores, Rule(0.5, pause="1h")) == [0, 2, 4]
    assert hours_of_alarms(scores, Rule(0.5, clear=0.6, pause="1h")) == [0, 4]


def test_persistence_waits_until_no_score_was_below_the_threshold_for_so_long():
    scores = [0.1, 0.9, 0.1, 0.9, 0.9, 0.9, 0.9]
    assert hours_of_alarms(scores, Rule(0.5, persistence="2h")) == [4]
    assert hours_of_alarms(scores, Rule(0.5, persistence="3h")) == [5]


def test_where_scores_come_seldom_there_is_nothing_to_wait_for():
    assert hours_of_alarms([0.1, 0.9, 0.9], Rule(0.5, persistence="20m")) == [1]
    assert hours_of_alarms([0.9, 0.9], Rule(0.5, persistence="2h")) == [0]


def test_an_observation_with_an_artefact_raises_nothing_and_ends_nothing():
    scores = [0.9, 0.1, 0.9, 0.9, 0.1]
    left_out = np.array([True, True, False, False, True])
    assert hours_of_alarms(scores, Rule(0.5), left_out=left_out) == [2]
    persistent, scores = Rule(0.5, persistence="2h"), [0.1, 0.9, 0.1, 0.9]
    assert hours_of_alarms(scores, persistent) == []
    assert hours_of_alarms(scores, persistent, left_out=left_out[[2, 2, 1, 2]]) == [3]


def test_no_score_is_no_alarm():
    assert hours_of_alarms([np.nan, 0.9, np.nan], Rule(0.5)) == [1]


def test_patients_do_not_silence_each_other():
    rule, scores = Rule(0.5), np.full(4, 0.9)
    alarms = rule.raised(np.array([0, 1, 0, 1]), np.arange(4) * HOUR, scores)
    assert alarms.tolist() == [True, True, False, False]


def test_a_patient_who_comes_back_after_a_week_is_a_new_one():
    rule = Rule(0.5, repeat="30d")
    time = np.array([0, FORGET_AFTER, 2 * FORGET_AFTER + 1])
    assert rule.raised(np.zeros(3, int), time, np.full(3, 0.9)).tolist() == [True, False, True]


# -- the policy -------------------------------------------------------------------------------


def ward(seed: int, count: int = 120) -> tuple[pl.DataFrame, np.ndarray]:
    """Observations of a few patients by two devices, artefacts among them, and their scores."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            "patient": f"p{rng.integers(4)}",
            "device": f"d{rng.integers(2)}",
            "heart_rate": float(rng.choice([70, 72, 74, 150])),
            "respiration": float(rng.choice([15, 16, 17])),
            "spo2": float(rng.choice([96, 97, 60])),
            "after": int(rng.choice([0, 5 * MINUTE, HOUR, 8 * DAY], p=[0.1, 0.5, 0.37, 0.03])),
        }
        for _ in range(count)
    ]
    return observations(rows), rng.choice([0.1, 0.4, 0.6, 0.95], count)


SETTINGS = {"threshold": 0.5, "clear": 0.6, "persistence": "5m", "repeat": "3h", "pause": "1h"}


def alerts(policy: Alarms, events: pl.DataFrame, scores: np.ndarray, cuts=(), *, restore=False):
    found = []
    for a, b in pairwise([0, *sorted(cuts), len(scores)]):
        if restore:
            state, policy = policy.state(), Alarms(SETTINGS)
            policy.restore(state)
        found += [(a + c.row, c.severity) for c in policy.choose(events[a:b], scores[a:b])]
    return found


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.sets(st.integers(1, 119), max_size=8))
def test_any_cut_into_batches_and_any_restart_give_the_same_alarms(seed, cuts):
    events, scores = ward(seed)
    whole = alerts(Alarms(SETTINGS), events, scores)
    assert alerts(Alarms(SETTINGS), events, scores, cuts) == whole
    assert alerts(Alarms(SETTINGS), events, scores, cuts, restore=True) == whole


def test_the_policy_follows_the_rule_where_no_device_errs():
    events, scores = ward(5)
    calm = events.with_columns(heart_rate=pl.lit(7000), spo2=pl.lit(9700))
    calm = calm.with_columns(respiration=1500 + 100 * (pl.int_range(pl.len()) % 3))
    stay = events["patient"].rank("dense").to_numpy().astype(int) - 1
    time = events["event_time"].to_physical().to_numpy()
    expected = np.flatnonzero(Rule(**SETTINGS).raised(stay, time, scores))
    found = [row for row, _ in alerts(Alarms(SETTINGS), calm, scores)]
    assert found == expected.tolist()


def test_a_slipped_probe_and_a_flat_line_raise_no_alarm():
    steady = [{"heart_rate": 70 + i % 3, "respiration": 15 + i % 2, "spo2": 97} for i in range(6)]
    slipped = {"heart_rate": 71, "respiration": 15, "spo2": 55}
    flat = {"heart_rate": 71, "respiration": 15, "spo2": 97}
    events = observations([*steady, slipped, *steady, *[flat] * 7])
    scores = np.full(events.height, 0.1)
    scores[6] = 0.9
    scores[-3:] = 0.9
    assert alerts(Alarms({"threshold": 0.5}), events, scores) == []
    scores[7] = 0.9
    assert alerts(Alarms({"threshold": 0.5}), events, scores) == [(7, "low")]


def test_severities_are_the_highest_level_that_a_score_reaches():
    policy = Alarms({"threshold": 0.5, "medium": 0.7, "high": 0.9, "repeat": "0s", "pause": "0s"})
    events = observations([{}] * 4)
    found = alerts(policy, events, np.array([0.5, 0.7, 0.9, 0.2]))
    assert found == [(0, "low"), (1, "medium"), (2, "high")]


def test_memory_is_bounded_by_the_patients_who_are_there():
    policy = Alarms({"threshold": 0.5})
    for day in range(40):
        rows = [{"patient": f"p{day}-{i}", "heart_rate": 70} for i in range(300)]
        events = observations(rows, every=MINUTE).with_columns(
            pl.col("event_time") + pl.duration(days=day)
        )
        policy.choose(events, np.full(300, 0.9))
    state = policy.state()
    assert len(state["patients"]) < 300 * (7 + 2) * 2
    assert len(state["memory"]) == len(state["patients"])


def test_it_is_a_policy_and_takes_only_settings_that_it_knows():
    assert isinstance(Alarms({"threshold": 0.5}), AlertPolicy)
    for wrong in ({}, {"low": 0.5}, {"threshold": 0.5, "budget": 1}):
        with pytest.raises(ParameterError, match="the settings"):
            Alarms(wrong)
    with pytest.raises(ParameterError, match=r"threshold=0\.5 and clear=1\.2"):
        Alarms({"threshold": 0.5, "clear": 1.2})
    with pytest.raises(ParameterError, match="the duration 'soon'"):
        Alarms({"threshold": 0.5, "repeat": "soon"})
