"""Scored observations by stay and by hour: what all metrics of the case are made of."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from workbench.cases.vitals import utility
from workbench.cases.vitals.alarms import left_out
from workbench.cases.vitals.schema import (
    GENERAL_WARD,
    MEDICAL_ICU,
    OTHER_ICU,
    SURGICAL_ICU,
)
from workbench.durations import HOUR
from workbench.replay import metrics
from workbench.streams.frames import instants

if TYPE_CHECKING:
    from workbench.cases.vitals.alarms import Rule
    from workbench.replay.estimates import Floats
    from workbench.replay.ranking import Indices

Flags = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int8]

COLUMNS: Final = (*metrics.COLUMNS, "patient")
"""Columns that an evaluation frame needs."""
NONE: Final = -1
"""Label of an observation without one."""
UNITS: Final = {
    MEDICAL_ICU: "medical intensive care",
    SURGICAL_ICU: "surgical intensive care",
    OTHER_ICU: "other intensive care",
    GENERAL_WARD: "general ward",
}
UNKNOWN: Final = "not known"


class Stays:
    """The scored observations of a frame, as arrays in event order; a patient is one stay.

    A score counts if it was made before its label was known. The label of a stay's last
    observation becomes known with that observation, whose score is made first: it counts.

    Parameters
    ----------
    frame
        An evaluation frame with ``patient``; and ``ward``, ``care_unit``, ``stay_hour``,
        ``pattern``, ``device`` and the vital signs where they are known.

    Attributes
    ----------
    rows
        The observations, in event order.
    stay
        Code of each observation's stay, from 0, shape (n,).
    time
        In µs, shape (n,).
    score
        Shape (n,).
    label
        1, 0 or :data:`NONE`, shape (n,).
    hour
        Hour of the stay: the ``stay_hour`` that was sent, or hours since the first observation,
        from 1, shape (n,).
    since
        Hours from the onset, shape (n,); NaN in stays without one. The onset lies six hours after
        the first label of 1, see :mod:`workbench.cases.vitals.utility`.
    begin, known
        By stay: its first observation, and when the last of its labels is known, in µs; shape
        (stays,). A label that is never known is known for ever later.
    labelled
        By stay: whether it has a label at all, shape (stays,).
    onset_hour
        By stay: hour of the stay at the onset; NaN without one. Shape (stays,).
    excluded
        Observations that were left out, by reason.

    Raises
    ------
    ParameterError
        If a column is missing.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        metrics.check_columns(frame, COLUMNS)
        rows = frame.sort("event_time", "event_id")
        time, stay = instants(rows["event_time"]), metrics.codes(rows["patient"])[0]
        label = rows["label"].fill_null(NONE).to_numpy().astype(np.int8)
        never = rows["known_at"].is_null().to_numpy()
        known = instants(rows["known_at"].fill_null(rows["event_time"]))
        score = rows["score"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        stays = int(stay.max(initial=-1)) + 1
        self.begin: Indices = np.full(stays, _FOR_EVER)
        np.minimum.at(self.begin, stay, time)
        hour = _hours(rows, 1 + (time - self.begin[stay]) // HOUR)

        told = label != NONE
        self.known: Indices = np.full(stays, -_FOR_EVER)
        np.maximum.at(self.known, stay[told], np.where(never, _FOR_EVER, known)[told])
        self.labelled: Flags = self.known > -_FOR_EVER
        first = np.full(stays, np.inf)
        np.minimum.at(first, stay[label == 1], hour[label == 1].astype(np.float64))
        self.onset_hour: Floats = np.where(np.isinf(first), np.nan, first - utility.OPTIMAL)
        since = utility.from_onset(stay, time, np.maximum(label, 0))

        scored, early = np.isfinite(score), never | (known >= time)
        kept = scored & early
        self.excluded = {
            "without score": int((~scored).sum()),
            "label already known": int((scored & ~early).sum()),
        }
        self.rows = rows if kept.all() else rows.filter(pl.Series(kept))
        self.stay, self.time, self.score = stay[kept], time[kept], score[kept]
        self.label, self.hour, self.since = label[kept], hour[kept], since[kept]

    def __len__(self) -> int:
        return len(self.stay)

    @cached_property
    def _left_out(self) -> Flags:
        return left_out(self.rows)

    def alarms(self, rule: Rule | None) -> Flags:
        """Return which observations raise an alarm, shape (n,); none without a rule."""
        if rule is None:
            return np.zeros(len(self), np.bool_)
        return rule.raised(self.stay, self.time, self.score, self._left_out)

    @property
    def true(self) -> Flags:
        """Where an alarm is true: from 12 hours before to 3 after an onset, or the label is 1."""
        true: Flags = self.in_time | (self.label == 1)
        return true

    @property
    def in_time(self) -> Flags:
        """Where an alarm finds an episode: from 12 hours before its onset to 3 hours after it."""
        found: Flags = (self.since >= utility.EARLY) & (self.since <= utility.LATE)
        return found

    def groups(self) -> tuple[Indices, list[str]]:
        """Return each observation's ward as a code, shape (n,), and the wards' names.

        Where a stream knows no wards: the kind of unit.
        """
        name = pl.lit(None, pl.String)
        if "care_unit" in self.rows.columns:
            name = pl.col("care_unit").replace_strict(UNITS, default=None, return_dtype=pl.String)
        if "ward" in self.rows.columns and self.rows["ward"].null_count() < len(self):
            name = pl.col("ward")
        return metrics.codes(self.rows.select(name.fill_null(UNKNOWN).alias("group"))["group"])


class Hours:
    """Hours of stays: the highest score of what was observed in each.

    The challenge's utility judges one prediction an hour. Where each hour was observed once, as
    in the challenge, these are the observations themselves.

    Parameters
    ----------
    stays
        Observations.
    rows
        Which of them count, shape (n,); all of them if not given.

    Attributes
    ----------
    first
        Number of the first observation of each hour, shape (h,).
    stay, hour, score
        Shape (h,).
    labelled
        Whether an observation of the hour has a label, shape (h,).
    since
        Hours from the onset, shape (h,); NaN in stays without one.
    """

    def __init__(self, stays: Stays, rows: Flags | None = None) -> None:
        chosen = np.arange(len(stays)) if rows is None else np.flatnonzero(rows)
        order = chosen[np.lexsort((stays.hour[chosen], stays.stay[chosen]))]
        stay, hour = stays.stay[order], stays.hour[order]
        new = np.ones(len(order), np.bool_)
        new[1:] = (stay[1:] != stay[:-1]) | (hour[1:] != hour[:-1])
        starts = np.flatnonzero(new)
        # The sort is stable: of each hour the earliest observation comes first.
        self.first, self.stay, self.hour = order[starts], stay[starts], hour[starts]
        self.score: Floats = _highest(stays.score[order], starts)
        self.labelled: Flags = _highest(stays.label[order], starts) != NONE
        self.since = self.hour - stays.onset_hour[self.stay]

    def __len__(self) -> int:
        return len(self.first)


_FOR_EVER: Final = int(np.iinfo(np.int64).max)


def _hours(rows: pl.DataFrame, counted: Indices) -> Indices:
    """Return the hours of the stay that were sent, and counted ones where none was."""
    if "stay_hour" not in rows.columns:
        return counted
    sent = rows["stay_hour"].cast(pl.Int64)
    return np.where(sent.is_null().to_numpy(), counted, sent.fill_null(0).to_numpy())


def _highest(values: npt.NDArray[Any], starts: Indices) -> npt.NDArray[Any]:
    return np.maximum.reduceat(values, starts) if len(starts) else values
