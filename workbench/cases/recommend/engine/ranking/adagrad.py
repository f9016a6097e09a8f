"""River's AdaGrad for weights in an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from river import optim

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.compiled import F64


class VectorAdaGrad(optim.AdaGrad):
    """River's AdaGrad with the vector step that it lacks in 0.26.

    Parameters
    ----------
    squares
        Where the sums of squared gradients are kept, of the weights' shape.
    lr, eps
        As River's.

    Examples
    --------
    >>> w, g2 = np.zeros(2), np.zeros(2)
    >>> VectorAdaGrad(g2, lr=0.1).step(w, np.array([2.0, 0.0])).round(6).tolist()
    [-0.1, 0.0]
    """

    def __init__(self, squares: F64, lr: float = 0.1, eps: float = 1e-8) -> None:
        super().__init__(lr, eps)
        self.squares = squares
        self._room = np.empty_like(squares)

    def _step_with_vector(self, w: Any, g: Any) -> Any:
        room = self._room
        np.multiply(g, g, out=room)
        self.squares += room
        np.add(self.squares, self.eps, out=room)
        np.sqrt(room, out=room)
        np.divide(self.learning_rate, room, out=room)
        room *= g
        w -= room
        return w
