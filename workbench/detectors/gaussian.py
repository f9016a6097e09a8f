"""How far a row lies from the usual, by River's Gaussians with a floor under each deviation."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.detectors import codec
from workbench.detectors.protocol import DetectorSpec
from workbench.detectors.rows import checked
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.detectors.protocol import Matrix, State, Vector


class Gaussians:
    """A normal distribution of each of some features; labels are not used.

    The score of a row is 1 - exp(-d), where d is the mean of z²/2 over those features that the row
    has, and z the distance from the mean in standard deviations. A deviation counts as no smaller
    than the feature's floor: what has not moved so far (River's ``GaussianScorer`` gives such a
    signal the highest score for ever) may move by what its device cannot tell apart.

    The warm-up span is learned, so that a stream without labels has scores; then every row that is
    delivered with a label, whatever it is.

    Parameters
    ----------
    features
        Names of the feature columns.
    floors
        The features that are used, and the smallest standard deviation of each.
    seed
        Not used: nothing here is random.

    Raises
    ------
    ParameterError
        If a floor is of no feature, or not above 0.

    Examples
    --------
    >>> detector = Gaussians(("pulse",), floors={"pulse": 2.0})
    >>> detector.warm_up(np.array([[80.0], [80.0], [80.0]]))
    >>> detector.score(np.array([[80.0], [82.0], [90.0], [np.nan]])).round(3)
    array([0.   , 0.393, 1.   , 0.   ])
    """

    def __init__(
        self,
        features: tuple[str, ...],
        *,
        seed: int = 0,  # noqa: ARG002 - part of every detector's signature
        floors: Mapping[str, float],
    ) -> None:
        from river import proba

        for name, floor in floors.items():
            if name not in features or not floor > 0:
                raise ParameterError.of(
                    f"a floor of {floor} under the deviation of {name!r}",
                    allowed="a number above 0 for one of " + ", ".join(features),
                    hint="declare the feature or correct the floor",
                )
        self.features = features
        self.floors = dict(floors)
        self._columns = [features.index(name) for name in self.floors]
        made: Any = proba.Gaussian
        self.distributions: list[Any] = [made() for _ in self.floors]

    def warm_up(self, X: Matrix) -> None:
        """Learn the rows of the warm-up span."""
        self._update(checked(X, self.features))

    def learn(self, X: Matrix, y: npt.NDArray[np.int8], w: Vector) -> None:  # noqa: ARG002 - see above
        """Learn rows one at a time, whatever their labels."""
        self._update(checked(X, self.features))

    def _update(self, X: Matrix) -> None:
        for distribution, column in zip(self.distributions, self._columns, strict=True):
            update = distribution.update
            for x in X[~np.isnan(X[:, column]), column].tolist():
                update(x)

    def score(self, X: Matrix) -> Vector:
        """Return how unusual each row is, shape (n,)."""
        distance = np.zeros(len(X))
        for part in self.explain(X)[1].T:
            distance += part
        return -np.expm1(-distance)

    def reference_score(self, x: Mapping[str, float]) -> float:
        """Score one row, written plainly; what :meth:`score` must equal."""
        parts = [
            ((x[name] - d.mu) / max(d.sigma, floor)) ** 2 / 2 if d.n_samples else 0.0
            for d, (name, floor) in zip(self.distributions, self.floors.items(), strict=True)
            if name in x
        ]
        return -math.expm1(-sum(parts) / len(parts)) if parts else 0.0

    def explain(self, X: Matrix) -> tuple[tuple[str, ...], Matrix]:
        """Return the features' names and the part of the distance of each, shape (n, features)."""
        X = checked(X, self.features)[:, self._columns]
        there = np.maximum((~np.isnan(X)).sum(axis=1), 1)
        parts = np.zeros(X.shape)
        for j, (d, floor) in enumerate(zip(self.distributions, self.floors.values(), strict=True)):
            if d.n_samples:
                z = (X[:, j] - d.mu) / max(d.sigma, floor)
                parts[:, j] = np.nan_to_num(z * z / 2) / there
        return tuple(self.floors), parts

    def state(self) -> State:
        """Return the distributions."""
        return {"distributions": codec.encode(self.distributions)}

    def restore(self, state: State) -> None:
        """Take over the distributions."""
        self.distributions = codec.decode(state["distributions"])


def gaussian_spec(name: str, title: str, floors: Mapping[str, float]) -> DetectorSpec:
    """Return the specification of Gaussians over some features.

    Examples
    --------
    >>> gaussian_spec("pulse", "Unusual pulse", {"pulse": 2.0}).make(("pulse",)).floors
    {'pulse': 2.0}
    """
    return DetectorSpec(name=name, title=title, build=partial(Gaussians, floors=dict(floors)))
