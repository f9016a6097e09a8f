"""What looks odd in imported observations though each row is good: counted, nothing changed.

- *A gap*: the patient was not observed for a day or more. Features go on with the last values and
  their ages; whoever opens a new stay for a returning patient gives it an id of its own.
- *A frozen device*: 1,000 or more values of one sign from one device in a row are equal. The
  detectors' own rule for flat lines keeps them from becoming alarms.
- *Sent twice*: an observation that is like another in everything but its event id. Both stay: the
  second changes no last value, and counts twice in means.
- *One patient under two ids*: several observations with at least three signs are the same, and of
  the same time, under both. More cannot be known from observations: a patient who comes back
  under another id is another patient here.

What is not good has rules elsewhere. A value that is impossible or no number is set to missing and
counted (:mod:`~workbench.cases.vitals.quantities`). A unit that is not known, a time after the
discharge and what else is no observation goes to quarantine with its reason, and a time after the
issue is put right and counted (:mod:`~workbench.cases.vitals.fhir`). An event id that comes again
goes to quarantine.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from workbench.cases.vitals.quantities import LABORATORY, VITAL_SIGNS
from workbench.durations import DAY
from workbench.streams.schema import EVENT_ID, EVENT_TIME

GAP: Final = DAY
FROZEN: Final = 1_000
"""Equal values in a row."""
SHARED: Final = 3
"""Observations that two patients share before they are taken for one."""
SIGNS: Final = 3
"""Values that an observation needs before its like is no coincidence."""

_MEASURED = [q.name for q in VITAL_SIGNS + LABORATORY]
_SOURCE = pl.coalesce("device", "patient")


def notice(rows: pl.DataFrame) -> dict[str, int]:
    """Return what looks odd and how often; nothing that does not occur.

    Parameters
    ----------
    rows
        Good rows, in any order.
    """
    ordered = rows.sort("patient", EVENT_TIME, EVENT_ID)
    found = {
        "patient(s) not observed for a day or more": _gaps(ordered),
        f"device(s) that sent {FROZEN:,} or more equal values of a sign in a row": _frozen(ordered),
        "observation(s) sent twice, under two event ids": _twice(rows),
        "pair(s) of patients with the same observations: one patient under two ids?": _twins(rows),
    }
    return {what: count for what, count in found.items() if count}


def _gaps(ordered: pl.DataFrame) -> int:
    step = pl.col(EVENT_TIME).to_physical().diff()
    same = pl.col("patient") == pl.col("patient").shift()
    return ordered.filter(same & (step >= GAP))["patient"].n_unique()


def _frozen(ordered: pl.DataFrame) -> int:
    devices: set[str] = set()
    by_source = ordered.sort(_SOURCE, EVENT_TIME, EVENT_ID).select(
        _SOURCE.alias("source"), *_MEASURED
    )
    for name in _MEASURED:
        values = by_source.select("source", name).drop_nulls(name)
        runs = values.group_by(pl.struct("source", name).rle_id().alias("run")).agg(
            pl.len(), pl.col("source").first()
        )
        devices |= {*runs.filter(pl.col("len") >= FROZEN)["source"]}
    return len(devices)


def _twice(rows: pl.DataFrame) -> int:
    told = rows.filter(pl.any_horizontal(pl.col(_MEASURED).is_not_null()))
    return told.height - told.select("patient", "device", EVENT_TIME, *_MEASURED).n_unique()


def _twins(rows: pl.DataFrame) -> int:
    told = pl.sum_horizontal(pl.col(_MEASURED).is_not_null()) >= SIGNS
    keys = rows.filter(told).select(
        "patient", pl.struct(EVENT_TIME, *_MEASURED).hash(0).alias("key")
    )
    met = keys.filter(pl.struct("key").is_duplicated()).unique()
    pairs = met.join(met, on="key").filter(pl.col("patient") < pl.col("patient_right"))
    shared = pairs.group_by("patient", "patient_right").len()
    return shared.filter(pl.col("len") >= SHARED).height
