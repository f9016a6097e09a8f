"""The re-ranker: its features' logarithm, its gradient, and whose step it makes."""

from math import log2

import numpy as np
import pytest
from numba import njit
from recommend_clicks import a_shop
from river import optim

from workbench.cases.recommend.detectors import DETECTORS
from workbench.cases.recommend.engine.ranking.adagrad import VectorAdaGrad
from workbench.cases.recommend.engine.ranking.callback import Callback
from workbench.cases.recommend.engine.ranking.logarithm import log2 as fast_log2
from workbench.cases.recommend.engine.ranking.ranker import EPSILON, OWN_SHARE
from workbench.errors import ParameterError


def engine(**settings):
    return DETECTORS["reranked"].make((), seed=1, **settings)


def test_the_fast_logarithm_is_within_three_hundred_thousandths():
    @njit
    def logs(values, out):
        for i in range(len(values)):
            out[i] = fast_log2(values[i])

    values = np.geomspace(1e-30, 1e30, 5_001).astype(np.float32)
    out = np.empty(len(values))
    logs(values, out)
    assert out == pytest.approx([log2(x) for x in values.tolist()], abs=3e-5)


def test_the_vector_step_is_that_of_rivers_adagrad():
    rng = np.random.default_rng(0)
    names = [f"w{k}" for k in range(12)]
    squares, weight = np.zeros(12), np.zeros(12)
    ours, rivers = VectorAdaGrad(squares, 0.1, EPSILON), optim.AdaGrad(0.1, EPSILON)
    theirs = dict.fromkeys(names, 0.0)
    for _ in range(50):
        gradient = rng.normal(size=12) * (rng.random(12) < 0.7)
        weight = ours.step(weight, gradient)
        theirs = rivers.step(theirs, dict(zip(names, gradient.tolist(), strict=True)))
    assert weight == pytest.approx([theirs[name] for name in names], rel=1e-12)


def test_rivers_step_and_the_compiled_one_give_the_same_bits():
    events = a_shop()
    one, other = engine(step="river"), engine(step="compiled")
    assert (one.process(events) == other.process(events)).all()
    for name in ("weight", "squares", "mean", "variance"):
        assert (getattr(one.ranker, name) == getattr(other.ranker, name)).all()
    assert np.abs(one.ranker.weight).max() > 0.01


def test_the_gradient_is_that_of_the_softmax_loss_over_what_was_proposed():
    events, one = a_shop(), engine(step="compiled")
    one.process(events.part(0, 500))
    checked = 0
    for e in range(500, 600):
        before = one.ranker.weight.copy()
        learned = one.ranker.squares.copy()
        one.process(events.part(e, e + 1))
        if (one.ranker.squares == learned).all():
            continue  # what was chosen had not been proposed
        ranker, own = one.ranker, int(one.ranker.touched[0])
        place = int(np.flatnonzero(ranker.probability < 0)[0])
        n = int((one._workspace.proposed == one._workspace.stamp[0]).sum())
        knot, part = ranker.knot[:n], ranker.fraction[:n].astype(float)
        features = np.arange(knot.shape[1])

        def loss(weight, own=own, knot=knot, part=part, features=features, place=place):
            curve = weight[0] + OWN_SHARE * weight[own]
            low, high = curve[features, knot], curve[features, knot + 1]
            score = (low + (high - low) * part).sum(axis=1)
            return np.log(np.exp(score).sum()) - score[place]

        for number in (0, own):
            steepest = np.unravel_index(
                np.abs(ranker.gradient[number]).argmax(), ranker.gradient[number].shape
            )
            at = (number, *steepest)
            if ranker.gradient[at] == 0:
                continue  # the shared curves do not learn from what opens a session
            step = np.zeros_like(before)
            step[at] = 1e-5
            found = (loss(before + step) - loss(before - step)) / 2e-5
            assert ranker.gradient[at] == pytest.approx(found, rel=1e-3, abs=1e-4)
            checked += 1
    assert checked > 50


def test_what_a_step_in_python_raises_stops_the_replay():
    def fail():
        raise KeyboardInterrupt

    one = engine()
    one._stepper = Callback(fail)
    with pytest.raises(KeyboardInterrupt):
        one.process(a_shop())


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({"step": "magic"}, "river or compiled"),
        ({"items": 0}, "a whole number from 1 to 256"),
        ({"context": 65}, "a whole number from 0 to 64"),
        ({"learning_rate": 0.0}, "a number from 1e-06 to 10"),
        ({"transition_decay": float("nan")}, "a number from 0 to 1"),
        ({"embedding_rate": 1e20}, "a number from 1e-06 to 10"),
        ({"half_life_long": 1e-4}, "a number from 1 to"),
        ({"cosine_damping": float("-inf")}, "a number from 0 to 4"),
        ({"basket": 2.5}, "a whole number"),
        ({"bounds": {"items": 3}}, "a whole number from 64"),
        ({"bounds": {"pairs": 100}}, "a power of two from 8 to 8192"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_with_what_is_allowed(settings, allowed):
    with pytest.raises(ParameterError, match=allowed):
        engine(**settings)
