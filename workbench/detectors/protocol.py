"""The one small protocol behind which every estimator stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workbench.detectors.target import Target

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]
State = dict[str, Any]
"""Nested dicts and lists of strings, numbers, booleans, None and numpy arrays: plain data only."""


@runtime_checkable
class Detector(Protocol):
    """Feature encoding, estimator and snapshot under one name.

    A detector never sees time, labels' delivery or the case: it gets feature rows, in a
    total order that its driver keeps. ``NaN`` in a row means "missing"; infinities never
    come in (the path refuses them).
    """

    def warm_up(self, X: Matrix) -> None:
        """Fit what needs no labels (bin edges, limits) on a warm-up span, shape (n, f), once."""

    def score(self, X: Matrix) -> Vector:
        """Score rows of shape (n, f) on the snapshot, higher is more suspicious; change nothing."""

    def learn(self, X: Matrix, y: npt.NDArray[np.int8], w: Vector) -> None:
        """Learn rows one at a time in their order, with labels 0/1 and importance weights."""

    def state(self) -> State:
        """Return all that the future depends on, as plain data."""

    def restore(self, state: State) -> None:
        """Take over what :meth:`state` returned; the future is then the same bit for bit."""


@runtime_checkable
class Explains(Protocol):
    """A detector that can say what drove a score."""

    def explain(self, X: Matrix) -> tuple[tuple[str, ...], Matrix]:
        """Return names of terms and their contributions to the raw score, shape (n, terms)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A dimension of a search space that takes one of several values."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """A numeric dimension of a search space, inclusive; ``log`` searches magnitudes."""

    low: float
    high: float
    log: bool = False
    integer: bool = False


#: The feature set of what reads the events themselves.
NO_FEATURES = "none"

SearchSpace = dict[str, Choice | Range]


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """How a detector is made, what may be set, and where tuning looks.

    Parameters
    ----------
    name
        The name that commands and runs use.
    title
        One line for people.
    build
        Called with the feature names, the seed and the parameters by keyword;
        returns a :class:`Detector`.
    defaults
        Every parameter with its default; nothing else may be set.
    space
        Where tuning looks; a subset of ``defaults``.
    learns
        Whether it learns. A rule does not.
    features
        The case's feature set that it reads.
    pace
        Settings of the pace that differ from the usual ones, see
        :data:`workbench.replay.setup.PACE_SETTINGS`.
    target
        Called with the pace; returns what chooses which labels are learned. Where it is left out,
        all positives are, and the pace's share of the others.
    """

    name: str
    title: str
    build: Callable[..., Detector]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    space: Mapping[str, Choice | Range] = field(default_factory=dict)
    learns: bool = True
    features: str = "all"
    pace: Mapping[str, Any] = field(default_factory=dict)
    target: Callable[..., Target] | None = None

    @property
    def takes_labels(self) -> bool:
        """Whether labels change it. What reads events themselves learns from what comes next."""
        return self.learns and self.features != NO_FEATURES

    def make(self, features: Sequence[str], seed: int = 0, **parameters: Any) -> Detector:
        """Build the detector with its defaults and the given parameters."""
        return self.build(tuple(features), seed=seed, **{**self.defaults, **parameters})
