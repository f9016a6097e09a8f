"""River's logistic regression with one of its optimisers, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from workbench.detectors.protocol import Choice, Range
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from river.linear_model import LogisticRegression

OPTIMIZERS = ("sgd", "adagrad", "ftrl", "adam")

SPACE: dict[str, Choice | Range] = {
    # Adam is left out: in River 0.26 one of its steps walks over all weights, not the row's.
    "optimizer": Choice(("adagrad", "sgd", "ftrl")),
    "lr": Range(0.003, 1.0, log=True),
    "intercept_lr": Range(0.001, 0.1, log=True),
}


def logistic_regression(
    optimizer: str, lr: float, l2: float, intercept_lr: float
) -> LogisticRegression:
    """Return River's estimator.

    Parameters
    ----------
    optimizer
        ``sgd``, ``adagrad``, ``ftrl`` (FTRL-Proximal without penalties of its own) or ``adam``.
    lr
        Learning rate of the weights.
    l2
        Weight of the squared penalty.
    intercept_lr
        Learning rate of the intercept, by plain gradient steps; 0 keeps it at 0.

    Examples
    --------
    >>> logistic_regression("adagrad", 0.3, 0.0, 0.01).optimizer.lr.learning_rate
    0.3
    """
    from river import linear_model, optim

    if optimizer not in OPTIMIZERS:
        raise ParameterError.of(
            f"optimizer={optimizer!r}", allowed=", ".join(OPTIMIZERS), hint="choose one of these"
        )
    if not 0 < lr < np.inf or l2 < 0 or intercept_lr < 0:
        raise ParameterError.of(
            f"lr={lr}, l2={l2}, intercept_lr={intercept_lr}",
            allowed="lr above 0, the others from 0",
            hint="correct the one that is out of range",
        )
    made = {
        "sgd": lambda: optim.SGD(lr),
        "adagrad": lambda: optim.AdaGrad(lr),
        "ftrl": lambda: optim.FTRLProximal(alpha=lr, l2=0.0),
        "adam": lambda: optim.Adam(lr),
    }[optimizer]()
    return linear_model.LogisticRegression(optimizer=made, l2=l2, intercept_lr=intercept_lr)


@njit(cache=True)
def sigmoid(z: float) -> float:  # pragma: no cover - compiled
    """Return 1/(1+exp(-z)) as ``river.utils.math.sigmoid`` does: exactly 0 or 1 beyond ±30."""
    if z < -30.0:
        return 0.0
    if z > 30.0:
        return 1.0
    return 1.0 / (1.0 + np.exp(-z))
