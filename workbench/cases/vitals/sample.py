"""What alarms found and what they cost, for any weights of the patients.

Patients do not compete for alarms, so with a frozen threshold nearly everything is made of sums
by patient: each of the bootstrap's resampled streams then costs milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from workbench.cases.vitals import utility
from workbench.cases.vitals.simulation.artefacts import ARTEFACTS
from workbench.cases.vitals.stays import NONE, Hours
from workbench.cases.vitals.survival import Survival
from workbench.durations import HOUR
from workbench.replay import metrics
from workbench.replay.ranking import Ranking
from workbench.replay.totals import Totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.cases.vitals.stays import Flags, Stays
    from workbench.replay.estimates import Floats, Weights
    from workbench.replay.ranking import Indices

FIRST: Final = 54
"""Hours of the stay that are also told apart: the challenge's set was cut so that who is still
there later is nearly always septic."""
RATIOS: Final = {
    "utility": ("gain", "attainable"),
    "utility_54h": ("gain_54h", "attainable_54h"),
    "alarms_per_patient_day": ("alarms_of_a_day", "hours"),
    "ppv": ("true_alarms", "judged_alarms"),
    "sensitivity": ("caught", "episodes"),
    "artefact_alarms_per_patient_day": ("artefact_alarms_of_a_day", "hours"),
}
"""Metrics that are a sum over a sum."""
BY_PART: Final = ("utility", "alarms_per_patient_day", "ppv", "sensitivity")
"""Those that are told by day and by ward."""
_ARTEFACTS: Final = [artefact.name for artefact in ARTEFACTS]


class Sample:
    """Judged stays with their alarms.

    Parameters
    ----------
    stays
        Observations.
    judged
        By stay, whether it is judged, shape (stays,).
    threshold
        Scores at or above it are alarms in the sense of the utility.
    alarm
        Which observations raise an alarm, shape (n,).

    Attributes
    ----------
    patients
        Number of stays that are judged; they are what is resampled.
    events, positives
        Observations of these stays that have a label, and those with a label of 1.
    excluded
        Observations that are left out, by reason.
    ratios, names
        Metrics that are ratios, and all, in the order of :meth:`overall`.
    """

    def __init__(self, stays: Stays, judged: Flags, threshold: float, alarm: Flags) -> None:
        self.patients = int(judged.sum())
        entity = np.where(judged, np.cumsum(judged) - 1, NONE)[stays.stay]
        labelled = (entity != NONE) & (stays.label != NONE)
        self.events, self.positives = int(labelled.sum()), int((stays.label[labelled] == 1).sum())
        self.excluded = stays.excluded | {
            "without label": int((entity != NONE).sum()) - self.events,
            "of stays that are not judged": int((entity == NONE).sum()),
        }
        episodes = _Episodes(stays, alarm, entity != NONE)
        self._stays, self._entity = stays, entity
        self._sources = (
            _alarms(stays, alarm, entity != NONE),
            _hours(Hours(stays, entity != NONE), threshold),
            episodes.source,
        )
        known = "pattern" in stays.rows.columns
        self.ratios = tuple(n for n in RATIOS if known or not n.startswith("artefact"))
        self.names = (*self.ratios, "auroc", "auprc", "lead_hours", "first_false_alarm_hours")
        self._whole = Sums(self._sources, entity, np.zeros_like(entity), 1)
        self._ranking = Ranking(stays.score[labelled], stays.label[labelled], entity[labelled])
        self._lead = episodes.lead, entity[episodes.found]
        self._free = _until_false(stays, alarm, entity)

    def overall(self, weights: Weights) -> Floats:
        """Return the metrics of :attr:`names`."""
        lead, entity = self._lead
        roc, precision = self._ranking(weights) if self.events else (np.full(1, np.nan),) * 2
        return np.concatenate(
            (
                self._whole.ratios(weights, self.ratios)[:, 0],
                roc,
                precision,
                [metrics.weighted_median(lead, weights[entity]), self._free.median(weights)],
            )
        )

    def behind(self) -> dict[str, int]:
        """Return how many patients each of the metrics rests on."""
        ill = self._whole.patients("positives")[0]
        others = {"auroc": ill, "auprc": ill, "lead_hours": len(self._lead[0])}
        ratios = {name: self._whole.patients(RATIOS[name][1])[0] for name in self.ratios}
        found = {"first_false_alarm_hours": self.patients, **others, **ratios}
        return {name: int(found[name]) for name in self.names}

    def by_day(self) -> tuple[pl.Series, Sums]:
        """Return the days (UTC), and the sums of each."""
        code, days = metrics.day_codes(self._stays.rows["event_time"])
        return days, Sums(self._sources, self._entity, code, len(days))

    def by_ward(self) -> tuple[pl.Series, Sums]:
        """Return the wards or kinds of unit, and the sums of each."""
        code, names = self._stays.groups()
        wards = pl.Series("pattern", names, pl.String)
        return wards, Sums(self._sources, self._entity, code, len(names))


class Source(NamedTuple):
    """Quantities that can be summed: of observations, of hours or of episodes.

    Attributes
    ----------
    at
        Number of the observation that each belongs to, shape (m,).
    values
        Name to values, shape (m,) each.
    """

    at: Indices
    values: dict[str, Floats]


class Sums:
    """All quantities' sums by part.

    Parameters
    ----------
    sources
        What is summed.
    entity
        By observation: code of its patient among those who are judged.
    part
        By observation: code of its part, from 0.
    parts
        Number of parts.
    """

    def __init__(
        self, sources: Sequence[Source], entity: Indices, part: Indices, parts: int
    ) -> None:
        self.parts = parts
        self._sources, self._entity, self._part = sources, entity, part
        self._totals = [Totals(s.values.values(), entity[s.at], part[s.at], parts) for s in sources]
        self._names = [name for source in sources for name in source.values]

    def ratios(self, weights: Weights, names: Sequence[str]) -> Floats:
        """Return some metrics of :data:`RATIOS` by part, shape (metrics, parts)."""
        sums = np.hstack([totals(weights) for totals in self._totals])
        columns = dict(zip(self._names, sums.T, strict=True))
        return np.stack([metrics.ratio(*(columns[of] for of in RATIOS[name])) for name in names])

    def patients(self, quantity: str) -> Indices:
        """Return of how many patients a quantity is known in each part, shape (parts,)."""
        source = next(s for s in self._sources if quantity in s.values)
        at = source.at[source.values[quantity] != 0]
        width = int(self._entity.max(initial=0)) + 1
        cells = np.unique(self._part[at] * width + self._entity[at])
        return np.bincount(cells // width, minlength=self.parts)

    def count(self, quantity: str) -> Indices:
        """Return the sums of a count by part, shape (parts,)."""
        source = next(s for s in self._sources if quantity in s.values)
        sums = np.bincount(self._part[source.at], source.values[quantity], self.parts)
        return sums.astype(np.int64)


class _Episodes:
    """Onsets that were observed while an alarm would have found them in time.

    An episode belongs to the day and the ward of the first such observation.
    """

    def __init__(self, stays: Stays, alarm: Flags, seen: Flags) -> None:
        in_time = np.flatnonzero(seen & stays.in_time)
        stay, first = np.unique(stays.stay[in_time], return_index=True)
        raised = in_time[alarm[in_time]]
        caught, earliest = np.unique(stays.stay[raised], return_index=True)
        lead = -stays.since[raised[earliest]]
        order = np.argsort(lead, kind="stable")
        self.lead: Floats = lead[order]
        self.found: Indices = raised[earliest][order]
        self.source = Source(
            in_time[first],
            {"episodes": np.ones(len(stay)), "caught": np.isin(stay, caught).astype(np.float64)},
        )


def _alarms(stays: Stays, alarm: Flags, seen: Flags) -> Source:
    at = np.flatnonzero(seen)
    alarm, told, true = alarm[at], stays.label[at] != NONE, stays.true[at]
    artefact = np.zeros(len(at), np.bool_)
    if "pattern" in stays.rows.columns:
        of = stays.rows["pattern"].is_in(_ARTEFACTS).fill_null(value=False).to_numpy()
        artefact = alarm & of[at] & ~true
    values = {
        "events": told,
        "positives": told & (stays.label[at] == 1),
        "alarms": alarm,
        "alarms_of_a_day": 24.0 * alarm,
        "judged_alarms": alarm & told,
        "true_alarms": alarm & told & true,
        "artefact_alarms_of_a_day": 24.0 * artefact,
    }
    return Source(at, {name: value.astype(np.float64) for name, value in values.items()})


def _hours(hours: Hours, threshold: float) -> Source:
    gains = np.where(hours.labelled, utility.gain(hours.since), 0.0)
    most = np.where(hours.labelled, utility.attainable(hours.since), 0.0)
    gained = np.where(hours.score >= threshold, gains, 0.0)
    early = hours.hour <= FIRST
    return Source(
        hours.first,
        {
            "hours": np.ones(len(hours)),
            "gain": gained,
            "attainable": most,
            "gain_54h": np.where(early, gained, 0.0),
            "attainable_54h": np.where(early, most, 0.0),
        },
    )


def _until_false(stays: Stays, alarm: Flags, entity: Indices) -> Survival:
    """Return how long stays were free of false alarms: until one, an episode, or their end."""
    patients = int(entity.max(initial=NONE)) + 1
    at = np.flatnonzero(entity != NONE)
    wrong = alarm & (stays.label != NONE) & ~stays.true
    begin = np.full(patients, np.iinfo(np.int64).max)
    end, stop = np.full(patients, -1), begin.copy()
    np.minimum.at(begin, entity[at], stays.time[at])
    np.maximum.at(end, entity[at], stays.time[at])
    false = stop.copy()
    np.minimum.at(false, entity[at[wrong[at]]], stays.time[at[wrong[at]]])
    ill = at[stays.in_time[at]]
    np.minimum.at(stop, entity[ill], stays.time[ill])
    free = np.minimum(np.minimum(end, stop), false)
    return Survival((free - begin) / HOUR, (false <= end) & (false < stop))
