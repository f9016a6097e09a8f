"""HL7 FHIR R4 ``Observation`` resources in JSON lines, with LOINC codes and UCUM units.

A line is a resource, as in a bulk export (``Observation.ndjson``). What is read of an observation:
its id, status, code, subject, time, device, encounter, and its value or its components. Texts,
notes, names and what else is in it are not read. ``Encounter`` resources may stand between
them, anywhere in the file: they are no events, but give the ward, the hour of the stay and the
discharge; what was observed after it goes to quarantine. All other resources go there as well.

No observation can be made after it was issued: a device whose clock is ahead dates it so. Then the
time of issue is taken, and counted. A clock that is behind cannot be told from a late message.

Resources are checked by the package ``fhir.resources`` against R4B, whose ``Observation`` and
``Encounter`` are those of R4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from workbench.cases.vitals import units
from workbench.cases.vitals.quantities import QUANTITIES, quantity
from workbench.durations import HOUR
from workbench.errors import ParameterError
from workbench.streams import sources
from workbench.streams.mapping import FieldSource, Mapping, TimeSource
from workbench.streams.preset import Preset
from workbench.streams.sources import RawBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOINC: Final = {
    "8867-4": "heart_rate",
    "9279-1": "respiration",
    "2708-6": "spo2",
    "59408-5": "spo2",
    "8310-5": "temperature",
    "8480-6": "systolic",
    "8462-4": "diastolic",
    "8478-0": "mean_pressure",
    "19889-5": "etco2",
    "1925-7": "base_excess",
    "1960-4": "bicarbonate",
    "1963-8": "bicarbonate",
    "3150-6": "fio2",
    "2744-1": "ph",
    "2019-8": "paco2",
    "1920-8": "ast",
    "3094-0": "bun",
    "6768-6": "alkaline_phosphatase",
    "17861-6": "calcium",
    "2075-0": "chloride",
    "2160-0": "creatinine",
    "1968-7": "bilirubin_direct",
    "2345-7": "glucose",
    "2524-7": "lactate",
    "2518-9": "lactate",
    "19123-9": "magnesium",
    "2777-1": "phosphate",
    "2823-3": "potassium",
    "1975-2": "bilirubin_total",
    "10839-9": "troponin_i",
    "4544-3": "hematocrit",
    "718-7": "hemoglobin",
    "14979-9": "ptt",
    "6690-2": "wbc",
    "3255-7": "fibrinogen",
    "777-3": "platelets",
}
"""Code to column. The panel of blood pressure (85354-9) holds its values as components."""

_LOINC_SYSTEM, _UCUM_SYSTEM = "http://loinc.org", "http://unitsofmeasure.org"
_WITHDRAWN = ("entered-in-error", "cancelled")
_AHEAD = "observation(s) dated after they were issued, by a clock that is ahead: the issue counts"
_COLUMNS = ("id", "patient", "device", "ward", "time", "fault", *(q.name for q in QUANTITIES))
_PLAIN = re.compile(r"[\w./%*^'°\[\]{}()+-]{1,32}")


class _Fault(Exception):
    """Why a resource is no event; its text is the reason."""


@dataclass(frozen=True, slots=True)
class _Stay:
    start: datetime | None
    end: datetime | None
    ward: str | None


def read(path: Path, _: str) -> Iterator[RawBatch]:
    """Read a file of JSON lines; each resource but an ``Encounter`` is a row.

    Raises
    ------
    StreamError
        As :func:`workbench.streams.sources.read`.
    ParameterError
        If ``fhir.resources`` is not installed.
    """
    sources.check(path, sources.JSON_LINES)
    observation, encounter = _models()
    stays = dict(_stays(path, encounter))
    return _batches(path, observation, stays)


def refuse(raw: pl.DataFrame) -> dict[str, pl.Series]:
    """Return the rows with a fault, by what it is."""
    faults = raw["fault"]
    return {fault: faults == fault for fault in faults.drop_nulls().unique(maintain_order=True)}


def _models() -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    try:
        from fhir.resources.R4B.encounter import Encounter
        from fhir.resources.R4B.observation import Observation
    except ModuleNotFoundError:
        raise ParameterError.of(
            "the preset 'fhir' without the package fhir.resources",
            allowed="an environment with it",
            hint="install event-workbench[fhir]",
        ) from None
    return Observation.model_validate, Encounter.model_validate


def _stays(path: Path, encounter: Callable[[Any], Any]) -> Iterator[tuple[str, _Stay]]:
    """Yield the encounters of a file that can be read, by their ids."""
    for chunk in sources.objects(path):
        for record in chunk.records:
            if record.get("resourceType") != "Encounter":
                continue
            try:
                found = encounter(record)
            except ValueError:
                continue
            places = [p.location.reference for p in found.location or () if p.location.reference]
            period = found.period
            yield (
                str(found.id),
                _Stay(
                    _moment(period.start) if period else None,
                    _moment(period.end) if period else None,
                    _last(places[-1]) if places else None,
                ),
            )


def _batches(
    path: Path, observation: Callable[[Any], Any], stays: dict[str, _Stay]
) -> Iterator[RawBatch]:
    for chunk in sources.objects(path):
        rows, numbers, ahead = [], [], 0
        for number, record in zip(chunk.rows, chunk.records, strict=True):
            if record.get("resourceType") == "Encounter":
                continue
            row, corrected = _row(number, record, observation, stays)
            rows.append(row)
            numbers.append(number)
            ahead += corrected
        columns = zip(*rows, strict=True) if rows else ((),) * len(_COLUMNS)
        frame = pl.DataFrame(
            [pl.Series(n, c, pl.String) for n, c in zip(_COLUMNS, columns, strict=True)]
        )
        yield RawBatch(
            frame,
            pl.Series("source_row", numbers, pl.Int64),
            chunk.malformed,
            noticed={_AHEAD: ahead} if ahead else {},
        )


def _row(
    number: int,
    record: dict[str, Any],
    observation: Callable[[Any], Any],
    stays: dict[str, _Stay],
) -> tuple[tuple[str | None, ...], bool]:
    """Return a row, and whether its time was put right."""
    row: dict[str, str | None] = dict.fromkeys(_COLUMNS)
    # The id of what is no observation may be a patient's.
    row["id"] = str(number)
    corrected = False
    try:
        corrected = _fill(row, record, observation, stays)
    except _Fault as fault:
        row["fault"] = str(fault)
    return tuple(row.values()), corrected


def _fill(
    row: dict[str, str | None],
    record: dict[str, Any],
    observation: Callable[[Any], Any],
    stays: dict[str, _Stay],
) -> bool:
    kind = record.get("resourceType")
    if kind != "Observation":
        raise _Fault(f"resourceType: {_plain(kind)} is not imported")
    try:
        found = observation(record)
    except ValueError as error:
        raise _Fault(f"no valid Observation: {_first(error)}") from None
    row["id"] = str(found.id) if found.id else row["id"]
    row["patient"] = _reference(found.subject, "Patient")
    row["device"] = _reference(found.device, "Device")
    if found.status in _WITHDRAWN:
        raise _Fault(f"status: {found.status}")
    dated, issued = _time(found), _moment(found.issued)
    time = dated if issued is None else min(dated, issued)
    row["time"] = time.isoformat()
    stay = stays.get(_reference(found.encounter, "Encounter") or "")
    if stay is not None:
        row["ward"] = stay.ward
        if stay.end is not None and time > stay.end:
            raise _Fault("event_time: after discharge")
        if stay.start is not None and time >= stay.start:
            hours = (time - stay.start).total_seconds() * 1_000_000 // HOUR
            row["stay_hour"] = str(1 + int(hours))
    measured = [(found.code, found.valueQuantity), *_components(found)]
    values = {
        name: _value(name, value)
        for code, value in measured
        if (name := _name(code)) is not None and value is not None
    }
    if not values:
        known = any(_name(code) is not None for code, _ in measured)
        raise _Fault("value: no quantity" if known else "code: none that is known")
    row.update(values)
    return time < dated


def _components(found: Any) -> list[tuple[Any, Any]]:
    return [(part.code, part.valueQuantity) for part in found.component or ()]


def _name(code: Any) -> str | None:
    """Return the column of the first LOINC code that is known."""
    for coding in code.coding or ():
        if coding.system in (None, _LOINC_SYSTEM) and coding.code in LOINC:
            return LOINC[coding.code]
    return None


def _value(name: str, value: Any) -> str:
    """Return a FHIR Quantity as it is stored."""
    if value.value is None:
        raise _Fault(f"{name}: no value")
    if value.comparator is not None:
        raise _Fault(f"{name}: only a limit ({value.comparator})")
    unit = value.code or value.unit
    if unit is None:
        raise _Fault(f"{name}: without a unit")
    ours = (
        units.stored(quantity(name), Decimal(str(value.value)), unit)
        if value.system in (None, _UCUM_SYSTEM)
        else None
    )
    if ours is None:
        raise _Fault(f"{name}: the unit {_plain(unit)} is unknown")
    return str(ours)


def _time(found: Any) -> datetime:
    """Return when an observation was made; of a period its end, when all of it was seen."""
    period = found.effectivePeriod
    given = found.effectiveDateTime or found.effectiveInstant
    time = _moment(given if given is not None or period is None else period.end or period.start)
    if time is None:
        raise _Fault("effective: no time of day")
    return time


def _moment(value: Any) -> datetime | None:
    """Return a time; a date alone, which FHIR allows as well, is none."""
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _reference(found: Any, kind: str) -> str | None:
    """Return the id that a reference points to, or the identifier that it gives."""
    if found is None:
        return None
    if found.reference:
        parts = str(found.reference).split("/")
        # urn:uuid:… and the like name no kind.
        named = len(parts) < 2 or kind in parts
        return _last(found.reference) if named else None
    return str(found.identifier.value) if found.identifier and found.identifier.value else None


def _last(reference: str) -> str:
    """Return the id of a reference: ``https://…/Patient/7/_history/2`` is of 7."""
    return str(reference).partition("/_history")[0].rsplit("/", 1)[-1]


def _first(error: ValueError) -> str:
    """Name the place and the kind of the first thing that is wrong, never its value."""
    errors = getattr(error, "errors", None)
    if errors is None:
        return "not readable"
    about = errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(_plain(step) for step in about['loc'])} ({_plain(about['type'])})"


def _plain(value: Any) -> str:
    """Return what stands in place of a code, if it looks like one: text may be anything."""
    text = str(value)
    return text if _PLAIN.fullmatch(text) else "(withheld)"


FHIR = Preset(
    mapping=Mapping(
        event_id="id",
        event_time=TimeSource(column="time"),
        columns={
            **{name: FieldSource(column=name) for name in ("patient", "device", "ward")},
            **{q.name: FieldSource(column=q.name) for q in QUANTITIES},
        },
        ignore=("fault",),
    ),
    read=read,
    refuse=refuse,
)
