"""One trial: a detector's way along a cached span, judged as it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workbench.replay.setup import Setup
    from workbench.tuning.caches import Cache

CHECKPOINTS = 8
"""How many times a trial is judged, the last time at its end."""


def judge(
    setup: Setup,
    cache: Cache,
    start: int,
    objective: Callable[[pl.DataFrame], float],
) -> Iterator[float]:
    """Yield the objective so far at each checkpoint of a trial; the last one is its result.

    Parameters
    ----------
    setup
        What is replayed.
    cache
        The span, for the setup's features.
    start
        Time (µs) from which events are judged.
    objective
        Takes rows that may be evaluated, with their answers, and returns the metric; higher is
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
    for answers in cache.play(setup, stops):
        if isinstance(answers, np.ndarray) and not np.isfinite(answers).all():
            raise WorkbenchError(f"{setup.detector} gave a score that is not finite.")
        high = int(np.searchsorted(position, len(answers)))
        chosen = pl.Series(cache.answer, answers[position[low:high]])
        yield objective(cache.judged[low:high].with_columns(chosen))
