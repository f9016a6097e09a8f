"""What drove a score, as its detector says it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.detectors.protocol import Explains

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.detectors.protocol import Detector, Vector

#: The most reasons that are given.
MOST = 5


def reasons(detector: Detector, features: Sequence[str], x: Vector) -> list[dict[str, Any]]:
    """Return what drove a score most, as the detector says it.

    Parameters
    ----------
    detector
        As it was when it scored the row.
    features
        Names of the features.
    x
        The row, shape (f,); NaN is missing.

    Returns
    -------
    list of dict
        At most five of ``{"feature", "value", "contribution"}``, the largest contribution first.
        A detector that does not explain its scores gives the features' values only, in their
        order.

    Examples
    --------
    >>> from workbench.detectors.rule import Points, rule_spec
    >>> rule = rule_spec([Points("amount", 220.0)]).make(("amount",))
    >>> reasons(rule, ("amount",), np.array([250.0]))
    [{'feature': 'amount > 220', 'value': None, 'contribution': 1.0}]
    """
    values = {name: _number(value) for name, value in zip(features, x.tolist(), strict=True)}
    if not isinstance(detector, Explains):
        shown = list(values.items())[:MOST]
        return [{"feature": name, "value": value, "contribution": None} for name, value in shown]
    terms, contributions = detector.explain(np.ascontiguousarray(x[None, :]))
    row = contributions[0]
    largest = np.argsort(-np.abs(row), kind="stable")[:MOST]
    return [
        {
            "feature": terms[k],
            "value": values.get(terms[k]),
            "contribution": _number(float(row[k])),
        }
        for k in largest.tolist()
        if row[k] != 0
    ]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
