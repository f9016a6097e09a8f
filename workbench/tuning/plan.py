"""What a study does, as one value that its processes and machines share."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import orjson

from workbench.case import get_case
from workbench.durations import DAY, microseconds, spell
from workbench.errors import ParameterError, StreamError
from workbench.replay.setup import Setup, find_spec
from workbench.tuning.spaces import search_space

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from workbench.case import Case
    from workbench.streams.recorded import Stream
    from workbench.tuning.spaces import Dimension

FILE = "plan.json"
#: Share of the stream's time on which trials are judged; the rest confirms their choice.
TUNING_SHARE = 0.7
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Plan:
    """Everything that decides which trials there are and what they yield.

    Made by :meth:`of`.

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
        on those from ``split`` to ``end``. In µs since 1970; trials see nothing from ``split``
        on.
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

    @classmethod
    def of(
        cls,
        stream: Stream,
        detectors: Sequence[str] | None = None,
        *,
        label_delay: str | int | None = None,
        deliver: str | int = "1h",
        seed: int = 0,
    ) -> Self:
        """Make a plan from what commands and notebooks give; see :func:`workbench.tuning.tune`.

        Raises
        ------
        ParameterError
            If a detector is unknown or has nothing to tune, or a duration is none.
        StreamError
            If the stream is too short to tune on it.
        """
        case = get_case(stream.case)
        names = _competitors(case, detectors)
        every = microseconds(deliver)
        warm_up = max(
            Setup.of(case.name, name, deliver=every, seed=seed).pace.warm_up
            for name in {*names, case.default_detector}
        )
        first, last = (_since_1970(moment) for moment in (stream.start, stream.end))
        start, split = first + warm_up, first + round(TUNING_SHARE * (last - first))
        if last - first >= 10 * DAY:
            split = round(split / DAY) * DAY  # whole days, for metrics by day
        if start >= split:
            raise StreamError.of(
                f"{stream.path}: a stream of {round((last - first) / DAY, 1):g} days",
                allowed=f"one whose first {TUNING_SHARE:.0%} go beyond the warm-up of "
                f"{spell(warm_up)}",
                hint="tune on a longer stream",
            )
        return cls(
            case=case.name,
            detectors=names,
            stream=stream.hash,
            deliver=every,
            label_delay=microseconds(case.label_delay if label_delay is None else label_delay),
            start=start,
            split=split,
            end=last,
            seed=seed,
        )

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
        text = orjson.dumps(self.to_data(), option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(text + repr(self.spaces).encode()).hexdigest()[:12]

    def setup(
        self, detector: str | None = None, parameters: Mapping[str, Any] | None = None
    ) -> Setup:
        """Return the setup of a detector with some parameters set; the shipped one by default."""
        return Setup.of(self.case, detector, parameters, deliver=self.deliver, seed=self.seed)

    def moment(self, name: str) -> datetime:
        """Return ``start``, ``split`` or ``end`` as a time."""
        return _EPOCH + timedelta(microseconds=getattr(self, name))

    def to_data(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {**asdict(self), "detectors": list(self.detectors)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Return the plan behind :meth:`to_data`."""
        return cls(**{**data, "detectors": tuple(data["detectors"])})

    def save(self, folder: Path) -> None:
        """Write the plan where the study's processes find it."""
        (folder / FILE).write_bytes(orjson.dumps(self.to_data()))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        return cls.from_data(orjson.loads((folder / FILE).read_bytes()))


def _competitors(case: Case, detectors: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of the detectors that compete, the shipped default first."""
    if detectors:
        specs = [find_spec(case.name, name) for name in dict.fromkeys(detectors)]
    else:
        specs = [spec for spec in case.load("detectors").values() if spec.space]
    for spec in specs:
        if not search_space(spec):
            raise ParameterError.of(
                f"tuning the detector {spec.name!r}, which has nothing to tune",
                allowed="a detector with a search space or one that learns",
                hint="leave it out; studies compare their choice with it anyway",
            )
    return tuple(sorted((s.name for s in specs), key=lambda name: name != case.default_detector))


def _since_1970(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
