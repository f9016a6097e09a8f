"""River's own recommenders: biases, BiasedMF and FunkMF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from workbench.cases.recommend.latent.factors import F64, ITEM, USER, Factors, Key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from river import reco

_TABLES: Final = {"u_biases": USER, "i_biases": ITEM, "u_latents": USER, "i_latents": ITEM}
CLIP: Final = 1.0
"""The steepest gradient: an error of 1 is all there can be, more would be divergence."""


class Reco(Factors):
    """One of ``river.reco``.

    Parameters
    ----------
    model
        ``Baseline``, ``BiasedMF`` or ``FunkMF``.
    size
        Numbers in its vectors, 0 for ``Baseline``.
    """

    def __init__(self, model: reco.base.Ranker, size: int) -> None:
        self.model: Any = model
        self.size = size
        self._mean: Any = getattr(model, "global_mean", None)

    def tables(self) -> Mapping[str, dict[Any, Any]]:
        """Return biases and vectors by slot."""
        return {name: getattr(self.model, name) for name in _TABLES if hasattr(self.model, name)}

    def keys(self, table: str, kind: str, slot: int) -> Any:
        """Return the slot, in a table of its kind."""
        return slot if _TABLES[table] == kind else None

    def key(self, table: str, key: Any) -> Key:
        """Return the table's kind and the slot."""
        return _TABLES[table], key

    def learn(self, user: int, last: int, item: int, y: float) -> None:  # noqa: ARG002 - these models know no last item
        """Learn one pair with River's ``learn_one``."""
        if user >= 0:
            self.model.learn_one(user, item, y)

    def item(self, item: int) -> tuple[float, F64]:
        """Return bias and vector; zeros for what was not learned."""
        return self._bias("i_biases", item), self._latent("i_latents", item)

    def query(self, user: int, last: int) -> tuple[float, F64]:  # noqa: ARG002 - these models know no last item
        """Return the mean with the user's bias, and the user's vector."""
        mean = float(self._mean.get()) if self._mean is not None else 0.0
        return mean + self._bias("u_biases", user), self._latent("u_latents", user)

    def _bias(self, table: str, slot: int) -> float:
        return float(getattr(self.model, table, {}).get(slot, 0.0))

    def _latent(self, table: str, slot: int) -> F64:
        found: F64 | None = getattr(self.model, table, {}).get(slot)
        return np.zeros(self.size) if found is None else found

    def reference_score(self, user: int, last: int, item: int) -> float:  # noqa: ARG002 - these models know no last item
        """Return River's ``predict_one``."""
        return float(self.model.predict_one(user, item))

    def scalars(self) -> list[float]:
        """Return the mean and what it is the mean of."""
        return [] if self._mean is None else [float(self._mean.n), float(self._mean._mean)]

    def set_scalars(self, values: list[float]) -> None:
        """Take over the mean."""
        if self._mean is not None:
            self._mean.n, self._mean._mean = values

    def random(self) -> np.random.RandomState | None:
        """Return the generator of the vectors' initialiser."""
        initializer = getattr(self.model, "latent_initializer", None) or self.model.initializer
        found: np.random.RandomState | None = getattr(initializer, "_rng", None)
        return found


def biases(*, seed: int, lr: float, l2: float) -> Reco:  # noqa: ARG001 - nothing here is random
    """Return ``reco.Baseline``: the mean and the biases of users and items."""
    from river import optim, reco

    return Reco(reco.Baseline(optimizer=optim.SGD(lr), l2=l2, clip_gradient=CLIP), 0)


def biased_mf(*, seed: int, lr: float, l2: float, factors: int) -> Reco:
    """Return ``reco.BiasedMF``: biases and a matrix factorisation."""
    from river import optim, reco

    model = reco.BiasedMF(
        n_factors=factors,
        bias_optimizer=optim.SGD(lr),
        latent_optimizer=optim.SGD(lr),
        l2_bias=l2,
        l2_latent=l2,
        clip_gradient=CLIP,
        seed=seed,
    )
    return Reco(model, factors)


def funk_mf(*, seed: int, lr: float, l2: float, factors: int) -> Reco:
    """Return ``reco.FunkMF``: a matrix factorisation alone."""
    from river import optim, reco

    model = reco.FunkMF(
        n_factors=factors, optimizer=optim.SGD(lr), l2=l2, clip_gradient=CLIP, seed=seed
    )
    return Reco(model, factors)
