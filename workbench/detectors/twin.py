"""A compiled twin of River's logistic regression: the same steps, on arrays in place of dicts.

River learns a row of several hundred features in a third of a millisecond, most of it spent on
dicts. The twin takes every step that ``LogisticRegression.learn_one`` takes, in the same order and
in the same 64-bit arithmetic; sums may associate differently, so it lies within 1e-12 of it. What
it has learned is kept and shipped as River's own estimator, which can go on from there, and from
which another twin can.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.detectors.kernels import Ids
    from workbench.detectors.protocol import Matrix, Vector

TWINS = ("sgd", "adagrad")
"""Optimisers that a twin can do."""


class Scaler(NamedTuple):
    """River's ``StandardScaler``: values met, their means and variances, each of shape (f,)."""

    counts: Ids
    means: Vector
    variances: Vector


class _Rates(NamedTuple):
    """What an estimator was made with."""

    lr: float
    l2: float
    intercept_lr: float
    clip: float
    eps: float
    adaptive: bool


class Twin:
    """A logistic regression with SGD or AdaGrad, learned in compiled code.

    Parameters
    ----------
    model
        River's ``LogisticRegression`` from whose present state it goes on.
    keys
        The names of its features, in the order of the twin's ids.

    Attributes
    ----------
    weights
        Shape (keys,); 0 where nothing was learned.
    intercept
        The intercept.

    Raises
    ------
    ParameterError
        If there is no twin of the model's optimiser.

    Examples
    --------
    >>> from workbench.detectors.optimizers import logistic_regression
    >>> model = logistic_regression("adagrad", 0.3, 0.0, 0.01)
    >>> twin = Twin(model, ["a", "b"])
    >>> twin.learn(np.array([[0], [1]]), np.ones(1), np.array([1, 0], np.int8), np.ones(2))
    >>> twin.write().weights
    {'a': 0.29999..., 'b': -0.29999...}
    """

    def __init__(self, model: Any, keys: Sequence[Any]) -> None:
        kind = type(model.optimizer).__name__.lower()
        if kind not in TWINS:
            raise ParameterError.of(
                f"twin=true with the optimizer {kind}",
                allowed=" or ".join(TWINS),
                hint="choose one of these, or twin=false",
            )
        self.keys = list(keys)
        self._model = model
        self._rates = _Rates(
            float(model.optimizer.lr.learning_rate),
            float(model.l2),
            float(model.intercept_lr.learning_rate),
            float(model.clip_gradient),
            float(getattr(model.optimizer, "eps", 0.0)),
            kind == "adagrad",
        )
        known = model.weights
        self.weights: Vector = np.array([known.get(key, 0.0) for key in self.keys])
        self._met = np.array([key in known for key in self.keys])
        squares = getattr(model.optimizer, "g2", {})
        self._squares: Vector = np.array([squares.get(key, 0.0) for key in self.keys])
        self._intercept = np.array([float(model.intercept)])

    @property
    def intercept(self) -> float:
        """The intercept."""
        return float(self._intercept[0])

    def learn(self, ids: Ids, values: Vector, y: npt.NDArray[np.int8], w: Vector) -> None:
        """Learn rows one at a time.

        Parameters
        ----------
        ids
            The features of each row, shape (n, k), all of a row different.
        values
            The value in each of these places, shape (k,).
        y, w
            Labels 0 or 1 and weights, shape (n,).
        """
        self._model.optimizer.n_iterations += len(y)
        _learn(
            ids, values, y, w, self._rates, self.weights, self._squares, self._met, self._intercept
        )

    def learn_scaled(self, X: Matrix, y: npt.NDArray[np.int8], w: Vector, scaler: Scaler) -> None:
        """Learn rows one at a time, each after the scaler has learned and scaled it.

        Parameters
        ----------
        X
            Rows of shape (n, keys); what is NaN is not there.
        y, w
            Labels 0 or 1 and weights, shape (n,).
        scaler
            Changed in place.
        """
        self._model.optimizer.n_iterations += len(y)
        _learn_scaled(
            X, y, w, self._rates, scaler, self.weights, self._squares, self._met, self._intercept
        )

    def write(self) -> Any:
        """Write what was learned into River's estimator, and return that."""
        from river.utils import VectorDict

        met = np.flatnonzero(self._met).tolist()
        names = [self.keys[i] for i in met]
        weights = dict(zip(names, self.weights[met].tolist(), strict=True))
        # A later step of the twin must not reach into what was handed out.
        self._model._weights = VectorDict(weights, None, None, True)
        self._model.intercept = self.intercept
        if self._rates.adaptive:
            squares = zip(names, self._squares[met].tolist(), strict=True)
            self._model.optimizer.g2 = defaultdict(float, squares)
        return self._model


@njit(cache=True)
def _gradient(z: float, label: int) -> float:
    """Return the gradient of the logarithmic loss as ``river.optim.losses.Log`` does."""
    sign = 1.0 if label != 0 else -1.0
    margin = z * sign
    if margin > 18.0:
        return math.exp(-margin) * -sign
    if margin < -18.0:
        return -sign
    return -sign / (math.exp(margin) + 1.0)


@njit(cache=True)
def _step(
    ids: Ids,
    values: Vector,
    label: int,
    weight: float,
    rates: _Rates,
    weights: Vector,
    squares: Vector,
    met: npt.NDArray[np.bool_],
    intercept: Vector,
) -> None:
    z = 0.0
    for k in range(len(ids)):
        z += weights[ids[k]] * values[k]
    loss = _gradient(z + intercept[0], label) * weight
    loss = min(max(loss, -rates.clip), rates.clip)
    intercept[0] -= rates.intercept_lr * loss
    for k in range(len(ids)):
        i = ids[k]
        gradient = values[k] * loss + rates.l2 * weights[i]
        rate = rates.lr
        if rates.adaptive:
            squares[i] += gradient * gradient
            rate /= math.sqrt(squares[i] + rates.eps)
        weights[i] -= rate * gradient
        met[i] = True


@njit(cache=True)
def _learn(
    ids: Ids,
    values: Vector,
    y: npt.NDArray[np.int8],
    w: Vector,
    rates: _Rates,
    weights: Vector,
    squares: Vector,
    met: npt.NDArray[np.bool_],
    intercept: Vector,
) -> None:
    for n in range(len(y)):
        _step(ids[n], values, y[n], w[n], rates, weights, squares, met, intercept)


@njit(cache=True)
def _learn_scaled(
    X: Matrix,
    y: npt.NDArray[np.int8],
    w: Vector,
    rates: _Rates,
    scaler: Scaler,
    weights: Vector,
    squares: Vector,
    met: npt.NDArray[np.bool_],
    intercept: Vector,
) -> None:
    ids, values = np.empty(X.shape[1], np.int64), np.empty(X.shape[1])
    for n in range(len(y)):
        there = 0
        for j in range(X.shape[1]):
            x = X[n, j]
            if np.isnan(x):
                continue
            before = scaler.means[j]
            scaler.counts[j] += 1
            scaler.means[j] += (x - before) / scaler.counts[j]
            spread = (x - before) * (x - scaler.means[j])
            scaler.variances[j] += (spread - scaler.variances[j]) / scaler.counts[j]
            variance = scaler.variances[j]
            ids[there] = j
            values[there] = (x - scaler.means[j]) / math.sqrt(variance) if variance != 0 else 0.0
            there += 1
        _step(ids[:there], values[:there], y[n], w[n], rates, weights, squares, met, intercept)
