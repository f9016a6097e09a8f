"""The detectors that the fraud case offers, each with the features it reads."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from workbench.detectors.additive import SPEC as ADDITIVE
from workbench.detectors.binning import Cross, Edges, LogGrid, Quantiles, Term, UnitGrid
from workbench.detectors.protocol import Choice, DetectorSpec
from workbench.detectors.registry import builtin
from workbench.detectors.rule import Points, rule_spec

_DECILES = tuple(i / 10 for i in range(1, 10))
_TAIL = (0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995)
_DAYS = UnitGrid(7, 61)
_YES = Edges((0.5,))
# Under AdaGrad a value is a column's learning rate: what speaks of rare patterns learns slower.
_RARE: Final = 0.6

#: Bins of the shipped detector. No edge is taken from a data set: quantiles come from the
#: stream's own warm-up, ratios lie on log grids, ages have one bin a day, counts one a unit.
TERMS: Final = (
    Term("amount", Quantiles(_DECILES + _TAIL)),
    Term("amount", Quantiles((0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 0.995)), "amount_coarse", main=False),
    Term("ratio", LogGrid(0.1, 12, 32)),
    Term("ratio", LogGrid(0.1, 10, 8), "ratio_coarse", main=False),
    Term("highest_ratio", LogGrid(0.5, 8, 14)),
    Term("highest_ratio", LogGrid(1.5, 4, 5), "highest_ratio_coarse", main=False),
    Term("run_age", _DAYS),
    Term("run_gap", Edges((0.0, 1.5, 2.5, 4.5, 8.5, 16.5)), main=False),
    Term("run_span", _DAYS),
    Term("run_length", Edges((0.5, 1.5, 2.5, 4.5, 8.5, 16.5))),
    Term("run_lowest", LogGrid(0.5, 6, 10)),
    Term("run_only", LogGrid(0.5, 6, 10), main=False),
    Term("run_rival", LogGrid(1.5, 4, 5), main=False),
    Term("quiet", Edges((0.5, 7.5, 8.5, 9.5, 10.5, 12.5, 14.5, 18.5, 24.5, 34.5))),
    Term("card_count_10m", UnitGrid(1, 6), value=_RARE),
    Term("card_count_1h", UnitGrid(1, 8), value=_RARE),
    Term("card_count_1d", Edges((1.5, 2.5, 3.5, 5.5, 8.5, 12.5)), value=_RARE),
    Term("card_since_last", LogGrid(1 / 1440, 16, 12), value=_RARE),
    Term("card_terminal_distinct_1h", UnitGrid(1, 5), value=_RARE),
    Term("card_area_distinct_1d", Edges((1.5, 2.5)), value=_RARE),
    Term("card_new_terminal_30d", _YES, value=_RARE),
    Term("card_new_area_30d", _YES, value=_RARE),
    Term("night", _YES, value=_RARE),
    Term("card_known_1_30d", Edges((0.5, 1.5, 3.5)), value=_RARE),
    Term("terminal_known_rate_7d", Edges((0.0, 0.05, 0.2, 0.5, 0.8)), value=_RARE),
)
CROSSES: Final = (
    Cross(("ratio", "highest_ratio_coarse")),
    Cross(("run_age", "run_gap")),
    Cross(("run_only", "run_rival")),
    Cross(("ratio", "card_count_1h"), value=_RARE),
    Cross(("amount_coarse", "card_count_10m"), value=_RARE),
    Cross(("night", "card_new_area_30d", "card_new_terminal_30d"), value=_RARE),
    Cross(("ratio_coarse", "card_new_area_30d", "night"), value=_RARE),
)

#: What an analyst would write down: the baseline that anyone can check.
RULES: Final = (
    Points("ratio", 3.0, 2.0),
    Points("highest_ratio", 3.0, 1.0),
    Points("run_length", 0.5, 2.0),
    Points("card_count_1h", 4.5, 2.0),
    Points("card_new_area_30d", 0.5, 0.5),
    Points("night", 0.5, 0.5),
)


def _additive() -> DetectorSpec:
    defaults = {k: v for k, v in ADDITIVE.defaults.items() if k != "quantiles"}
    space = {k: v for k, v in ADDITIVE.space.items() if k in defaults} | {
        "optimizer": Choice(("adagrad", "ftrl"))
    }
    return replace(
        ADDITIVE,
        build=partial(ADDITIVE.build, terms=TERMS, crosses=CROSSES),
        defaults=defaults,
        space=space,
        features="shipped",
    )


#: Trees split on impurity: genuine events at their full weight hide the few frauds.
_UNWEIGHTED: Final = {"importance": 1.0}
_TREES: Final = ("hoeffding-tree", "adaptive-tree", "adaptive-forest")

DETECTORS: Final[dict[str, DetectorSpec]] = {
    "rule": replace(rule_spec(RULES), features="shipped"),
    "additive": _additive(),
    **{
        name: replace(
            spec,
            features="handbook" if name == "logistic" else "all",
            pace=_UNWEIGHTED if name in _TREES else {},
        )
        for name, spec in builtin().items()
        if name != "additive"
    },
}
