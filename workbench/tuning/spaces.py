"""Where a study looks: the detectors' search spaces, in Optuna's terms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from workbench.detectors.protocol import Choice, Range

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.trial import Trial

    from workbench.detectors.protocol import DetectorSpec

Dimension = Choice | Range

DETECTOR: Final = "detector"
NEGATIVES: Final = Choice((0.05, 0.1, 0.3))
"""Shares of the genuine events that a detector may learn: a setting of the pace, not its own."""


def search_space(spec: DetectorSpec) -> dict[str, Dimension]:
    """Return what is searched for one detector: its own space and the share of negatives.

    Examples
    --------
    >>> from workbench.detectors.bayes import SPEC
    >>> search_space(SPEC)
    {'negatives': Choice(values=(0.05, 0.1, 0.3))}
    """
    return {**({"negatives": NEGATIVES} if spec.takes_labels else {}), **spec.space}


def suggest(
    trial: Trial, spaces: Mapping[str, Mapping[str, Dimension]]
) -> tuple[str, dict[str, Any]]:
    """Let Optuna choose a detector and a value for each of its dimensions."""
    detector = trial.suggest_categorical(DETECTOR, list(spaces))
    space = spaces[detector]
    return detector, {name: _suggest(trial, f"{detector}.{name}", space[name]) for name in space}


def _suggest(trial: Trial, name: str, dimension: Dimension) -> Any:
    if isinstance(dimension, Choice):
        return trial.suggest_categorical(name, dimension.values)
    if dimension.integer:
        low, high = round(dimension.low), round(dimension.high)
        return trial.suggest_int(name, low, high, log=dimension.log)
    return trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log)


def as_chosen(
    detector: str, space: Mapping[str, Dimension], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a detector's values as if Optuna had chosen them.

    A default may lie outside the space (a penalty of 0 has no place on a log range): the sampler
    is told the nearest value that has one.

    Examples
    --------
    >>> as_chosen("x", {"l2": Range(1e-8, 1e-2, log=True)}, {"l2": 0.0})
    {'detector': 'x', 'x.l2': 1e-08}
    """
    return {
        DETECTOR: detector,
        **{f"{detector}.{name}": _nearest(space[name], values[name]) for name in space},
    }


def _nearest(dimension: Dimension, value: Any) -> Any:
    if isinstance(dimension, Range):
        inside = min(max(value, dimension.low), dimension.high)
        return round(inside) if dimension.integer else float(inside)
    if value in dimension.values:
        return value
    return min(dimension.values, key=lambda candidate: _distance(candidate, value))


def _distance(one: Any, other: Any) -> float:
    numbers = all(isinstance(v, int | float) for v in (one, other))
    return abs(one - other) if numbers else math.inf
