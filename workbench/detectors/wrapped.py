"""What detectors around one classifier of River share: River's own score, and the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.detectors import codec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.detectors.protocol import State


class Wrapped:
    """Base of detectors whose state is their estimator.

    Attributes
    ----------
    model
        River's classifier.
    """

    model: Any
    #: The model's parameters for scores in bulk; ``None`` when they must be taken anew.
    _snapshot: Any = None

    def reference_score(self, x: Mapping[str, float]) -> float:
        """Score one row by River's own call; what ``score`` must equal."""
        return float(self.model.predict_proba_one(dict(x)).get(True, 0.0))

    def state(self) -> State:
        """Return the estimator."""
        return {"model": codec.encode(self.model)}

    def restore(self, state: State) -> None:
        """Take over an estimator."""
        self.model = codec.decode(state["model"])
        self._snapshot = None
