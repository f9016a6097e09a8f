"""What is replayed: a detector by name with every setting, as one value that can be stored."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self

import orjson

from workbench.case import get_case
from workbench.detectors.protocol import NO_FEATURES
from workbench.detectors.registry import find, parse_parameters
from workbench.durations import microseconds, spell
from workbench.errors import ParameterError
from workbench.features.declarations import from_data, to_data
from workbench.replay.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.detectors.protocol import DetectorSpec
    from workbench.features.vocabulary import Feature
    from workbench.replay.along import EventPath
    from workbench.replay.path import Path

#: Settings of the pace that ``-p`` and tuning may set beside the detector's own.
PACE_SETTINGS = ("negatives", "importance", "warm_up")


@dataclass(frozen=True)
class Setup:
    """A detector, its parameters, its features and its pace.

    Made by :meth:`of`; equal setups on equal streams give equal bytes.

    Attributes
    ----------
    case, detector
        Names.
    parameters
        Every parameter of the detector.
    features
        The declared features in the detector's column order.
    pace
        When labels are delivered, and which are learned.
    """

    case: str
    detector: str
    parameters: Mapping[str, Any] = field(hash=False)
    features: tuple[Feature, ...]
    pace: Pace

    @classmethod
    def of(
        cls,
        case: str,
        detector: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        *,
        deliver: str | int = "1h",
        seed: int = 0,
    ) -> Self:
        """Make a setup from names and values, as commands and notebooks give them.

        Parameters
        ----------
        case
            Name of the case.
        detector
            Name of the detector; the case's shipped default if not given.
        parameters
            Settings of the detector and of the pace; text is converted to the type of the
            setting's default. Everything else has its default.
        deliver
            Interval between deliveries of labels.
        seed
            Seed of the detector and of the choice of genuine events that are learned.

        Raises
        ------
        ParameterError
            If a name is unknown or a value impossible.
        """
        spec = find_spec(case, detector)
        known = replace(spec, defaults={**spec.defaults, **_pace_defaults(), **spec.pace})
        given = [f"{name}={value}" for name, value in (parameters or {}).items()]
        settings = {**known.defaults, **parse_parameters(known, given)}
        pace = {name: settings.pop(name) for name in PACE_SETTINGS}
        pace["warm_up"] = microseconds(pace["warm_up"])
        return cls(
            case=case,
            detector=spec.name,
            parameters=settings,
            features=feature_set(case, spec.features),
            pace=Pace(deliver=microseconds(deliver), seed=seed, **pace),
        )

    def build(self, *, learning: bool = True) -> EventPath:
        """Return a fresh path."""
        case, spec = get_case(self.case), find_spec(self.case, self.detector)
        names = [feature.name for feature in self.features]
        detector = spec.make(names, seed=self.pace.seed, **self.parameters)
        chosen: dict[str, Any] = {"target": spec.target(self.pace)} if spec.target else {}
        if case.forget_after:
            chosen["forget_after"] = microseconds(case.forget_after)
        path: EventPath = case.load("path")(
            self.features, case.schema, detector, self.pace, learning=learning, **chosen
        )
        return path

    def scoring(self) -> Path:
        """Return a fresh path of a detector that scores feature rows.

        Raises
        ------
        ParameterError
            If the case's detectors answer with something else.
        """
        from workbench.replay.path import Path

        path = self.build()
        if not isinstance(path, Path):
            raise ParameterError.of(
                f"feature rows of the detector {self.detector!r} of {self.case}",
                allowed="a case whose detectors score features",
                hint="look at the run's recommendations instead",
            )
        return path

    def with_parameters(self, parameters: Mapping[str, Any]) -> Setup:
        """Return the same setup with some settings changed."""
        changed = {k: v for k, v in parameters.items() if k in PACE_SETTINGS}
        own = {k: v for k, v in parameters.items() if k not in PACE_SETTINGS}
        return replace(
            self, parameters={**self.parameters, **own}, pace=replace(self.pace, **changed)
        )

    @property
    def digest(self) -> str:
        """A short hash of everything in it."""
        text = orjson.dumps(self.to_data(), option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(text).hexdigest()[:12]

    def settings(self) -> dict[str, Any]:
        """Return parameters and pace for people, in one flat table."""
        if find_spec(self.case, self.detector).features == NO_FEATURES:
            return {**self.parameters, "seed": self.pace.seed}
        pace = {
            "deliver": spell(self.pace.deliver),
            "warm_up": spell(self.pace.warm_up),
            "negatives": self.pace.negatives,
            "importance": self.pace.importance or "1 / negatives",
            "seed": self.pace.seed,
        }
        return {**self.parameters, **pace}

    def to_data(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "case": self.case,
            "detector": self.detector,
            "parameters": dict(self.parameters),
            "features": to_data(self.features),
            "pace": asdict(self.pace),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Return the setup behind :meth:`to_data`."""
        known = {f.name for f in fields(Pace)}
        return cls(
            case=data["case"],
            detector=data["detector"],
            parameters=data["parameters"],
            features=from_data(data["features"]),
            pace=Pace(**{k: v for k, v in data["pace"].items() if k in known}),
        )


def _pace_defaults() -> dict[str, Any]:
    pace = Pace()
    return {
        "negatives": pace.negatives,
        "importance": pace.importance,
        "warm_up": spell(pace.warm_up),
    }


def find_spec(case: str, detector: str | None) -> DetectorSpec:
    """Return a detector's spec by name: the case's own first, then plug-ins."""
    described = get_case(case)
    return find(detector or described.default_detector, described.load("detectors"))


def feature_set(case: str, name: str) -> tuple[Feature, ...]:
    """Return a declared feature set of a case."""
    sets: Mapping[str, tuple[Feature, ...]] = get_case(case).load("features")
    if name not in sets:
        raise ParameterError.of(
            f"the feature set {name!r}", allowed=", ".join(sets), hint="choose one of these"
        )
    return sets[name]
