"""A hand rule: points for features above thresholds. The baseline that anyone can check."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from workbench.detectors.protocol import DetectorSpec
from workbench.detectors.rows import checked
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workbench.detectors.protocol import Matrix, State, Vector


@dataclass(frozen=True, slots=True)
class Points:
    """Points for a feature that lies above a threshold; none where it is missing."""

    feature: str
    threshold: float
    points: float = 1.0


class Rule:
    """The points that a row collects, as a share of all there are.

    Parameters
    ----------
    features
        Names of the feature columns.
    rules
        The points; a feature may come several times.
    seed
        Not used: nothing here is random.

    Raises
    ------
    ParameterError
        If a rule names an unknown feature or gives no positive points.

    Examples
    --------
    >>> rule = Rule(("amount", "ratio"), rules=[Points("amount", 100.0), Points("ratio", 3.0, 2.0)])
    >>> rule.score(np.array([[250.0, 1.0], [250.0, 5.0], [10.0, np.nan]])).round(2)
    array([0.33, 1.  , 0.  ])
    """

    def __init__(
        self,
        features: tuple[str, ...],
        *,
        seed: int = 0,  # noqa: ARG002 - part of every detector's signature
        rules: Sequence[Points] = (),
    ) -> None:
        for rule in rules:
            if rule.feature not in features:
                raise ParameterError.of(
                    f"a rule on the feature {rule.feature!r}",
                    allowed=", ".join(features),
                    hint="declare the feature or correct its name",
                )
            if not rule.points > 0:
                raise ParameterError.of(
                    str(rule), allowed="points above 0", hint="leave the rule out instead"
                )
        self.features = features
        self.rules = tuple(rules)
        self.total = sum(rule.points for rule in rules)

    def warm_up(self, X: Matrix) -> None:
        """Do nothing: a rule is as it was written."""

    def learn(self, X: Matrix, y: npt.NDArray[np.int8], w: Vector) -> None:  # noqa: ARG002 - a rule does not learn
        """Learn nothing, but refuse what any detector refuses."""
        checked(X, self.features)

    def score(self, X: Matrix) -> Vector:
        """Return shares of the points, shape (n,)."""
        scores = np.zeros(len(X))
        for given in self.explain(X)[1].T:
            scores += given
        return scores

    def reference_score(self, x: Mapping[str, float]) -> float:
        """Score one row, written plainly; what :meth:`score` must equal."""
        points = [r.points for r in self.rules if x.get(r.feature, -np.inf) > r.threshold]
        return sum(points) / self.total if self.rules else 0.0

    def explain(self, X: Matrix) -> tuple[tuple[str, ...], Matrix]:
        """Return the rules' texts and the share of the points that each gave, shape (n, rules)."""
        X = checked(X, self.features)
        given = np.zeros((len(X), len(self.rules)))
        for k, rule in enumerate(self.rules):
            # NaN is above nothing.
            met = X[:, self.features.index(rule.feature)] > rule.threshold
            given[met, k] = rule.points / self.total
        return tuple(f"{r.feature} > {r.threshold:g}" for r in self.rules), given

    def state(self) -> State:
        """Return nothing: a rule has no state."""
        return {}

    def restore(self, state: State) -> None:
        """Take over nothing."""


def rule_spec(rules: Sequence[Points]) -> DetectorSpec:
    """Return the specification of a case's hand rule.

    Examples
    --------
    >>> rule_spec([Points("amount", 100.0)]).make(("amount",)).score(np.array([[250.0]]))
    array([1.])
    """
    return DetectorSpec(
        name="rule",
        title="Hand rule: points above thresholds",
        build=partial(Rule, rules=tuple(rules)),
        learns=False,
    )
