"""No features: a recommender reads the events themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workbench.features.vocabulary import Feature

FEATURES: Final[dict[str, tuple[Feature, ...]]] = {"none": ()}
