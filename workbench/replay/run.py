"""One replay's result on disk, and what can be asked of it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson
import polars as pl

from workbench import project
from workbench.atomic import atomic_file
from workbench.case import Case, get_case
from workbench.errors import StreamError
from workbench.project import locate, output, shown
from workbench.replay.answers import ANSWERS, Answer
from workbench.replay.setup import Setup
from workbench.streams.labels import LabelFeed
from workbench.streams.recorded import Stream
from workbench.streams.schema import EVENT_ID, EVENT_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

    from workbench.replay.estimates import Estimate
    from workbench.replay.evaluation import Comparison, Evaluation

DOCUMENT = "run.json"
STATE = "state.npz"
_FOREVER = 2**62
_PIECE = 65_536
"""Answers that are read at once, a multiple of what is written at once."""


def write_document(folder: Path, document: dict[str, Any]) -> None:
    """Write a run's ``run.json``."""
    with atomic_file(folder / DOCUMENT) as temporary:
        temporary.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))


class Run:
    """A finished replay: its answers, metrics and plots.

    Made by :func:`workbench.replay` or :meth:`open`.

    Attributes
    ----------
    path
        The run's folder.
    document
        The content of ``run.json``.
    setup
        What was replayed.
    """

    def __init__(self, path: Path, document: dict[str, Any], stream: Stream | None) -> None:
        self.path = path
        self.document = document
        self.setup = Setup.from_data(document)
        self._stream = stream

    @classmethod
    def open(cls, path: str | Path, stream: Stream | None = None) -> Self:
        """Open a run's folder.

        Raises
        ------
        BadInput
            If the folder holds no finished run.
        """
        folder, document = project.document(path, DOCUMENT, what="run", command="workbench replay")
        return cls(folder, document, stream)

    @property
    def case(self) -> Case:
        """The run's case."""
        return get_case(self.setup.case)

    @cached_property
    def stream(self) -> Stream:
        """The stream that was replayed.

        Raises
        ------
        StreamError
            If it is no longer there, or no longer the same.
        """
        if self._stream is not None:
            return self._stream
        stream = Stream.open(locate(self.document["stream"]["path"]), case=self.setup.case)
        if stream.hash != self.document["stream"]["hash"]:
            raise StreamError.of(
                f"{stream.path}, which has changed since the run {self.path}",
                allowed="the stream that was replayed",
                hint="replay it again",
            )
        return stream

    @property
    def label_delay(self) -> str | None:
        """The delay that labels were given; None where they have their own, or there are none."""
        given: str = self.document["label_delay"]
        return given if self.answer.name == "score" and given != "as recorded" else None

    @property
    def answer(self) -> Answer:
        """What was answered for each event: a score, or items."""
        return ANSWERS[self.case.answer]

    @property
    def answers(self) -> pl.DataFrame:
        """The answers: ``event_id``, ``event_time``, and ``score`` or ``items``, in order."""
        return pl.read_parquet(self.path / self.answer.file)

    @property
    def scores(self) -> pl.DataFrame:
        """The answers of a detector that scores: ``event_id``, ``event_time``, ``score``."""
        return self.answers

    @property
    def recommendations(self) -> pl.DataFrame:
        """The answers of one that recommends: ``event_id``, ``event_time``, ``items``."""
        return self.answers

    def frame(self, *columns: str, start: Any = None, until: Any = None) -> pl.DataFrame:
        """Return answers beside labels and columns of the events.

        Parameters
        ----------
        *columns
            Columns of the events; those that the case evaluates if none are given.
        start, until
            A span of event time (datetimes); events of the warm-up are left out in any case,
            because nothing had been learned to score them with.

        Returns
        -------
        polars.DataFrame
            ``event_id``, ``event_time``, the answer (``score`` or ``items``), ``label``,
            ``known_at``, the columns, and ``pattern`` where the stream has ground truth.
        """
        wanted = list(columns or self.case.evaluation_columns)
        frame = pl.concat(self.pieces(*wanted, start=start, until=until))
        beside = [LabelFeed(self.stream, self.document["label_delay_us"]).until(_FOREVER)]
        if self.stream.truth is not None:
            beside.append(self.stream.pattern())
        for found in beside:
            # Of the ids alone, so that no other column is in memory twice.
            joined = frame.select(EVENT_ID).join(
                found, on=EVENT_ID, how="left", maintain_order="left"
            )
            frame = frame.with_columns(joined.drop(EVENT_ID))
        return frame.select(
            EVENT_ID, EVENT_TIME, self.answer.name, "label", "known_at", *wanted,
            *(["pattern"] if "pattern" in frame.columns else []),
        )  # fmt: skip

    def pieces(self, *columns: str, start: Any = None, until: Any = None) -> Iterator[pl.DataFrame]:
        """Yield answers beside columns of the events, piece by piece in their order.

        The arguments are those of :meth:`frame`. There are no labels; items are categories, so
        that each one's text is kept once. The first piece has no rows.
        """
        wanted = columns or self.case.evaluation_columns
        names = list(dict.fromkeys([EVENT_ID, EVENT_TIME, *wanted]))
        kinds = {name: self.case.schema.events[name] for name in names}
        yield pl.DataFrame(schema={**kinds, self.answer.name: self.answer.kept})
        spans = self.document
        first = _time(spans["from"]) or self.stream.start
        warm = first + pl.Series([self.setup.pace.warm_up]).cast(pl.Duration("us"))[0]
        start = max(start, warm) if start is not None else warm
        ends = [t for t in (until, _time(spans["until"])) if t is not None]
        until = min(ends) if ends else None
        answers = self._answered(start, until)
        held = next(answers)
        for events in self.stream.batches(_PIECE, start, until, names):
            while len(held) < events.height:
                held = pl.concat([held, next(answers)])
            yield events.with_columns(held[: events.height])
            held = held[events.height :]

    def _answered(self, start: Any, until: Any) -> Iterator[pl.Series]:
        """Yield the answers of a span, piece by piece."""
        time, answer = pl.col(EVENT_TIME), self.answer
        rows = pl.scan_parquet(self.path / answer.file)
        count = rows.select(pl.len()).collect().item()
        for first in range(0, max(count, 1), _PIECE):
            piece = (
                rows.slice(first, _PIECE)
                .filter(time >= start if until is None else (time >= start) & (time < until))
                .select(pl.col(answer.name).cast(answer.kept))
                .collect()
            )
            yield piece[answer.name]

    @cached_property
    def evaluation(self) -> Evaluation:
        """Metrics over the whole run and by day, with intervals."""
        return self.evaluate()

    def evaluate(self, *, start: Any = None, until: Any = None, **options: Any) -> Evaluation:
        """Evaluate a span of the run; options are those of the case's ``evaluate``."""
        if self.case.truth and self.stream.truth is not None:
            options.setdefault("truth", self.case.load("truth")(self.stream))
        result: Evaluation = self.case.load("evaluate")(self._measured(start, until), **options)
        return result

    def _measured(self, start: Any, until: Any) -> pl.DataFrame | Iterator[pl.DataFrame]:
        """Return what metrics are computed of: lists of items are large, and come in pieces."""
        given = self.pieces if self.answer.name == "items" else self.frame
        return given(start=start, until=until)

    @property
    def metrics(self) -> dict[str, Estimate]:
        """The metrics over the whole run, with intervals."""
        return dict(self.evaluation.overall)

    def compare(self, other: Run, *, start: Any = None, until: Any = None) -> Comparison:
        """Estimate how much better this run is than another one on the same events."""
        result: Comparison = self.case.load("compare")(
            self._measured(start, until), other._measured(start, until)
        )
        return result

    def plot(self) -> Figure:
        """Plot precision and recall, the metrics by day with drift marked, and calibration."""
        figure: Figure = self.case.load("plots")(
            self.frame(), self.evaluation, truth=self.stream.truth
        )
        return figure

    def export(self, path: str | Path, **alerts: Any) -> Any:
        """Export the detector as it was after the run's last event.

        Parameters
        ----------
        path
            The artifact's folder.
        **alerts
            As for :func:`workbench.artifacts.export.export`.
        """
        from workbench.artifacts.export import export

        return export(self, output(path), **alerts)

    def record(self) -> None:
        """Write the metrics into ``run.json``."""
        self.document["metrics"] = self.evaluation.to_dict()["overall"]
        write_document(self.path, self.document)

    def __repr__(self) -> str:
        return (
            f"<Run {shown(self.path)}: {self.setup.detector} on "
            f"{self.document['counts']['events']:,} events of "
            f"{Path(self.document['stream']['path']).name}>"
        )

    def _repr_html_(self) -> str:
        from workbench.replay.display import run_html

        return run_html(self)


def _time(text: Any) -> Any:
    if text is None:
        return None
    from datetime import datetime

    return datetime.fromisoformat(text) if isinstance(text, str) else text
