"""Quality on the Fraud Detection Handbook's week of 2018-08-08, labels 7 days late.

The choice weeks are the six test weeks before 2018-07-31; what is shipped was chosen on them.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.data import BUILD, handbook, table
from workbench.cases.fraud.handbook import week_performance
from workbench.replay.replay import replay
from workbench.replay.setup import Setup

if TYPE_CHECKING:
    from pathlib import Path

NEEDS_HANDBOOK = True
WEEK = date(2018, 8, 8)
CHOICE = [date(2018, 6, 19) + timedelta(weeks=k) for k in range(6)]
METRICS = ("roc_auc", "average_precision", "card_precision_at_k")
DETECTORS = ("additive", "logistic", "hoeffding-tree", "naive-bayes", "half-space-trees", "rule")
#: Published for the same week and protocol; the ceiling is Bayes on the data's own rules.
PUBLISHED = (
    ("published: logistic regression", ".871", ".606", ".291"),
    ("published: random forest", ".867", ".658", ".287"),
    ("published: XGBoost", ".862", ".639", ".273"),
    ("the most that can be known", ".894", ".779", ".303"),
)


def run(file: Path) -> None:
    """Replay each detector and print its week beside the published models."""
    stream = handbook(file)
    rows: list[tuple[object, ...]] = []
    for name in DETECTORS:
        result = replay(stream, Setup.of("fraud", name), BUILD / "runs" / name, label_delay="7d")
        frame = result.frame("card")
        final = week_performance(frame, WEEK)
        before = [week_performance(frame, week, replicates=0) for week in CHOICE]
        choice = [float(np.mean([week[m].value for week in before])) for m in METRICS]
        rows.append(
            (
                f"workbench: {name}",
                *(str(final[m]) for m in METRICS),
                " / ".join(f"{value:.3f}" for value in choice),
            )
        )
    header = ("model", "ROC AUC", "average precision", "Card Precision@100", "choice weeks")
    table(header, [*((*row, "") for row in PUBLISHED), *rows])
