"""``stream.json``: what a recorded stream holds, with a hash of each part."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from workbench.errors import StreamError
from workbench.streams.encryption import Encryption  # noqa: TC001 - pydantic reads it

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "stream.json"
FORMAT = 1
"""Rises by one when a reader of the format before would misread the folder."""

PartKind = Literal["events", "labels", "truth", "quarantine"]


def rfc3339(time: datetime) -> str:
    """Write a time in UTC with microseconds and ``Z``.

    Examples
    --------
    >>> rfc3339(datetime(2018, 4, 1, tzinfo=UTC))
    '2018-04-01T00:00:00.000000Z'
    """
    return as_utc(time).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def as_utc(time: datetime) -> datetime:
    """Return the time in UTC; a time without a zone is taken to be UTC already."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


Time = Annotated[
    datetime, AfterValidator(as_utc), PlainSerializer(rfc3339, return_type=str, when_used="json")
]


class _Record(BaseModel):
    # Other programs may write more than we know; what we know must have the right form.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Part(_Record):
    """One file of a stream.

    Parameters
    ----------
    name
        File name inside the stream's folder.
    kind
        ``events``, ``labels``, ``truth`` or ``quarantine``; by the file's name where not given.
    rows
        Number of rows, where known.
    sha256
        Hash of the file's bytes in lower-case hexadecimal, where known.
    first, last
        Event times of the first and last row (events), where known.
    """

    name: str = Field(pattern=r"^[^/\\]+$")
    kind: PartKind
    rows: NonNegativeInt | None = None
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    first: Time | None = None
    last: Time | None = None

    @model_validator(mode="before")
    @classmethod
    def _kind_by_name(cls, data: Any) -> Any:
        if isinstance(data, dict) and "kind" not in data and isinstance(data.get("name"), str):
            stem = data["name"].partition(".")[0].partition("-")[0]
            return {**data, "kind": stem}
        return data


class Counts(_Record):
    """How many of what a stream holds; ``None`` where its writer did not count.

    Parameters
    ----------
    events, labels, positives
        Rows of the parts, and labels of 1.
    quarantined
        Reason to number of rows that are no events.
    cleared
        Reason to number of values that were set to missing, in rows that are events.
    noticed
        What looks odd, though nothing was done about it, and how often.
    """

    events: NonNegativeInt | None = None
    labels: NonNegativeInt | None = None
    positives: NonNegativeInt | None = None
    quarantined: dict[str, NonNegativeInt] = Field(default_factory=dict)
    cleared: dict[str, NonNegativeInt] = Field(default_factory=dict)
    noticed: dict[str, NonNegativeInt] = Field(default_factory=dict)


class TimeRange(_Record):
    """Event times of the first and the last event, both inclusive."""

    start: Time
    end: Time


class LabelDelay(_Record):
    """How long after its event a label became known, as durations (``"7d"``)."""

    median: str
    max: str


class Manifest(_Record):
    """The content of ``stream.json``.

    Only ``case`` is essential. A stream that another program wrote may leave out the rest:
    parts are then found by their names, and counts are unknown.

    Parameters
    ----------
    format
        Version of the folder's format.
    case
        Name of the case.
    schema_version
        Version of the case's schema that the events follow.
    parts
        The files in their order. A mapping of name to SHA-256 is read as well.
    counts, time_range
        Summaries for people; the parts are what counts.
    label_delay
        A summary, or ``"none"`` where labels carry no ``known_at``.
    origin
        Where the stream comes from: simulator and seed, or file and preset.
    encryption
        How the parts are encrypted; left out where they are not.
    """

    format: int = FORMAT
    case: str = Field(min_length=1)
    schema_version: int | None = None
    parts: tuple[Part, ...] = ()
    counts: Counts = Field(default_factory=Counts)
    time_range: TimeRange | None = None
    label_delay: LabelDelay | Literal["none"] | None = None
    origin: dict[str, Any] = Field(default_factory=dict)
    encryption: Encryption | None = None

    @model_validator(mode="before")
    @classmethod
    def _parts_as_mapping(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("parts"), dict):
            parts = [
                {"name": name, **(about if isinstance(about, dict) else {"sha256": about})}
                for name, about in data["parts"].items()
            ]
            return {**data, "parts": parts}
        return data

    @property
    def stream_hash(self) -> str | None:
        """SHA-256 over the parts' hashes in their order; ``None`` if a part has none.

        Examples
        --------
        >>> part = Part(name="events-00000.parquet", kind="events", sha256="0" * 64)
        >>> Manifest(case="fraud", parts=(part,)).stream_hash[:8]
        '60e05bd1'
        """
        return hash_of([p.sha256 for p in self.parts])

    def of_kind(self, kind: PartKind) -> tuple[Part, ...]:
        """Return the parts of one kind, in their order."""
        return tuple(p for p in self.parts if p.kind == kind)

    def to_json(self) -> bytes:
        """Return the bytes of ``stream.json``."""
        document = self.model_dump(mode="json", exclude_none=True)
        for name in ("cleared", "noticed"):
            # What most streams have nothing of is not spelled.
            if not document["counts"][name]:
                del document["counts"][name]
        return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the manifest of a stream's folder.

        Raises
        ------
        StreamError
            If the folder or its manifest is missing, unreadable, of a wrong form, or newer
            than this version of the workbench.
        """
        path = folder / MANIFEST
        try:
            raw = orjson.loads(path.read_bytes())
        except FileNotFoundError:
            raise _absent(folder) from None
        except NotADirectoryError:
            raise StreamError.of(
                f"{folder}",
                allowed="the folder of a recorded stream",
                hint="import a single file with `workbench import` first",
            ) from None
        except OSError as error:
            raise StreamError.of(
                f"{path} ({error.strerror})",
                allowed="a file that can be read",
                hint="check the path and its permissions",
            ) from None
        except orjson.JSONDecodeError as error:
            raise StreamError.of(
                f"{path} ({error})",
                allowed="one JSON object",
                hint="the file is damaged; make or import the stream again",
            ) from None
        newer = raw.get("format") if isinstance(raw, dict) else None
        if isinstance(newer, int) and newer > FORMAT:
            raise StreamError.of(
                f"{path}: format {newer}",
                allowed=f"a format up to {FORMAT}",
                hint="the stream was written by a newer workbench; install that version",
            )
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            raise StreamError.of(
                f"{path} ({_first(error)})",
                allowed="a manifest with at least a case and well-formed parts",
                hint="correct it, or make or import the stream again",
            ) from None


def hash_of(parts: list[str | None]) -> str | None:
    """Return the SHA-256 over hexadecimal hashes, or ``None`` if one is missing."""
    if not parts or None in parts:
        return None
    return hashlib.sha256("\n".join(p for p in parts if p).encode()).hexdigest()


def _absent(folder: Path) -> StreamError:
    if not folder.exists():
        return StreamError.of(
            f"{folder} (no such folder)",
            allowed="the folder of a recorded stream",
            hint="check the path, or make one with `workbench simulate` or `workbench import`",
        )
    return StreamError.of(
        f"{folder} (it has no {MANIFEST})",
        allowed=f"a folder with {MANIFEST} and events-*.parquet",
        hint="check the path, or make a stream with `workbench simulate` or `workbench import`",
    )


def _first(error: ValidationError) -> str:
    """Spell the first of pydantic's findings and count the others."""
    findings = error.errors(include_url=False)
    place = ".".join(str(step) for step in findings[0]["loc"]) or "the document"
    others = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{place} = {str(findings[0]['input'])[:80]!r}: {findings[0]['msg']}{others}"
