from __future__ import annotations

import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState, create_trial

from workbench.detectors.protocol import Choice, Range
from workbench.tuning.ledger import place_of
from workbench.tuning.sampling import racing
from workbench.tuning.spaces import as_chosen, suggest

NAMES = ("fast", "slow", "new")
DETECTOR = {"detector": CategoricalDistribution(NAMES)}


def ended(number: int, detector: str, *values: float) -> optuna.trial.FrozenTrial:
    whole = len(values) == 3
    trial = create_trial(
        state=TrialState.COMPLETE if whole else TrialState.PRUNED,
        value=values[-1],
        params={"detector": detector},
        distributions=DETECTOR,
        intermediate_values=dict(enumerate(values, start=1)),
    )
    trial.number = number
    return trial


def test_a_detector_far_behind_after_two_trials_is_not_tried_again() -> None:
    trials = [ended(0, "fast", 0.2, 0.4, 0.8), ended(1, "slow", 0.05), ended(2, "slow", 0.1, 0.19)]
    assert racing(NAMES, trials) == ["fast", "new"]


def test_a_trial_that_was_stopped_is_compared_with_the_leader_at_that_time() -> None:
    trials = [ended(0, "fast", 0.2, 0.4, 0.8), ended(1, "slow", 0.05), ended(2, "slow", 0.1, 0.2)]
    assert racing(NAMES, trials) == list(NAMES)


def test_all_race_until_a_trial_has_come_to_its_end() -> None:
    assert racing(NAMES, [ended(0, "slow", 0.1), ended(1, "slow", 0.1)]) == list(NAMES)


def test_a_negative_objective_does_not_drop_its_leader() -> None:
    trials = [ended(i, "fast", -3.0, -2.0, -1.0) for i in range(3)]
    assert "fast" in racing(NAMES, trials)


def test_the_sampler_is_told_the_nearest_value_to_a_default_outside_the_space() -> None:
    space = {
        "l2": Range(1e-8, 1e-2, log=True),
        "depth": Range(2, 8, integer=True),
        "share": Choice((0.05, 0.1, 0.3)),
        "kind": Choice(("a", "b")),
    }
    chosen = as_chosen("x", space, {"l2": 0.0, "depth": 20, "share": 0.02, "kind": "c"})
    assert chosen == {
        "detector": "x", "x.l2": 1e-8, "x.depth": 8, "x.share": 0.05, "x.kind": "a",
    }  # fmt: skip
    assert isinstance(chosen["x.depth"], int)


def test_only_the_chosen_detectors_parameters_are_suggested() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    spaces = {"a": {"lr": Range(0.1, 1.0)}, "b": {"n": Range(1, 9, integer=True)}}
    for _ in range(10):
        trial = study.ask()
        detector, values = suggest(trial, spaces)
        assert set(values) == set(spaces[detector])
        assert set(trial.params) == {"detector"} | {f"{detector}.{name}" for name in values}


@pytest.mark.parametrize("dead", [[3], [0, 3], [2, 3]])
def test_places_of_dead_trials_are_filled_before_new_ones(dead: list[int]) -> None:
    segments = [(0, [], 0), (4, dead, 4)]
    places = [place_of(number, segments) for number in range(4, 8)]
    assert places == [*dead, *range(4, 8 - len(dead))]
