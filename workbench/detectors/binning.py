"""Features as bins: declarations of encodings, and the compiled encoder behind them.

A value falls into bin ``i`` where ``i`` edges lie strictly below it
(``numpy.searchsorted(edges, value)``), so a bin holds its upper edge. A missing value (NaN) has
a bin of its own, the last one. Every bin of every term has one integer id.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from workbench.detectors.kernels import LANES, Layout, encode
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workbench.detectors.kernels import Ids
    from workbench.detectors.protocol import Matrix, Vector


class Encoding(Protocol):
    """How one feature is cut into bins.

    Attributes
    ----------
    fitted
        Whether the edges depend on the values of the warm-up span.
    """

    fitted: ClassVar[bool]

    def edges(self, values: Vector) -> Vector:
        """Return strictly increasing edges, given the values of the warm-up span (no NaN)."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Bins between given edges.

    Examples
    --------
    >>> Edges((0.5, 1.5)).edges(np.empty(0))
    array([0.5, 1.5])
    """

    fitted: ClassVar[bool] = False
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        finite = all(np.isfinite(self.values))
        if not self.values or not finite or any(a >= b for a, b in pairwise(self.values)):
            raise ParameterError.of(
                f"Edges({self.values})",
                allowed="finite numbers, each larger than the one before",
                hint="sort the edges and leave out repeated ones",
            )

    def edges(self, values: Vector) -> Vector:  # noqa: ARG002 - other encodings fit on values
        """Return the edges as they were given."""
        return np.asarray(self.values, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class LogGrid:
    """``count`` edges from ``low`` to ``high``, each the same factor above the one before.

    Examples
    --------
    >>> LogGrid(1.0, 100.0, 3).edges(np.empty(0))
    array([  1.,  10., 100.])
    """

    fitted: ClassVar[bool] = False
    low: float
    high: float
    count: int

    def __post_init__(self) -> None:
        if not (0 < self.low < self.high < np.inf and self.count >= 2):
            raise ParameterError.of(
                str(self), allowed="0 < low < high and a count from 2", hint="correct the grid"
            )

    def edges(self, values: Vector) -> Vector:  # noqa: ARG002 - other encodings fit on values
        """Return the grid."""
        return np.geomspace(self.low, self.high, self.count)


@dataclass(frozen=True, slots=True)
class UnitGrid:
    """One bin for each whole number from ``low`` to ``high``, and one at either side.

    Examples
    --------
    >>> UnitGrid(7, 9).edges(np.empty(0))
    array([6.5, 7.5, 8.5, 9.5])
    """

    fitted: ClassVar[bool] = False
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ParameterError.of(
                str(self), allowed="low up to high", hint="exchange the two limits"
            )

    def edges(self, values: Vector) -> Vector:  # noqa: ARG002 - other encodings fit on values
        """Return the borders half-way between whole numbers."""
        return np.arange(self.low, self.high + 2, dtype=np.float64) - 0.5


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Edges at quantiles of the warm-up span (linear interpolation; repeated ones count once).

    Before a warm-up, and for a feature that was always missing in it, there is one bin.

    Examples
    --------
    >>> Quantiles((0.25, 0.5, 0.75)).edges(np.array([0.0, 0.0, 0.0, 8.0]))
    array([0., 2.])
    """

    fitted: ClassVar[bool] = True
    probabilities: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.probabilities or not all(0 <= p <= 1 for p in self.probabilities):
            raise ParameterError.of(
                f"Quantiles({self.probabilities})",
                allowed="probabilities from 0 to 1",
                hint="write 0.95 for 95%",
            )

    def edges(self, values: Vector) -> Vector:
        """Return the quantiles of ``values``."""
        if not len(values):
            return np.empty(0)
        return np.unique(np.quantile(values, self.probabilities))


@dataclass(frozen=True, slots=True)
class Term:
    """One feature in bins.

    Parameters
    ----------
    feature
        The name of the feature.
    encoding
        How it is cut into bins.
    name
        The term's own name, where a feature has more than one; the feature's name otherwise.
    main
        False where the term serves in crosses only.
    value
        What a column is multiplied with; under AdaGrad it acts as its learning rate.
    """

    feature: str
    encoding: Encoding
    name: str | None = None
    main: bool = True
    value: float = 1.0

    @property
    def label(self) -> str:
        """The name under which crosses refer to it."""
        return self.name or self.feature


@dataclass(frozen=True, slots=True)
class Cross:
    """Every combination of the bins of some terms, missing ones included.

    Parameters
    ----------
    terms
        Names of declared terms, at least two.
    value
        As in :class:`Term`.
    """

    terms: tuple[str, ...]
    value: float = 1.0

    @property
    def label(self) -> str:
        """Its name in explanations."""
        return " × ".join(self.terms)


def quantile_terms(features: Sequence[str], count: int) -> tuple[Term, ...]:
    """Return a term for each feature: ``count`` equal parts of the warm-up, and finer tails.

    Examples
    --------
    >>> quantile_terms(("amount",), 4)[0].encoding.probabilities
    (0.01, 0.02, 0.05, 0.25, 0.5, 0.75, 0.95, 0.98, 0.99, 0.995, 0.999)
    """
    tails = {0.01, 0.02, 0.05, 0.95, 0.98, 0.99, 0.995, 0.999}
    ladder = tuple(sorted({i / count for i in range(1, count)} | tails))
    return tuple(Term(name, Quantiles(ladder)) for name in features)


class Binning:
    """Terms and crosses over named features, as ids from 0 to :attr:`width` - 1.

    Parameters
    ----------
    features
        Names of the columns of the matrices that are encoded.
    terms, crosses
        The declarations.

    Raises
    ------
    ParameterError
        If a term names an unknown feature, a cross an unknown term, or a name comes twice.

    Examples
    --------
    >>> terms = [Term("amount", Edges((10.0, 100.0))), Term("age", UnitGrid(1, 2))]
    >>> binning = Binning(("amount", "age"), terms, [Cross(("amount", "age"))])
    >>> binning.names
    ('amount', 'age', 'amount × age')
    >>> binning.encode(np.array([[10.0, 1.0], [np.nan, 2.0]]))
    array([[ 0,  5, 10],
           [ 3,  6, 26]])
    """

    def __init__(
        self, features: Sequence[str], terms: Sequence[Term], crosses: Sequence[Cross] = ()
    ) -> None:
        self.features = tuple(features)
        self.terms = tuple(terms)
        self._position = _positions(self.features, self.terms, crosses)
        labels = [t.label for t in self.terms]
        columns: list[Term | Cross] = [*(t for t in self.terms if t.main), *crosses]
        self.names = tuple(c.label for c in columns)
        self._parts = [
            [labels.index(c.label)] if isinstance(c, Term) else list(map(labels.index, c.terms))
            for c in columns
        ]
        of = [t.feature for t in self.terms]
        #: By column, the feature that it speaks of; of a cross, that of its last term.
        self.speaks_of = tuple(of[parts[-1]] for parts in self._parts)
        self.column_values = np.array([c.value for c in columns], dtype=np.float64)
        self.set_edges([t.encoding.edges(np.empty(0)) for t in self.terms])

    def fit(self, X: Matrix) -> None:
        """Place the edges that depend on data, given warm-up rows of shape (n, f)."""
        edges = list(self.edges)
        for t, (term, column) in enumerate(zip(self.terms, self._position, strict=True)):
            if term.encoding.fitted:
                x = X[:, column]
                edges[t] = term.encoding.edges(x[~np.isnan(x)])
        self.set_edges(edges)

    def set_edges(self, edges: Sequence[Vector]) -> None:
        """Take over the edges of all terms."""
        self.edges = [np.asarray(e, dtype=np.float64) for e in edges]
        size = [len(e) + 2 for e in self.edges]
        count = [int(np.prod([size[t] for t in parts])) for parts in self._parts]
        padded = [np.pad(e, (0, -len(e) % LANES), constant_values=np.inf) for e in self.edges]
        self.layout = Layout(
            feature=np.array(self._position, dtype=np.int64),
            start=np.cumsum([0, *map(len, padded)]).astype(np.int64),
            edges=np.concatenate([*padded, np.empty(0)]),
            size=np.array(size, dtype=np.int64),
            part_start=np.cumsum([0, *map(len, self._parts)]).astype(np.int64),
            part=np.array([t for parts in self._parts for t in parts], dtype=np.int64),
            offset=np.cumsum([0, *count]).astype(np.int64),
        )
        self.values = np.repeat(self.column_values, count)

    @property
    def width(self) -> int:
        """Number of ids."""
        return int(self.layout.offset[-1])

    def encode(self, X: Matrix) -> Ids:
        """Return the ids of C-contiguous rows of shape (n, f): int64 of shape (n, columns)."""
        ids: Ids = encode(X, self.layout)
        return ids

    def encode_one(self, x: Mapping[str, float]) -> list[int]:
        """Return the ids of one row, written plainly: what :meth:`encode` must equal."""
        bins = [
            int(np.searchsorted(e, x[t.feature])) if t.feature in x else len(e) + 1
            for t, e in zip(self.terms, self.edges, strict=True)
        ]
        ids = []
        for parts, offset in zip(self._parts, self.layout.offset.tolist(), strict=False):
            mixed = 0
            for t in parts:
                mixed = mixed * (len(self.edges[t]) + 2) + bins[t]
            ids.append(offset + mixed)
        return ids


def _positions(
    features: Sequence[str], terms: Sequence[Term], crosses: Sequence[Cross]
) -> list[int]:
    """Return each term's column, after checking every name."""
    labels = [t.label for t in terms]
    for asked, known, what in (
        ([t.feature for t in terms], features, "feature"),
        ([name for c in crosses for name in c.terms], labels, "term"),
    ):
        for name in asked:
            if name not in known:
                raise ParameterError.of(
                    f"the {what} {name!r}",
                    allowed=", ".join(known) or "nothing, as there is none",
                    hint=f"declare the {what} or correct its name",
                )
    for name in labels:
        if labels.count(name) > 1:
            raise ParameterError.of(
                f"two terms called {name!r}", allowed="one", hint="give one of them a name"
            )
    return [list(features).index(t.feature) for t in terms]
