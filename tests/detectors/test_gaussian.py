from __future__ import annotations

import numpy as np
import pytest

from workbench.detectors.chart import chart_spec
from workbench.detectors.checks import checks_for
from workbench.detectors.gaussian import Gaussians, gaussian_spec
from workbench.errors import ParameterError

FLOORS = {"pulse": 5.0, "pressure": 8.0}
POINTS = {"pulse": 3, "pressure": 2}
SPECS = [gaussian_spec("gaussian", "", FLOORS), chart_spec("chart", "", POINTS)]


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=f"{spec.name}-{check.func.__name__.removeprefix('check_')}")
        for spec in SPECS
        for check in checks_for(spec, ("pressure", "age", "pulse"))
    ],
)
def test_contract_of_gaussians_and_charts(check):
    check()


def test_a_signal_that_never_moved_may_move_by_its_floor():
    detector = Gaussians(("pulse",), floors={"pulse": 5.0})
    detector.warm_up(np.full((50, 1), 80.0))
    scores = detector.score(np.array([[80.0], [81.0], [85.0], [120.0]]))
    np.testing.assert_allclose(scores, 1 - np.exp(-np.array([0, 0.02, 0.5, 32])), rtol=1e-12)


def test_a_stream_without_labels_has_scores_after_its_warm_up():
    rng = np.random.default_rng(3)
    detector = Gaussians(("pulse", "pressure"), floors=FLOORS)
    detector.warm_up(np.c_[rng.normal(80, 10, 500), rng.normal(120, 15, 500)])
    usual, far = detector.score(np.array([[82.0, 118.0], [140.0, 60.0]]))
    assert usual < 0.1 < 0.99 < far


def test_what_is_not_measured_counts_for_nothing():
    detector = Gaussians(("pulse", "pressure"), floors=FLOORS)
    detector.warm_up(np.tile([[80.0, 120.0]], (10, 1)))
    alone, both = detector.score(np.array([[90.0, np.nan], [90.0, 120.0]]))
    np.testing.assert_allclose([alone, both], 1 - np.exp([-2.0, -1.0]), rtol=1e-12)


def test_distances_are_told_by_sign():
    detector = Gaussians(("pulse", "pressure"), floors=FLOORS)
    detector.warm_up(np.tile([[80.0, 120.0]], (10, 1)))
    names, parts = detector.explain(np.array([[90.0, 128.0]]))
    assert names == ("pulse", "pressure")
    assert parts.tolist() == [[1.0, 0.25]]


@pytest.mark.parametrize("floors", [{"pulse": 0.0}, {"temperature": 1.0}])
def test_a_floor_that_means_nothing_is_refused(floors):
    with pytest.raises(ParameterError, match="a floor of"):
        Gaussians(("pulse",), floors=floors)


@pytest.mark.parametrize("points", [{"pulse": 0}, {"temperature": 3}])
def test_a_part_that_means_nothing_is_refused(points):
    with pytest.raises(ParameterError, match="a part"):
        chart_spec("chart", "", points).make(("pulse",))
