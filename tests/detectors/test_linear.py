import numpy as np
import pytest

from workbench.detectors.linear import SPEC
from workbench.detectors.rows import as_dicts

FEATURES = ("amount", "ratio", "age")


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "ftrl", "adam"])
def test_it_is_rivers_pipeline(optimizer):
    from river import linear_model, optim, preprocessing

    made = {
        "sgd": optim.SGD(0.1),
        "adagrad": optim.AdaGrad(0.1),
        "ftrl": optim.FTRLProximal(0.1, l2=0.0),
        "adam": optim.Adam(0.1),
    }
    river = preprocessing.StandardScaler() | linear_model.LogisticRegression(made[optimizer])
    detector = SPEC.make(FEATURES, optimizer=optimizer, lr=0.1)
    rng = np.random.default_rng(0)
    X = rng.lognormal(size=(300, 3)) * [100.0, 1.0, 5.0]
    X[rng.random(X.shape) < 0.1] = np.nan
    y = (X[:, 0] > 100).astype(np.int8)
    for x, label in zip(as_dicts(X, FEATURES), y.tolist(), strict=True):
        river.learn_one(x, bool(label))
    detector.learn(X, y, np.ones(300))
    expected = [river.predict_proba_one(x)[True] for x in as_dicts(X, FEATURES)]
    np.testing.assert_allclose(detector.score(X), expected, rtol=0, atol=1e-12)


def test_what_it_explains_adds_up_to_the_score():
    detector = SPEC.make(FEATURES, lr=0.1)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    X[::7, 1] = np.nan
    X[:, 2] = 4.0
    detector.learn(X, (X[:, 0] > 0).astype(np.int8), np.ones(200))
    names, parts = detector.explain(X)
    assert names == FEATURES
    assert not parts[:, 2].any()
    log_odds = parts.sum(axis=1) + detector.model.intercept
    np.testing.assert_allclose(1 / (1 + np.exp(-log_odds)), detector.score(X), atol=1e-12)
