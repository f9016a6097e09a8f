"""Rows of features: what every detector checks, and how River sees one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.detectors.protocol import Matrix


@njit(cache=True)
def _first_infinite(values: Matrix) -> np.int64:
    rows, columns = values.shape
    for i in range(rows):
        for j in range(columns):
            if np.isinf(values[i, j]):
                return np.int64(i * columns + j)
    return np.int64(-1)


def checked(X: Matrix, features: Sequence[str]) -> Matrix:
    """Return ``X`` as a C-contiguous float64 matrix, or say which value cannot be used.

    Parameters
    ----------
    X
        Rows of features, shape (n, f); NaN means missing.
    features
        The f names of the columns.

    Raises
    ------
    ParameterError
        If the shape is wrong or a value is infinite.

    Examples
    --------
    >>> checked(np.array([[1.0, np.inf]]), ("amount", "ratio"))
    Traceback (most recent call last):
    ...
    workbench.errors.ParameterError: inf in the feature 'ratio' (row 0) cannot be used: allowed is a
    finite number, or NaN for a missing one; correct the feature that makes it.
    """
    X = np.ascontiguousarray(X, dtype=np.float64)
    if not X.flags.writeable:
        # Numba would compile every kernel once more for arrays that it must not write to.
        X = X.copy()
    if X.ndim != 2 or X.shape[1] != len(features):
        raise ParameterError.of(
            f"a feature matrix of shape {X.shape}",
            allowed=f"(rows, {len(features)})",
            hint="give one column for each feature that the detector was made with",
        )
    position = int(_first_infinite(X))
    if position >= 0:
        row, column = divmod(position, len(features))
        raise ParameterError.of(
            f"{X[row, column]} in the feature {features[column]!r} (row {row})",
            allowed="a finite number, or NaN for a missing one",
            hint="correct the feature that makes it",
        )
    return X


def as_dicts(X: Matrix, features: Sequence[str]) -> list[dict[str, float]]:
    """Return each row as River takes it: a dict without the features that are missing.

    Examples
    --------
    >>> as_dicts(np.array([[1.0, np.nan]]), ("amount", "ratio"))
    [{'amount': 1.0}]
    """
    rows = X.tolist()
    if not np.isnan(X).any():
        return [dict(zip(features, row, strict=True)) for row in rows]
    # NaN is the one value that differs from itself; the comparison is the cheapest test.
    return [
        {name: value for name, value in zip(features, row, strict=True) if value == value}
        for row in rows
    ]
