"""Speed beside River's documented way, and beside the calls that cannot be avoided."""

from __future__ import annotations

import time
from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from benchmarks.data import BUILD, handbook, head, table
from benchmarks.river_native import documented_way
from workbench.cases.fraud.features import HANDBOOK
from workbench.detectors.additive import Additive
from workbench.detectors.rows import as_dicts
from workbench.durations import DAY
from workbench.replay.drive import drive
from workbench.replay.replay import replay
from workbench.replay.setup import Setup

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.streams.recorded import Stream

NEEDS_HANDBOOK = True
EVENTS = 200_000
REPEATS = 5
#: The features that River's aggregations can say: all but the rates of known labels.
WINDOWS = HANDBOOK[:12]


def run(file: Path) -> None:
    """Print both comparisons; medians of several runs, with the range."""
    stream = head(handbook(file), EVENTS)
    logistic = changed(
        Setup.of("fraud", "logistic", {"optimizer": "sgd", "lr": 0.01}), features=WINDOWS
    )
    everything = changed(logistic, pace=changed(logistic.pace, negatives=1.0, importance=1.0))
    rows = pl.concat(list(stream.batches()))
    labels = pl.concat(list(stream.labels()))["label"].to_list()
    replay(stream, logistic, BUILD / "runs" / "warm")  # compiles
    river = documented_way(rows, labels)
    ours = _times(stream, logistic)
    all_learned = _times(stream, everything)
    table(
        ("the same 12 window features, logistic regression, 200,000 events", "seconds", "ratio"),
        [
            ("River: Agg, TimeRolling, pipeline, progressive_val_score(delay)", f"{river:.1f}", 1),
            ("workbench replay, as shipped: all frauds and a tenth of the genuine learned",
             _spread(ours), _ratio(river, ours)),
            ("workbench replay, every event learned by River's learn_one",
             _spread(all_learned), _ratio(river, all_learned)),
        ],
    )  # fmt: skip
    print()
    table(
        ("whole replay beside the calls that cannot be avoided", "replay", "bare calls", "ratio"),
        [_beside_bare(name, stream, setup) for name, setup in (
            ("additive, as shipped", Setup.of("fraud")),
            ("additive, every event learned", Setup.of("fraud", None, {"negatives": 1.0})),
            ("logistic, 12 features, every event learned", everything),
        )],
    )  # fmt: skip


def _times(stream: Stream, setup: Setup) -> list[float]:
    return [
        replay(stream, setup, BUILD / "runs" / "speed").document["seconds"] for _ in range(REPEATS)
    ]


def _beside_bare(name: str, stream: Stream, setup: Setup) -> tuple[object, ...]:
    whole, bare = [], []
    for _ in range(REPEATS):
        whole.append(_times(stream, setup)[0])
        bare.append(_bare(stream, setup))
    ratios = np.array(whole) / np.array(bare)
    return (
        name,
        _spread(whole),
        _spread(bare),
        f"{np.median(ratios):.2f} ({ratios.min():.2f}–{ratios.max():.2f})",
    )


class _Recorder:
    """A detector that learns nothing and notes what it was given to learn."""

    def __init__(self) -> None:
        self.learned: list[tuple[Any, Any, Any]] = []

    def warm_up(self, X: Any) -> None:
        self.warm = X

    def score(self, X: Any) -> Any:
        return np.zeros(len(X))

    def learn(self, X: Any, y: Any, w: Any) -> None:
        self.learned.append((X.copy(), y, w))


def _bare(stream: Stream, setup: Setup) -> float:
    """Return the seconds of the feature kernel's calls and of River's ``learn_one`` alone."""
    path = setup.build()
    detector, recorder = path.learner.detector, _Recorder()
    path.learner.detector = recorder
    prepare, seconds = path.engine.prepare, 0.0

    def timed(*arguments: Any) -> Any:
        nonlocal seconds
        begin = time.perf_counter()
        compute, out = prepare(*arguments)
        compute()
        seconds += time.perf_counter() - begin
        return lambda: None, out

    path.engine.prepare = timed  # type: ignore[method-assign]  # only its time is wanted
    for _ in drive(path, stream, 7 * DAY):
        pass
    detector.warm_up(recorder.warm)
    X = np.concatenate([rows for rows, _, _ in recorder.learned])
    y = np.concatenate([labels for _, labels, _ in recorder.learned]).astype(bool).tolist()
    w = np.concatenate([weights for _, _, weights in recorder.learned]).tolist()
    learn, prepared = _river_calls(detector, X)
    begin = time.perf_counter()
    for x, label, weight in zip(prepared, y, w, strict=True):
        learn(x, label, weight)
    return seconds + time.perf_counter() - begin


def _river_calls(detector: Any, X: Any) -> tuple[Any, list[dict[Any, float]]]:
    """Return River's own call behind a detector, and the dicts that it takes."""
    model = detector.model
    if isinstance(detector, Additive):
        ids = detector.binning.encode(X)
        values = detector.binning.values[ids].tolist()
        rows = zip(ids.tolist(), values, strict=True)
        return model.learn_one, [dict(zip(row, value, strict=True)) for row, value in rows]

    def learn(x: dict[str, float], label: bool, weight: float) -> None:
        detector.scaler.learn_one(x)
        model.learn_one(detector.scaler.transform_one(x), label, weight)

    return learn, as_dicts(X, detector.features)


def _spread(seconds: list[float]) -> str:
    return f"{np.median(seconds):.2f} ({min(seconds):.2f}–{max(seconds):.2f})"


def _ratio(river: float, seconds: list[float]) -> str:
    return (
        f"{river / np.median(seconds):.0f} ({river / max(seconds):.0f}–{river / min(seconds):.0f})"
    )
