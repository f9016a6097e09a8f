"""The day's highest scores under a budget."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.replay.budget import DailyTop

ROWS = st.lists(
    st.tuples(
        st.integers(0, 2),  # day
        st.sampled_from([0.1, 0.5, 0.9]),  # score
        st.integers(0, 3),  # entity
        st.integers(0, 2),  # kind
    ),
    min_size=1,
    max_size=30,
)
WEIGHTS = st.lists(st.integers(0, 3), min_size=4, max_size=4)


def naive(rows, weights, budget, days, kinds):
    """Write every copy of every row out, sort, take."""
    counts = np.zeros((days, kinds), int)
    for d in range(days):
        copies = [(-s, i, k) for i, (day, s, e, k) in enumerate(rows) if day == d
                  for _ in range(weights[e])]  # fmt: skip
        for _, _, kind in sorted(copies)[:budget]:
            counts[d, kind] += 1
    return counts


@settings(derandomize=True, max_examples=200, deadline=None)
@given(ROWS, WEIGHTS, st.integers(1, 6))
def test_a_weighted_row_is_taken_like_its_copies(rows, weights, budget):
    day, score, entity, kind = (np.array(x) for x in zip(*rows, strict=True))
    top = DailyTop(day, score, entity, kind, budget=budget, kinds=3)
    counts = top(np.array(weights, np.uint8))
    assert counts.tolist() == naive(rows, weights, budget, day.max() + 1, 3).tolist()


def test_equal_scores_are_taken_in_the_order_given():
    top = DailyTop(
        np.zeros(4, int), np.full(4, 0.5), np.arange(4), np.zeros(4, int), budget=2, kinds=1
    )
    assert top.taken.tolist() == [True, True, False, False]


def test_a_day_with_fewer_rows_than_the_budget_takes_all():
    top = DailyTop(np.array([0, 2]), np.ones(2), np.zeros(2, int), np.ones(2, int), 5, 2)
    assert top(np.ones(1, np.uint8)).tolist() == [[0, 1], [0, 0], [0, 1]]


def test_with_once_a_found_entity_is_left_out_on_later_days():
    day = np.array([0, 0, 1, 1])
    score = np.array([0.9, 0.1, 0.9, 0.8])
    entity, kind = np.array([0, 1, 0, 1]), np.array([1, 0, 1, 0])
    top = DailyTop(day, score, entity, kind, budget=1, kinds=2, once=True)
    assert top.taken.tolist() == [True, False, False, True]
    assert top(np.ones(2, np.uint8)).tolist() == [[0, 1], [1, 0]]


def test_with_once_an_entity_that_was_taken_but_genuine_stays():
    top = DailyTop(
        np.array([0, 1]), np.ones(2), np.zeros(2, int), np.zeros(2, int), 1, 2, once=True
    )
    assert top.taken.all()


def test_an_entity_that_the_resampled_stream_lacks_takes_no_place():
    top = DailyTop(np.zeros(2, int), np.array([0.9, 0.1]), np.arange(2), np.array([1, 0]), 1, 2)
    assert top(np.array([0, 1], np.uint8)).tolist() == [[1, 0]]
