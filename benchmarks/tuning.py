"""Forty trials of tuning beside forty separate runs in River."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from river import linear_model, optim, tree

from benchmarks.data import BUILD, ROOT, table
from benchmarks.river_native import documented_way
from workbench.streams.recorded import Stream
from workbench.tuning.tune import tune

if TYPE_CHECKING:
    from pathlib import Path

NEEDS_HANDBOOK = False
TRIALS = 40


def run(_: Path) -> None:
    """Tune on the recorded stream; estimate River's time from two of its runs."""
    stream = Stream.open(ROOT / "data" / "fraud")
    begin = time.perf_counter()
    tune(stream, trials=TRIALS, jobs=2, out=BUILD / "study")
    ours = time.perf_counter() - begin
    rows = pl.concat(list(stream.batches()))
    known = pl.concat(list(stream.labels()))
    labels = rows.join(known, on="event_id", how="left", maintain_order="left")["label"].to_list()
    classifiers = (
        linear_model.LogisticRegression(optim.AdaGrad(0.3)),
        tree.HoeffdingTreeClassifier(leaf_prediction="mc"),
    )
    seconds = [documented_way(rows, labels, classifier) for classifier in classifiers]
    river = TRIALS * float(np.mean(seconds))
    table(
        ("40 configurations on the 60-day stream", "seconds", "share"),
        [
            (f"River, one after the other (two runs: {seconds[0]:.0f} s, {seconds[1]:.0f} s)",
             f"{river:,.0f}", "100 %"),
            ("workbench tune --trials 40 --jobs 2, with confirmation", f"{ours:.0f}",
             f"{100 * ours / river:.1f} %"),
        ],
    )  # fmt: skip
