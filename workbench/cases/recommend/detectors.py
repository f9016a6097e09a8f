"""The recommenders that the case offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workbench.cases.recommend.popularity import SPEC as POPULARITY

if TYPE_CHECKING:
    from workbench.detectors.protocol import DetectorSpec

DETECTORS: Final[dict[str, DetectorSpec]] = {
    "popularity": POPULARITY,
}
