"""River's factorisation machine over who, what, and what was last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from workbench.cases.recommend.latent.factors import F64, ITEM, LAST, USER, Factors, Key

if TYPE_CHECKING:
    from collections.abc import Mapping

CLIP: Final = 1.0


class Machine(Factors):
    """``river.facto.FMClassifier`` on one-hot features: user, item, and the session's last item.

    Of its raw score, what does not change from item to item is a constant; an item's vector is
    multiplied with the sum of the others' (Rendle, 2010, "Factorization machines").
    """

    def __init__(self, *, seed: int, lr: float, l2: float, factors: int) -> None:
        from river import facto, optim

        self.size = factors
        self.model: Any = facto.FMClassifier(
            n_factors=factors,
            weight_optimizer=optim.SGD(lr),
            latent_optimizer=optim.SGD(lr),
            l2_weight=l2,
            l2_latent=l2,
            clip_gradient=CLIP,
            seed=seed,
        )

    def tables(self) -> Mapping[str, dict[Any, Any]]:
        """Return weights and vectors by feature."""
        return {"weights": self.model.weights, "latents": self.model.latents}

    def keys(self, table: str, kind: str, slot: int) -> Any:  # noqa: ARG002 - both tables have all kinds
        """Return the feature."""
        return kind, slot

    def key(self, table: str, key: Any) -> Key:  # noqa: ARG002 - both tables have all kinds
        """Return the feature, which is what a parameter belongs to."""
        found: Key = key
        return found

    @staticmethod
    def _context(user: int, last: int) -> dict[Key, int]:
        return {key: 1 for key in ((USER, user), (LAST, last)) if key[1] >= 0}

    def learn(self, user: int, last: int, item: int, y: float) -> None:
        """Learn one row with River's ``learn_one``."""
        self.model.learn_one({(ITEM, item): 1, **self._context(user, last)}, bool(y))

    def item(self, item: int) -> tuple[float, F64]:
        """Return the item's weight and vector; zeros for what was not learned."""
        return self._weight((ITEM, item)), self._latent((ITEM, item))

    def query(self, user: int, last: int) -> tuple[float, F64]:
        """Return what user and last item score by themselves, and the sum of their vectors."""
        context = self._context(user, last)
        constant, query = float(self.model.intercept), np.zeros(self.size)
        for key in context:
            latent = self._latent(key)
            constant += self._weight(key) + float(query @ latent)
            query = query + latent
        return constant, query

    def _weight(self, key: Key) -> float:
        return float(self.model.weights.get(key, 0.0))

    def _latent(self, key: Key) -> F64:
        found: F64 | None = self.model.latents.get(key)
        return np.zeros(self.size) if found is None else found

    def reference_score(self, user: int, last: int, item: int) -> float:
        """Return River's raw score."""
        return float(self.model._raw_dot({(ITEM, item): 1, **self._context(user, last)}))

    def scalars(self) -> list[float]:
        """Return the intercept."""
        return [float(self.model.intercept)]

    def set_scalars(self, values: list[float]) -> None:
        """Take over the intercept."""
        (self.model.intercept,) = values

    def random(self) -> np.random.RandomState | None:
        """Return the generator of the vectors' initialiser."""
        found: np.random.RandomState = self.model.latent_initializer._rng
        return found
