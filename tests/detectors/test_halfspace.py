import numpy as np
import pytest

from workbench.detectors.halfspace import SPEC


def test_a_row_far_from_the_others_scores_higher():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 2)) * [3000.0, 0.01]
    detector = SPEC.make(("cents", "ratio"), window_size=200)
    detector.warm_up(X[:300])
    detector.learn(X, np.zeros(600, dtype=np.int8), np.ones(600))
    common, rare = detector.score(np.array([[0.0, 0.0], [9000.0, 0.03]]))
    assert rare > common + 0.05


def test_features_of_any_scale_are_cut():
    X = np.random.default_rng(0).random((300, 2)) * [1e6, 1e-6]
    detector = SPEC.make(("large", "small"))
    detector.warm_up(X)
    cut = {node.feature for tree in detector.model.trees for node in tree.iter_branches()}
    assert cut == {"large", "small"}
    assert detector._scaled(X).max() == pytest.approx(1, abs=0.1)


def test_labels_and_weights_do_not_matter():
    X = np.random.default_rng(0).random((300, 1))
    scores = []
    for label in (0, 1):
        detector = SPEC.make(("x",), window_size=100)
        detector.learn(X, np.full(300, label, dtype=np.int8), np.full(300, 1.0 + label))
        scores.append(detector.score(X).tolist())
    assert scores[0] == scores[1]


def test_a_window_that_ends_with_a_batch_counts_at_once():
    detector = SPEC.make(("x",), window_size=50)
    rng = np.random.default_rng(0)
    for _ in range(3):
        X = rng.random((50, 1)) ** 3
        detector.learn(X, np.zeros(50, dtype=np.int8), np.ones(50))
        own = [detector.reference_score({"x": x}) for x in X[:, 0].tolist()]
        np.testing.assert_allclose(detector.score(X), own, rtol=0, atol=1e-12)


def test_scores_are_zero_until_the_first_window_is_full():
    detector = SPEC.make(("x",), window_size=50)
    X = np.random.default_rng(0).random((50, 1))
    detector.learn(X[:49], np.zeros(49, dtype=np.int8), np.ones(49))
    assert not detector.score(X).any()
    detector.learn(X[49:], np.zeros(1, dtype=np.int8), np.ones(1))
    assert detector.score(X).all()
