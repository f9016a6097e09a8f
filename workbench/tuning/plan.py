"""What a study does, as one value that its processes and machines share."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import orjson

from workbench.case import get_case
from workbench.replay.setup import Setup, find_spec
from workbench.tuning.spaces import search_space

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.tuning.spaces import Dimension

FILE = "plan.json"


@dataclass(frozen=True)
class Plan:
    """Everything that decides which trials there are and what they yield.

    Parameters
    ----------
    case
        Name of the case.
    detectors
        Names of the detectors that compete.
    stream
        Hash of the stream.
    deliver, label_delay
        Interval between deliveries, and delay of labels without ``known_at``, in µs.
    start, split, end
        Trials are judged on events from ``start`` until ``split``; what they chose is confirmed
        on those from ``split`` until ``end``. In µs since 1970; trials see nothing from
        ``split`` on.
    seed
        Of the sampler, the detectors, and the choice of the genuine events that are learned.
    """

    case: str
    detectors: tuple[str, ...]
    stream: str
    deliver: int
    label_delay: int
    start: int
    split: int
    end: int
    seed: int

    @cached_property
    def spaces(self) -> dict[str, dict[str, Dimension]]:
        """What is searched, by detector."""
        return {name: search_space(find_spec(self.case, name)) for name in self.detectors}

    @property
    def objective(self) -> str:
        """Name of the metric that decides."""
        return get_case(self.case).objective.partition(":")[2]

    @cached_property
    def digest(self) -> str:
        """A short hash of everything in it and of the search spaces: the study's name."""
        text = orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS) + repr(self.spaces).encode()
        return hashlib.sha256(text).hexdigest()[:12]

    def setup(self, detector: str | None = None, parameters: dict[str, Any] | None = None) -> Setup:
        """Return the setup of a detector with some parameters set; the shipped one by default."""
        return Setup.of(self.case, detector, parameters, deliver=self.deliver, seed=self.seed)

    def save(self, folder: Path) -> None:
        """Write the plan where the study's processes find it."""
        (folder / FILE).write_bytes(orjson.dumps(asdict(self)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        data = orjson.loads((folder / FILE).read_bytes())
        return cls(**{**data, "detectors": tuple(data["detectors"])})
