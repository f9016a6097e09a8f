import numpy as np
import pytest

from workbench.detectors.bayes import SPEC


def learned(X, y, w=None):
    detector = SPEC.make(tuple("ab"[: X.shape[1]]))
    detector.learn(X, np.asarray(y, dtype=np.int8), np.ones(len(X)) if w is None else w)
    return detector


def test_a_weight_counts_as_that_many_rows():
    X = np.random.default_rng(0).normal(size=(50, 2))
    y = (X[:, 0] > 0.5).astype(np.int8)
    weighted = learned(X, y, np.where(y == 1, 1.0, 3.0))
    times = np.where(y == 1, 1, 3)
    repeated = learned(np.repeat(X, times, axis=0), np.repeat(y, times))
    np.testing.assert_allclose(weighted.score(X), repeated.score(X), rtol=1e-9)


def test_a_signal_without_spread_says_nothing():
    # River's GaussianScorer gives 1.0 for every value of such a signal; naive Bayes must not.
    X = np.c_[np.full(40, 5.0), np.tile([0.0, 1.0, 2.0, 3.0], 10)]
    detector = learned(X, X[:, 1] > 1)
    without = X.copy()
    without[:, 0] = np.nan
    np.testing.assert_allclose(detector.score(X), detector.score(without), atol=1e-12)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_is_certain(label):
    assert learned(np.eye(2), [label, label]).score(np.eye(2)).tolist() == [label, label]
