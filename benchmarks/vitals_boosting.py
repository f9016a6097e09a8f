"""Gradient boosting on the shipped detector's features, refitted on what was known by then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier

from workbench.case import get_case
from workbench.cases.vitals.features import ALL
from workbench.cases.vitals.utility import LATE, from_onset, gain
from workbench.features.engine import FeatureEngine
from workbench.streams.frames import instants
from workbench.streams.schema import EVENT_ID, EVENT_TIME

if TYPE_CHECKING:
    import numpy.typing as npt

    from workbench.streams.recorded import Stream

REFITS: Final = 8
NEGATIVES: Final = 0.2
"""Share of the other hours, at a fifth of the weight that the shipped detector gives to its 4 %."""
PART: Final = 65_536


def boosted(stream: Stream) -> pl.DataFrame:
    """Return scores of all observations, from the model of the latest refit.

    There are eight refits, at equal distances in time. Each learns what the shipped detector would
    have learned by then (:class:`workbench.cases.vitals.target.UtilityTarget`). Before the first
    one there are no scores.

    Returns
    -------
    polars.DataFrame
        ``event_id`` and ``score``.
    """
    events = pl.concat(list(stream.batches(columns=[EVENT_ID, EVENT_TIME, "patient"])))
    labels = pl.concat(list(stream.labels()))
    frame = events.join(labels, on=EVENT_ID, how="left", maintain_order="left")
    X, time, known = _features(stream), instants(frame[EVENT_TIME]), instants(frame["known_at"])
    stay = frame["patient"].rank("dense").to_numpy().astype(np.int64) - 1
    since = from_onset(stay, time, frame["label"].to_numpy())
    gains = gain(since)
    positive = gains > 0
    chance = np.random.default_rng(0).random(len(X))
    usable = (positive | (chance < NEGATIVES)) & ~(since > LATE)
    weight = np.where(positive, 1.5 * gains, 0.04 / NEGATIVES)
    moments = np.linspace(time[0], time[-1], REFITS + 2)[1:-1]
    score = np.full(len(X), np.nan)
    for moment, end in zip(moments, [*moments[1:], np.inf], strict=True):
        rows = np.flatnonzero(usable & (known <= moment))
        # The library cannot learn from a column without any value.
        columns = np.flatnonzero(~np.isnan(X[rows]).all(axis=0))
        # Smaller trees than the library's defaults: better here.
        model = HistGradientBoostingClassifier(
            max_iter=150, max_leaf_nodes=15, min_samples_leaf=100, l2_regularization=1.0,
            early_stopping=False, random_state=0,
        )  # fmt: skip
        model.fit(X[np.ix_(rows, columns)], positive[rows], sample_weight=weight[rows])
        later = np.flatnonzero((time > moment) & (time <= end))
        for part in np.array_split(later, len(later) // PART + 1):
            score[part] = model.predict_proba(X[np.ix_(part, columns)])[:, 1]
    return frame.select(EVENT_ID).with_columns(score=pl.Series(score).fill_nan(None))


def _features(stream: Stream) -> npt.NDArray[np.float32]:
    engine = FeatureEngine(ALL, get_case("vitals").schema)
    X = np.empty((stream.n_events, len(ALL)), np.float32)
    done = 0
    for events in stream.batches(PART, columns=[EVENT_ID, EVENT_TIME, *engine.inputs]):
        rows = engine.advance(events, np.full(events.height, -1))
        X[done : done + len(rows)] = rows
        done += len(rows)
    return X
