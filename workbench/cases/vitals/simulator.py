"""A simulated hospital whose truth is known: who deteriorates, how, and what devices make of it.

Four kinds of deterioration develop over hours on top of each patient's own usual signs and daily
rhythm; devices are wrong in seven ways; what is measured depends on how worried the staff are.
That signs change in a few fixed ways is a simplification: use it to compare and to learn, not to
promise. Nothing in it comes from real people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from workbench.cases.vitals.simulation.chart import Rows, chart
from workbench.cases.vitals.simulation.draws import DAY, HOUR
from workbench.cases.vitals.simulation.frames import Frames, episodes
from workbench.cases.vitals.simulation.hospital import LEAD, WARDS, furnish
from workbench.cases.vitals.simulation.schedule import ground_truth, interval
from workbench.cases.vitals.simulation.stays import Stay, admissions
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from workbench.streams.writer import StreamWriter

START = datetime(2025, 3, 3, tzinfo=UTC)
"""A Monday."""
_DAYS, _SCALE = (1, 3650), (0.01, 200.0)
_AHEAD: Final = HOUR  # more than a clock can be wrong


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
        Of these events.
    patterns
        ``event_id`` and ``pattern`` of the events that follow one, in their order.
    episodes
        ``patient``, ``pattern``, ``begin``, ``onset``, ``end`` of those of the patients who came.
    """

    days: int
    events: pl.DataFrame
    labels: pl.DataFrame
    patterns: pl.DataFrame
    episodes: pl.DataFrame


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
        writer.truth_table("episodes", part.episodes)
        if progress is not None:
            progress(part.days, days)
    writer.truth = ground_truth(start, days, furnish(seed, scale))


def generate(
    *,
    days: int = 60,
    seed: int = 0,
    scale: float = 1.0,
    start: datetime = START,
) -> Iterator[Simulated]:
    """Simulate a stream day by day; memory grows with ``scale``, hardly with ``days``.

    The same parameters give the same stream. A longer stream does not begin like a shorter one:
    what changes does so at a fraction of its length.

    Parameters
    ----------
    days
        Length of the stream, 1 to 3650.
    seed
        0 or more.
    scale
        Multiplies the beds, 0.01 to 200; at 1 there are 48 and about 6,500 events a day.
    start
        A midnight in UTC.

    Yields
    ------
    Simulated
        The days in their order.

    Raises
    ------
    ParameterError
        If a parameter is outside its limits.

    Examples
    --------
    >>> first = next(generate(days=2, seed=1, scale=0.05))
    >>> first.events.columns[:5], first.labels.columns
    (['event_id', 'event_time', 'patient', 'device', 'ward'], ['event_id', 'label', 'known_at'])
    """
    _check(days, seed, scale, start)
    return _days(days, seed, scale, int(start.timestamp()))


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
            hint="leave it out for 48 beds",
        )
    if start.utcoffset() != timedelta(0) or start.timestamp() % DAY:
        raise ParameterError.of(
            f"start = {start.isoformat()}",
            allowed="a midnight in UTC",
            hint="write for instance 2025-03-03T00:00:00Z",
        )


def _days(days: int, seed: int, scale: float, start: int) -> Iterator[Simulated]:
    hospital = furnish(seed, scale)
    frames = Frames(hospital)
    stays = list(admissions(hospital, seed, start, days))

    def charted(stay: Stay) -> Rows:
        part = (stay.begin - start) / (days * DAY)
        return chart(stay, hospital, seed, interval(WARDS[int(hospital.ward[stay.bed])], part))

    later, number = Rows.join([]), 0
    for day in range(days):
        midnight = start + (day + 1) * DAY
        # A clock that is behind dates a stay's first rows before it.
        come = [stay for stay in stays if stay.begin < midnight + _AHEAD]
        stays = stays[len(come) :]
        made = Rows.join([later, *map(charted, come)])
        today = made.time < midnight
        later, rows = made.take(~today), made.take(today & (made.time >= start))
        rows = rows.take(np.lexsort((rows.patient, rows.device, rows.time)))
        numbers = np.arange(number, number + len(rows))
        number += len(rows)
        yield Simulated(
            day + 1,
            frames.events(numbers, rows),
            frames.labels(numbers, rows),
            frames.patterns(numbers, rows),
            episodes(stay for stay in come if _is_seen(stay, start, start + days * DAY)),
        )


def _is_seen(stay: Stay, start: int, end: int) -> bool:
    """Return whether any event of the stream can have a positive label because of the stay."""
    onset = None if stay.episode is None else stay.episode.onset
    return onset is not None and start - HOUR <= onset < end + LEAD
