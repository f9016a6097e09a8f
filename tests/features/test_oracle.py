"""The compiled kernel says what the vocabulary means: it equals a naive oracle, word for word."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given, settings
from kernel_examples import (
    FEATURES,
    MEASURED,
    RATIO,
    RIVALS,
    START,
    WHOLE,
    delivered,
    run,
    streams,
    world_of,
)
from oracle import Event, matrix

from workbench.durations import DAY, HOUR, MINUTE
from workbench.features import vocabulary as v
from workbench.features.program import WORDS


def check(events, labels, features):
    found = run(events, labels, features)
    expected = np.array(matrix(world_of(events, labels, features), features))
    for f, feature in enumerate(features):
        tolerance = 0 if isinstance(feature, WHOLE) else 1e-9
        np.testing.assert_allclose(
            found[:, f], expected[:, f], rtol=tolerance, atol=0, err_msg=feature.name
        )


def event(time, card="a", terminal="b", amount=1, **keys):
    names = {"card": card, "terminal": terminal, "area": None} | keys
    return Event(time, names, {"amount": amount, "items": None})


def test_every_word_is_tried():
    assert {type(f) for f in (*FEATURES, *MEASURED, *RIVALS)} == set(WORDS)


@settings(max_examples=60)
@given(streams())
def test_every_word_equals_the_oracle(stream):
    check(*stream, FEATURES)


@settings(max_examples=60)
@given(streams())
def test_what_is_measured_and_derived_equals_the_oracle(stream):
    check(*stream, MEASURED)


@settings(max_examples=60)
@given(streams())
def test_rivals_equal_the_oracle(stream):
    check(*stream, RIVALS)


def test_a_hot_entity_with_hundreds_of_events_in_a_window():
    rng = Random(1)
    events = [event(START + i * MINUTE, amount=rng.choice([1, 5, 300])) for i in range(700)]
    # The highest ratio falls out of the 512 that are looked at while it is in the window.
    events[20].values["amount"] = 10**6
    waiting = [(e.time + 2 * HOUR, i, i % 2) for i, e in enumerate(events) if i % 3 == 0]
    check(
        events,
        delivered(events, waiting, HOUR),
        (
            v.HighestPast(RATIO, "7d"),
            v.Max("amount", "card", "7d"),
            v.Std("amount", "card", "1h"),
            v.Distinct("terminal", "card", "7d"),
            v.KnownRate("card", "1d"),
            v.RunRival(RATIO, "terminal"),
        ),
    )


def test_many_entities_that_count_many_others():
    rng = Random(2)
    events = [
        event(START + i * HOUR, f"c{rng.randrange(12)}", f"t{rng.randrange(40)}")
        for i in range(300)
    ]
    check(
        events,
        [],
        tuple(
            word(of, by, w)
            for word in (v.Distinct, v.New)
            for of, by in (("terminal", "card"), ("card", "terminal"))
            for w in ("1d", "7d")
        ),
    )


def test_sums_of_squares_may_wrap_around_and_deviations_stay_right():
    huge = 3 * 10**9
    events = [event(START + i * HOUR, amount=huge + i % 2) for i in range(40)]
    check(events, [], (v.Std("amount", "card", "7d"), v.ZScore("amount", "card", "1d")))


def test_a_label_that_comes_after_its_event_left_all_windows():
    events = [event(START + i * DAY) for i in range(20)]
    waiting = [(e.time + 9 * DAY, i, 1) for i, e in enumerate(events[:3])]
    features = (
        v.HighestPast(RATIO, "1d"),
        v.RunLength("terminal"),
        v.RunOnly(RATIO, "terminal"),
        v.KnownCount("card", "30d"),
    )
    check(events, delivered(events, waiting, 0), features)


def test_a_label_of_a_forgotten_entity_does_not_reach_the_one_that_comes_back():
    events = [event(START), event(START + 11 * DAY), event(START + 12 * DAY)]
    features = (v.LastLabels("card"), v.RunLength("card"), v.SinceLabel("card"))
    labels = delivered(events, [(START + 11 * DAY, 0, 1)], 0)
    assert len(labels) == 1
    check(events, labels, features)
    assert np.isnan(run(events, labels, features)[-1, 0])
