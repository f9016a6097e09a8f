"""Estimates with 95 % intervals, by a bootstrap that resamples entities.

Events of one card are not independent: a stolen card is many frauds, not many observations.
So the bootstrap resamples *entities*, each with all its events, and gives each a Poisson(1)
number of copies [1]_ [2]_: the same as drawing entities with replacement when there are many,
and it needs one number per entity instead of a copy of the events. Memory is O(events).

References
----------
.. [1] B. Efron, R. Tibshirani, *An Introduction to the Bootstrap*, 1993, ch. 8 and 13.
.. [2] N. Chamandy et al., *Estimating Uncertainty for Massive Data Streams*, Google, 2012.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from workbench.errors import ParameterError

Weights = npt.NDArray[np.uint8]
"""How many copies of each entity a resampled stream holds, shape (entities,)."""

Floats = npt.NDArray[np.float64]

Statistic = Callable[[Weights], Floats]
"""Metrics of a resampled stream, shape (k,): the plain metrics where every weight is 1."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric with the interval that holds it with 95 % confidence.

    Parameters
    ----------
    value
        The metric; ``NaN`` where it is not defined (a span of one class).
    low, high
        Limits of the interval; ``NaN`` where there is none.

    Examples
    --------
    >>> print(Estimate(0.7761, 0.7514, 0.7988))
    0.776 [0.751, 0.799]
    >>> f"{Estimate(1234.5, 1100, 1400):,.0f}", Estimate(0.01, -0.01, 0.03).excludes_zero
    ('1,234 [1,100, 1,400]', False)
    """

    value: float
    low: float = math.nan
    high: float = math.nan

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of zero: a difference that is certain."""
        return self.low > 0 or self.high < 0

    def __format__(self, spec: str) -> str:
        spec = spec or ".3f"
        if math.isnan(self.value):
            return "not defined"
        if math.isnan(self.low):
            return format(self.value, spec)
        return f"{self.value:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"

    def __str__(self) -> str:
        return format(self)

    def to_dict(self) -> dict[str, float | None]:
        """Return value and limits for JSON; ``None`` in place of ``NaN``."""
        pairs = {"value": self.value, "low": self.low, "high": self.high}
        return {k: float(v) if math.isfinite(v) else None for k, v in pairs.items()}


def bootstrap(
    statistic: Statistic, entities: int, *, replicates: int = 200, seed: int = 0
) -> list[Estimate]:
    """Estimate each of a statistic's metrics, with percentile intervals over entities.

    Parameters
    ----------
    statistic
        Gives the metrics, shape (k,), for weights of the entities.
    entities
        Number of entities.
    replicates
        Number of resampled streams; 0 gives no intervals.
    seed
        Seed of the weights: the same seed, the same intervals.

    Returns
    -------
    list of Estimate
        One for each metric. A metric that is undefined in half of the resampled streams or more
        gets no interval.

    Raises
    ------
    ParameterError
        If ``replicates`` is negative.

    Examples
    --------
    The mean of ten entities' values:

    >>> x = np.arange(10.0)
    >>> print(*bootstrap(lambda w: np.array([(w * x).sum() / w.sum()]), 10, seed=1))
    4.500 [2.777, 6.715]
    """
    if replicates < 0:
        raise ParameterError.of(
            f"{replicates} bootstrap replicates",
            allowed="zero or more",
            hint="use 200 for 95 % intervals, 0 for none",
        )
    value = statistic(np.ones(entities, np.uint8))
    generator = np.random.default_rng(seed)
    drawn = np.empty((replicates, len(value)))
    for row in drawn:
        # No entity is ever drawn 256 times: P(Poisson(1) > 255) < 1e-500.
        row[:] = statistic(generator.poisson(1.0, entities).astype(np.uint8))
    low, high = _limits(drawn)
    return [Estimate(*map(float, limits)) for limits in zip(value, low, high, strict=True)]


def difference(
    first: Statistic, second: Statistic, entities: int, *, replicates: int = 200, seed: int = 0
) -> list[Estimate]:
    """Estimate ``first - second`` of two runs on the same events, paired.

    Both see the same resampled streams, so that what makes a stream easy or hard for both
    cancels out: the interval is far narrower than that of two separate estimates.
    ``Estimate.excludes_zero`` says whether the difference is certain.

    Examples
    --------
    >>> x = np.arange(10.0)
    >>> mean, shifted = (lambda w: np.array([w @ x])), (lambda w: np.array([w @ (x - 1)]))
    >>> difference(mean, shifted, 10)[0].excludes_zero
    True
    """
    return bootstrap(
        lambda weights: first(weights) - second(weights),
        entities,
        replicates=replicates,
        seed=seed,
    )


def columns(names: Sequence[str], estimates: Sequence[Estimate]) -> list[pl.Series]:
    """Return value and limits of metrics as columns, limits as ``NAME_low`` and ``NAME_high``.

    Parameters
    ----------
    names
        The metrics.
    estimates
        By metric, and within it by row.

    Examples
    --------
    >>> [column.name for column in columns(["recall"], [Estimate(0.5), Estimate(0.7)])]
    ['recall', 'recall_low', 'recall_high']
    """
    height = len(estimates) // max(len(names), 1)
    return [
        pl.Series(
            name + suffix, [getattr(e, part) for e in estimates[i * height :][:height]], pl.Float64
        )
        for i, name in enumerate(names)
        for suffix, part in (("", "value"), ("_low", "low"), ("_high", "high"))
    ]


def _limits(drawn: Floats) -> tuple[Floats, Floats]:
    """Return the 2.5 % and 97.5 % quantiles of each column, shape (k,)."""
    limits = np.full((2, drawn.shape[1]), np.nan)
    defined = np.isfinite(drawn)
    usable = 2 * defined.sum(axis=0) > len(drawn)
    whole = usable & defined.all(axis=0)
    if whole.any():
        limits[:, whole] = np.quantile(drawn[:, whole], (0.025, 0.975), axis=0)
    for column in np.flatnonzero(usable & ~whole):
        limits[:, column] = np.quantile(drawn[defined[:, column], column], (0.025, 0.975))
    return limits[0], limits[1]
