"""One trial: a detector's way along the cached features, judged as it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.errors import WorkbenchError
from workbench.replay.drive import BATCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from workbench.detectors.protocol import Vector
    from workbench.replay.setup import Setup
    from workbench.tuning.cache import FeatureCache

CHECKPOINTS = 8
"""How many times a trial is judged, the last time at its end."""


def play(setup: Setup, cache: FeatureCache, stops: Sequence[int] = ()) -> Iterator[Vector]:
    """Replay a setup over cached features; equal to a replay of the stream bit for bit.

    Parameters
    ----------
    setup
        What is replayed; its features are the cache's.
    cache
        Features and label deliveries.
    stops
        Rows before which to pause, ascending, beside the end.

    Yields
    ------
    ndarray
        The scores so far, at each stop and at the end.
    """
    learner = setup.scoring().learner
    n = len(cache.X)
    scores = np.empty(n)
    done = 0
    for stop in (*stops, n):
        while done < stop:
            end = min(stop, done + BATCH)
            low, high = np.searchsorted(cache.at, (done, end))
            sequence, values = cache.sequence[low:high], cache.values[low:high]
            chosen = learner.chosen(sequence, values)
            scores[done:end] = learner.step(
                cache.X[done:end],
                cache.time[done:end],
                cache.X[sequence[chosen]],
                values[chosen],
                cache.at[low:high][chosen] - done,
            )
            done = end
        yield scores[:done]


def judge(
    setup: Setup,
    cache: FeatureCache,
    start: int,
    objective: Callable[[pl.DataFrame], float],
) -> Iterator[float]:
    """Yield the objective so far at each checkpoint of a trial; the last one is its result.

    Parameters
    ----------
    setup, cache
        As for :func:`play`.
    start
        Time (µs) from which events are judged.
    objective
        Takes rows that may be evaluated, with their scores, and returns the metric; higher is
        better.

    Raises
    ------
    WorkbenchError
        If a score is not finite.
    """
    first = int(np.searchsorted(cache.time, start))
    begin, end = int(cache.time[first]), int(cache.time[-1])
    moments = [begin + (end - begin) * k // CHECKPOINTS for k in range(1, CHECKPOINTS)]
    stops = [int(s) for s in np.searchsorted(cache.time, moments, side="right")]
    position = cache.judged["row"].to_numpy()
    low = int(np.searchsorted(position, first))
    for scores in play(setup, cache, stops):
        if not np.isfinite(scores).all():
            raise WorkbenchError(f"{setup.detector} gave a score that is not finite.")
        high = int(np.searchsorted(position, len(scores)))
        chosen = pl.Series("score", scores[position[low:high]])
        yield objective(cache.judged[low:high].with_columns(chosen))
