"""Scores and alerts as they arrive: to look at in a notebook, to go through in a script."""

from __future__ import annotations

import time
import weakref
from collections import deque
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from workbench.case import get_case
from workbench.durations import SECOND, microseconds
from workbench.errors import ParameterError
from workbench.live import clients
from workbench.live.fields import BadMessage
from workbench.live.results import Arrived, Kind, alerted, answered, fields
from workbench.live.settings import Settings
from workbench.live.topics import Topics
from workbench.replay.answers import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka import TopicPartition

#: How many of each kind are kept: the last ones.
KEPT = 1_000_000
#: Seconds between two drawings in a notebook.
_REDRAWN = 0.5
_POLLED = 0.1

From = Literal["now", "first"]


class Tail:
    """Scores and alerts of a case from a place on; made by :func:`tail`.

    Going through it yields each as :class:`Arrived` and keeps it; shown in a notebook, it goes
    through itself and draws what has come, in place.

    Attributes
    ----------
    case
        Name of the case.
    topics
        The topics that are read.
    unreadable
        How many messages were neither: somebody else writes to these topics.
    """

    def __init__(
        self,
        case: str,
        topics: Topics,
        settings: Settings,
        *,
        seconds: float | None,
        idle: float | None,
        limit: int | None,
        first: bool,
    ) -> None:
        self.case = case
        self.topics = topics
        self.unreadable = 0
        self.counts = {"score": 0, "alert": 0}
        answer = ANSWERS[get_case(case).answer]
        self._schemas: dict[Kind, pl.Schema] = {
            "score": answered(answer),
            "alert": alerted(answer),
        }
        self._kept: dict[str, deque[dict[str, Any]]] = {
            kind: deque(maxlen=KEPT) for kind in self.counts
        }
        self._seconds, self._idle, self._limit = seconds, idle, limit
        self._waiting: deque[Arrived] = deque()
        self._settings = settings
        self._consumer = clients.consumer(settings)
        self._close = weakref.finalize(self, self._consumer.close)
        try:
            parts = [
                part
                for topic in (topics.scores, topics.alerts)
                for part in clients.partitions(self._consumer, settings, topic)
            ]
            self._consumer.assign(parts)
            with clients.translated(settings, f"the topics {topics.prefix}.*"):
                (self._consumer.seek_to_beginning if first else self._consumer.seek_to_end)(*parts)
                # Asked for now: what comes from here on is seen, whenever it is gone through.
                for part in parts:
                    self._consumer.position(part)
        except BaseException:
            self.close()
            raise

    @property
    def scores(self) -> pl.DataFrame:
        """The answers that have come, the last million, in the order in which they came."""
        return self._frame("score")

    @property
    def alerts(self) -> pl.DataFrame:
        """The alerts that have come, with the features that drove each."""
        return self._frame("alert")

    def _frame(self, kind: Kind) -> pl.DataFrame:
        return pl.DataFrame([*self._kept[kind]], schema=self._schemas[kind], orient="row")

    def latest(self, kind: Kind, count: int) -> list[dict[str, Any]]:
        """Return the fields of the last ones, the newest first."""
        kept = self._kept[kind]
        return [kept[-1 - i] for i in range(min(count, len(kept)))]

    def close(self) -> None:
        """Leave the brokers; what has come stays."""
        self._close()

    def __iter__(self) -> Iterator[Arrived]:
        """Yield what arrives until the time is over, nothing comes, or the limit is reached."""
        return (arrived for arrived in self.steps() if arrived is not None)

    def steps(self) -> Iterator[Arrived | None]:
        """Yield what arrives, and ``None`` where for a moment nothing does."""
        began = time.monotonic()
        quiet: float | None = None
        while self._close.alive:
            if self._waiting:
                quiet = None
                yield self._taken()
                continue
            now = time.monotonic()
            if self._over(now - began, 0.0 if quiet is None else now - quiet):
                self.close()
                return
            self._poll()
            if not self._waiting:
                quiet = quiet or now
                yield None

    def _taken(self) -> Arrived:
        arrived = self._waiting.popleft()
        self.counts[arrived.kind] += 1
        self._kept[arrived.kind].append(arrived.value)
        if self._limit is not None and sum(self.counts.values()) >= self._limit:
            self.close()
        return arrived

    def _over(self, passed: float, quiet: float) -> bool:
        return (self._seconds is not None and passed >= self._seconds) or (
            self._idle is not None and quiet >= self._idle
        )

    def _poll(self) -> None:
        with clients.translated(self._settings, f"the topics {self.topics.prefix}.*"):
            found = self._consumer.poll(timeout_ms=int(_POLLED * 1000))
        for part, records in found.items():
            for record in records:
                self._read(part, record)

    def _read(self, part: TopicPartition, record: Any) -> None:
        kind: Kind = "alert" if part.topic == self.topics.alerts else "score"
        try:
            value = fields(record.value, self._schemas[kind])
        except BadMessage:
            self.unreadable += 1
            return
        self._waiting.append(Arrived(kind, part.partition, record.offset, value))

    def __enter__(self) -> Tail:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        counts = f"{self.counts['score']:,} scores, {self.counts['alert']:,} alerts"
        return f"<Tail {self.topics.prefix}: {counts}>"

    def _repr_html_(self) -> str:
        from workbench.live.showing import html

        return html(self)

    def _ipython_display_(self) -> None:
        # IPython's functions are partly typed only.
        page: Any = import_module("IPython.display")
        shown = page.display(page.HTML(self._repr_html_()), display_id=True)
        try:
            drawn = time.monotonic()
            for _ in self.steps():
                if (now := time.monotonic()) - drawn >= _REDRAWN:
                    shown.update(page.HTML(self._repr_html_()))
                    drawn = now
        except KeyboardInterrupt:  # the kernel's stop button: enough seen
            self.close()
        shown.update(page.HTML(self._repr_html_()))


def tail(
    case: str,
    topics: str | None = None,
    *,
    seconds: float | None = None,
    until_idle: str | float | None = None,
    limit: int | None = None,
    start: From = "now",
    settings: Settings | None = None,
) -> Tail:
    """Look at scores and alerts as they arrive; only at those that are committed.

    Parameters
    ----------
    case
        The case.
    topics
        Prefix of its topics; the case's name if not given.
    seconds, until_idle, limit
        When to end: after so many seconds; when for so long (``"5s"``, or seconds) nothing has
        come; after so many. Whichever comes first; without any, when it is stopped.
    start
        ``now``: what comes from this call on; ``first``: all that is kept.
    settings
        Where the brokers are; from ``WORKBENCH_…`` if not given.

    Returns
    -------
    Tail
        Shown in a notebook, it fills while scores come. Iterated over, it yields each. Has
        ``scores`` and ``alerts`` as Polars frames.

    Raises
    ------
    ParameterError
        If there is no such case, or a limit is none.
    LiveError
        If the brokers cannot be reached, or have no such topics.

    Examples
    --------
    ::

        wb.live.tail("fraud", seconds=60)

        for arrived in wb.live.tail("fraud", until_idle="5s", start="first"):
            if arrived.kind == "alert":
                print(arrived.value["severity"], arrived.value["entity"])
    """
    get_case(case)
    if start not in ("now", "first"):
        raise ParameterError.of(f"start {start!r}", allowed="now or first", hint="choose one")
    for name, number in (("seconds", seconds), ("limit", limit)):
        if number is not None and number <= 0:
            raise ParameterError.of(
                f"{name} {number}", allowed="a number above zero", hint=f"leave {name} out for none"
            )
    idle = microseconds(until_idle) / SECOND if isinstance(until_idle, str) else until_idle
    return Tail(
        case,
        Topics(topics or case),
        settings or Settings.load(),
        seconds=seconds,
        idle=idle,
        limit=limit,
        first=start == "first",
    )
