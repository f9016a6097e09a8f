"""The detectors that the vitals case offers, each with the features it reads."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from workbench.cases.vitals.features import ALL, NOT_CROSSED, SIGNS
from workbench.cases.vitals.groups import GROUPS
from workbench.cases.vitals.target import UtilityTarget
from workbench.detectors.additive import SPEC as ADDITIVE
from workbench.detectors.binning import Cross, Edges, Quantiles, Term, UnitGrid
from workbench.detectors.chart import chart_spec
from workbench.detectors.gaussian import gaussian_spec
from workbench.detectors.protocol import Choice, DetectorSpec
from workbench.detectors.registry import builtin

_FINE = Quantiles((0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99))
_COARSE = Quantiles((0.1, 0.3, 0.5, 0.7, 0.9))
_HOURS = UnitGrid(0, 71)
_CROSSED: Final = tuple(f.name for f in ALL if f not in NOT_CROSSED)

#: What stands for what: every feature in bins of its quantiles, and one for "not measured"; the
#: hour of the stay one bin an hour, up to 72.
TERMS: Final = (
    *(Term(f.name, _FINE) for f in ALL),
    Term("stay_hour", _HOURS, "stay_hour_each"),
    Term("observed_hours", _HOURS, "observed_hours_each"),
    Term("stay_hour", Edges((6, 12, 20, 30, 42, 52, 58)), "stay_band", main=False),
    Term("hospital_admission", Edges((-4800, -600, -50)), "hospital_band", main=False),
    Term("fio2_age", Edges((1, 2, 7)), "ventilation_band", main=False),
    Term("temperature", Quantiles((0.25, 0.5, 0.75)), "temperature_band", main=False),
    *(Term(name, _COARSE, f"{name}_coarse", main=False) for name in _CROSSED),
)
#: What is measured means another thing early and late in a stay, in those who came to the unit
#: straight from home, in those whose inspired oxygen is watched, and in fever. Under AdaGrad a
#: value acts as a column's learning rate.
BANDS: Final = {
    "stay_band": 0.3,
    "hospital_band": 0.2,
    "ventilation_band": 0.2,
    "temperature_band": 0.2,
}
CROSSES: Final = tuple(
    Cross((band, f"{name}_coarse"), value=value)
    for band, value in BANDS.items()
    for name in _CROSSED
)


def _additive() -> DetectorSpec:
    shipped = {"lr": 0.003, "intercept_lr": 0.0, "eps": 1.0, "twin": True}
    defaults = {k: v for k, v in {**ADDITIVE.defaults, **shipped}.items() if k != "quantiles"}
    space = {k: v for k, v in ADDITIVE.space.items() if k in defaults and k != "intercept_lr"}
    return replace(
        ADDITIVE,
        build=partial(ADDITIVE.build, terms=TERMS, crosses=CROSSES, groups=GROUPS),
        defaults=defaults,
        # There is no twin of FTRL.
        space={**space, "optimizer": Choice(("adagrad", "sgd"))},
        pace={"negatives": 0.04, "importance": 1.0},
        target=UtilityTarget,
    )


#: The most points that each part of NEWS2 gives.
NEWS2_POINTS: Final = {
    "news2_respiration": 3,
    "news2_spo2": 3,
    "news2_oxygen": 2,
    "news2_systolic": 3,
    "news2_heart_rate": 3,
    "news2_consciousness": 3,
    "news2_temperature": 3,
}
#: What a device cannot tell apart, and what no nurse would look at twice: in hundredths.
FLOORS: Final = {
    "heart_rate": 500,
    "spo2": 100,
    "temperature": 30,
    "systolic": 800,
    "mean_pressure": 600,
    "diastolic": 500,
    "respiration": 200,
}

DETECTORS: Final[dict[str, DetectorSpec]] = {
    "additive": _additive(),
    "news2": replace(
        chart_spec("news2", "National Early Warning Score 2, of 20 points", NEWS2_POINTS),
        features="news2",
    ),
    "artefacts": replace(
        chart_spec(
            "artefacts",
            "Flat lines, slipped probes and other leaps: values that are left out",
            {f"{sign}_left_out": 1 for sign in SIGNS},
        ),
        features="artefacts",
    ),
    "gaussian": replace(
        gaussian_spec("gaussian", "Unusual signs: Gaussians, unsupervised (River)", FLOORS),
        features="signs",
    ),
    "deviation": replace(
        gaussian_spec(
            "deviation",
            "Far from the patient's own first hours: Gaussians, unsupervised (River)",
            {f"{sign}_from_baseline": floor for sign, floor in FLOORS.items()},
        ),
        features="signs",
    ),
    **{
        name: replace(
            spec,
            build=partial(spec.build, learn_warm_up=True)
            if name == "half-space-trees"
            else spec.build,
            features="signs",
        )
        for name, spec in builtin().items()
        if name != "additive"
    },
}
