"""Numbers as the text and the types of the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from workbench.cases.vitals.quantities import QUANTITIES
from workbench.cases.vitals.schema import SCHEMA
from workbench.cases.vitals.simulation.artefacts import ARTEFACTS
from workbench.cases.vitals.simulation.episodes import KINDS
from workbench.cases.vitals.simulation.hospital import WARDS, Hospital
from workbench.streams.schema import EVENT_ID, EVENT_TIME, LABELS, TIME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.cases.vitals.simulation.chart import Rows
    from workbench.cases.vitals.simulation.draws import Ints
    from workbench.cases.vitals.simulation.stays import Stay

DIGITS = 10
"""Digits of an event id: enough for the longest stream at the largest scale."""

_SCALES = {q.name: q.scale for q in QUANTITIES}


class Frames:
    """Writes rows as frames of the stream.

    Parameters
    ----------
    hospital
        Its devices.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._devices = hospital.devices
        self._wards = pl.Series([ward.name for ward in WARDS])
        self._patterns = pl.Series([*(k.name for k in KINDS), *(a.name for a in ARTEFACTS)])

    def events(self, number: Ints, rows: Rows) -> pl.DataFrame:
        """Return numbered rows in the columns of the case's schema."""
        columns: dict[str, Any] = {
            EVENT_ID: _ids(number),
            EVENT_TIME: _times(rows.time),
            "patient": _patients(rows.patient),
            "device": self._devices.gather(rows.device),
            "ward": self._wards.gather(rows.ward),
        }
        for name in SCHEMA.events.names()[len(columns) :]:
            values = rows.values.get(name, np.full(len(rows), np.nan))
            stored = np.round(values * _SCALES.get(name, 1))
            columns[name] = pl.Series(stored, nan_to_null=True).cast(pl.Int64)
        return pl.DataFrame(columns, schema=SCHEMA.events)

    def labels(self, number: Ints, rows: Rows) -> pl.DataFrame:
        """Return ``event_id``, ``label`` and ``known_at`` of the rows that have a label."""
        told = rows.label >= 0
        columns = {
            EVENT_ID: _ids(number[told]),
            "label": rows.label[told],
            "known_at": _times(rows.known[told]),
        }
        return pl.DataFrame(columns, schema=LABELS)

    def patterns(self, number: Ints, rows: Rows) -> pl.DataFrame:
        """Return ``event_id`` and ``pattern`` of the rows that follow one."""
        marked = rows.pattern > 0
        return pl.DataFrame(
            {
                EVENT_ID: _ids(number[marked]),
                "pattern": self._patterns.gather(rows.pattern[marked] - 1),
            }
        )


def episodes(stays: Iterable[Stay]) -> pl.DataFrame:
    """Return ``patient``, ``ward``, ``pattern``, ``begin``, ``onset``, ``end`` of each episode."""
    found = [(stay, stay.episode) for stay in stays if stay.episode is not None]
    return pl.DataFrame(
        {
            "patient": _patients(np.array([s.patient.number for s, _ in found], np.int64)),
            "pattern": pl.Series([KINDS[e.kind].name for _, e in found], dtype=pl.String),
            "begin": _times(np.array([e.begin for _, e in found], np.int64)),
            "onset": _times(np.array([e.onset for _, e in found], np.int64)),
            "end": _times(np.array([min(e.end, s.end) for s, e in found], np.int64)),
        }
    )


def _patients(number: Ints) -> pl.Series:
    return "P" + pl.Series(number, dtype=pl.Int64).cast(pl.String).str.zfill(6)


def _ids(number: Ints) -> pl.Series:
    """Write numbers with leading zeros, so that their order as text is their order."""
    return pl.Series(number, dtype=pl.Int64).cast(pl.String).str.zfill(DIGITS)


def _times(seconds: Ints) -> pl.Series:
    return pl.Series(seconds * 1_000_000, dtype=pl.Int64).cast(TIME)
