"""What is learned of delivered labels: which hours, with what weight, and in which order."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.cases.vitals.target import STAYS, UtilityTarget
from workbench.detectors.target import Delivered, Lesson
from workbench.durations import HOUR
from workbench.replay.pace import Pace

PACE = Pace(negatives=0.3, importance=0.5, seed=4)


def stream(stays: list[tuple[int, int]], *, apart: int = 5) -> Delivered:
    """Stays that end one after the other: hours of each, and the first with the label 1."""
    parts: dict[str, list[Any]] = {name: [] for name in Delivered._fields[1:]}
    for number, (hours, first) in enumerate(stays):
        begin = number * apart
        parts["labels"] += [int(t >= first) for t in range(hours)]
        parts["time"] += [(begin + t) * HOUR for t in range(hours)]
        parts["known"] += [1000 * HOUR + (number // 2) * HOUR] * hours
        # Slots are given again: two stays at a time are told apart by nothing else.
        parts["entity"] += [number % 2] * hours
        parts["at"] += [number // 2] * hours
    count = len(parts["labels"])
    parts["rows"] = list(range(count))
    parts["sequence"] = list(range(100, 100 + count))
    arrays = {name: np.array(values, np.int64) for name, values in parts.items()}
    arrays["labels"] = arrays["labels"].astype(np.int8)
    return Delivered(np.arange(2.0 * count).reshape(count, 2), **arrays)


def parts_of(whole: Delivered, cuts: set[int]) -> list[Delivered]:
    """The same labels in several batches, cut between moments of becoming known."""
    moments = np.unique(whole.known)
    edges = np.searchsorted(whole.known, moments[[c for c in sorted(cuts) if c < len(moments)]])
    return [
        Delivered(whole.table, *(array[a:b] for array in whole[1:]))
        for a, b in pairwise([0, *edges.tolist(), len(whole.rows)])
    ]


def lessons(target: UtilityTarget, parts: list[Delivered]) -> list[np.ndarray]:
    found = [target.lesson(part) for part in parts]
    return [np.concatenate([lesson[k] for lesson in found]) for k in range(len(Lesson._fields))]


def learned(stays: list[tuple[int, int]]) -> dict[int, tuple[int, float]]:
    """Label and weight of each hour that is learned, by its place in the stream."""
    rows, labels, weights, _ = lessons(UtilityTarget(PACE), [stream(stays)])
    places = (rows[:, 0] / 2).astype(int).tolist()
    return dict(zip(places, zip(labels.tolist(), weights.tolist(), strict=True), strict=True))


NEVER = 10**6


def test_hours_that_gain_are_positive_and_weigh_one_and_a_half_times_their_gain():
    found = learned([(30, 10)] + [(1, NEVER)] * (STAYS - 1))
    # Labels turn 1 at hour 10: an alarm gains from hour 5 on, 1 at hour 10, 2 at hour 19.
    for hour in range(5, 20):
        gain = (hour - 4) / 6 if hour <= 10 else (19 - hour) / 9 + 2 * (hour - 10) / 9
        assert found[hour] == (1, pytest.approx(1.5 * gain))


def test_hours_later_than_three_after_the_onset_are_not_learned():
    found = learned([(40, 10)] + [(1, NEVER)] * (STAYS - 1))
    assert max(place for place in found if place < 40) == 19


def test_of_the_other_hours_the_share_of_the_pace_is_learned_with_its_weight():
    found = learned([(1000, NEVER)] * STAYS)
    assert set(found.values()) == {(0, 0.5)}
    assert len(found) == pytest.approx(0.3 * 1000 * STAYS, rel=0.1)


def test_ten_stays_are_learned_together_once_the_last_of_them_is_known():
    whole = stream([(20, 5)] * (2 * STAYS + 3))
    rows, _, _, at = lessons(UtilityTarget(PACE), [whole])
    stay = (rows[:, 0] / 2).astype(int) // 20
    first = stay < STAYS
    assert set(stay[: first.sum()].tolist()) == set(range(STAYS))
    assert set(at[first].tolist()) == {(STAYS - 1) // 2}
    assert set(at[~first].tolist()) == {(2 * STAYS - 1) // 2}
    assert stay.max() == 2 * STAYS - 1
    # Their order is by chance: hours of a stay do not stand together.
    assert (np.diff(stay[: first.sum()]) != 0).mean() > 0.7


STREAMS = st.lists(
    st.tuples(st.integers(1, 30), st.sampled_from([0, 2, 9, 25, NEVER])), min_size=1, max_size=45
)


@given(STREAMS, st.sets(st.integers(1, 22)))
def test_any_cut_into_batches_gives_the_same_lessons(stays, cuts):
    whole = stream(stays)
    for a, b in zip(
        lessons(UtilityTarget(PACE), [whole]),
        lessons(UtilityTarget(PACE), parts_of(whole, cuts)),
        strict=True,
    ):
        assert a.tobytes() == b.tobytes()


@given(STREAMS, st.integers(1, 22))
def test_a_restored_target_goes_on_with_the_same_lessons(stays, cut):
    before, *after = parts_of(stream(stays), {cut})
    first, second = UtilityTarget(PACE), UtilityTarget(PACE)
    first.lesson(before)
    state = first.state()
    second.restore(state)
    first.lesson(before)
    third = UtilityTarget(PACE)
    third.restore(state)
    for part in after:
        for a, b in zip(second.lesson(part), third.lesson(part), strict=True):
            assert a.tobytes() == b.tobytes()


def test_labels_of_nobody_are_stays_of_their_own():
    whole = stream([(12, 0)])
    nobody = whole._replace(entity=np.full(12, -1))
    rows, labels, weights, _ = lessons(UtilityTarget(PACE), [nobody])
    # Each is the first hour with the label 1 of its own stay: six hours before the onset.
    assert len(rows) == STAYS
    assert labels.all()
    assert weights.tolist() == [1.5] * STAYS


def test_nothing_delivered_teaches_nothing():
    target = UtilityTarget(PACE)
    nothing = parts_of(stream([(3, NEVER)]), set())[0]
    empty = Delivered(nothing.table, *(array[:0] for array in nothing[1:]))
    assert [len(part) for part in target.lesson(empty)] == [0, 0, 0, 0]
