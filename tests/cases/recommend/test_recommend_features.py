"""Each feature of the re-ranker is what its definition in plain Python says."""

from collections import namedtuple
from functools import cache
from itertools import groupby
from math import log2

import numpy as np
import pytest
from recommend_clicks import Past, clicks

from workbench.cases.recommend.engine.ranking.features import ELSEWHERE, FAR, NAMES, OTHER
from workbench.cases.recommend.engine.recommender import Engine
from workbench.detectors.recommender import CART, NONE, PURCHASE, STOCK, VIEW

SHORT, MIDDLE, LONG = 8.0, 30.0, 100.0
Event = namedtuple("Event", "session visitor item kind price on_hand number")
Moment = namedtuple("Moment", "told past session visitor context")


@cache
def a_day():
    """Long interleaved sessions, also of one visitor; prices change, stock is told."""
    rng = np.random.default_rng(7)
    n = 600
    session = np.clip(np.arange(n) // 40 + rng.integers(-1, 2, n), 0, 14)
    item = np.minimum(rng.geometric(0.08, n) - 1, 35)
    item[1::6] = item[:-1:6]  # some are met twice in a row
    kind = rng.choice([VIEW, CART, PURCHASE], n, p=[0.7, 0.1, 0.2])
    kind[9::10] = STOCK
    return clicks(
        session,
        item,
        visitor=np.where(session % 4 == 0, NONE, session % 2),
        kind=kind,
        on_hand=np.where(kind == STOCK, rng.integers(0, 9, n), NONE),
        number=np.where(item % 6 == 5, NONE, 1000 + 77 * item % 100),
        price=np.where(rng.random(n) < 0.5, 100 * (1 + item % 9) + rng.integers(0, 30, n), NONE),
    )


@cache
def lists():
    """Return the features of the items that are proposed at each event."""
    one, found = Engine(half_life_short=SHORT, half_life=MIDDLE, half_life_long=LONG), {}
    for e in range(len(a_day())):
        now = a_day().part(e, e + 1)
        one.process(now)
        if now.kind[0] != STOCK:
            n = int((one._workspace.proposed == one._workspace.stamp[0]).sum())
            items = one.memory.catalogue.code[one._workspace.candidate[:n]]
            found[e] = dict(zip(items.tolist(), one.ranker.features[:n].tolist(), strict=True))
    return found


def check(name, definition):
    """Compare a feature with its definition, given what was told before and an item."""
    events, past, found, expected = a_day(), Past(), [], []
    columns = [getattr(events, field).tolist() for field in Event._fields]
    told = [Event(*row) for row in zip(*columns, strict=True)]
    for e, (session, visitor, _, kind, *_) in enumerate(told):
        if kind == STOCK:
            continue
        moment = Moment(told[:e], past, session, visitor, past.session(session))
        for item, features in lists()[e].items() if e % 7 < 2 else ():
            found.append(features[NAMES.index(name)])
            expected.append(definition(moment, item))
        past.learn(events, e)
    assert len(found) > 2_000
    assert max(expected) - min(expected) >= 1
    assert found == pytest.approx(expected, abs=1e-3)


def last_told(now, field, item):
    """Return what the latest event that told it says of an item."""
    told = (getattr(each, field) for each in reversed(now.told) if each.item == item)
    return next((value for value in told if value != NONE), NONE)


def in_session(now, item):
    return [each for each in now.told if (each.session, each.item) == (now.session, item)]


def share(now, item):
    known = {each.item for each in now.told}
    return (now.past.count[item] + 0.5) / (len(now.past.order) + 1 + 0.5 * len(known))


def decayed(now, item, half_life):
    worth = [0.5 ** (back / half_life) for back in range(len(now.past.order))]
    own = sum(w for w, each in zip(worth, reversed(now.past.order), strict=True) if each == item)
    return own / (sum(worth) + 1e-9) + 1e-5


def conditional(now, item):
    total = 0.0
    for other in now.context:
        pairs = now.past.together[other][item] + (2 * share(now, item) if other != item else 0)
        total += pairs / (now.past.count[other] + 2)
    return total / max(len(now.context), 1) + 1e-5


def distances(now, item):
    """Return how many places in the order of article numbers lie to each item of the session."""
    numbers = sorted({each.number for each in now.told} - {NONE})
    rank = {e.item: numbers.index(e.number) for e in now.told if e.number != NONE}
    known = item in rank
    return [abs(rank[item] - rank[i]) if known and i in rank else FAR for i in now.context]


def visits(now):
    """Return the items of each of the visitor's visits; the last one is that of the session."""
    own = now.past.visits[now.visitor] if now.visitor != NONE else []
    each = [(code, [i for _, i in met]) for code, met in groupby(own, key=lambda met: met[0])]
    return each if each and each[-1][0] == now.session else [*each, (now.session, [])]


def known_visitor(now):
    return now.visitor != NONE and bool(now.past.visits[now.visitor])


def test_quiet_is_how_many_interactions_ago_it_was_last_met():
    def quiet(now, item):
        last = max(now.past.when[item], default=-1)  # only its stock level was told
        return log2(len(now.past.order) - last + 1)

    check("quiet", quiet)


def test_age_is_how_many_interactions_ago_it_was_first_met():
    def age(now, item):
        first = next(k for k, each in enumerate(now.told) if each.item == item)
        return log2(1 + sum(each.kind != STOCK for each in now.told[first:]))

    check("age", age)


def test_share_is_that_of_all_interactions():
    check("share", lambda now, i: log2(share(now, i)))


def test_opening_is_how_often_it_was_the_first_of_a_session():
    def opening(now, item):
        first = sum(steps[0] == item for steps in now.past.steps.values() if steps)
        return log2((first + 0.5) / (now.past.count[item] + 3))

    check("opening", opening)


@pytest.mark.parametrize(
    ("name", "half_life"), [("popular_short", SHORT), ("popular", MIDDLE), ("popular_long", LONG)]
)
def test_popular_is_the_share_of_interactions_that_count_half_after_a_half_life(name, half_life):
    check(name, lambda now, i: log2(decayed(now, i, half_life)))


def test_trend_is_the_popularity_now_over_that_of_long_ago():
    check("trend", lambda now, i: log2(decayed(now, i, SHORT) / decayed(now, i, LONG)))


def test_price_ratio_is_the_latest_price_over_that_of_the_sessions_last_item():
    def ratio(now, item):
        price = [last_told(now, "price", i) for i in (item, *now.context[:1])]
        return log2((price[0] + 1) / (price[1] + 1)) if len(price) == 2 and min(price) >= 0 else 0

    check("price_ratio", ratio)


def test_on_hand_is_the_latest_stock_level_and_unknown_ones_are_below_all():
    check("on_hand", lambda now, i: log2(last_told(now, "on_hand", i) + 2))


def test_place_is_that_among_the_sessions_different_items_the_latest_first():
    check("place", lambda now, i: min(now.context.index(i), 14) if i in now.context else -1)


def test_times_are_how_often_the_session_met_it_up_to_six():
    check("times", lambda now, i: min(len(in_session(now, i)), 6))


def test_furthest_is_how_near_to_a_purchase_it_came_in_the_session():
    check("furthest", lambda now, i: max((1 + each.kind for each in in_session(now, i)), default=0))


def test_visitor_times_are_how_often_the_visitor_met_it_up_to_six():
    def times(now, item):
        met = sum(items.count(item) for _, items in visits(now))
        return min(met, 6) if known_visitor(now) else -1

    check("visitor_times", times)


def test_visits_ago_are_the_visits_since_the_visitor_last_met_it():
    def ago(now, item):
        back = (k for k, (_, items) in enumerate(reversed(visits(now))) if item in items)
        return min(next(back, -1), 10)

    check("visits_ago", ago)


def test_number_distance_is_in_places_of_article_numbers_from_the_last_item():
    check("number_distance", lambda now, i: log2(1 + (distances(now, i) or [FAR])[0]))


def test_nearest_number_is_the_distance_to_the_nearest_other_item_of_the_session():
    def nearest(now, item):
        return log2(1 + min(filter(None, distances(now, item)), default=FAR))

    check("nearest_number", nearest)


def test_near_numbers_are_the_other_items_of_the_session_within_four_places():
    check("near_numbers", lambda now, i: min(sum(0 < d <= 4 for d in distances(now, i)), 6))


def test_follows_is_the_share_of_the_last_items_transitions_that_lead_to_it():
    def follows(now, item):
        after = now.past.follows[now.context[0]] if now.context else {item: 0}
        return log2((after[item] + 2 * share(now, item)) / (sum(after.values()) + 2))

    check("follows", follows)


def test_followed_by_is_the_share_of_its_transitions_that_lead_to_the_last_item():
    def followed_by(now, item):
        after = now.past.follows[item]
        known = [(after[last] + 0.02) / (sum(after.values()) + 1) for last in now.context[:1]]
        return log2(known[0] if known else 0.01)

    check("followed_by", followed_by)


def test_repeats_are_the_share_of_its_transitions_that_lead_to_itself_if_the_session_met_it():
    def repeats(now, item):
        if item not in now.context:
            return -ELSEWHERE
        after = now.past.follows[item]
        often = log2((after[item] + 0.1) / (sum(after.values()) + 1))
        return often - (OTHER if item != now.context[0] else 0)

    check("repeats", repeats)


def test_conditional_is_the_mean_probability_given_one_of_the_sessions_items():
    check("conditional", lambda now, i: log2(conditional(now, i)))


def test_lift_is_the_conditional_probability_over_the_share():
    check("lift", lambda now, i: log2(conditional(now, i) / share(now, i)))
