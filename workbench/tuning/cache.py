"""Features and label deliveries of a span of a stream, computed once and shared by all trials."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl

from workbench.atomic import atomic_folder
from workbench.case import get_case
from workbench.detectors.target import Delivered
from workbench.features.declarations import to_data
from workbench.progress import progress
from workbench.replay.answers import SCORE
from workbench.replay.drive import BATCH, drive
from workbench.replay.learner import Learner
from workbench.replay.metrics import evaluable
from workbench.streams.labels import LabelFeed
from workbench.streams.schema import EVENT_ID, EVENT_TIME
from workbench.tuning.files import new_files, open_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from workbench.detectors.protocol import Matrix, Vector
    from workbench.replay.learner import Scored
    from workbench.replay.setup import Setup
    from workbench.streams.encryption import Cipher
    from workbench.streams.recorded import Stream

I64 = npt.NDArray[np.int64]
I8 = npt.NDArray[np.int8]
_LABELS = ("sequence", "values", "known", "entity", "at")
_ARRAYS = ("X", "time", *_LABELS)
_FOREVER = 2**62


@dataclass(frozen=True)
class FeatureCache:
    """What a detector sees of a stream's first span, whatever the detector is.

    Parameters
    ----------
    X
        Feature rows, shape (n, f), float64.
    time
        Event times in µs, shape (n,).
    sequence, values, known, entity, at
        The labels in delivery order, shape (m,) each: the row of each label's event, its value,
        when it became known, its event's entity, and the first row that is scored after its
        delivery.
    judged
        The rows that may be evaluated, in order: ``row``, and the evaluation frame's columns
        but for the score.
    """

    X: Matrix
    time: I64
    sequence: I64
    values: I8
    known: I64
    entity: I64
    at: I64
    judged: pl.DataFrame
    answer: ClassVar[str] = SCORE.name

    @classmethod
    def open(cls, folder: Path, cipher: Cipher | None = None) -> Self:
        """Open a cache; the features stay on disk until they are read, but for encrypted ones."""
        files = open_files(folder, cipher)
        arrays = {name: files.load(name) for name in _ARRAYS}
        return cls(**arrays, judged=files.load_table("judged"))

    def play(self, setup: Setup, stops: Sequence[int] = ()) -> Iterator[Vector]:
        """Replay a setup over the features; equal to a replay of the stream bit for bit.

        Parameters
        ----------
        setup
            What is replayed; its features are these.
        stops
            Rows before which to pause, ascending, beside the end.

        Yields
        ------
        ndarray
            The scores so far, at each stop and at the end.
        """
        learner = setup.scoring().learner
        n = len(self.X)
        scores = np.empty(n)
        done = 0
        for stop in (*stops, n):
            while done < stop:
                end = min(stop, done + BATCH)
                low, high = np.searchsorted(self.at, (done, end))
                sequence = self.sequence[low:high]
                delivered = Delivered(
                    table=self.X,
                    rows=sequence,
                    labels=self.values[low:high],
                    time=self.time[sequence],
                    known=self.known[low:high],
                    entity=self.entity[low:high],
                    sequence=sequence,
                    at=self.at[low:high] - done,
                )
                scores[done:end] = learner.step(self.X[done:end], self.time[done:end], delivered)
                done = end
            yield scores[:done]


def build_features(stream: Stream, setup: Setup, delay: int, until: datetime, folder: Path) -> None:
    """Compute the features of a stream's first span; the folder appears when it is whole.

    The one path computes them: events and labels come by as in a replay, and a recorder stands
    in the learner's place. Of an encrypted stream everything is encrypted before it is written.

    Parameters
    ----------
    stream
        The recorded stream.
    setup
        Any setup with the wanted features and interval of delivery.
    delay
        Delay of labels without ``known_at``, in µs.
    until
        Only events before this time.
    folder
        Where the cache is written.
    """
    judged, time = _judged(stream, setup, delay, until)
    path = setup.scoring()
    with atomic_folder(folder) as partial, progress("features", len(time)) as step:
        files = new_files(partial, stream.cipher)
        X = files.room("X", (len(time), len(setup.features)))
        recorder = path.learner = _Recorder(path.learner, X)
        for events, _ in drive(path, stream, delay, until=until):
            step(events.height)
        for name, array in {"X": X, "time": time, **recorder.labels()}.items():
            files.save(name, array)
        files.save_table("judged", judged)


def _judged(stream: Stream, setup: Setup, delay: int, until: datetime) -> tuple[pl.DataFrame, I64]:
    """Return the rows that may be evaluated, and the times of all."""
    columns = [EVENT_ID, EVENT_TIME, *get_case(setup.case).evaluation_columns]
    events = pl.concat(list(stream.batches(until=until, columns=columns)))
    labels = LabelFeed(stream, delay).until(_FOREVER)
    frame = events.with_row_index("row").join(
        labels, on=EVENT_ID, how="left", maintain_order="left"
    )
    rows, _ = evaluable(frame.with_columns(score=0.0))
    return rows.drop("score"), events[EVENT_TIME].to_physical().to_numpy()


def name_of(setup: Setup) -> str:
    """Return the name of the cache that serves a setup; equal features share one.

    Delivery, delay, stream and span are the same for a whole study.
    """
    text = orjson.dumps([to_data(setup.features), setup.pace.horizon])
    return hashlib.sha256(text).hexdigest()[:12]


class _Recorder(Learner):
    """Takes a learner's place on the path and writes down what comes by."""

    def __init__(self, learner: Learner, X: Matrix) -> None:
        super().__init__(learner.detector, learner.pace)
        self._X = X
        self._rows = 0
        self._labels: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in _LABELS}

    def step(
        self, X: Matrix, time: I64, delivered: Delivered, scored: Scored | None = None
    ) -> Vector:
        del time, scored
        self._X[self._rows : self._rows + len(X)] = X
        for name, part in (
            ("sequence", delivered.sequence),
            ("values", delivered.labels),
            ("known", delivered.known),
            ("entity", delivered.entity),
            ("at", delivered.at + self._rows),
        ):
            self._labels[name].append(part)
        self._rows += len(X)
        return np.zeros(len(X))

    def labels(self) -> dict[str, npt.NDArray[Any]]:
        return {name: np.concatenate(parts) for name, parts in self._labels.items()}
