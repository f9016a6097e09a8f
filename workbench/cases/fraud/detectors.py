"""The detectors that the fraud case offers, each with the features it reads."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from workbench.cases.fraud.features import FEATURES
from workbench.detectors import additive
from workbench.detectors.binning import Cross, Edges, LogGrid, Quantiles, Term, UnitGrid

_DECILES = tuple(i / 10 for i in range(1, 10))
_TAIL = (0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995)
_DAYS = UnitGrid(7, 61)

#: Bins of the shipped detector. No edge is taken from a data set: quantiles come from the
#: stream's own warm-up, ratios lie on log grids, ages have one bin a day.
TERMS: Final = (
    Term("amount", Quantiles(_DECILES + _TAIL)),
    Term("ratio", LogGrid(0.1, 12, 32)),
    Term("highest_ratio", LogGrid(0.5, 8, 14)),
    Term("highest_ratio", LogGrid(1.5, 4, 5), name="highest_ratio_coarse", main=False),
    Term("run_age", _DAYS),
    Term("run_gap", Edges((0.0, 1.5, 2.5, 4.5, 8.5, 16.5)), main=False),
    Term("run_span", _DAYS),
    Term("run_length", Edges((0.5, 1.5, 2.5, 4.5, 8.5, 16.5))),
    Term("run_lowest", LogGrid(0.5, 6, 10)),
    Term("run_only", LogGrid(0.5, 6, 10), main=False),
    Term("run_rival", LogGrid(1.5, 4, 5), main=False),
    Term("quiet", Edges((0.5, 7.5, 8.5, 9.5, 10.5, 12.5, 14.5, 18.5, 24.5, 34.5))),
)
CROSSES: Final = (
    Cross(("ratio", "highest_ratio_coarse")),
    Cross(("run_age", "run_gap")),
    Cross(("run_only", "run_rival")),
)
