"""PhysioNet/Computing in Cardiology Challenge 2019: intensive care stays with hours of sepsis.

Reyna et al., *Early Prediction of Sepsis From Clinical Data*, Critical Care Medicine 48 (2020).
A row is an hour of a patient's stay. The set has no dates, so that patients are admitted here one
every 24 minutes in the order of their ids, and each is observed every hour from then on. The
labels of a stay become known with its last observation: that is when somebody reviews it.

As one Parquet or CSV file with the patient's id in ``pid``, or as the folder of ``.psv`` files as
it was published, one for each patient, where the id is the number in the file's name. The first
form and the second give the same stream if the file's rows are in the order of the files.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from workbench.cases.vitals.quantities import quantity
from workbench.cases.vitals.schema import MEDICAL_ICU, SURGICAL_ICU
from workbench.durations import HOUR, MINUTE
from workbench.errors import StreamError
from workbench.streams import sources, values
from workbench.streams.mapping import FieldSource, LabelSource, Mapping, TimeSource
from workbench.streams.preset import Preset
from workbench.streams.schema import TIME
from workbench.streams.sources import RawBatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START: Final = datetime(2019, 1, 1, tzinfo=UTC)
"""When the first patient is admitted."""
ADMISSIONS: Final = 24 * MINUTE
"""Between one patient's admission and the next."""

NAMES: Final = {
    "heart_rate": "HR",
    "spo2": "O2Sat",
    "temperature": "Temp",
    "systolic": "SBP",
    "mean_pressure": "MAP",
    "diastolic": "DBP",
    "respiration": "Resp",
    "etco2": "EtCO2",
    "base_excess": "BaseExcess",
    "bicarbonate": "HCO3",
    "fio2": "FiO2",
    "ph": "pH",
    "paco2": "PaCO2",
    "sao2": "SaO2",
    "ast": "AST",
    "bun": "BUN",
    "alkaline_phosphatase": "Alkalinephos",
    "calcium": "Calcium",
    "chloride": "Chloride",
    "creatinine": "Creatinine",
    "bilirubin_direct": "Bilirubin_direct",
    "glucose": "Glucose",
    "lactate": "Lactate",
    "magnesium": "Magnesium",
    "phosphate": "Phosphate",
    "potassium": "Potassium",
    "bilirubin_total": "Bilirubin_total",
    "troponin_i": "TroponinI",
    "hematocrit": "Hct",
    "hemoglobin": "Hgb",
    "ptt": "PTT",
    "wbc": "WBC",
    "fibrinogen": "Fibrinogen",
    "platelets": "Platelets",
    "age": "Age",
    "hospital_admission": "HospAdmTime",
    "stay_hour": "ICULOS",
}
"""Our column to theirs. The set's description gives lactate in mg/dL and magnesium in mmol/dL;
its values are those of mmol/L and mg/dL."""

_ID, _UNIT = "pid", "unit"
_MISSING = ("NaN", "nan", "")
_HOUR = 1_000_000  # a provisional time of ours in which a second is an hour


def read(path: Path, delimiter: str) -> Iterator[RawBatch]:
    """Read one file, or a folder of ``.psv`` files in the order of their names.

    Raises
    ------
    StreamError
        As :func:`workbench.streams.sources.read`, or if a folder holds no such file.
    """
    batches = _folder(path) if path.is_dir() else sources.read(path, delimiter)
    return (_prepared(batch) for batch in batches)


def arrange(rows: pl.DataFrame) -> pl.DataFrame:
    """Admit patients in the order of their ids, and let labels be known when a stay ends.

    Parameters
    ----------
    rows
        With a provisional ``event_time``: as many seconds after 1970 as the hour of the stay.
    """
    patients = rows.select("patient").unique()
    # Ids that are numbers have the order of numbers.
    order = patients.sort(pl.col("patient").cast(pl.Int64, strict=False), "patient")
    admitted = order.with_columns(
        admitted=pl.int_range(order.height, dtype=pl.Int64) * ADMISSIONS
        + int(START.timestamp()) * 1_000_000
    )
    second = pl.col("event_time").to_physical()
    hour = (second - second.min().over("patient")) * (HOUR // _HOUR)
    timed = rows.join(admitted, on="patient", maintain_order="left").with_columns(
        event_time=(pl.col("admitted") + hour).cast(TIME)
    )
    end = pl.col("event_time").max().over("patient")
    known = pl.when(pl.col("label").is_not_null()).then(end)
    return timed.with_columns(known_at=known).select(rows.columns)


def _folder(path: Path) -> Iterator[RawBatch]:
    """Read the files of a folder, many small ones in one batch."""
    files = sorted(file for file in path.iterdir() if file.suffix == ".psv")
    if not files:
        raise StreamError.of(
            f"{path} (no .psv file in it)",
            allowed="the folder of the challenge's files, p000001.psv and so on",
            hint="give that folder, or one Parquet file",
        )
    return _joined(files)


def _joined(files: list[Path]) -> Iterator[RawBatch]:
    at = 0
    frames: list[pl.DataFrame] = []
    rows: list[pl.Series] = []
    malformed: list[tuple[int, str, str]] = []
    for file in files:
        last = at
        for batch in sources.delimited(file, "|"):
            name = file.stem.lstrip("p").lstrip("0") or file.stem
            frames.append(batch.frame.with_columns(pl.lit(name).alias(_ID)))
            rows.append(batch.rows + last)
            malformed += [(last + row, text, fault) for row, text, fault in batch.malformed]
            at += batch.frame.height + len(batch.malformed)
        if sum(map(len, rows)) >= sources.SIZE or file is files[-1]:
            yield RawBatch(
                pl.concat(frames, how="diagonal"), pl.concat(rows), malformed, loose=True
            )
            frames, rows, malformed = [], [], []


def _prepared(batch: RawBatch) -> RawBatch:
    """Return a batch without texts that mean missing, and with one column for the unit."""
    frame = batch.frame.with_columns(
        pl.when(~pl.col(pl.String).is_in(_MISSING)).then(pl.col(pl.String))
    )
    if {"Unit1", "Unit2"} <= {*frame.columns}:
        medical, surgical = (values.real(frame[name])[0] == 1 for name in ("Unit1", "Unit2"))
        unit = pl.when(medical).then(MEDICAL_ICU).when(surgical).then(SURGICAL_ICU)
        frame = frame.with_columns(unit.alias(_UNIT))
    return RawBatch(frame, batch.rows, batch.malformed, batch.loose)


PHYSIONET = Preset(
    mapping=Mapping(
        event_time=TimeSource(column="ICULOS", format="unix_s"),
        columns={
            "patient": FieldSource(column=_ID),
            **{
                ours: FieldSource(
                    column=theirs, scale=quantity(ours).scale, round=True, optional=True
                )
                for ours, theirs in NAMES.items()
            },
            "sex": FieldSource(column="Gender"),
            "care_unit": FieldSource(column=_UNIT, optional=True),
        },
        label=LabelSource(column="SepsisLabel"),
        ignore=("Unit1", "Unit2"),
    ),
    read=read,
    arrange=arrange,
)
"""The challenge's ``Gender`` is 0 for female and 1 for male, as ours."""
