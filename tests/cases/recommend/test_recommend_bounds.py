"""What is remembered is bounded: items, sessions, visitors, and what one session may teach."""

from dataclasses import fields, replace

import numpy as np
import pytest
from recommend_clicks import a_shop, clicks

from workbench.cases.recommend.detectors import DETECTORS
from workbench.cases.recommend.engine.kernel import advance
from workbench.cases.recommend.engine.recommender import Engine
from workbench.cases.recommend.latent.recommender import Latent
from workbench.detectors.recommender import NONE

SMALL = {"items": 64, "sessions": 64, "visitors": 64, "transitions": 16, "pairs": 16}


def size(state):
    """Return how many bytes plain data takes."""
    if isinstance(state, dict):
        return sum(map(size, state.values()))
    return state.nbytes if isinstance(state, np.ndarray) else 8


def without_codes(state):
    """Leave out slots by code: codes are the caller's, who is told which are free again."""
    if not isinstance(state, dict):
        return state
    return {name: without_codes(part) for name, part in state.items() if name != "slot_of"}


def growing(n=6_000):
    """A list of items that never stops growing: each is met three times, then never again."""
    session, item = np.arange(n) // 6, np.arange(n) // 3
    return clicks(session, item, visitor=session // 2)


def test_a_catalogue_that_never_stops_growing_takes_no_more_memory():
    one, events = Engine(bounds=SMALL), growing()
    one.process(events.part(0, 1_000))
    early = size(without_codes(one.state()))
    one.process(events.part(1_000, 6_000))
    assert size(without_codes(one.state())) <= 1.1 * early
    assert one.counts()["items forgotten"] >= 2_000 - 64


def test_the_items_that_go_are_those_that_had_no_event_for_longest():
    one = Engine(bounds=SMALL)
    session = np.arange(200)
    item = np.where(np.arange(200) % 2, 0, 1 + np.arange(200))  # item 0 comes again and again
    one.process(clicks(session, item))
    gone = set(one.released().items.tolist())
    kept = set(range(200)) & set(item.tolist()) - gone
    assert 0 in kept
    assert max(gone) < min(kept - {0})


@pytest.mark.parametrize("size", [1, 7, 500])
def test_what_is_forgotten_depends_on_no_cut_into_batches(size):
    events = growing(1_500)
    whole, cut = Engine(bounds=SMALL), Engine(bounds=SMALL)
    expected = whole.process(events)
    parts = [cut.process(events.part(k, k + size)) for k in range(0, 1_500, size)]
    assert (np.concatenate(parts) == expected).all()
    assert cut.counts() == whole.counts()
    assert cut.counts()["items forgotten"] > 0


def test_codes_of_what_is_forgotten_are_told_once_and_may_be_given_anew():
    one = Engine(bounds=SMALL)
    one.process(growing(900))
    told = one.released()
    assert len(told.items)
    assert len(told.sessions)
    assert len(told.visitors)
    assert not len(one.released().items)
    code = int(told.items[0])
    found = one.process(clicks([5_000] * 3, [code, code, code]))
    assert code not in found[0]
    assert code in found[2]


def test_a_bot_teaches_no_more_than_the_cap_and_is_counted():
    bot = clicks([0] * 10_000, np.arange(10_000) % 50)
    one = Engine()
    found = one.process(bot)
    assert one.counts()["sessions that were capped"] == 1
    assert one.counts()["events of capped sessions"] == 10_000 - one.plan.longest_session
    assert (found[1:, 0] != NONE).all()  # it is answered all the same
    other = Engine()
    other.process(bot.part(0, one.plan.longest_session))
    after = a_shop()
    assert (one.process(after) == other.process(after)).all()


def test_one_kernel_serves_arrays_that_may_be_written_to_and_others():
    events = a_shop()
    one, other = Engine(), Engine()
    expected = one.process(events)
    kernels = len(advance.signatures)
    locked = replace(events, **{f.name: getattr(events, f.name).copy() for f in fields(events)})
    for field in fields(locked):
        getattr(locked, field.name).flags.writeable = False
    assert (other.process(locked) == expected).all()
    assert len(advance.signatures) == kernels


def test_sessions_of_one_event_and_events_of_no_session_are_answered_and_learned():
    one = Engine()
    found = one.process(clicks(np.where(np.arange(60) % 2, np.arange(60), NONE), np.arange(60) % 7))
    assert (found[1:, 0] != NONE).all()
    assert one.memory.catalogue.interactions[:7].sum() == 60


def bounded(name):
    """Return a recommender with little room."""
    spec = DETECTORS[name]
    river = getattr(spec.build, "func", spec.build) is Latent
    return spec.make((), **({"most_items": 64, "most_users": 64} if river else {"bounds": SMALL}))


@pytest.mark.parametrize("name", DETECTORS)
def test_ten_times_the_events_over_the_same_catalogue_are_remembered_in_the_same_room(name):
    one, once = bounded(name), a_shop(1_000, sessions=200)
    one.process(once)
    one.released()
    before = size(without_codes(one.state()))
    for k in range(1, 10):
        one.process(replace(once, session=once.session + 200 * k))
        one.released()
    assert size(without_codes(one.state())) < 1.2 * before
