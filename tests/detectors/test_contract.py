"""Every registered detector does what the contract says: built-in, a plug-in's or a case's."""

from dataclasses import replace

import pytest

from workbench.case import case_names, get_case
from workbench.detectors import recommender_checks
from workbench.detectors.checks import checks_for
from workbench.detectors.registry import builtin, plugins

# Short streams must still split trees and fill windows.
QUICK = {
    "hoeffding-tree": {"grace_period": 30, "tau": 0.4},
    "adaptive-tree": {"grace_period": 30, "tau": 0.4, "drift_window_threshold": 50},
    "adaptive-forest": {"n_models": 3, "tau": 0.3},
    "half-space-trees": {"n_trees": 4, "height": 4, "window_size": 40},
}


def detectors():
    for name, spec in {**plugins(), **builtin()}.items():
        yield name, checks_for(spec, **QUICK.get(name, {}))
    for name in ("additive", "logistic"):
        spec = builtin()[name]
        yield (
            f"{name}-twin",
            checks_for(replace(spec, defaults={**spec.defaults, "twin": True}, space={})),
        )
    shared = {spec.build for spec in builtin().values()}
    for case in map(get_case, case_names()):
        if case.answer == "items":
            for name, spec in case.load("detectors").items():
                yield f"{case.name}-{name}", recommender_checks.checks_for(spec)
            continue
        features = case.load("features")
        for name, spec in case.load("detectors").items():
            if spec.build not in shared:
                names = [feature.name for feature in features[spec.features]]
                quick = QUICK.get(name, {})
                yield f"{case.name}-{name}", checks_for(spec, names, **quick)


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=f"{name}-{check.func.__name__.removeprefix('check_')}")
        for name, checks in detectors()
        for check in checks
    ],
)
def test_contract(check):
    check()
