"""River's logistic regression with one of its optimisers, by name."""

from __future__ import annotations

from typing import Any

from workbench.detectors.protocol import Choice, Range
from workbench.errors import ParameterError

EPS = 1e-8
"""As in River."""
MOST = 100.0
"""Learning rates beyond leave no number finite."""
OPTIMIZERS = ("sgd", "adagrad", "ftrl", "adam")

SPACE: dict[str, Choice | Range] = {
    # Adam is left out: in River 0.26 one of its steps walks over all weights, not the row's.
    "optimizer": Choice(("adagrad", "sgd", "ftrl")),
    "lr": Range(0.003, 1.0, log=True),
    "intercept_lr": Range(0.001, 0.1, log=True),
}


def logistic_regression(
    optimizer: str, lr: float, l2: float, intercept_lr: float, eps: float = EPS
) -> Any:
    """Return River's ``LogisticRegression``.

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
    eps
        Of AdaGrad: what its sums of squared gradients begin with. Higher than its usual tiny
        value, it keeps the first few rows of a column from moving its weight far.

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
    if not (0 < lr <= MOST and 0 < eps <= MOST and 0 <= l2 <= 1 and 0 <= intercept_lr <= MOST):
        raise ParameterError.of(
            f"lr={lr}, l2={l2}, intercept_lr={intercept_lr}, eps={eps}",
            allowed=f"lr and eps above 0, intercept_lr from 0, up to {MOST:g}; l2 from 0 to 1",
            hint="correct the one that is out of range",
        )
    if optimizer == "ftrl":
        made: Any = optim.FTRLProximal(alpha=lr, l2=0.0)
    else:
        made = {"sgd": optim.SGD, "adagrad": optim.AdaGrad, "adam": optim.Adam}[optimizer](lr)
    if optimizer == "adagrad":
        made.eps = eps
    return linear_model.LogisticRegression(optimizer=made, l2=l2, intercept_lr=intercept_lr)
