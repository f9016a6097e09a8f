"""Vitals: quality on the PhysioNet/CinC Challenge 2019's hospital A, speed, and simulated wards.

Prequential: every hour is scored before its label is known, labels become known at the end of each
stay, the threshold is chosen on the first two fifths of the time and frozen, and stays that began
later are judged. The protocol is that of :mod:`workbench.cases.vitals.metrics`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from benchmarks import vitals_simulated
from benchmarks.data import BUILD, table
from benchmarks.vitals_boosting import REFITS, boosted
from benchmarks.vitals_data import ABSENT, HOSPITAL, Watch, hospital, one_core
from benchmarks.vitals_native import documented_way
from workbench.cases.vitals.metrics import MEASURES, evaluate
from workbench.cases.vitals.threshold import BUDGET
from workbench.replay.replay import replay
from workbench.replay.setup import Setup

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from workbench.replay.estimates import Floats
    from workbench.streams.recorded import Stream

NEEDS_HANDBOOK = False
DETECTORS: Final = ("additive", "news2", "deviation", "gaussian", "half-space-trees")
METRICS: Final = {
    "utility": "utility",
    "utility_54h": "first 54 hours",
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "alarms_per_patient_day": "alarms / patient-day",
    "ppv": "PPV",
    "sensitivity": "sensitivity",
    "lead_hours": "median lead (h)",
}
REPEATS: Final = 3
NATIVE: Final = 3_000
"""Observations that River's own pipeline is given: its rate does not depend on how many."""


def run(_: Path) -> None:
    """Print quality and speed on the challenge's set, and alarms on simulated wards."""
    if HOSPITAL.exists():
        stream = hospital()
        quality(stream)
        print()
        speed(stream)
    else:
        print(ABSENT, flush=True)
    print()
    vitals_simulated.run(_)


def quality(stream: Stream) -> None:
    """Compare the shipped detector with NEWS2, unsupervised ones and gradient boosting."""
    frames = {}
    for name in DETECTORS:
        out = BUILD / "runs" / f"{stream.path.name}-{name}"
        frames[name] = replay(stream, Setup.of("vitals", name), out, measured=False).frame()
    shipped = frames["additive"]
    begin, end = shipped["event_time"].min(), shipped["event_time"].max()
    frozen_at = begin + 0.4 * (end - begin)  # type: ignore[operator]  # of times
    rows = [_row(f"workbench: {name}", frame, frozen_at) for name, frame in frames.items()]
    # Its points are few: under the budget it can only choose far fewer alarms.
    free = "workbench: news2, as many alarms as gain utility"
    rows.insert(2, _row(free, frames["news2"], frozen_at, None))
    scores = boosted(stream)
    trees = shipped.drop("score").join(scores, on="event_id", how="left", maintain_order="left")
    rows.append(_row(f"gradient boosting, refitted {REFITS} times", trees, frozen_at))
    table(("detector", *METRICS.values()), rows)


def _row(
    name: str, frame: pl.DataFrame, frozen_at: object, budget: float | None = BUDGET
) -> tuple[object, ...]:
    found = evaluate(frame, budget=budget, frozen_at=frozen_at).overall  # type: ignore[arg-type]  # a datetime
    return name, *(format(found[metric], MEASURES[metric].spec) for metric in METRICS)


def speed(stream: Stream) -> None:
    """Compare a replay on one processor with River's own pipeline on the same observations."""
    ours, river, setup = [], [], Setup.of("vitals")
    with one_core():
        # In turn: whatever else the machine does slows both.
        for _ in range(REPEATS):
            watch = Watch()
            replay(stream, setup, BUILD / "runs" / "vitals-speed", measured=False)
            ours.append(stream.n_events / watch.seconds)
            river.append(NATIVE / documented_way(stream, NATIVE))
    ways = {
        "River: Agg, TimeRolling, scaler, logistic regression; 94 features": river,
        f"workbench replay, everything written to disk: {len(setup.features)} features, bins, "
        "crosses, learning": ours,
    }
    table(
        ("on one processor", "observations a second", "a second of processor time", "ratio"),
        [
            (name, *map(_spread, (*np.transpose(rates), np.divide(rates, river)[:, 1])))
            for name, rates in ways.items()
        ],
    )


def _spread(values: Floats) -> str:
    return f"{np.median(values):,.0f} ({values.min():,.0f}–{values.max():,.0f})"
