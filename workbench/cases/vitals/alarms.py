"""Which scores call somebody to the bedside, and which are left alone.

An alarm is raised where a patient's score reaches the threshold, unless one within the last
*persistence* was below it: of a monitor several scores must agree, one an hour counts at once. It
then *stands* until the score falls below *clear*, a share of the threshold. While it stands it is
raised again after *repeat*; one that was over is raised anew, but not sooner than *pause* after the
last.

Observations of which a sign is left out as an artefact (:mod:`workbench.cases.vitals.artefacts`)
raise nothing and end nothing: the next one decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numba import njit

from workbench.cases.vitals.artefacts import ARTEFACT
from workbench.cases.vitals.schema import SCHEMA
from workbench.durations import DAY, microseconds
from workbench.errors import ParameterError
from workbench.features.engine import FeatureEngine
from workbench.replay.alerting import SEVERITIES, Chosen
from workbench.streams.frames import instants
from workbench.streams.schema import EVENT_TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from workbench.detectors.protocol import State, Vector
    from workbench.replay.along import Answers

    I64 = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

#: A patient who is not seen for so long comes back as a new one (µs).
FORGET_AFTER: Final = 7 * DAY
_FEW: Final = 1024
_NEVER: Final = -(2**62)
# What is kept of a patient: when the score was last below the threshold, the last alarm, whether it
# stands, and the last observation.
_BELOW, _LAST, _STANDS, _SEEN = range(4)


@dataclass(frozen=True, slots=True)
class Rule:
    """When an alarm is raised.

    Parameters
    ----------
    threshold
        Scores at or above it raise alarms.
    clear
        An alarm stands until the score falls below this share of the threshold.
    persistence
        For how long no score may have been below the threshold.
    repeat
        After how long an alarm that stands is raised again.
    pause
        How long after an alarm the next one may come, if that one is over.

    Raises
    ------
    ParameterError
        If the threshold is no finite number, ``clear`` no share, or a duration cannot be read.
    """

    threshold: float
    clear: float = 1.0
    persistence: str = "20m"
    repeat: str = "6h"
    pause: str = "6h"

    def __post_init__(self) -> None:
        for name in ("persistence", "repeat", "pause"):
            microseconds(getattr(self, name))
        if not (np.isfinite(self.threshold) and 0 < self.clear <= 1):
            raise ParameterError.of(
                f"alarms with threshold={self.threshold:g} and clear={self.clear:g}",
                allowed="a finite threshold, and for clear a share of it, above 0 and up to 1",
                hint="leave clear out for 1; the threshold is fitted when a run is exported",
            )

    def raised(self, stay: I64, time: I64, score: Vector, left_out: Flags | None = None) -> Flags:
        """Return which observations raise an alarm.

        Parameters
        ----------
        stay
            Code of each observation's patient, from 0, shape (n,).
        time
            In µs, not decreasing, shape (n,).
        score
            Shape (n,); NaN is no score.
        left_out
            Whether a sign was left out as an artefact, shape (n,); none if not given.

        Examples
        --------
        >>> hours = np.array([0, 1, 5, 6]) * microseconds("1h")
        >>> Rule(0.5).raised(np.zeros(4, int), hours, np.array([0.4, 0.6, 0.7, 0.6]))
        array([False,  True, False, False])
        """
        memory = _fresh(int(stay.max(initial=-1)) + 1)
        quiet = np.zeros(len(stay), np.bool_) if left_out is None else left_out
        return self._watch(memory, stay, time, score, quiet)

    def _watch(self, memory: I64, stay: I64, time: I64, score: Vector, quiet: Flags) -> Flags:
        clear = self.clear * self.threshold
        spans = (microseconds(span) for span in (self.persistence, self.repeat, self.pause))
        alarm: Flags = _watch(memory, stay, time, score, quiet, self.threshold, clear, *spans)
        return alarm


class Alarms:
    """The alarm policy of the case.

    Parameters
    ----------
    settings
        The fields of :class:`Rule`, as :func:`workbench.cases.vitals.metrics.alerts` fits them.
        Scores from ``high`` or ``medium`` on, where these are given, are alerts of that severity,
        all others of the lowest.

    Raises
    ------
    ParameterError
        As :class:`Rule`, or if a setting is unknown.

    Examples
    --------
    >>> policy = Alarms({"threshold": 0.5, "high": 0.9})
    >>> events = pl.DataFrame({"event_time": [0, 1, 2], "patient": ["a", "a", "b"]})
    >>> chosen = policy.choose(events, np.array([0.6, 0.7, 0.95]))
    >>> [(alert.row, alert.severity) for alert in chosen]
    [(0, 'low'), (2, 'high')]
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        known = {*Rule.__dataclass_fields__, *SEVERITIES[1:]}
        if "threshold" not in settings or not set(settings) <= known:
            raise ParameterError.of(
                f"the settings {dict(settings)!r} of alarms",
                allowed="a threshold, and any of " + ", ".join(sorted(known)),
                hint="export the run again, which fits them",
            )
        levels = {name: float(settings[name]) for name in SEVERITIES[1:] if name in settings}
        self.rule = Rule(**{k: v for k, v in settings.items() if k not in levels})
        self.threshold: float = self.rule.threshold
        self._levels = levels
        self._engine = _engine()
        self._slots: dict[str, int] = {}
        self._memory = _fresh(0)

    def choose(self, events: pl.DataFrame, answers: Answers) -> list[Chosen]:
        """Return the alarms among the next observations."""
        if events.is_empty():
            return []
        score, time = np.asarray(answers, np.float64), instants(events[EVENT_TIME])
        self._forget(int(time[0]))
        stay = np.array([self._slot(patient) for patient in events["patient"].to_list()])
        if len(self._slots) > len(self._memory):
            more = _fresh(max(len(self._slots), 2 * len(self._memory)) - len(self._memory))
            self._memory = np.concatenate([self._memory, more])
        quiet = left_out(events, self._engine)
        alarm = self.rule._watch(self._memory, stay, time, score, quiet)
        rows = np.flatnonzero(alarm).tolist()
        return [Chosen(row, self._severity(score[row])) for row in rows]

    def _severity(self, score: float) -> str:
        reached = [name for name, level in self._levels.items() if score >= level]
        return reached[-1] if reached else SEVERITIES[0]

    def _slot(self, patient: str) -> int:
        return self._slots.setdefault(patient, len(self._slots))

    def _forget(self, now: int) -> None:
        """Give back the memory of patients who are gone, when many were met; changes no alarm."""
        if len(self._slots) < _FEW or len(self._slots) < len(self._memory):
            return
        here = self._memory[:, _SEEN] >= now - FORGET_AFTER
        kept = [patient for patient, slot in self._slots.items() if here[slot]]
        self._memory = self._memory[[self._slots[patient] for patient in kept]]
        self._slots = {patient: slot for slot, patient in enumerate(kept)}

    def state(self) -> State:
        """Return what is kept of each patient."""
        return {
            "patients": list(self._slots),
            "memory": self._memory[: len(self._slots)].copy(),
            "engine": self._engine.state(np.empty(0, np.int64)),
        }

    def restore(self, state: State) -> None:
        """Take over what :meth:`state` returned."""
        self._slots = {patient: slot for slot, patient in enumerate(state["patients"])}
        self._memory = np.asarray(state["memory"], np.int64).reshape(-1, 4).copy()
        self._engine.restore(state["engine"])


def left_out(events: pl.DataFrame, engine: FeatureEngine | None = None) -> Flags:
    """Return of which observations a sign is left out as an artefact, shape (n,).

    Parameters
    ----------
    events
        In their order; columns of the case's schema that are not there are missing values.
    engine
        What has seen the observations before these.
    """
    engine = engine or _engine()
    missing = [pl.lit(None).alias(c) for c in engine.inputs if c not in events.columns]
    found = engine.advance(events.with_columns(missing), np.full(events.height, -1))
    flags: Flags = found[:, 0] > 0
    return flags


def _engine() -> FeatureEngine:
    return FeatureEngine((ARTEFACT,), SCHEMA, FORGET_AFTER)


def _fresh(patients: int) -> I64:
    memory = np.full((patients, 4), _NEVER, np.int64)
    memory[:, _STANDS] = 0
    return memory


@njit(cache=True)
def _watch(
    memory: I64,
    stay: I64,
    time: I64,
    score: Vector,
    quiet: Flags,
    threshold: float,
    clear: float,
    persistence: int,
    repeat: int,
    pause: int,
) -> Flags:
    alarm = np.zeros(len(stay), np.bool_)
    for i in range(len(stay)):
        patient, now = stay[i], time[i]
        if now - memory[patient, _SEEN] > FORGET_AFTER:
            memory[patient, _BELOW] = _NEVER
            memory[patient, _LAST] = _NEVER
            memory[patient, _STANDS] = 0
        memory[patient, _SEEN] = now
        if quiet[i]:
            continue
        if score[i] < clear:
            memory[patient, _STANDS] = 0
        if score[i] < threshold:
            memory[patient, _BELOW] = now
        if not score[i] >= threshold:
            continue
        wait = repeat if memory[patient, _STANDS] else pause
        lasted = now - memory[patient, _BELOW] >= persistence
        if lasted and now - memory[patient, _LAST] >= wait:
            alarm[i] = True
            memory[patient, _LAST] = now
            memory[patient, _STANDS] = 1
    return alarm
