"""What is foreseen of the demand for items: by hand, against plain Python, and cut anywhere."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom

from workbench.cases.recommend.demand import FORGOTTEN, SPREAD, Demand, Outlook
from workbench.cases.recommend.signals import FLOOR, HALF_LIVES
from workbench.detectors import codec
from workbench.detectors.recommender import CART, PURCHASE, STOCK, VIEW
from workbench.durations import DAY, HOUR

START = 20_000 * DAY


def told(*rows):
    """Return columns of rows ``(hour, item, kind, quantity or level)``, no two of one time."""
    hour, item, kind, amount = (np.array(c, np.int64) for c in zip(*rows, strict=True))
    stock = kind == STOCK
    return {
        "time": START + hour * HOUR + np.arange(len(hour)),
        "item": item.astype(np.int32),
        "kind": kind.astype(np.int8),
        "quantity": np.where(stock, -1, amount),
        "on_hand": np.where(stock, amount, -1),
    }


def shop(days=30, items=8, seed=0):
    """Return events of a shop whose item k sells k pieces a day in the mean."""
    rng = np.random.default_rng(seed)
    rows = [(0, item, STOCK, 10_000) for item in range(items)]
    for day in range(days):
        for item in range(items):
            for kind, often in ((VIEW, 8), (CART, 2), (PURCHASE, 1)):
                hours = rng.integers(0, 24, rng.poisson(often * item / 2))
                rows += [(24 * day + int(h), item, kind, 2) for h in hours]
    return told(*sorted(rows))


def parts(events, *cuts):
    ends = [*cuts, len(events["time"])]
    for begin, end in zip([0, *cuts], ends, strict=True):
        yield {name: column[begin:end] for name, column in events.items()}


def by_hand(events, item, at, weights):
    """The docstring's formula, one event at a time, for a time within the last day."""
    start, midnight = int(events["time"][0]) // DAY, at // DAY * DAY
    before = events["time"] < midnight
    amount = np.where(events["kind"] == VIEW, 1, events["quantity"])
    known = len(set(events["item"][before].tolist()))
    log = weights[-1]
    rates = {}
    for k, half in enumerate(HALF_LIVES):
        mine = (events["kind"] == (VIEW, CART, PURCHASE)[k]) & (events["time"] <= at)
        age = (at - events["time"][events["item"] == item][0]) / DAY
        passed = (at - events["time"]) / DAY
        own = sum(
            amount[mine & (events["item"] == item)]
            * 0.5 ** (passed[mine & (events["item"] == item)] / half)
        )
        # Of the whole shop, what happens on a day loses weight when the day ends.
        days_ago = midnight // DAY - events["time"] // DAY
        all_of = sum((amount * 0.5 ** (days_ago / half))[mine & before])
        share = 1 - 0.5 ** ((midnight // DAY - start) / half)
        rates[k] = (
            own * math.log(2) / half / (1 - 0.5 ** (max(age, 1) / half)),
            all_of * math.log(2) / half / share,
        )
    mean = rates[2][1] / known
    for k, (own, all_of) in rates.items():
        if all_of > 0:
            relative = own / all_of * rates[2][1] / mean
            log += weights[k] * math.log((relative + FLOOR) / (1 + FLOOR))
    return mean * math.exp(log)


def test_the_forecast_is_the_formulas():
    events = shop(days=12)
    demand = Demand()
    rate = demand.follow(**events).rate
    weights = demand._today.weights
    for row in (-1, -5, -9):
        wanted = by_hand(events, int(events["item"][row]), int(events["time"][row]), weights)
        assert rate[row] == pytest.approx(wanted, rel=1e-9)


def test_what_is_bought_more_is_foreseen_to_be():
    events = shop(days=90)
    rate = Demand().follow(**events).rate
    late = events["time"] > START + 60 * DAY
    means = [rate[late & (events["item"] == item)].mean() for item in range(1, 8)]
    assert means == sorted(means)
    assert sum(means) == pytest.approx(sum(range(1, 8)), rel=0.1)


def test_views_raise_what_is_foreseen_before_anything_is_bought():
    events = shop(days=40)
    quiet = Demand()
    before = quiet.follow(**events).rate[-1]
    item = int(events["item"][-1])
    hour = int(events["time"][-1] - START) // HOUR
    more = quiet.follow(**told(*[(hour, item, VIEW, 1)] * 60)).rate
    assert (np.diff(more) > 0).all()
    assert more[-1] > before


@settings(max_examples=10)
@given(st.lists(st.integers(0, 700), max_size=4), st.integers(0, 3))
def test_the_cut_into_batches_changes_no_bit(cuts, seed):
    events = shop(days=8, seed=seed)
    whole = Demand().follow(**events)
    demand = Demand()
    cut = [demand.follow(**part) for part in parts(events, *sorted(set(cuts) - {0}))]
    for name in Outlook._fields:
        joined = np.concatenate([getattr(outlook, name) for outlook in cut])
        assert joined.tobytes() == getattr(whole, name).tobytes(), name


def test_a_restored_state_goes_on_bit_for_bit(tmp_path):
    events = shop(days=20)
    first, second = parts(events, 600)
    demand, other = Demand(), Demand()
    demand.follow(**first)
    codec.save(tmp_path / "state", demand.state())
    other.restore(codec.load(tmp_path / "state"))
    assert other.follow(**second).rate.tobytes() == demand.follow(**second).rate.tobytes()


def test_before_the_first_day_has_passed_nothing_is_foreseen():
    rate = Demand().follow(**told((0, 0, PURCHASE, 3), (5, 0, PURCHASE, 3))).rate
    assert np.isnan(rate).all()


def test_only_the_time_in_stock_is_learned():
    """Half a day with four pieces is a demand of eight a day, not of four."""
    learned = []
    demand = Demand()
    demand._learn = lambda _, y, share: learned.append((y * demand._today.mean, share))
    day = [(0, 0, STOCK, 4), (6, 0, PURCHASE, 1), (12, 0, PURCHASE, 3), (12, 0, STOCK, 0)]
    demand.follow(**told(*day, *((24 + hour, *rest) for hour, *rest in day), (48, 0, VIEW, 1)))
    ((pieces, share),) = learned
    assert pieces == pytest.approx(8)
    assert share == pytest.approx(0.5)


def test_an_item_without_events_for_long_is_forgotten_at_midnight():
    demand = Demand()
    demand.follow(**told((0, 0, STOCK, 5), (1, 1, STOCK, 5)))
    later = START + FORGOTTEN + DAY
    demand.follow(**told((24 * 30, 1, STOCK, 4)))
    assert demand.pass_midnight(later).tolist() == [0]
    assert demand.items.level[:2].tolist() == [-1, 4]
    assert demand.pass_midnight(later).tolist() == []


def test_memory_grows_with_the_items_and_not_with_the_events():
    demand = Demand()
    demand.follow(**shop(days=5))
    size = len(demand.items.last)
    demand.follow(**told(*[(24 * 5 + h, h % 8, VIEW, 1) for h in range(500)]))
    assert len(demand.items.last) == size


@pytest.mark.parametrize(("on_hand", "rate", "days"), [(1, 0.3, 7), (12, 1.5, 10), (300, 20, 14)])
def test_the_chance_of_a_sell_out_is_that_of_the_negative_binomial(on_hand, rate, days):
    dispersion, mean = 3.0, rate * days
    variance = dispersion * mean + (SPREAD * mean) ** 2
    p = mean / variance
    wanted = nbinom.sf(on_hand - 1, mean * p / (1 - p), p)
    outlook = Outlook(np.array([on_hand]), np.array([rate]), np.array([dispersion]))
    assert outlook.sold_out_within(days)[0] == pytest.approx(wanted, rel=1e-9)


def test_where_nothing_is_known_or_left_there_is_no_chance_to_tell():
    outlook = Outlook(np.array([-1, 0, 5]), np.array([1.0, 1.0, np.nan]), np.ones(3))
    assert outlook.sold_out_within(7).tolist() == [0, 0, 0]
    assert outlook.days_left.tolist() == [-1, 0, -1]
