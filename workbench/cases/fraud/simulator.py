"""Simulated card transactions with fraud whose truth is known.

The population and its spending follow the simulator of the Fraud Detection Handbook (Le Borgne,
Siblini, Lebichot, Bontempi: *Reproducible Machine Learning for Credit Card Fraud Detection*,
2022) in their idea, with areas, journeys, shopping trips, further patterns, late labels and drift.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from workbench.cases.fraud.simulation.compromise import Compromises
from workbench.cases.fraud.simulation.frames import Frames
from workbench.cases.fraud.simulation.labels import Ledger
from workbench.cases.fraud.simulation.patterns import incidents
from workbench.cases.fraud.simulation.population import Population, populate
from workbench.cases.fraud.simulation.schedule import ground_truth, sale_days
from workbench.cases.fraud.simulation.spending import Spending
from workbench.cases.fraud.simulation.table import DAY, Transactions
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from workbench.streams.writer import StreamWriter

START = datetime(2025, 3, 3, tzinfo=UTC)
"""A Monday."""
_DAYS, _SCALE = (1, 3650), (0.01, 200.0)


@dataclass(frozen=True, slots=True)
class Simulated:
    """What some days add to a stream.

    Parameters
    ----------
    days
        Days simulated so far.
    events
        In total order, in the columns of the case's schema.
    labels
        Those that became known on these days, sorted by (``known_at``, ``event_id``); with the
        last days all that become known later.
    patterns
        ``event_id`` and ``pattern`` of the frauds, in the order of the events.
    """

    days: int
    events: pl.DataFrame
    labels: pl.DataFrame
    patterns: pl.DataFrame


def simulate(
    writer: StreamWriter,
    *,
    days: int = 60,
    seed: int = 0,
    scale: float = 1.0,
    start: datetime = START,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a simulated stream: events, labels and ground truth.

    Parameters
    ----------
    writer
        Takes what is simulated.
    days, seed, scale, start
        As for :func:`generate`.
    progress
        Called with days done and days in all.

    Raises
    ------
    ParameterError
        As for :func:`generate`.
    """
    for part in generate(days=days, seed=seed, scale=scale, start=start):
        writer.events(part.events)
        writer.labels(part.labels)
        writer.pattern(part.patterns)
        if progress is not None:
            progress(part.days, days)
    writer.truth = ground_truth(start, days)


def generate(
    *,
    days: int = 60,
    seed: int = 0,
    scale: float = 1.0,
    start: datetime = START,
    rows: int = 50_000,
) -> Iterator[Simulated]:
    """Simulate a stream in parts of whole days; memory grows with ``scale``, not with ``days``.

    The same parameters give the same stream. A longer stream does not begin like a shorter
    one: the days on which patterns start, stop and change are fractions of its length.

    Parameters
    ----------
    days
        Length of the stream, 1 to 3650.
    seed
        0 or more.
    scale
        Multiplies cards, terminals and incidents, 0.01 to 200; at 1 there are 2,900 cards and
        about 4,200 events a day.
    start
        A midnight in UTC.
    rows
        A part is complete with the day that brings it to this many events. Changes nothing but
        the cut.

    Yields
    ------
    Simulated
        The parts in their order.

    Raises
    ------
    ParameterError
        If a parameter is outside its limits.

    Examples
    --------
    >>> first = next(generate(days=2, seed=1, scale=0.02))
    >>> first.events.columns
    ['event_id', 'event_time', 'card', 'terminal', 'amount', 'area']
    """
    _check(days, seed, scale, start)
    people = populate(seed, scale)
    tables = _days(people, days, seed, scale, start)
    return _parts(Frames(people), tables, days, int(start.timestamp()), rows)


def _check(days: int, seed: int, scale: float, start: datetime) -> None:
    if not _DAYS[0] <= days <= _DAYS[1]:
        raise ParameterError.of(
            f"days = {days}",
            allowed=f"a whole number from {_DAYS[0]} to {_DAYS[1]}",
            hint="leave it out for 60 days",
        )
    if seed < 0:
        raise ParameterError.of(
            f"seed = {seed}", allowed="a whole number from 0", hint="leave out the minus sign"
        )
    if not _SCALE[0] <= scale <= _SCALE[1]:
        raise ParameterError.of(
            f"scale = {scale}",
            allowed=f"a number from {_SCALE[0]:g} to {_SCALE[1]:g}",
            hint="leave it out for about 4,200 events a day",
        )
    if start.utcoffset() != timedelta(0) or start.timestamp() % DAY:
        raise ParameterError.of(
            f"start = {start.isoformat()}",
            allowed="a midnight in UTC",
            hint="write for instance 2025-03-03T00:00:00Z",
        )


def _days(
    people: Population, days: int, seed: int, scale: float, start: datetime
) -> Iterator[Transactions]:
    """Yield the transactions of each day in order of time."""
    spending, compromises = Spending(people, seed), Compromises(people, seed, scale)
    sale = range(*sale_days(days))
    later = Transactions.none()
    for day in range(days):
        midnight = int(start.timestamp()) + day * DAY
        genuine = spending.day(day, midnight, (start.weekday() + day) % 7, day in sale)
        marked = compromises.day(genuine, day, days, midnight)
        fraud = Transactions.join([later, incidents(people, seed, scale, day, days, midnight)])
        today = fraud.time < midnight + DAY
        later = fraud.take(~today)
        table = Transactions.join([marked, fraud.take(today)])
        yield table.take(np.argsort(table.time, kind="stable"))


def _parts(
    frames: Frames, tables: Iterator[Transactions], days: int, start: int, rows: int
) -> Iterator[Simulated]:
    """Gather days into parts; give events their numbers and labels their turn."""
    ledger, waiting, first, end = Ledger(), [], 0, 0
    for day, table in enumerate(tables, 1):
        waiting.append(table)
        ledger.add(np.arange(end, end + len(table)), table)
        end += len(table)
        if end - first >= rows or day == days:
            part, number = Transactions.join(waiting), np.arange(first, end)
            labels = ledger.due(None if day == days else start + day * DAY)
            yield Simulated(
                day,
                frames.events(number, part),
                frames.labels(labels),
                frames.patterns(number, part),
            )
            waiting, first = [], end
