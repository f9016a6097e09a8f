"""Days of stock left, as the re-ranker sees them of each item."""

from dataclasses import replace

import numpy as np
import pytest
from recommend_clicks import clicks

from workbench.cases.recommend.demand import Demand
from workbench.cases.recommend.engine.ranking.features import MOST_DAYS, NAMES
from workbench.cases.recommend.engine.recommender import Engine
from workbench.detectors.recommender import NONE, PURCHASE, STOCK, VIEW
from workbench.durations import HOUR


def a_month(stock=True):
    """Five items, of which one is bought most; levels are told every other day."""
    rng = np.random.default_rng(4)
    n = 700
    item = np.minimum(rng.geometric(0.5, n) - 1, 4)
    kind = np.where(rng.random(n) < 0.4, PURCHASE, VIEW)
    if stock:
        kind[::35] = STOCK
    events = clicks(
        np.arange(n) // 5,
        item,
        kind=kind,
        on_hand=np.where(kind == STOCK, 200 + np.arange(n) % 3, NONE),
    )
    return replace(events, time=events.time * 60, quantity=np.where(kind == PURCHASE, 1, NONE))


def test_an_items_days_left_are_those_that_were_foreseen_at_its_last_event():
    events, one = a_month(), Engine(step="compiled")
    assert events.time[-1] - events.time[0] > 28 * 24 * HOUR
    one.process(events)
    first = int(np.flatnonzero(events.kind == STOCK)[0])
    told = events.part(first, len(events))
    slots = one.memory.catalogue.slot_of[told.item]
    outlook = Demand().follow(told.time, slots, told.kind, told.quantity, told.on_hand)
    compared = 0
    for slot in range(5):
        days = [d for d in outlook.days_left[slots == slot] if d >= 0]
        if days:
            assert one.memory.catalogue.days_left[slot] == pytest.approx(days[-1], rel=1e-6)
            compared += 1
    assert compared >= 3


def test_they_are_one_of_the_features():
    events, one = a_month(), Engine(step="compiled")
    one.process(events)
    days = one.ranker.features[:5, NAMES.index("days_left")]
    known = one.memory.catalogue.days_left[:5]
    expected = np.log2(1 + np.where(known < 0, MOST_DAYS, np.minimum(known, MOST_DAYS)))
    assert sorted(days.tolist()) == pytest.approx(sorted(expected.tolist()), abs=0.2)


def test_whoever_follows_without_learning_keeps_up_with_stock_and_prices():
    one = Engine(step="compiled")
    one.process(a_month())
    catalogue = one.memory.catalogue
    slot = int(np.flatnonzero(catalogue.days_left > 0)[0])
    code, days, level = (
        getattr(catalogue, name)[slot] for name in ("code", "days_left", "on_hand")
    )
    one.follow(clicks([0], [code], kind=[STOCK], on_hand=[3 * level]))
    assert catalogue.days_left[slot] == pytest.approx(3 * days)
    one.follow(clicks([1], [code], price=777))
    assert catalogue.price[slot] == 777


def test_without_stock_levels_nothing_is_foreseen():
    one = Engine(step="compiled")
    one.process(a_month(stock=False))
    assert (one.memory.catalogue.days_left[:5] == -1).all()
    assert one.state()["days_left"] == {"demand": None}
