"""The recommenders that the case offers: the re-ranked one, and each generator by itself."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from workbench.cases.recommend.engine.plan import Plan
from workbench.cases.recommend.engine.recommender import Engine
from workbench.cases.recommend.latent.machine import Machine
from workbench.cases.recommend.latent.reco import biased_mf, biases, funk_mf
from workbench.cases.recommend.latent.recommender import Latent
from workbench.detectors.protocol import DetectorSpec, Range

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.cases.recommend.latent.factors import Factors

_DEFAULTS: Final[dict[str, Any]] = {"step": "river", **Plan()._asdict()}
#: An engine without generators: what a baseline names is all that it has.
_NOTHING: Final[dict[str, Any]] = {
    "ranks": 0,
    "transitions": 0,
    "together": 0,
    "basket": 0,
    "basket_raw": 0,
    "history": 0,
    "bought": 0,
    "reminders": 0,
    "neighbours": 0,
    "far_neighbours": 0,
    "neighbour_transitions": 0,
    "popular_short": 0,
    "popular": 0,
    "popular_ever": 0,
    "arrivals": 0,
    "similar": 0,
    "titles": 0,
    "nearest": 0,
}

RERANKED: Final = DetectorSpec(
    name="reranked",
    title="Candidates of many generators, re-ranked listwise (River, AdaGrad)",
    build=Engine,  # type: ignore[arg-type] # a specification is of detectors and recommenders
    defaults={k: v for k, v in _DEFAULTS.items() if k not in ("ranks", "seed")},
    space={
        "learning_rate": Range(0.01, 0.5, log=True),
        "half_life_short": Range(200.0, 20_000.0, log=True),
        "half_life": Range(1_000.0, 100_000.0, log=True),
        "context": Range(5, 60, integer=True),
        "basket_damping": Range(0.3, 1.0),
        "pair_decay": Range(0.0, 1.0),
    },
    features="none",
)


def _single(name: str, title: str, *settings: str, **proposed: int) -> DetectorSpec:
    """Return a baseline: one generator, what it cannot fill is filled with what is popular."""
    return DetectorSpec(
        name=name,
        title=title,
        build=partial(Engine, **(_NOTHING | proposed)),  # type: ignore[arg-type] # see above
        defaults={k: _DEFAULTS[k] for k in ("items", *settings)},
        space={k: v for k, v in RERANKED.space.items() if k in settings},
        features="none",
    )


_BASELINES: Final = (
    _single("popularity", "The most popular items so far", popular_ever=20),
    _single(
        "decayed-popularity",
        "The most popular items of late",
        "half_life_short",
        popular_short=20,
    ),
    _single(
        "sequential-rules",
        "What followed the session's last items",
        "transition_items",
        "transition_decay",
        "transition_gap",
        transitions=20,
    ),
    _single(
        "co-occurrence",
        "What stood together with the session's items, by cosine",
        "context",
        "cosine_damping",
        "pair_window",
        "pair_decay",
        together=20,
    ),
    _single(
        "basket-regression",
        "What stood together with the session's items, by ridge regression",
        "basket_items",
        "basket_ridge",
        "basket_floor",
        "basket_damping",
        "pair_window",
        "pair_decay",
        basket=20,
    ),
    _single("neighbours", "Items with the next article numbers", "numbered_items", neighbours=20),
    _single(
        "visitor-history",
        "What stood together with the visitor's earlier items, by cosine",
        "history_items",
        "cosine_damping",
        "pair_window",
        "pair_decay",
        history=20,
    ),
    _single(
        "item-embedding",
        "What the session leads to, by vectors learned with drawn items",
        "embedding_items",
        "embedding_past",
        "embedding_rate",
        "drawn",
        similar=20,
    ),
    _single("titles", "Items whose titles share words", "titled_items", titles=20),
    _single(
        "session-knn",
        "What the sessions most like this one held (vector session kNN)",
        "nearest_items",
        nearest=20,
    ),
    _single("bought-before", "The visitor's latest items of earlier visits", bought=20),
    _single("reminders", "The session's own latest items", reminders=20),
)

_LR: Final = Range(0.001, 0.3, log=True)
_L2: Final = Range(1e-5, 0.1, log=True)


def _river(name: str, title: str, model: Callable[..., Factors], **settings: float) -> DetectorSpec:
    """Return one of River's models of latent factors."""
    return DetectorSpec(
        name=name,
        title=title,
        build=partial(Latent, model=model),  # type: ignore[arg-type] # see above
        defaults={"items": 20, "drawn": 2, **settings},
        space={"lr": _LR, "l2": _L2, "drawn": Range(1, 8, integer=True)},
        features="none",
    )


_RIVER: Final = (
    _river("biases", "Biases of users and items (River Baseline)", biases, lr=0.02, l2=0.001),
    _river(
        "biased-mf",
        "Biases and matrix factorisation (River BiasedMF)",
        biased_mf,
        lr=0.05,
        l2=0.001,
        factors=16,
    ),
    _river(
        "funk-mf",
        "Matrix factorisation (River FunkMF)",
        funk_mf,
        lr=0.05,
        l2=0.001,
        factors=16,
    ),
    _river(
        "factorization-machine",
        "Factorisation machine of user, item and last item (River FMClassifier)",
        Machine,
        lr=0.05,
        l2=0.0001,
        factors=16,
    ),
)

#: Recommenders answer from the first event on: there is nothing to fit before.
_PACE: Final = {"warm_up": "0s"}

DETECTORS: Final[dict[str, DetectorSpec]] = {
    spec.name: replace(spec, pace=_PACE) for spec in (RERANKED, *_BASELINES, *_RIVER)
}
