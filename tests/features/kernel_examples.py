"""Small random streams, and the engine driven over them in any batches."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from hypothesis import strategies as st
from oracle import Event, Label, World

from workbench.durations import DAY, HOUR
from workbench.features import derived as d
from workbench.features import measured as m
from workbench.features import vocabulary as v
from workbench.features.engine import FeatureEngine
from workbench.features.program import STEPS
from workbench.streams.schema import TIME, Column, Schema

if TYPE_CHECKING:
    from collections.abc import Iterable

Features = tuple[v.Feature, ...]
FORGET_AFTER = 10 * DAY

SCHEMA = Schema(
    version=1,
    columns=(
        Column("card", "text", "A card", required=False, entity=True),
        Column("terminal", "text", "A terminal", required=False, entity=True),
        Column("area", "text", "An area", required=False, entity=True),
        Column("amount", "integer", "An amount", required=False),
        Column("items", "integer", "How many items", required=False),
    ),
    routing="card",
)

RATIO = v.RobustRatio("amount", "card")
TIGHT = v.RobustRatio("items", "terminal", outlier=1.5, prior=0.0)
FEATURES: Features = (
    v.Value("amount"),
    v.Value("items"),
    v.Weekend(),
    v.Night(),
    v.HourOfDay(),
    *(v.Count(by, w) for by in ("card", "terminal") for w in ("0s", "1h", "1d", "7d")),
    *(
        word(column, "card", w)
        for word in (v.Sum, v.Mean, v.Std, v.Max, v.Ratio, v.ZScore)
        for column in ("amount", "items")
        for w in ("1d", "7d")
    ),
    v.Std("amount", "terminal", "1h"),
    v.Max("amount", "terminal", "1h"),
    *(word(c, "card", w) for word in (v.Distinct, v.New) for c in ("terminal", "area")
      for w in ("1h", "1d")),
    v.Distinct("card", "terminal", "7d"),
    v.SinceLast("card"),
    v.SinceLast("area"),
    *(v.KnownCount("card", w, label) for w in ("1d", "7d") for label in (0, 1)),
    v.KnownCount("terminal", "1h"),
    *(v.KnownRate("terminal", w) for w in ("1d", "30d")),
    *(v.LastLabels("terminal", n) for n in (1, 3)),
    *(v.SinceLabel("card", label) for label in (0, 1)),
    v.RobustMean("amount", "card"),
    v.RobustMean("items", "terminal", outlier=1.5, prior=0.0),
    RATIO,
    TIGHT,
    v.HighestPast(RATIO, "1d"),
    v.HighestPast(RATIO, "7d"),
    v.HighestPast(TIGHT, "1d"),
    *(word(by) for word in (v.RunLength, v.RunAge, v.RunGap, v.RunSpan, v.Quiet)
      for by in ("card", "terminal")),
    v.RunLowest(RATIO, "terminal"),
    v.RunLowest(TIGHT, "card"),
    v.RunOnly(RATIO, "terminal"),
)  # fmt: skip

LAST_AMOUNT = d.Last("amount", "card")
LAST_ITEMS = d.Last("items", "card")
ITEMS_PER_AMOUNT = d.Quotient(LAST_AMOUNT, LAST_ITEMS, times=10)
FEW_ITEMS = d.Points("items", (-1, 5, 12), (3, 1, 0, 2), missing=0)
MANY = d.Points(LAST_AMOUNT, (2,), (0, 1), name="many")
SCORE = d.Total((FEW_ITEMS, d.Points(v.Value("amount"), (), (1,), name="some"), MANY), name="score")
STEADY = d.Steady("items", "card", jump=4, agree=2, hold="1h", patience="5h")
EITHER = d.Highest(("amount", "items"), name="either")

# Values that are measured now and then, and what is derived of them.
MEASURED: Features = (
    LAST_AMOUNT,
    d.Last("items", "terminal"),
    d.Last(EITHER, "card"),
    d.Previous("amount", "card"),
    d.Previous(SCORE, "terminal"),
    d.Repeated("items", "card"),
    d.Repeated(SCORE, "card"),
    d.TimesMeasured("amount", "card"),
    d.SinceFirst("card"),
    d.SinceFirst("area"),
    STEADY,
    d.Steady(SCORE, "terminal", jump=1, agree=0, hold="0s", patience="1d"),
    d.Last(STEADY, "card"),
    d.Without("amount", d.Points(STEADY, (), (0,), missing=1, name="jumped")),
    d.Present(("amount", "items")),
    ITEMS_PER_AMOUNT,
    d.Quotient("amount", v.Value("items")),
    d.Product("items", ITEMS_PER_AMOUNT, per=7),
    d.Weighted(("amount", LAST_ITEMS), (2, -3), 5),
    FEW_ITEMS,
    MANY,
    SCORE,
    d.Total(("amount", "items")),
    EITHER,
    d.Where("items", "amount", LAST_ITEMS),
    d.FirstOf(("items", "amount", d.SinceFirst("card"))),
    m.SinceMeasured("amount", "card"),
    m.SinceMeasured(EITHER, "terminal"),
    *(m.Measured("items", "card", w) for w in ("0s", "1h", "1d")),
    m.Measured(MANY, "card", "7d"),
    m.DistinctMeasured(("amount", "items", EITHER), "card"),
    *(m.Min(c, by, w) for c in ("amount", SCORE) for by in ("card", "terminal")
      for w in ("1h", "1d")),
    *(m.Slope(c, "card", w) for c in ("amount", SCORE) for w in ("1d", "7d")),
    *(m.Change(c, "card", w) for c in ("items", SCORE) for w in ("0s", "1h", "1d")),
    *(m.FromBaseline(c, "card", span) for c in ("amount", SCORE) for span in ("5h", "3d")),
    v.Max(SCORE, "card", "1d"),
    v.Mean(ITEMS_PER_AMOUNT, "card", "1d"),
    v.Std(LAST_AMOUNT, "terminal", "1d"),
    v.RobustRatio(LAST_AMOUNT, "card"),
)  # fmt: skip

# Looking for rivals keeps records for a month, and entities with them.
RIVALS: Features = (
    v.RunRival(RATIO, "terminal", within="1d"),
    v.RunRival(RATIO, "terminal", within="13d"),
    v.RunRival(TIGHT, "card", within="1d"),
)

#: Words whose values are whole numbers, which must be met exactly.
WHOLE = (
    v.Value, v.Weekend, v.Night, v.HourOfDay, v.Count, v.Sum, v.Max, v.Distinct, v.New,
    v.KnownCount, v.SinceLabel, v.RunLength, v.RunAge, v.RunGap, v.RunSpan, v.Quiet,
    m.Measured, m.DistinctMeasured, m.Min, m.Change, m.FromBaseline,
    *STEPS,
)  # fmt: skip

# Pauses that meet the ends of windows exactly, and now and then pass forgetting.
PAUSES = (0, 0, 1, HOUR - 1, HOUR, 5 * HOUR, DAY)
LONG = (3 * DAY, 7 * DAY, 12 * DAY, 40 * DAY)
DELAYS = (None, 0, HOUR, DAY, 4 * DAY, 9 * DAY, 35 * DAY)
START = 19_000 * DAY + 22 * HOUR


@st.composite
def streams(draw: st.DrawFn, most: int = 80) -> tuple[list[Event], list[Label]]:
    """Events with ties, pauses and missing keys and amounts; labels late, early and never.

    A shorter stream of the same seed is the start of a longer one, so that failures shrink.
    """
    n, rng = draw(st.integers(1, most)), Random(draw(st.integers(0, 2**32)))
    interval = rng.choice([0, HOUR, DAY])
    long, lateness, missing = rng.choice([0, 0.05]), rng.choice([0, 0.1]), rng.choice([0, 0.15])
    positives, keys = rng.choice([0.2, 0.6]), ["a", "a", "a", "b", "c", "d"]
    amounts = rng.choice([[0, 1, 1, 3], [999_999, 1_000_000, 1_000_001], list(range(1_000))])
    events, waiting, now = [], [], START
    for i in range(n):
        pause = rng.choice(LONG if rng.random() < long else PAUSES)
        late = i > 0 and rng.random() < lateness
        time = now - pause if late else now + pause
        now = max(now, time)
        names = {k: None if rng.random() < missing else rng.choice(keys) for k in SCHEMA.entities}
        amount = None if rng.random() < missing else rng.choice(amounts)
        items = None if rng.random() < missing else rng.randint(-5, 20)
        events.append(Event(time, names, {"amount": amount, "items": items}, late))
        delay, positive = rng.choice(DELAYS), rng.random() < positives
        if delay is not None and not late:
            waiting.append((time + delay, i, int(positive)))
    return events, delivered(events, sorted(waiting), interval)


def delivered(
    events: list[Event], waiting: list[tuple[int, int, int]], interval: int
) -> list[Label]:
    """Find the first event that may see each label: after the delivery that brings it."""
    labels, i, clock = [], 0, events[0].time
    for known, event, value in waiting:
        while i < len(events):
            clock = max(clock, events[i].time)
            last = clock - 1 if interval == 0 else (clock - 1) // interval * interval
            if last >= known:
                labels.append(Label(event, value, known, i))
                break
            i += 1
    return labels


def world_of(
    events: list[Event], labels: list[Label], features: Features, forget_after: int = FORGET_AFTER
) -> World:
    """The stream for the oracle: no entity is forgotten within its longest window."""
    engine = FeatureEngine(features, SCHEMA, forget_after)
    return World(events, labels, int(engine.program.forget_after))


def frame(events: list[Event]) -> pl.DataFrame:
    columns: dict[str, Any] = {
        "event_time": pl.Series([e.time for e in events], dtype=pl.Int64).cast(TIME)
    }
    for name in SCHEMA.entities:
        columns[name] = pl.Series([e.keys[name] for e in events], dtype=pl.String)
    for name in ("amount", "items"):
        columns[name] = pl.Series([e.values[name] for e in events], dtype=pl.Int64)
    return pl.DataFrame(columns)


def run(
    events: list[Event],
    labels: list[Label],
    features: Features = FEATURES,
    cuts: Iterable[int] = (),
    *,
    forget_after: int = FORGET_AFTER,
    reclaim: bool = False,
    restore: bool = False,
) -> np.ndarray:
    """Compute the features of a stream that is cut into batches before the given places.

    An event's row in the table of those that wait for a label is its place in the stream.
    ``reclaim`` gives memory back, and ``restore`` goes on with a fresh engine, at each cut.
    """
    engine = FeatureEngine(features, SCHEMA, forget_after)
    edges = [0, *sorted(c for c in set(cuts) if 0 < c < len(events)), len(events)]
    out = []
    whole = frame(events)
    for a, b in pairwise(edges):
        if restore:
            state = engine.state(np.arange(len(engine.memory.pending)))
            engine = FeatureEngine(features, SCHEMA, forget_after)
            engine.restore(state)
        if reclaim:
            engine._reclaim_at = 0  # in life this waits until many entities are there
        part = [label for label in labels if a <= label.at < b]
        late = np.array([e.late for e in events[a:b]], bool)
        X = engine.advance(
            whole[a:b],
            np.where(late, -1, np.arange(a, b)),
            (~late).astype(np.uint8),
            np.array([label.event for label in part], np.int64),
            np.array([label.value for label in part], np.int8),
            np.array([label.known for label in part], np.int64),
            np.array([label.at - a for label in part], np.int64),
        )
        out.append(X)
    return np.concatenate(out)
