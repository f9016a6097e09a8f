"""A clinical chart's score: points that are added up, as a share of all there are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from workbench.detectors.protocol import DetectorSpec
from workbench.detectors.rows import checked
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.detectors.protocol import Matrix, State, Vector


class Chart:
    """The sum of features that are points, as a share of the most that there are; learns nothing.

    Parameters
    ----------
    features
        Names of the feature columns.
    parts
        The features that are added up, and the most points of each; missing ones give none.
    seed
        Not used: nothing here is random.

    Raises
    ------
    ParameterError
        If a part is no feature, or its points are not above 0.

    Examples
    --------
    >>> chart = Chart(("pulse", "oxygen"), parts={"pulse": 3, "oxygen": 2})
    >>> chart.score(np.array([[3.0, 2.0], [1.0, 0.0], [np.nan, 2.0]]))
    array([1. , 0.2, 0.4])
    """

    def __init__(
        self,
        features: tuple[str, ...],
        *,
        seed: int = 0,  # noqa: ARG002 - part of every detector's signature
        parts: Mapping[str, float],
    ) -> None:
        for name, most in parts.items():
            if name not in features or not most > 0:
                raise ParameterError.of(
                    f"a part {name!r} of at most {most} points",
                    allowed="points above 0 for one of " + ", ".join(features),
                    hint="declare the feature or correct the part",
                )
        self.features = features
        self.parts = dict(parts)
        self.most = sum(self.parts.values())
        self._columns = [features.index(name) for name in self.parts]

    def warm_up(self, X: Matrix) -> None:
        """Do nothing: a chart is as it was printed."""

    def learn(self, X: Matrix, y: npt.NDArray[np.int8], w: Vector) -> None:  # noqa: ARG002 - a chart does not learn
        """Learn nothing, but refuse what any detector refuses."""
        checked(X, self.features)

    def score(self, X: Matrix) -> Vector:
        """Return shares of the points, shape (n,)."""
        scores = np.zeros(len(X))
        for given in self.explain(X)[1].T:
            scores += given
        return scores / self.most

    def reference_score(self, x: Mapping[str, float]) -> float:
        """Score one row, written plainly; what :meth:`score` must equal."""
        points = [min(max(x.get(name, 0.0), 0.0), most) for name, most in self.parts.items()]
        return sum(points) / self.most

    def explain(self, X: Matrix) -> tuple[tuple[str, ...], Matrix]:
        """Return the parts' names and the points that each gave, shape (n, parts)."""
        points = np.nan_to_num(checked(X, self.features)[:, self._columns])
        return tuple(self.parts), np.clip(points, 0.0, list(self.parts.values()))

    def state(self) -> State:
        """Return nothing: a chart has no state."""
        return {}

    def restore(self, state: State) -> None:
        """Take over nothing."""


def chart_spec(name: str, title: str, parts: Mapping[str, float]) -> DetectorSpec:
    """Return the specification of a chart.

    Examples
    --------
    >>> spec = chart_spec("pulse", "Points for the pulse", {"pulse": 3})
    >>> spec.make(("pulse",)).score(np.array([[1.5]]))
    array([0.5])
    """
    return DetectorSpec(
        name=name, title=title, build=partial(Chart, parts=dict(parts)), learns=False
    )
