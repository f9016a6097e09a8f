"""Kafka, the index and the desk compared for a window of event time, and repaired.

What is on the topics counts. What the others miss, or hold otherwise, is written or sent to them
again, through the same code as the first time; what they hold beyond it is told and left alone,
for it may be all that is left of something.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from workbench.live.fields import spell
from workbench.live.index import engine
from workbench.live.index.layout import KINDS, Layout
from workbench.live.index.relay import KEEP
from workbench.live.index.retention import Days, kept_days, kept_from
from workbench.live.index.writing import Writer
from workbench.live.reconcile import log as logs
from workbench.live.reconcile.comparing import MOST, Comparison
from workbench.live.reconcile.desk import Desk, alerted, is_there
from workbench.live.reconcile.entries import Window
from workbench.live.reconcile.index import IndexSide
from workbench.live.reconcile.log import Log, LogSide
from workbench.live.reconcile.report import Relation, Report
from workbench.streams.values import EARLIEST, LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opensearchpy import OpenSearch

    from workbench.case import Case
    from workbench.live.reconcile.comparing import Hour
    from workbench.live.reconcile.entries import Entry, Side
    from workbench.live.settings import Settings
    from workbench.live.topics import Topics

EVERYTHING = Window(EARLIEST, LATEST)


def reconcile(
    settings: Settings,
    case: Case,
    topics: Topics,
    window: Window = EVERYTHING,
    *,
    repair: bool = False,
) -> Report:
    """Compare what Kafka, the index and the desk hold, and repair the last two if asked.

    Parameters
    ----------
    settings
        Where they are; what has no address is left out, and the report says so.
    case
        Whose events, and whose queues.
    topics
        Which topics.
    window
        Which event times.
    repair
        Write or send again what is missing or different, and compare again.

    Returns
    -------
    Report
        What differs; after a repair, what still does.

    Raises
    ------
    LiveError
        If one of them cannot be reached or refuses.
    """
    report = _Places.compared(settings, case, topics, window, repair=repair)
    if report.repaired:
        again = _Places.compared(settings, case, topics, window, repair=False)
        again.repaired = report.repaired
        return again
    return report


@dataclass(frozen=True, slots=True)
class _Pair:
    what: str
    left: Side
    right: Side
    window: Window
    mend: Callable[[list[Entry], list[Entry]], None] | None = None
    elsewhere: Callable[[set[str]], set[str]] | None = None


class _Places:
    """Everywhere that something is held, at one moment."""

    def __init__(self, settings: Settings, case: Case, topics: Topics, log: Log) -> None:
        self._settings = settings
        self._case = case
        self._topics = topics
        self._log = log

    @classmethod
    def compared(
        cls, settings: Settings, case: Case, topics: Topics, window: Window, *, repair: bool
    ) -> Report:
        report = Report(window)
        places = cls(settings, case, topics, Log(settings, topics))
        earliest = places._compare(places._scored(window), report, repair=repair)
        if settings.search:
            with closing(engine.connect(settings)) as client:
                for pair in places._indexed(client, window, report, earliest):
                    places._compare(pair, report, repair=repair)
        else:
            report.notes.append("The index was left out: WORKBENCH_SEARCH is not set.")
        if is_there(settings):
            with closing(Desk(settings, case.name, topics)) as desk:
                places._compare(places._kept(desk, window), report, repair=repair)
        else:
            report.notes.append(
                "The desk was left out: WORKBENCH_DATABASE is not set, and it has made no file."
            )
        return report

    def _compare(self, pair: _Pair, report: Report, *, repair: bool) -> int | None:
        """Compare, and repair if asked; return the earliest hour that has anything."""
        comparison = Comparison(pair.left, pair.right, pair.window)
        relation = Relation(pair.what, comparison.counted)
        hours = comparison.differences()
        if pair.elsewhere is not None:
            hours = _elsewhere(hours, pair.elsewhere)
        for found in self._explained(hours, relation):
            relation.add(found)
            wrong = len(found.missing) + len(found.different)
            if repair and pair.mend is not None and wrong:
                pair.mend(found.missing, found.different)
                report.repaired[pair.what] = report.repaired.get(pair.what, 0) + wrong
        report.relations.append(relation)
        return comparison.earliest

    def _explained(self, hours: Iterator[Hour], relation: Relation) -> Iterator[Hour]:
        """Leave out what is missing for a good reason."""
        for found in hours:
            missing = [e for e in found.missing if e.place not in self._quarantine]
            relation.quarantined += len(found.missing) - len(missing)
            left = found._replace(missing=missing)
            if left.differs:
                yield left

    @cached_property
    def _quarantine(self) -> set[tuple[str, int, int]]:
        return logs.in_quarantine(self._log)

    def _scored(self, window: Window) -> _Pair:
        events = LogSide(self._log, self._topics.events, logs.events(self._case.schema))
        scores = LogSide(self._log, self._topics.scores, logs.scored)

        def elsewhere(ids: set[str]) -> set[str]:
            everywhere = LogSide(self._log, self._topics.scores, logs.scored)
            return {e.id for e in everywhere.entries(EVERYTHING) if e.id in ids}

        return _Pair("events with a score", events, scores, window, elsewhere=elsewhere)

    def _kept(self, desk: Desk, window: Window) -> _Pair:
        alerts = LogSide(self._log, self._topics.alerts, alerted)
        return _Pair("alerts in the desk", alerts, desk, window, desk.mend)

    def _indexed(
        self, client: OpenSearch, window: Window, report: Report, earliest: int | None
    ) -> Iterator[_Pair]:
        layout = Layout(self._topics.prefix)
        with engine.translated(self._settings, f"the templates of {layout.prefix}-*"):
            keep = kept_days(client, layout)
            first = kept_from(client, layout, KEEP if keep is None else keep)
            days = Days(client, layout, KEEP if keep is None else keep)
        if first is not None and earliest is not None and earliest < first:
            report.notes.append(f"The index keeps nothing from before {spell(first)}.")
            window = Window(max(first, window.start), max(first, window.until))
        writer = Writer(self._settings, client, layout, days)

        def mend(missing: list[Entry], different: list[Entry]) -> None:
            entries = missing + different
            with engine.translated(self._settings, f"the templates of {layout.prefix}-*"):
                days.settle()
            writer.write([e.document for e in entries if e.document is not None], anew=True)

        for kind in KINDS:
            topic = self._topics.scores if kind == "scores" else self._topics.alerts
            log = LogSide(self._log, topic, logs.indexed(kind))
            index = IndexSide(self._settings, client, layout, kind)
            yield _Pair(f"{kind} in the index", log, index, window, mend)


def _elsewhere(hours: Iterator[Hour], elsewhere: Callable[[set[str]], set[str]]) -> Iterator[Hour]:
    """Leave out what is missing in its hour and there in another one.

    An event that was sent again with another time is the same event, and scored once.
    """
    for portion in _portions(hours):
        ids = {entry.id for found in portion for entry in found.missing}
        there = elsewhere(ids) if ids else set()
        for found in portion:
            yield found._replace(missing=[e for e in found.missing if e.id not in there])


def _portions(hours: Iterator[Hour]) -> Iterator[list[Hour]]:
    portion: list[Hour] = []
    for found in hours:
        portion.append(found)
        if sum(len(one.missing) for one in portion) >= MOST:
            yield portion
            portion = []
    yield portion
