"""A report in numbers: what the next report compares itself with.

A report's notebook displays an :class:`Account` as one of its outputs; publishing finds it there
and keeps it in ``report.json`` beside the page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Final, Self

import orjson

from workbench.project import locate
from workbench.replay.evaluation import Measure
from workbench.reports.tables import html_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nbformat import NotebookNode

    from workbench.replay.evaluation import Evaluation
    from workbench.replay.run import Run

MIME: Final = "application/vnd.workbench.account+json"
DOCUMENT: Final = "report.json"


@dataclass(frozen=True)
class Account:
    """What a report found, and what it was found on.

    Parameters
    ----------
    headline
        What was found, in a sentence or two.
    setup
        What it was found with and on: stream, span, detector, settings. Plain data.
    metrics
        Name to ``value``, ``low`` and ``high``; ``None`` where there is none.
    measures
        How these are called and written.
    """

    headline: str
    setup: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)

    @classmethod
    def of(cls, headline: str, run: Run, evaluation: Evaluation) -> Self:
        """Make the account of a run and what was measured on a span of it."""
        days = evaluation.by_day["day"] if not evaluation.by_day.is_empty() else None
        delay = run.document["label_delay"]
        return cls(
            headline=headline,
            setup={
                "stream": run.stream.path.name,
                "stream hash": run.stream.hash[:12],
                "events": evaluation.n,
                evaluation.positive: evaluation.positives,
                "from": None if days is None else str(days[0]),
                "until": None if days is None else str(days[-1]),
                "detector": run.setup.detector,
                # What recommends learns from the events themselves.
                **({"label delay": delay} if run.answer.name == "score" else {}),
                **{k: v for k, v in run.setup.settings().items() if k != "features"},
                **evaluation.settings,
            },
            metrics={
                # Nine digits are more than is certain, and the same on every machine.
                name: {k: _rounded(v) for k, v in estimate.to_dict().items()}
                for name, estimate in evaluation.overall.items()
            },
            measures={name: evaluation.measures[name] for name in evaluation.overall},
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "headline": self.headline,
            "setup": dict(self.setup),
            "metrics": {name: dict(values) for name, values in self.metrics.items()},
            "measures": {
                name: [m.title, m.spec, m.limit, m.higher_is_better]
                for name, m in self.measures.items()
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the account behind :meth:`to_dict`."""
        measures = {name: Measure(*values) for name, values in data["measures"].items()}
        return cls(data["headline"], data["setup"], data["metrics"], measures)

    @classmethod
    def found_in(cls, notebook: NotebookNode) -> Self | None:
        """Return the last account that an executed notebook displays, if it displays one."""
        for cell in reversed(notebook.cells):
            for output in reversed(cell.get("outputs", [])):
                if MIME in output.get("data", {}):
                    return cls.from_dict(output["data"][MIME])
        return None

    @classmethod
    def read(cls, report: str | Path) -> Self | None:
        """Return the account of a published report's folder, if there is one that can be read."""
        if not str(report):
            return None
        try:
            document = orjson.loads((locate(report) / DOCUMENT).read_bytes())
            return cls.from_dict(document["account"])
        except (OSError, ValueError, KeyError, TypeError):
            # A report that is gone or of another make is no reason not to make a new one.
            return None

    def since(self, previous: Account | None) -> Changes:
        """Return what changed since an earlier account."""
        return Changes(self, previous)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": f"<p><strong>{escape(self.headline)}</strong></p>",
            MIME: self.to_dict(),
        }


@dataclass(frozen=True)
class Changes:
    """What differs between two accounts.

    Parameters
    ----------
    now
        The present account.
    before
        The earlier one, ``None`` for a first report.
    """

    now: Account
    before: Account | None

    @property
    def headline(self) -> str:
        """Whether anything changed, in a sentence."""
        if self.before is None:
            return "There is no earlier report to compare this one with."
        if not self.setup and not self.moved:
            return "Nothing changed since the last report: the same events, settings and metrics."
        if "stream hash" not in self.setup:
            return "The events are those of the last report; what differs comes from the settings."
        return (
            "The events are not those of the last report: differences mix the change of the "
            "data with that of the detector."
        )

    @property
    def setup(self) -> dict[str, tuple[Any, Any]]:
        """Settings that differ, with their earlier and present value."""
        if self.before is None:
            return {}
        old, new = self.before.setup, self.now.setup
        names = [*new, *(name for name in old if name not in new)]
        return {n: (old.get(n), new.get(n)) for n in names if old.get(n) != new.get(n)}

    @property
    def moved(self) -> list[str]:
        """Metrics of both accounts whose values differ."""
        old = {} if self.before is None else self.before.metrics
        return [
            name
            for name, metric in self.now.metrics.items()
            if name in old and old[name]["value"] != metric["value"]
        ]

    def verdict(self, name: str) -> str:
        """Say ``better`` or ``worse`` where the earlier value lies outside the present interval."""
        now, old = self.now.metrics[name], (self.before or self.now).metrics[name]["value"]
        value, low, high = now["value"], now["low"], now["high"]
        if value is None or old is None or value == old:
            return ""
        if low is None or high is None or low <= old <= high:
            return "within the interval"
        better = (value > old) == self.now.measures[name].higher_is_better
        return "better" if better else "worse"

    def __repr__(self) -> str:
        lines = [f"  {name}: {old} → {new}" for name, (old, new) in self.setup.items()]
        lines += [f"  {row[0]}: {row[1]} → {row[2]}  {row[3]}" for row in self._rows()]
        return "\n".join([self.headline, *lines])

    def _rows(self) -> list[tuple[str, str, str, str]]:
        rows = []
        for name in self.moved:
            measure, old = self.now.measures[name], (self.before or self.now).metrics[name]
            then, now = (_text(m["value"], measure) for m in (old, self.now.metrics[name]))
            rows.append((measure.title, then, now, self.verdict(name)))
        return rows

    def _repr_html_(self) -> str:
        parts = [f"<p>{escape(self.headline)}</p>"]
        settings = [(name, str(old), str(new)) for name, (old, new) in self.setup.items()]
        if settings:
            parts.append(html_table(("Setting", "Last report", "This report"), settings))
        if rows := self._rows():
            parts.append(html_table(("Metric", "Last report", "This report", ""), rows))
        return "".join(parts)


def _text(value: float | None, measure: Measure) -> str:
    return "not defined" if value is None else format(value, measure.spec)


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.9g}")
