"""Detectors under test, and rows to test them on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.detectors.protocol import Detector, DetectorSpec, Matrix, Vector


@dataclass(frozen=True)
class Subject:
    """A detector under test: its specification, feature names and parameters."""

    spec: DetectorSpec
    features: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def make(self, warm: Matrix | None = None, **parameters: Any) -> Any:
        """Build it, warmed up on ``warm``."""
        detector = self.spec.make(self.features, 7, **{**self.parameters, **parameters})
        if warm is not None:
            detector.warm_up(warm)
        return detector


@dataclass(frozen=True)
class Rows:
    """Rows to learn from."""

    X: Matrix
    y: npt.NDArray[np.int8]
    w: Vector

    def __getitem__(self, part: slice) -> Rows:
        return Rows(self.X[part], self.y[part], self.w[part])

    def teach(self, detector: Detector, step: int | None = None) -> None:
        """Have a detector learn them, ``step`` at a time."""
        step = step or max(len(self.y), 1)
        for i in range(0, len(self.y), step):
            detector.learn(self.X[i : i + step], self.y[i : i + step], self.w[i : i + step])


def random_rows(subject: Subject, count: int, seed: int = 0) -> Rows:
    """Return rows without a pattern: mixed scales, signs and gaps, labels by chance."""
    rng = np.random.default_rng(seed)
    shape = (count, len(subject.features))
    scale = 10.0 ** rng.integers(-2, 4, shape[1])
    X = scale * rng.standard_normal(shape) * rng.lognormal(size=shape)
    X[rng.random(shape) < 0.15] = np.nan
    y = (rng.random(count) < 0.2).astype(np.int8)
    return Rows(X, y, np.where(y == 1, 1.0, rng.choice([1.0, 10.0], count)))


def structured_rows(subject: Subject, count: int) -> Rows:
    """Return rows with a pattern that turns into its opposite half-way, and counts among them."""
    rng = np.random.default_rng(1)
    X = rng.lognormal(size=(count, len(subject.features))) * 3
    X[:, ::2] = np.floor(X[:, ::2])
    high = X[:, 0] > 3
    high[count // 2 :] ^= True
    X[rng.random(X.shape) < 0.1] = np.nan
    y = (high ^ (rng.random(count) < 0.05)).astype(np.int8)
    return Rows(X, y, np.ones(count))
