"""Features of a recorded stream as a table, for looking at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from workbench.case import get_case
from workbench.durations import microseconds
from workbench.progress import progress
from workbench.replay.drive import drive
from workbench.replay.pace import Pace
from workbench.replay.path import Path
from workbench.replay.setup import feature_set
from workbench.streams.labels import LabelFeed
from workbench.streams.schema import EVENT_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import numpy.typing as npt

    from workbench.detectors.protocol import Matrix, State, Vector
    from workbench.features.vocabulary import Feature
    from workbench.streams.recorded import Stream

_FOREVER = 2**62
ABOUT: Final = ("feature", "missing", "says")
"""Columns of :func:`by_feature` beside the areas."""


def labelled(stream: Stream, label_delay: str | int | None = None) -> pl.DataFrame:
    """Return all events with what became known of them.

    Parameters
    ----------
    stream
        The recorded stream; all of it is held in memory.
    label_delay
        Delay of labels that carry no ``known_at``; the case's own if not given.

    Returns
    -------
    polars.DataFrame
        The columns of the events, ``label``, ``known_at``, and ``pattern`` where the stream has
        ground truth; null where there is none.
    """
    delay = get_case(stream.case).label_delay if label_delay is None else label_delay
    labels = LabelFeed(stream, microseconds(delay)).until(_FOREVER)
    rows = pl.concat(list(stream.batches())).join(
        labels, on=EVENT_ID, how="left", maintain_order="left"
    )
    if stream.truth is None:
        return rows
    return rows.join(stream.pattern(), on=EVENT_ID, how="left", maintain_order="left")


def feature_table(
    stream: Stream,
    features: str | Sequence[Feature] = "all",
    *,
    label_delay: str | int | None = None,
    deliver: str | int = "1h",
    start: datetime | None = None,
) -> pl.DataFrame:
    """Return the features of a stream's events, each as it was at the event's time.

    Parameters
    ----------
    stream
        The recorded stream.
    features
        Name of one of the case's feature sets, or declared features.
    label_delay
        Delay of labels that carry no ``known_at``; the case's own if not given.
    deliver
        Interval between deliveries of labels.
    start
        Only rows from this time on; earlier events still count in the features.

    Returns
    -------
    polars.DataFrame
        ``event_id``, and a Float64 column for each feature; NaN is missing.
    """
    case = get_case(stream.case)
    declared = feature_set(stream.case, features) if isinstance(features, str) else features
    watcher = _Watcher()
    pace = Pace(deliver=microseconds(deliver), warm_up=0)
    path = Path(tuple(declared), case.schema, watcher, pace)
    delay = microseconds(case.label_delay if label_delay is None else label_delay)
    names = [feature.name for feature in declared]
    parts = []
    with progress("features", stream.n_events) as step:
        for events, _ in drive(path, stream, delay):
            rows = pl.DataFrame(watcher.take(), schema=names)
            part = pl.concat([events.select(EVENT_ID, "event_time"), rows], how="horizontal")
            parts.append(part if start is None else part.filter(pl.col("event_time") >= start))
            step(events.height)
    return pl.concat(parts).drop("event_time")


def by_feature(
    data: pl.DataFrame, features: Sequence[Feature], areas: Callable[[Vector], Mapping[str, float]]
) -> pl.DataFrame:
    """Return what each feature tells alone.

    Parameters
    ----------
    data
        Events with their features, see :func:`feature_table`.
    features
        The declared features.
    areas
        Given a feature's values, shape (n,), NaN where missing: areas under ROC curves by name.

    Returns
    -------
    polars.DataFrame
        ``feature``, ``missing`` (share), the areas, and ``says`` (the feature's sentence). The
        feature with the area that is furthest from 0.5, which says nothing, comes first.
    """
    found = []
    for feature in features:
        x = data[feature.name].to_numpy()
        missing = float(np.isnan(x).mean()) if len(x) else 1.0
        found.append({"feature": feature.name, "missing": missing, **areas(x), "says": feature.doc})
    distance = pl.max_horizontal((pl.exclude(ABOUT) - 0.5).abs())
    return pl.DataFrame(found).sort(distance, "feature", descending=[True, False])


class _Watcher:
    """Stands in a detector's place on the path and keeps the rows that it is to score."""

    def __init__(self) -> None:
        self._rows: list[Matrix] = []

    def take(self) -> Matrix:
        """Return the rows since the last call, shape (n, f)."""
        rows, self._rows = self._rows, []
        return np.concatenate(rows)

    def warm_up(self, X: Matrix) -> None:
        pass

    def score(self, X: Matrix) -> Vector:
        self._rows.append(X.copy())
        return np.zeros(len(X))

    def learn(self, X: Matrix, y: npt.NDArray[np.int8], w: Vector) -> None:
        pass

    def state(self) -> State:
        return {}

    def restore(self, state: State) -> None:
        pass
