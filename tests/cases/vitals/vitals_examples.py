"""Small files of vital signs, as others write them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from workbench.cases.vitals.physionet import NAMES
from workbench.cases.vitals.quantities import quantity
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    from pathlib import Path

KEY = "correct horse battery staple, forty-two"


def challenge(stays: dict[int, int], seed: int = 0) -> pl.DataFrame:
    """Hours of intensive care as the challenge's files have them.

    Parameters
    ----------
    stays
        Id of a patient to hours.
    seed
        Of the values.
    """
    random = np.random.default_rng(seed)
    pid = np.repeat(list(stays), list(stays.values()))
    hour = np.concatenate([np.arange(1, n + 1) for n in stays.values()])
    columns: dict[str, Any] = {"pid": pid.astype(np.int32)}
    for ours, theirs in NAMES.items():
        q = quantity(ours)
        # A real of 32 bits has seven digits.
        low, high = (q.low, min(q.high, 500)) if q.kind != "context" else (20, 90)
        value = np.round(random.uniform(low, high, len(pid)), 1 if ours == "temperature" else 2)
        value = np.clip(value, q.low, q.high).astype(np.float32)
        value[random.random(len(pid)) < (0.2 if q.kind == "vital" else 0.8)] = np.nan
        columns[theirs] = value
    columns["Age"] = np.round(20 + pid % 60 + 0.25, 2).astype(np.float32)
    columns["HospAdmTime"] = np.full(len(pid), -12.5, np.float32)
    columns["ICULOS"] = hour.astype(np.float32)
    columns["Gender"] = (pid % 2).astype(np.float32)
    columns["Unit1"] = np.where(pid % 3 == 0, 1.0, np.where(pid % 3 == 1, 0.0, np.nan))
    columns["Unit2"] = np.where(pid % 3 == 0, 0.0, np.where(pid % 3 == 1, 1.0, np.nan))
    columns["SepsisLabel"] = ((pid % 5 == 0) & (hour > 3)).astype(np.int8)
    return pl.DataFrame(columns)


def as_psv(frame: pl.DataFrame, folder: Path) -> Path:
    """Write one file for each patient, as the challenge published them."""
    folder.mkdir()
    for (pid,), rows in frame.group_by("pid", maintain_order=True):
        kept = rows.drop("pid").with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))
        kept.write_csv(folder / f"p{pid:06d}.psv", separator="|", null_value="NaN")
    return folder


def observation(number: int, loinc: str, value: float, unit: str, **more: Any) -> dict[str, Any]:
    """Make an Observation of one value."""
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": loinc}]},
        "subject": {"reference": "Patient/mrn-004711"},
        "device": {"reference": "Device/monitor-sn-0815"},
        "effectiveDateTime": f"2024-03-01T10:{number:02d}:00+01:00",
        "valueQuantity": {
            "value": value,
            "unit": unit,
            "system": "http://unitsofmeasure.org",
            "code": unit,
        },
    } | more


def save_lines(path: Path, records: list[Any]) -> Path:
    """Write JSON lines."""
    path.write_text("\n".join(json.dumps(r) if r is not None else "" for r in records) + "\n")
    return path


def events(path: Path) -> pl.DataFrame:
    """Read all events of a stream that is whole."""
    stream = Stream.open(path)
    stream.verify()
    return pl.concat(list(stream.batches()))


def labels(path: Path) -> pl.DataFrame:
    """Read all labels of a stream."""
    return pl.concat(list(Stream.open(path).labels()))


def patterns_of(folder: Path) -> dict[str, int]:
    """Count the events of each pattern of a simulated stream."""
    found = pl.read_parquet(folder / "truth-0*.parquet")
    return dict(found.group_by("pattern").len().iter_rows())
