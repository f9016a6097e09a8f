"""No feature sees the future, and neither batches nor memory management change a bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_examples import FEATURES, MEASURED, RIVALS, SCHEMA, START, frame, run, streams
from oracle import Event

from workbench.durations import DAY, HOUR
from workbench.errors import ParameterError
from workbench.features import vocabulary as v
from workbench.features.engine import FeatureEngine

ALL = (*FEATURES, *MEASURED, *RIVALS)
CUTS = st.lists(st.integers(1, 80), max_size=12)


def same_bytes(a, b):
    assert a.tobytes() == b.tobytes()


@settings(max_examples=60)
@given(streams(), CUTS)
def test_any_cut_into_batches_gives_the_same_bytes(stream, cuts):
    whole = run(*stream, ALL)
    same_bytes(run(*stream, ALL, cuts), whole)
    same_bytes(run(*stream, ALL, range(len(stream[0]))), whole)


@settings(max_examples=60)
@given(streams(), st.integers(1, 80))
def test_what_comes_later_changes_no_feature(stream, place):
    events, labels = stream
    place = min(place, len(events))
    before = run(events, labels, ALL)[:place]
    same_bytes(run(events[:place], [x for x in labels if x.at < place], ALL), before)
    changed = [
        Event(e.time + DAY, dict.fromkeys(e.keys, "other"), dict.fromkeys(e.values, 1))
        for e in events[place:]
    ]
    flipped = [x if x.at < place else type(x)(x.event, 1 - x.value, x.known, x.at) for x in labels]
    same_bytes(run(events[:place] + changed, flipped, ALL)[:place], before)


@settings(max_examples=40)
@given(streams(), CUTS)
def test_a_restored_engine_goes_on_with_the_same_bytes(stream, cuts):
    same_bytes(run(*stream, ALL, cuts, restore=True), run(*stream, ALL))


@settings(max_examples=60)
@given(streams(), st.booleans(), CUTS)
def test_giving_memory_back_changes_no_result(stream, rivals, cuts):
    # Rivals keep entities for a month; without them, more are forgotten.
    features = ALL if rivals else (*FEATURES, *MEASURED)
    same_bytes(run(*stream, features, cuts, reclaim=True), run(*stream, features))


@settings(max_examples=20)
@given(streams(), CUTS)
def test_a_kept_state_is_not_changed_by_the_engines_that_start_from_it(stream, cuts):
    events, _ = stream
    whole, rows = frame(events), np.full(len(events), -1)
    engine = FeatureEngine(ALL, SCHEMA)
    engine.advance(whole, rows)
    state = engine.state(np.empty(0, np.int64))
    first, second = FeatureEngine(ALL, SCHEMA), FeatureEngine(ALL, SCHEMA)
    first.restore(state)
    again = first.advance(whole, rows)
    second.restore(state)
    same_bytes(second.advance(whole, rows), again)


def test_a_kept_state_holds_no_more_rows_than_are_in_use():
    engine = FeatureEngine(ALL, SCHEMA)
    events = passing_by(0, 3)
    engine.advance(frame(events), np.array([0, 1, 2]))
    memory = engine.state(np.array([1]))["memory"]
    assert [len(memory[name]) for name in ("log", "pending", "labels")] == [3, 1, 0]


def passing_by(first: int, n: int) -> list[Event]:
    """Events each of entities that were never seen before and never come back."""
    return [
        Event(
            START + i * HOUR,
            {"card": f"c{i}", "terminal": f"t{i}", "area": f"a{i % 3}"},
            {"amount": i % 50, "items": 1},
        )
        for i in range(first, first + n)
    ]


def test_memory_is_bounded_while_ever_new_entities_come():
    engine = FeatureEngine(FEATURES, SCHEMA, forget_after=40 * DAY)
    sizes = []
    for part in range(40):
        events = passing_by(part * 1_000, 1_000)
        # Every label is known a day later; rows are used again.
        row = np.arange(1_000)
        at = np.minimum(row + 24, 999)
        engine.advance(
            frame(events), row, None, row, np.ones(1_000, np.int8), START + at * HOUR, at
        )
        sizes.append(sum(array.nbytes for array in engine.memory))
    assert len(engine.entities) < 2 * 4_096 + 2_003
    assert sizes[-1] == sizes[15]


def test_an_entity_is_not_forgotten_within_its_longest_window():
    engine = FeatureEngine([v.Count("card", "30d")], SCHEMA, forget_after=DAY)
    events = [Event(START + i * 20 * DAY, dict.fromkeys(SCHEMA.entities, "x"), {}) for i in (0, 1)]
    for event in events:
        event.values = {"amount": 1, "items": 1}
    assert engine.advance(frame(events), np.full(2, -1)).ravel().tolist() == [1, 2]


def test_a_label_without_an_event_that_may_see_it_is_refused():
    engine = FeatureEngine([v.LastLabels("card")], SCHEMA)
    events = passing_by(0, 2)
    one = np.zeros(1, np.int64)
    with pytest.raises(ValueError, match="label_at < n"):
        engine.advance(frame(events), np.arange(2), None, one, np.ones(1, np.int8), one, one + 2)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([v.Count("shop", "1d")], "the entity 'shop'"),
        ([v.Distinct("amount", "card", "1d")], "the entity 'amount'"),
        ([v.Sum("card", "card", "1d")], "the column 'card' in a feature"),
        ([v.Count("card", "a day")], "the duration 'a day'"),
        ([v.LastLabels("card", 61)], r"LastLabels\(last=61\)"),
        ([v.Count("card", "1d"), v.Count("card", "1d")], "declared twice"),
    ],
)
def test_a_declaration_that_means_nothing_is_refused(features, message):
    with pytest.raises(ParameterError, match=message):
        FeatureEngine(features, SCHEMA)
