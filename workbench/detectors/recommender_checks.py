"""What every recommender must do, as checks that any package can run on its own.

Used as :mod:`workbench.detectors.checks` are: ``for check in checks_for(spec): check()``.
"""

from __future__ import annotations

import tempfile
from dataclasses import fields, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from workbench.detectors import codec
from workbench.detectors.checks import require
from workbench.detectors.protocol import Choice
from workbench.detectors.recommender import (
    CART,
    NONE,
    PURCHASE,
    STOCK,
    VIEW,
    WORDS,
    Interactions,
    Recommender,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.detectors.protocol import DetectorSpec
    from workbench.detectors.recommender import I32

EVENTS, ITEMS = 400, 30


class Subject(NamedTuple):
    """A recommender under test, and parameters other than its defaults."""

    spec: DetectorSpec
    parameters: Mapping[str, Any]

    def make(self, **parameters: Any) -> Recommender:
        """Return a fresh one."""
        made = self.spec.make((), seed=3, **{**self.parameters, **parameters})
        return cast("Recommender", made)


@cache
def a_day(events: int = EVENTS, seed: int = 0) -> Interactions:
    """Return interactions of sessions that follow each other, with stock levels between them.

    Sessions walk along neighbouring items, some visitors come back, and some items sell out and
    are delivered again.
    """
    random = np.random.default_rng(seed)
    session = np.sort(random.integers(0, events // 6, events)).astype(np.int32)
    visitor = np.where(session % 3 == 0, NONE, session % 17).astype(np.int32)
    item = ((session * 7 + random.integers(0, 6, events) ** 2) % ITEMS).astype(np.int32)
    kind = random.choice([VIEW, CART, PURCHASE, STOCK], events, p=[0.6, 0.15, 0.15, 0.1])
    kind = kind.astype(np.int8)
    stock = kind == STOCK
    words = np.full((events, WORDS), NONE, np.int32)
    words[:, 0] = item % 5
    return Interactions(
        time=(np.arange(events, dtype=np.int64) + 1) * 60_000_000,
        session=np.where(stock, NONE, session).astype(np.int32),
        visitor=np.where(stock, NONE, visitor).astype(np.int32),
        item=item,
        kind=kind,
        quantity=np.where(stock, NONE, 1 + item % 3).astype(np.int64),
        price=np.where(stock, NONE, 100 + 10 * item.astype(np.int64)),
        on_hand=np.where(stock, random.integers(0, 2, events) * 40, NONE).astype(np.int64),
        number=np.where(item % 4 == 3, NONE, 700 * item.astype(np.int64)),
        words=words,
    )


def _bytes(recommender: Recommender) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        codec.save(path, recommender.state())
        return path.read_bytes()


def _restored(subject: Subject, recommender: Recommender) -> Recommender:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        codec.save(path, recommender.state())
        other = subject.make()
        other.restore(codec.load(path))
    return other


def _process(recommender: Recommender, events: Interactions) -> I32:
    found = recommender.process(events)
    require(
        found.shape == (len(events), recommender.items) and found.dtype == np.int32,
        f"recommendations have shape {found.shape} and type {found.dtype}",
    )
    return found


def check_fits_the_protocol(subject: Subject) -> None:
    """Expect every method, and the number of items that was asked for."""
    made = subject.make(items=7)
    require(isinstance(made, Recommender), "a method of the protocol is missing")
    require(made.items == 7, f"{made.items} items where 7 were asked for")


def check_recommends_each_item_once_and_known_ones_only(subject: Subject) -> None:
    """Expect distinct codes that came before, and nothing after the first gap."""
    events = a_day()
    found = _process(subject.make(), events)
    for i, row in enumerate(found.tolist()):
        items = [code for code in row if code != NONE]
        require(row[: len(items)] == items, f"row {i} has a gap: {row}")
        require(len(set(items)) == len(items), f"row {i} has an item twice: {row}")
        require(set(items) <= set(events.item[:i].tolist()), f"row {i} has unseen items: {row}")


def check_recommends_something_to_everybody(subject: Subject) -> None:
    """Expect an item for each interaction once items were seen, of new visitors, too."""
    events = a_day()
    found = _process(subject.make(), events)
    rows = np.flatnonzero((events.kind != STOCK) & (np.arange(EVENTS) >= EVENTS // 4))
    empty = rows[found[rows, 0] == NONE]
    require(not len(empty), f"nothing is recommended for {len(empty)} of {len(rows)} events")


def check_stock_levels_get_no_recommendation(subject: Subject) -> None:
    """Expect nothing for events that are stock levels."""
    events = a_day()
    found = _process(subject.make(), events)
    require((found[events.kind == STOCK] == NONE).all(), "a stock level was answered")


def check_what_is_known_to_be_out_is_never_recommended(subject: Subject) -> None:
    """Follow the stock that is known, and look for items that are out."""
    events = a_day()
    found = _process(subject.make(), events)
    out: set[int] = set()
    for i, row in enumerate(found.tolist()):
        require(not out & set(row), f"row {i} recommends what is out of stock")
        if events.kind[i] == STOCK:
            (out.add if events.on_hand[i] == 0 else out.discard)(int(events.item[i]))


def check_cut_into_batches_changes_nothing(subject: Subject) -> None:
    """Compare batches of several sizes with one batch: the same items, the same state."""
    events = a_day()
    whole = subject.make()
    expected = _process(whole, events)
    for size in (1, 7, 150):
        cut = subject.make()
        parts = [_process(cut, events.part(a, a + size)) for a in range(0, EVENTS, size)]
        require((np.concatenate(parts) == expected).all(), f"batches of {size} differ")
        require(_bytes(cut) == _bytes(whole), f"batches of {size} leave another state")


def check_same_seed_gives_same_bytes(subject: Subject) -> None:
    """Expect equal states of one seed and the same events."""
    made = [subject.make() for _ in range(2)]
    for one in made:
        _process(one, a_day())
    require(_bytes(made[0]) == _bytes(made[1]), "the states differ")


def check_restored_future_is_the_same(subject: Subject) -> None:
    """Save and restore in the middle: the rest is the same, and so is the state at the end."""
    events = a_day()
    whole = subject.make()
    expected = _process(whole, events)
    for at in (0, 1, EVENTS // 2):
        first = subject.make()
        _process(first, events.part(0, at))
        second = _restored(subject, first)
        rest = _process(second, events.part(at, EVENTS))
        require((rest == expected[at:]).all(), f"after {at} events the rest differs")
        require(_bytes(second) == _bytes(whole), f"after {at} events the state differs")


def check_future_changes_no_past(subject: Subject) -> None:
    """Replace what comes later by something else: earlier rows stay."""
    events, half = a_day(), EVENTS // 2
    expected = _process(subject.make(), events)[:half]
    other = replace(
        events, item=np.r_[events.item[:half], events.item[half:][::-1]].astype(np.int32)
    )
    found = _process(subject.make(), other)[: half + 1]
    require((found[:half] == expected).all(), "later events change earlier rows")


def check_names_of_codes_change_nothing(subject: Subject) -> None:
    """Rename sessions, visitors and items: the same items under their other names."""
    events = a_day()
    order = np.random.default_rng(1).permutation(EVENTS).astype(np.int32)

    def renamed(codes: I32) -> I32:
        return np.where(codes == NONE, NONE, order[codes]).astype(np.int32)

    told = replace(
        events,
        session=renamed(events.session),
        visitor=renamed(events.visitor),
        item=renamed(events.item),
    )
    found = _process(subject.make(), told)
    expected = renamed(_process(subject.make(), events))
    rows = np.flatnonzero((found != expected).any(axis=1))
    require(not len(rows), f"{len(rows)} rows differ, the first is {rows[:1]}")


def check_late_events_change_nothing(subject: Subject) -> None:
    """Ask for late events: answered, and neither state nor future changes."""
    events = a_day()
    one, other = subject.make(), subject.make()
    half = EVENTS // 2
    for each in (one, other):
        _process(each, events.part(0, half))
    late = a_day(40, seed=8)
    found = one.recommend(late)
    require(found.shape == (40, one.items), f"late recommendations have shape {found.shape}")
    require((found[late.kind == STOCK] == NONE).all(), "a late stock level was answered")
    require(_bytes(one) == _bytes(other), "late events changed the state")


def check_following_takes_in_sessions_and_stock_alone(subject: Subject) -> None:
    """Follow half a day: no item that is out is shown, and a stranger is shown what he was."""
    events, half = a_day(), EVENTS // 2
    later = events.part(half, EVENTS)
    visits = Interactions(*(getattr(later, f.name)[later.kind != STOCK] for f in fields(later)))
    nobody = np.full(1, NONE, np.int32)
    stranger = replace(visits.part(0, 1), session=nobody, visitor=nobody)
    made = subject.make()
    _process(made, events.part(0, half))
    before = made.recommend(stranger)
    made.follow(visits)
    require((made.recommend(stranger) == before).all(), "something was learned")

    known = set(events.item[:half].tolist())
    out: set[int] = set()
    for i in range(half):
        if events.kind[i] == STOCK:
            (out.add if events.on_hand[i] == 0 else out.discard)(int(events.item[i]))
    ways = [subject.make() for _ in range(2)]
    for each in ways:
        _process(each, events.part(0, half))
    found = ways[0].follow(later)
    parts = [ways[1].follow(later.part(k, k + 7)) for k in range(0, half, 7)]
    require((np.concatenate(parts) == found).all(), "batches of 7 differ")
    for i, row in enumerate(found.tolist()):
        require(not out & set(row), f"row {i} recommends what is out of stock")
        require(set(row) <= known | {NONE}, f"row {i} recommends an item that is new")
        if later.kind[i] == STOCK:
            (out.add if later.on_hand[i] == 0 else out.discard)(int(later.item[i]))


def check_unknown_ids_and_nothing_at_all(subject: Subject) -> None:
    """Process no event, and events of which only item and session are known."""
    made = subject.make()
    require(len(_process(made, a_day().part(0, 0))) == 0, "no event has an answer")
    events = a_day()
    none = {
        f.name: np.full_like(getattr(events, f.name), NONE)
        for f in fields(events)
        if f.name in ("visitor", "quantity", "price", "number", "words")
    }
    _process(made, replace(events, **none))


def check_search_space_can_be_built(subject: Subject) -> None:
    """Build with each end of each dimension, and learn."""
    spec, events = subject.spec, a_day(60)
    require(set(spec.space) <= set(spec.defaults), "the space has parameters without a default")
    for name, dimension in spec.space.items():
        kind = type(spec.defaults[name])
        ends = (
            dimension.values if isinstance(dimension, Choice) else (dimension.low, dimension.high)
        )
        for value in ends:
            _process(subject.make(**{name: kind(value)}), events)


def checks_for(spec: DetectorSpec, **parameters: Any) -> list[partial[None]]:
    """Return every check of a recommender, each to be called without arguments.

    Parameters
    ----------
    spec
        The recommender.
    parameters
        Parameters other than its defaults.
    """
    subject = Subject(spec, parameters)
    checks = [f for name, f in globals().items() if name.startswith("check_")]
    return [partial(check, subject) for check in checks]
