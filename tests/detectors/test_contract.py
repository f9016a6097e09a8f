"""Every registered detector does what the contract says."""

import pytest

from workbench.detectors.checks import checks_for
from workbench.detectors.registry import builtin, plugins
from workbench.detectors.rule import Points, rule_spec

# Short streams must still split trees and fill windows.
QUICK = {
    "hoeffding-tree": {"grace_period": 30, "tau": 0.4},
    "adaptive-tree": {"grace_period": 30, "tau": 0.4, "drift_window_threshold": 50},
    "adaptive-forest": {"n_models": 3, "tau": 0.3},
    "half-space-trees": {"n_trees": 4, "height": 4, "window_size": 40},
}
SPECS = {
    **plugins(),
    **builtin(),
    "rule": rule_spec([Points("amount", 3.0), Points("age", 2.0, 2.0), Points("amount", 9.0)]),
}


@pytest.mark.parametrize(
    ("name", "check"),
    [
        pytest.param(name, check, id=f"{name}-{check.func.__name__.removeprefix('check_')}")
        for name, spec in SPECS.items()
        for check in checks_for(spec, **QUICK.get(name, {}))
    ],
)
def test_contract(name, check):
    check()
