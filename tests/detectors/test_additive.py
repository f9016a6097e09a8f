import math
from functools import partial

import numpy as np
import pytest

from workbench.detectors import codec
from workbench.detectors.additive import SPEC, Additive
from workbench.detectors.binning import Cross, Edges, Term, UnitGrid
from workbench.detectors.protocol import Explains
from workbench.errors import ParameterError

FEATURES = ("ratio", "age")
TERMS = (Term("ratio", Edges((1.0, 2.0, 4.0))), Term("age", UnitGrid(0, 5)))


def rows(count=400, seed=0):
    rng = np.random.default_rng(seed)
    X = np.c_[rng.lognormal(size=count), rng.integers(0, 8, count).astype(float)]
    X[rng.random(X.shape) < 0.1] = np.nan
    y = ((X[:, 0] > 2) & (X[:, 1] < 4)).astype(np.int8)
    return X, y, np.ones(count)


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "ftrl", "adam"])
@pytest.mark.parametrize("value", [1.0, 0.3])
def test_it_is_rivers_estimator_on_one_hot_ids(optimizer, value):
    from river import linear_model, optim

    made = {
        "sgd": optim.SGD(0.1),
        "adagrad": optim.AdaGrad(0.1),
        "ftrl": optim.FTRLProximal(0.1, l2=0.0),
        "adam": optim.Adam(0.1),
    }
    river = linear_model.LogisticRegression(made[optimizer], l2=0.001, intercept_lr=0.05)
    crosses = (Cross(("ratio", "age"), value=value),)
    detector = Additive(
        FEATURES,
        terms=TERMS,
        crosses=crosses,
        optimizer=optimizer,
        lr=0.1,
        l2=0.001,
        intercept_lr=0.05,
    )
    X, y, _ = rows()
    w = np.where(y == 1, 1.0, 10.0)
    ids = detector.binning.encode(X)
    values = [1.0, 1.0, value]
    for start in range(0, 400, 50):
        part = slice(start, start + 50)
        expected = [
            river.predict_proba_one(dict(zip(row, values, strict=True)))[True]
            for row in ids.tolist()
        ]
        np.testing.assert_allclose(detector.score(X), expected, rtol=0, atol=1e-12)
        detector.learn(X[part], y[part], w[part])
        for row, label, weight in zip(
            ids[part].tolist(), y[part].tolist(), w[part].tolist(), strict=True
        ):
            river.learn_one(dict(zip(row, values, strict=True)), bool(label), weight)
    assert dict(river.weights) == dict(detector.model.weights)


def test_what_it_explains_adds_up_to_the_score():
    detector = Additive(FEATURES, terms=TERMS, crosses=(Cross(("ratio", "age"), value=0.5),))
    X, y, w = rows()
    detector.learn(X, y, w)
    assert isinstance(detector, Explains)
    names, parts = detector.explain(X)
    assert names == ("ratio", "age", "ratio × age")
    log_odds = parts.sum(axis=1) + detector.model.intercept
    np.testing.assert_allclose(1 / (1 + np.exp(-log_odds)), detector.score(X), atol=1e-12)


def test_crosses_can_be_switched_off():
    build = partial(Additive, FEATURES, terms=TERMS, crosses=(Cross(("ratio", "age")),))
    assert build(use_crosses=False).binning.names == ("ratio", "age")
    assert build().binning.names == ("ratio", "age", "ratio × age")


def test_without_terms_every_feature_gets_quantile_bins():
    detector = SPEC.make(FEATURES, quantiles=4)
    X, _, _ = rows()
    detector.warm_up(X)
    assert detector.binning.names == FEATURES
    np.testing.assert_allclose(
        detector.binning.edges[0][3:6], np.nanquantile(X[:, 0], [0.25, 0.5, 0.75])
    )


def test_it_separates_what_can_be_separated():
    detector = SPEC.make(FEATURES)
    X, y, w = rows(2000)
    detector.warm_up(X[:500])
    detector.learn(X, y, w)
    scores = detector.score(X)
    assert scores[y == 1].min() > np.quantile(scores[y == 0], 0.9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"optimizer": "newton"},
        {"lr": 0.0},
        {"l2": -1.0},
        {"l2": math.nan},
        {"l2": 2.0},
        {"intercept_lr": -0.1},
        {"intercept_lr": math.inf},
        {"eps": 0.0},
    ],
)
def test_impossible_parameters_are_refused(wrong):
    with pytest.raises(ParameterError, match=str(next(iter(wrong.values())))):
        SPEC.make(FEATURES, **wrong)


def test_a_matrix_of_the_wrong_width_is_refused():
    with pytest.raises(ParameterError, match=r"\(3, 5\)"):
        SPEC.make(FEATURES).score(np.zeros((3, 5)))


def test_a_twin_of_an_optimizer_that_has_none_is_refused():
    with pytest.raises(ParameterError, match="twin=true with the optimizer ftrlproximal"):
        SPEC.make(FEATURES, optimizer="ftrl", twin=True)


def test_a_twin_keeps_its_state_as_rivers_estimator():
    crosses = (Cross(("ratio", "age"), value=0.3),)
    detector = Additive(FEATURES, terms=TERMS, crosses=crosses, l2=0.001, twin=True)
    detector.learn(*rows())
    river = codec.decode(detector.state()["model"])
    assert river.weights == detector.model.weights
    assert river.optimizer.n_iterations == 400
    assert set(river.optimizer.g2) == set(river.weights)


def test_groups_are_explained_relative_to_what_was_usual():
    crosses = (Cross(("age", "ratio"), value=0.5),)
    groups = {"ratio": "money", "age": "person"}
    detector = Additive(FEATURES, terms=TERMS, crosses=crosses, groups=groups)
    X, y, w = rows()
    detector.warm_up(X)
    detector.learn(X, y, w)
    names, parts = detector.explain(X)
    assert names == ("money", "person")
    np.testing.assert_allclose(parts.mean(axis=0), 0, atol=1e-12)
    by_term = Additive(FEATURES, terms=TERMS, crosses=crosses)
    by_term.restore(detector.state())
    _, terms = by_term.explain(X)
    usual = terms.mean(axis=0)
    np.testing.assert_allclose(parts[:, 0], (terms - usual)[:, [0, 2]].sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(parts[:, 1], (terms - usual)[:, 1], atol=1e-12)


def test_what_was_usual_is_kept_in_the_state():
    detector = Additive(FEATURES, terms=TERMS, groups={"ratio": "money"})
    X, y, w = rows()
    detector.warm_up(X)
    detector.learn(X, y, w)
    again = Additive(FEATURES, terms=TERMS, groups={"ratio": "money"})
    again.restore(detector.state())
    assert again.explain(X)[0] == ("money", "age")
    np.testing.assert_array_equal(again.explain(X)[1], detector.explain(X)[1])
