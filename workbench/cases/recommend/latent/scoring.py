"""The best items of a whole catalogue by biases and inner products, in compiled code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba import njit

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    F64 = npt.NDArray[np.float64]
    I64 = npt.NDArray[np.int64]
    U8 = npt.NDArray[np.uint8]


@njit(cache=True, nogil=True)
def score_all(constant: float, bias: F64, latent: F64, query: F64, scores: F64) -> None:
    """Write ``constant + bias[i] + latent[i] . query`` for each item.

    Parameters
    ----------
    constant
        What all items have in common.
    bias, latent
        Of the items, shapes (n,) and (n, k).
    query
        What the items' vectors are multiplied with, shape (k,).
    scores
        Receives the scores, shape (n,).
    """
    for i in range(len(scores)):
        total = 0.0
        for k in range(len(query)):
            total += latent[i, k] * query[k]
        scores[i] = constant + bias[i] + total


@njit(cache=True, nogil=True)
def best(scores: F64, out_of_stock: U8, found: I64) -> int:
    """Write the items with the highest scores, of equal ones the first; return how many.

    Parameters
    ----------
    scores
        Of the items, shape (n,).
    out_of_stock
        Items to leave out, uint8 (n,).
    found
        Receives the items, best first, shape (m,).
    """
    count = 0
    for i in range(len(scores)):
        if out_of_stock[i] or (count == len(found) and scores[i] <= scores[found[count - 1]]):
            continue
        place = count if count < len(found) else count - 1
        count = place + 1
        while place > 0 and scores[found[place - 1]] < scores[i]:
            found[place] = found[place - 1]
            place -= 1
        found[place] = i
    return count
