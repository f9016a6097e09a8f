"""A stream at a glance: what is in it by day and by column, how late labels come, what is odd."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.durations import spell
from workbench.streams.display import describe, facts, long
from workbench.streams.manifest import rfc3339
from workbench.streams.schema import EVENT_ID, EVENT_TIME

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from workbench.streams.recorded import Stream
    from workbench.streams.schema import Column

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_GAPS = 3
_WIDTH = 60
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """What one column holds.

    Parameters
    ----------
    name, unit
        As in the case's schema.
    missing
        Number of nulls.
    distinct
        Number of different values.
    minimum, median, maximum
        Of numbers; ``None`` for text and where every value is missing. The median is a value
        that occurs (the lower of the two in the middle).
    """

    name: str
    unit: str
    missing: int
    distinct: int
    minimum: float | None = None
    median: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """What :func:`inspect` found.

    Parameters
    ----------
    about
        The account of :meth:`Stream.describe`.
    days
        ``day`` (Date, UTC), ``events``, ``labels``, ``positives``: one row for each calendar
        day from the first to the last event. Labels are counted on the day of their event.
    columns
        A summary of each column of the schema.
    label_delay
        Quantile to microseconds from event to label; empty where labels carry no ``known_at``.
    gaps
        The longest spans without an event: begin and microseconds, longest first.
    unlabelled
        Events without a label.
    stray_labels
        Labels of events that are not in the stream.
    """

    about: dict[str, Any]
    days: pl.DataFrame
    columns: tuple[ColumnSummary, ...]
    label_delay: dict[float, int]
    gaps: tuple[tuple[datetime, int], ...]
    unlabelled: int
    stray_labels: int

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {
            **self.about,
            "by_day": [
                {**day, "day": day["day"].isoformat(), "label_rate": _rate(day)}
                for day in self.days.iter_rows(named=True)
            ],
            "columns": [
                {
                    **about,
                    "missing": c.missing,
                    "distinct": c.distinct,
                    "min": c.minimum,
                    "median": c.median,
                    "max": c.maximum,
                }
                for about, c in zip(self.about["columns"], self.columns, strict=True)
            ],
            "label_delay_quantiles": {f"{q:g}": spell(d) for q, d in self.label_delay.items()},
            "gaps": [{"from": rfc3339(t), "length": spell(d)} for t, d in self.gaps],
            "unlabelled_events": self.unlabelled,
            "stray_labels": self.stray_labels,
        }

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim")
        table.add_column(overflow="fold")
        for name, value in (*self._facts(), *self._by_day()):
            # Text and not a string: what stands in square brackets is data, not markup.
            table.add_row(name, Text(value))
        yield Text(f"{self.about['case']}  {self.about['path']}", style="bold")
        yield table
        columns = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        columns.add_column("column")
        for title in ("min", "median", "max", "missing", "distinct"):
            columns.add_column(title, justify="right")
        columns.add_column("unit")
        for c in self.columns:
            numbers = (_number(v) for v in (c.minimum, c.median, c.maximum))
            columns.add_row(c.name, *numbers, f"{c.missing:,}", f"{c.distinct:,}", c.unit)
        yield columns

    def _facts(self) -> list[tuple[str, str]]:
        known = [fact for fact in facts(self.about) if fact[0] != "columns"]
        if len(set(self.label_delay.values())) > 1:
            spelled = (f"{q:.0%} {long(d)}" for q, d in self.label_delay.items())
            known.append(("labels within", ", ".join(spelled)))
        if self.gaps:
            spelled = (f"{long(d)} from {t:%Y-%m-%d %H:%M}" for t, d in self.gaps)
            known.append(("longest gaps", "; ".join(spelled)))
        if self.unlabelled and self.about["awaits_labels"]:
            known.append(("unlabelled", f"{self.unlabelled:,} events"))
        if self.stray_labels:
            known.append(("stray labels", f"{self.stray_labels:,}, of events that are not here"))
        return known

    def _by_day(self) -> list[tuple[str, str]]:
        events = [float(n) for n in self.days["events"]]
        lines = [("events by day", _line(events))]
        rates = [
            rate for day in self.days.iter_rows(named=True) if (rate := _rate(day)) is not None
        ]
        if rates:
            lines.append(("label rate by day", _line(rates, "{:.2%}")))
        return lines


def inspect(stream: Stream) -> Inspection:
    """Read a stream once and summarise it.

    Holds some 40 bytes for each event, and each different value of each column.

    Raises
    ------
    StreamError
        If a part is damaged, or events are out of order.
    """
    tallies = [_Tally(column) for column in stream.schema.columns]
    days: Counter[date] = Counter()
    times, gaps, last = [], _Gaps(), None
    for batch in stream.batches():
        for tally in tallies:
            tally.add(batch[tally.column.name])
        counted = batch[EVENT_TIME].dt.date().value_counts()
        days.update(dict(counted.iter_rows()))
        # Ids are met again by a hash of 64 bits, which is small and does not grow with them.
        times.append(batch.select(pl.col(EVENT_ID).hash(0), EVENT_TIME))
        last = gaps.add(batch[EVENT_TIME], last)
    labels = [rows.with_columns(pl.col(EVENT_ID).hash(0)) for rows in stream.labels()]
    events = pl.concat(times)
    joined = (
        pl.concat(labels).join(events, on=EVENT_ID, how="left")
        if labels
        else pl.DataFrame(
            schema={"label": pl.Int8, "known_at": events[EVENT_TIME].dtype, **events.schema}
        )
    )
    met = joined.drop_nulls(EVENT_TIME)
    return Inspection(
        about=describe(stream),
        days=_by_day(days, met),
        columns=tuple(tally.summary() for tally in tallies),
        label_delay=_delays(met),
        gaps=gaps.longest,
        unlabelled=events.height - met[EVENT_ID].n_unique(),
        stray_labels=joined.height - met.height,
    )


class _Tally:
    """Counts the values of one column."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self._missing = 0
        self._counts = pl.DataFrame(schema={"value": column.dtype, "n": pl.UInt32})

    def add(self, values: pl.Series) -> None:
        self._missing += values.null_count()
        new = values.drop_nulls().alias("value").value_counts(name="n")
        both = pl.concat([self._counts, new.with_columns(pl.col("n").cast(pl.UInt32))])
        self._counts = both.group_by("value").agg(pl.col("n").sum())

    def summary(self) -> ColumnSummary:
        column, values = self.column, self._counts.sort("value")
        low = middle = high = None
        if column.kind != "text" and values.height:
            upto = values["n"].cast(pl.Int64).cum_sum()
            at = int(upto.search_sorted((int(upto[-1]) + 1) // 2))
            low, middle, high = (values["value"][i] for i in (0, at, -1))
        return ColumnSummary(
            column.name, column.unit, self._missing, values.height, low, middle, high
        )


class _Gaps:
    """Keeps the longest spans between one event and the next."""

    def __init__(self) -> None:
        self.longest: tuple[tuple[datetime, int], ...] = ()

    def add(self, times: pl.Series, last: datetime | None) -> datetime:
        """Take the next times; return the last of them for the next call."""
        if last is not None:
            times = pl.concat([pl.Series(times.name, [last], times.dtype), times])
        steps = pl.DataFrame(
            {"from": times.head(-1), "length": times.to_physical().diff().tail(-1)}
        )
        found = steps.filter(pl.col("length") > 0)
        found = found.sort("length", "from", descending=[True, False]).head(_GAPS)
        every = {*self.longest, *found.iter_rows()}
        self.longest = tuple(sorted(every, key=lambda gap: (-gap[1], gap[0]))[:_GAPS])
        end: datetime = times[-1]
        return end


def _by_day(days: Counter[date], labels: pl.DataFrame) -> pl.DataFrame:
    first, last = min(days), max(days)
    calendar = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    counted = labels.group_by(pl.col(EVENT_TIME).dt.date().alias("day")).agg(
        pl.len().cast(pl.Int64).alias("labels"),
        pl.col("label").cast(pl.Int64).sum().alias("positives"),
    )
    return (
        pl.DataFrame({"day": calendar, "events": [days[day] for day in calendar]})
        .join(counted, on="day", how="left")
        .with_columns(pl.col("labels", "positives").fill_null(0))
        .sort("day")
    )


def _delays(labels: pl.DataFrame) -> dict[float, int]:
    delay = (labels["known_at"] - labels[EVENT_TIME]).to_physical().drop_nulls()
    if not delay.len():
        return {}
    return {q: int(delay.quantile(q, "lower") or 0) for q in _QUANTILES}


def _rate(day: dict[str, Any]) -> float | None:
    return day["positives"] / day["labels"] if day["labels"] else None


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _line(values: list[float], form: str = "{:,.0f}") -> str:
    """Return a sparkline from zero, with the smallest and the largest value."""
    spread = f"{form.format(min(values))} – {form.format(max(values))}"
    return f"{sparkline(values)}  {spread}"


def sparkline(values: list[float], width: int = _WIDTH) -> str:
    """Draw values as bars from zero; more than ``width`` are averaged in groups.

    Examples
    --------
    >>> sparkline([0, 1, 2, 4])
    '▁▃▅█'
    """
    size = -(-len(values) // width)
    groups = [values[i : i + size] for i in range(0, len(values), size)]
    means = [sum(group) / len(group) for group in groups]
    top = max(means) or 1.0
    return "".join(_BARS[round(mean / top * (len(_BARS) - 1))] for mean in means)
