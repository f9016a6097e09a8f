"""What an evaluation found, for people, notebooks and JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.replay.estimates import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Measure:
    """How a metric is called and written.

    Parameters
    ----------
    title
        What people read, with the unit in brackets where it has one.
    spec
        Format of its values.
    limit
        The best value where it has one: its bar then runs from 0 to the limit.
    higher_is_better
        Which direction is good.
    """

    title: str
    spec: str = ".3f"
    limit: float | None = 1.0
    higher_is_better: bool = True

    @property
    def spoken(self) -> str:
        """The title inside a sentence.

        Examples
        --------
        >>> Measure("Average precision").spoken, Measure("NDCG@20").spoken
        ('average precision', 'NDCG@20')
        """
        word = self.title.split(" ", 1)[0]
        # What is written in capitals, or has one inside, is a name.
        name = word[1:] != word[1:].lower()
        return self.title if name else f"{self.title[0].lower()}{self.title[1:]}"


@dataclass(frozen=True)
class Evaluation:
    """Metrics of scored events, with 95 % intervals over entities.

    Parameters
    ----------
    overall
        Metrics over the whole span.
    measures
        How each of these is called and written.
    n, positives, entities
        Events that were evaluated, positives among them, and entities that were resampled.
    excluded
        Events that were left out, by reason.
    by_day
        One row a day; limits of intervals in columns that end in ``_low`` and ``_high``.
    by_pattern
        One row for each pattern of positives; empty where the stream names none. Or for each
        of what ``grouping`` names.
    calibration
        Reliability by quantile bins, see :func:`workbench.replay.metrics.reliability`.
    settings
        What the metrics depend on beside the frame, for instance the alert budget.
    entity, positive
        What an entity and a positive are called.
    grouping
        What ``by_pattern`` tells apart, where that is not patterns of positives.
    unit
        What was evaluated, in the plural.

    Examples
    --------
    >>> Evaluation({"roc_auc": Estimate(0.9, 0.88, 0.92)}, {"roc_auc": Measure("ROC AUC")},
    ...            n=1000, positives=8, entities=50, entity="card", positive="fraud")
    1,000 events, 8 fraud, 50 cards
      ROC AUC    0.900 [0.880, 0.920]
    """

    overall: Mapping[str, Estimate]
    measures: Mapping[str, Measure]
    n: int
    positives: int
    entities: int
    excluded: Mapping[str, int] = field(default_factory=dict)
    by_day: pl.DataFrame = field(default_factory=pl.DataFrame)
    by_pattern: pl.DataFrame = field(default_factory=pl.DataFrame)
    calibration: pl.DataFrame = field(default_factory=pl.DataFrame)
    settings: Mapping[str, Any] = field(default_factory=dict)
    entity: str = "entity"
    positive: str = "positive"
    grouping: str = ""
    unit: str = "events"

    def __getitem__(self, name: str) -> Estimate:
        """Return a metric over the whole span by name."""
        return self.overall[name]

    @property
    def headline(self) -> str:
        """What was evaluated and what was left out, in one line."""
        plural = "entities" if self.entity == "entity" else f"{self.entity}s"
        counts = (
            f"{self.n:,} {self.unit}, {self.positives:,} {self.positive}, "
            f"{self.entities:,} {plural}"
        )
        left_out = [f"{count:,} {why}" for why, count in self.excluded.items() if count]
        return f"{counts}; left out: {', '.join(left_out)}" if left_out else counts

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data for JSON: ISO dates, ``None`` in place of ``NaN``."""
        return {
            "n": self.n,
            "positives": self.positives,
            "entities": self.entities,
            "excluded": dict(self.excluded),
            "settings": dict(self.settings),
            "overall": {name: estimate.to_dict() for name, estimate in self.overall.items()},
            "by_day": _records(self.by_day),
            "by_pattern": _records(self.by_pattern),
            "calibration": _records(self.calibration),
        }

    def __repr__(self) -> str:
        return _text(self.headline, self.overall, self.measures)

    def _repr_html_(self) -> str:
        rows = [
            _row(
                self.measures[name].title,
                _split(estimate, self.measures[name].spec),
                _bar(estimate, 0.0, self.measures[name].limit),
            )
            for name, estimate in self.overall.items()
        ]
        heads = ("Metric", "Value", "95 % interval", "")
        return _table(self.headline, heads, rows) + self._patterns_html()

    def _patterns_html(self) -> str:
        if self.by_pattern.is_empty():
            return ""
        names = [name for name in self.measures if f"{name}_low" in self.by_pattern.columns]
        rows = []
        for row in self.by_pattern.to_dicts():
            estimates = [
                Estimate(*(row[n + part] for part in ("", "_low", "_high"))) for n in names
            ]
            texts = [
                format(e, self.measures[n].spec) for n, e in zip(names, estimates, strict=True)
            ]
            rows.append(_row(row["pattern"], (f"{row['events']:,}", *texts)))
        titles = (self.measures[name].title for name in names)
        what = self.grouping or f"pattern of {self.positive}"
        head = self.grouping.capitalize() or "Pattern"
        return _table(f"By {what}", (head, "Events", *titles), rows)


@dataclass(frozen=True)
class Comparison:
    """Differences of one run to another on the same events, paired, with 95 % intervals.

    Parameters
    ----------
    differences
        This run's metrics less the other's.
    measures
        How each of these is called and written.
    n
        Events that both scored.
    unshared
        Events that only one of the two scored; they are left out.

    Examples
    --------
    >>> Comparison({"roc_auc": Estimate(0.02, 0.01, 0.03)}, {"roc_auc": Measure("ROC AUC")}, 1000)
    1,000 events that both scored
      ROC AUC    +0.020 [+0.010, +0.030]    better
    """

    differences: Mapping[str, Estimate]
    measures: Mapping[str, Measure]
    n: int
    unshared: int = 0

    def __getitem__(self, name: str) -> Estimate:
        """Return the difference of a metric by name."""
        return self.differences[name]

    @property
    def headline(self) -> str:
        """What was compared, in one line."""
        text = f"{self.n:,} events that both scored"
        return f"{text}; left out: {self.unshared:,} that one did not" if self.unshared else text

    def verdict(self, name: str) -> str:
        """Say ``better``, ``worse`` or, where the interval holds zero, ``not certain``."""
        estimate = self.differences[name]
        if not estimate.excludes_zero:
            return "not certain"
        better = (estimate.value > 0) == self.measures[name].higher_is_better
        return "better" if better else "worse"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data for JSON."""
        return {
            "n": self.n,
            "unshared": self.unshared,
            "differences": {
                name: {**estimate.to_dict(), "verdict": self.verdict(name)}
                for name, estimate in self.differences.items()
            },
        }

    def __repr__(self) -> str:
        verdicts = {name: self.verdict(name) for name in self.differences}
        return _text(self.headline, self.differences, self.measures, sign="+", last=verdicts)

    def _repr_html_(self) -> str:
        rows = []
        for name, estimate in self.differences.items():
            reach = max((abs(v) for v in (estimate.low, estimate.high) if v == v), default=0.0)
            rows.append(
                _row(
                    self.measures[name].title,
                    (*_split(estimate, "+" + self.measures[name].spec), self.verdict(name)),
                    _bar(estimate, -reach, reach or None, origin=0.5),
                )
            )
        return _table(self.headline, ("Metric", "Difference", "95 % interval", "", ""), rows)


def _text(
    headline: str,
    estimates: Mapping[str, Estimate],
    measures: Mapping[str, Measure],
    sign: str = "",
    last: Mapping[str, str] | None = None,
) -> str:
    cells = [
        [measures[name].title, format(estimate, sign + measures[name].spec)]
        + ([last[name]] if last else [])
        for name, estimate in estimates.items()
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "    ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells
    ]
    return "\n  ".join([headline, *lines])


def _split(estimate: Estimate, spec: str) -> tuple[str, str]:
    """Return value and interval as two texts."""
    if math.isnan(estimate.value) or math.isnan(estimate.low):
        return format(estimate, spec), ""
    return format(estimate.value, spec), f"{estimate.low:{spec}} to {estimate.high:{spec}}"


# Inline styles and currentColor: no style sheet survives every notebook viewer, and so the table
# reads on light and on dark.
_CELL = "padding:.25em 1em .25em 0;text-align:left;font-variant-numeric:tabular-nums;"


def _table(headline: str, heads: tuple[str, ...], rows: list[str]) -> str:
    cells = "".join(f'<th style="{_CELL}font-weight:600">{escape(head)}</th>' for head in heads)
    return (
        '<div style="overflow-x:auto">'
        f'<p style="margin:.5em 0">{escape(headline)}</p>'
        '<table style="border-collapse:collapse;background:none;color:inherit;font-size:inherit">'
        f'<thead><tr style="background:none">{cells}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(title: str, texts: tuple[str, ...], bar: str = "") -> str:
    cells = "".join(f'<td style="{_CELL}">{escape(text)}</td>' for text in (title, *texts))
    line = "border-top:1px solid rgba(128,128,128,.3)"
    return f'<tr style="background:none;{line}">{cells}{bar and f"<td>{bar}</td>"}</tr>'


def _bar(estimate: Estimate, start: float, end: float | None, origin: float | None = None) -> str:
    """Draw the interval as a band and the value as a tick on a line from start to end."""
    if end is None or end <= start or math.isnan(estimate.value):
        return ""
    width, height = 160, 14

    def x(value: float) -> float:
        return round(min(max((value - start) / (end - start), 0.0), 1.0) * width, 1)

    middle = height / 2
    parts = [
        f'<line x1="0" y1="{middle}" x2="{width}" y2="{middle}" stroke="currentColor" '
        'stroke-opacity=".25"/>'
    ]
    if origin is not None:
        at = origin * width
        parts.append(
            f'<line x1="{at}" y1="0" x2="{at}" y2="{height}" stroke="currentColor" '
            'stroke-opacity=".5"/>'
        )
    if not math.isnan(estimate.low):
        low, high = x(estimate.low), x(estimate.high)
        parts.append(
            f'<rect x="{low}" y="3" width="{max(high - low, 1):.1f}" height="{height - 6}" '
            'fill="#3a87c8" fill-opacity=".55"/>'
        )
    at = x(estimate.value)
    parts.append(
        f'<line x1="{at}" y1="1" x2="{at}" y2="{height - 1}" stroke="currentColor" '
        'stroke-width="2"/>'
    )
    return (
        f'<svg role="img" aria-label="{escape(str(estimate))}" width="{width}" height="{height}" '
        f'style="vertical-align:middle">{"".join(parts)}</svg>'
    )


def _records(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain data: ISO dates, ``None`` for what is not finite."""
    return [
        {
            key: value.isoformat()
            if hasattr(value, "isoformat")
            else None
            if isinstance(value, float) and not math.isfinite(value)
            else value
            for key, value in row.items()
        }
        for row in frame.to_dicts()
    ]
