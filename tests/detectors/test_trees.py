import numpy as np
import pytest

from workbench.detectors import forest, trees
from workbench.detectors.rows import as_dicts

FEATURES = tuple("abcd")


def turning_rows(seed, count=6000, turn=1600):
    """Rows whose rule changes again and again, with gaps."""
    rng = np.random.default_rng(seed)
    X = rng.random((count, 4))
    exclusive = (X[:, 0] > 0.5) ^ (X[:, 1] > 0.5)
    turned = (np.arange(count) // turn) % 2 == 1
    y = np.where(turned, exclusive, X[:, 0] > 0.3).astype(np.int8)
    X[rng.random(X.shape) < 0.15] = np.nan
    return X, y


def reference(detector, X):
    return [detector.reference_score(x) for x in as_dicts(X, FEATURES)]


def test_an_adaptive_trees_alternates_vote_as_in_river():
    detector = trees.ADAPTIVE_SPEC.make(
        FEATURES, 3, grace_period=50, tau=0.2, drift_window_threshold=100
    )
    X, y = turning_rows(3)
    alternates = 0
    for i in range(0, len(X), 300):
        part = slice(i, i + 300)
        detector.learn(X[part], y[part], np.ones(300))
        assert detector.score(X[part]).tolist() == reference(detector, X[part])
        alternates += int((detector._snapshot.alternate >= 0).sum())
    assert alternates > 3
    assert detector.model.n_alternate_trees > 3


def test_a_missing_value_takes_the_way_of_most_rows():
    detector = trees.SPEC.make(FEATURES, grace_period=50, tau=0.3)
    X = np.random.default_rng(0).random((600, 4))
    detector.learn(X, (X[:, 2] > 0.8).astype(np.int8), np.ones(600))
    low, gap = np.full((1, 4), 0.1), np.full((1, 4), 0.1)
    gap[0, 2] = np.nan
    assert detector.model.n_leaves > 1
    assert detector.score(gap) == detector.score(low) < 0.1


def test_weights_count_as_rows():
    X, y = np.random.default_rng(0).random((200, 4)), np.zeros(200, dtype=np.int8)
    y[:20] = 1
    detector = trees.SPEC.make(FEATURES, grace_period=10_000)
    detector.learn(X, y, np.where(y == 1, 9.0, 1.0))
    assert detector.score(X[:1])[0] == pytest.approx(0.5)


def test_a_tree_that_has_learned_nothing_scores_zero():
    assert trees.SPEC.make(FEATURES).score(np.zeros((2, 4))).tolist() == [0.0, 0.0]


def test_a_forest_through_warnings_and_drifts_is_rivers():
    detector = forest.SPEC.make(FEATURES, 1, n_models=3)
    X, y = turning_rows(1, count=2400, turn=800)
    for i in range(0, len(X), 200):
        part = slice(i, i + 200)
        detector.learn(X[part], y[part], np.ones(200))
        np.testing.assert_allclose(
            detector.score(X[part]), reference(detector, X[part]), rtol=0, atol=1e-12
        )
    assert detector.model.n_drifts_detected() > 0


def test_a_forest_that_was_never_right_votes_all_the_same():
    detector = forest.SPEC.make(FEATURES, n_models=3)
    X = np.zeros((1, 4))
    detector.learn(X, np.ones(1, dtype=np.int8), np.ones(1))
    assert not any(metric.get() for metric in detector.model._metrics)
    assert detector.score(X).tolist() == reference(detector, X) == [1.0]


def test_a_weight_multiplies_the_forests_rate():
    X = np.random.default_rng(0).random((100, 4))
    y = (X[:, 0] > 0.5).astype(np.int8)
    seen = []
    for weight in (1.0, 10.0):
        detector = forest.SPEC.make(FEATURES, 0, n_models=2)
        detector.learn(X, y, np.full(100, weight))
        assert detector.model.lambda_value == 6.0
        seen.append(sum(tree._train_weight_seen_by_model for tree in detector.model.data))
    assert seen[1] == pytest.approx(10 * seen[0], rel=0.1)


def test_the_first_rows_gaps_do_not_narrow_a_forest():
    detector = forest.SPEC.make(FEATURES, max_features="all")
    detector.learn(np.full((1, 4), np.nan), np.zeros(1, dtype=np.int8), np.ones(1))
    assert detector.model.max_features == 4
