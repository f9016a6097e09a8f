"""Your columns → ours: which column of a file becomes what, in which unit and time zone.

A mapping is written as a TOML file and given as ``workbench import CASE FILE --map FILE.toml``::

    event_id = "reference"           # leave out: the row's number in the file, from 0
    delimiter = ";"                  # of a CSV file; default ","
    ignore = ["branch", "comment"]   # columns that are known and not used

    [event_time]                     # or shorter: event_time = "booked"
    column = "booked"
    format = "%d.%m.%Y %H:%M:%S"     # or iso (default), unix_s, unix_ms, unix_us, any
    zone = "Europe/Zurich"           # of times that carry none; default UTC

    [columns]                        # the columns of the case, see `workbench inspect`
    card = "pan_token"
    terminal = "shop"
    amount = { column = "amount_chf", scale = 100 }   # to minor units
    area = { value = "A37" }         # the same in every row

    [label]                          # leave out where nothing is known
    column = "chargeback"
    positive = ["Y"]                 # default 1 and true
    negative = ["N"]                 # default 0 and false; with `positive` alone: all others

    [label.known_at]                 # left out or empty: --label-delay gives it at replay
    column = "chargeback_date"
    format = "%d.%m.%Y"

    [pattern]                        # ground truth, where the file has one
    column = "scenario"
    prefix = "scenario "             # 2 becomes "scenario 2"
    none = [0]                       # values that mean: no pattern

Rules. A value is multiplied by ``scale``. Where the case wants integers (money in minor units)
the product must be whole, within what a double can hold of it: 53.99 with scale 100 is 5399.
A value such as 12.345 goes to quarantine, because rounding money is a decision; with
``round = true`` beside ``scale`` it is rounded half to even. ``offset`` is added before: °F become
hundredths of a °C with ``offset = -32, scale = 55.5555555555556, round = true``. Beside a column
of text, ``values = { addtocart = "cart" }`` renames its words, ``whole = true`` reads 17850.0 as
17850 (an id that was stored beside missing ones), and ``optional = true`` takes files without the
column.
Times of ``format = "any"`` are ISO, or count from 1970 in the unit in which they lie before 2100.
In local time, the hour that comes twice in autumn is taken the first time; a time in the hour
that spring skips is bad. Label values are compared as text without regard to case. An empty
label means: not known.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self
from zoneinfo import ZoneInfo

import polars as pl
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from workbench.errors import ParameterError, StreamError

if TYPE_CHECKING:
    from collections.abc import Collection

    from workbench.streams.schema import Schema

UNIX = {"unix_s": 1_000_000, "unix_ms": 1_000, "unix_us": 1}
"""Time formats that count from 1970-01-01 UTC, with microseconds per unit."""

ANY = "any"
"""The time format of what is ISO or counts from 1970, in a unit that shows by its size."""

Scalar = str | int | float | bool


def _spell_out(value: Any) -> Any:
    """Read ``"column"`` as short for ``{ column = "column" }``."""
    return {"column": value} if isinstance(value, str) else value


class _Declaration(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TimeSource(_Declaration):
    """Where a time comes from.

    Parameters
    ----------
    column
        Column of the file.
    format
        ``iso`` (RFC 3339 and its relatives), ``unix_s``, ``unix_ms``, ``unix_us``, ``any`` of
        these, or a strftime pattern. Columns that hold times already need none.
    zone
        IANA time zone of times that carry none.
    """

    column: str
    format: str = "iso"
    zone: str = "UTC"

    @field_validator("format")
    @classmethod
    def _known_format(cls, value: str) -> str:
        if value not in ("iso", ANY) and value not in UNIX:
            if "%" not in value:
                raise ValueError(
                    "it is neither iso, unix_s, unix_ms, unix_us, any nor a pattern with %"
                )
            try:
                pl.Series([""]).str.to_datetime(value, strict=False, time_unit="us")
            except pl.exceptions.PolarsError as error:
                raise ValueError(str(error).splitlines()[0]) from None
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("it is no IANA time zone such as UTC or Europe/Zurich") from None
        return value


class FieldSource(_Declaration):
    """Where a column of the case comes from, and how it is read.

    Parameters
    ----------
    column
        Column of the file.
    value
        What every row holds, where no column of the file says it; one of the two is given.
    offset, scale, round
        Of numbers: what is added to them, what the sum is multiplied by, and whether the product
        is rounded.
    values
        Of text: words of the file and what they are called here; others stay as they are.
    whole
        Of text: whether a whole number that is spelled with a fraction loses it.
    optional
        Whether files without the column are expected.
    """

    column: str | None = None
    value: Scalar | None = None
    offset: float = Field(default=0, allow_inf_nan=False)
    scale: float = Field(default=1, gt=0, allow_inf_nan=False)
    round: bool = False
    values: dict[str, str] = Field(default_factory=dict)
    whole: bool = False
    optional: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.column is None) == (self.value is None):
            raise ValueError("give one of column and value")
        return self


class LabelSource(_Declaration):
    """Where labels come from, and which values mean positive and negative."""

    column: str
    positive: tuple[Scalar, ...] = (1, True)
    negative: tuple[Scalar, ...] | None = None
    known_at: Annotated[TimeSource | None, BeforeValidator(_spell_out)] = None

    @property
    def rest(self) -> tuple[Scalar, ...] | None:
        """Values that mean negative; ``None`` for all that are not positive."""
        if self.negative is None and "positive" not in self.model_fields_set:
            return (0, False)
        return self.negative


class PatternSource(_Declaration):
    """Where ground truth comes from: which pattern an event follows.

    Parameters
    ----------
    column
        Column of the file.
    prefix
        Put before its values.
    none
        Values that mean that there is no pattern, besides an empty one.
    optional
        Whether files without the column are expected.
    about
        Name of a pattern, prefix included, to a sentence for people.
    """

    column: str
    prefix: str = ""
    none: tuple[Scalar, ...] = (0,)
    optional: bool = False
    about: dict[str, str] = Field(default_factory=dict)


class Mapping(_Declaration):
    """Which column of a file becomes what.

    The module's docstring explains each entry.

    Examples
    --------
    >>> mapping = Mapping(event_time="at", columns={"card": "c", "amount": {"column": "a"}})
    >>> mapping.event_time.zone, mapping.columns["amount"].scale
    ('UTC', 1)
    """

    event_time: Annotated[TimeSource, BeforeValidator(_spell_out)]
    columns: dict[str, Annotated[FieldSource, BeforeValidator(_spell_out)]]
    event_id: str | None = None
    label: Annotated[LabelSource | None, BeforeValidator(_spell_out)] = None
    pattern: Annotated[PatternSource | None, BeforeValidator(_spell_out)] = None
    ignore: tuple[str, ...] = ()
    delimiter: str = Field(default=",", pattern=r'^[^"\r\n]$')

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a mapping from a TOML file.

        Raises
        ------
        ParameterError
            If the file is missing, is not TOML, lacks an entry or has an unknown one.
        """
        path = Path(path)
        try:
            return cls.model_validate(tomllib.loads(path.read_text("utf-8")))
        except OSError as error:
            reason, hint = error.strerror or "it cannot be read", "check the path"
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            reason, hint = str(error), "correct that place"
        except ValidationError as error:
            first, *more = error.errors(include_url=False)
            place = ".".join(str(step) for step in first["loc"])
            reason = f"{place}: {first['msg']}" + (f" (and {len(more)} more)" if more else "")
            hint = "correct that entry"
        raise ParameterError.of(
            f"the mapping {path} ({reason})",
            allowed="a TOML file with event_time, [columns] and, if you like, event_id, label, "
            "pattern, ignore, delimiter",
            hint=f"{hint}; `pydoc workbench.streams.mapping` shows an example",
        )

    @property
    def used(self) -> tuple[str, ...]:
        """The columns of the file that are read, each once; optional ones left out."""
        label, pattern = self.label, self.pattern
        times = [self.event_time, *([label.known_at] if label and label.known_at else [])]
        names = [
            *([self.event_id] if self.event_id else []),
            *(time.column for time in times),
            *(f.column for f in self.columns.values() if f.column and not f.optional),
            *([label.column] if label else []),
            *([pattern.column] if pattern and not pattern.optional else []),
        ]
        return tuple(dict.fromkeys(names))

    def check(self, schema: Schema) -> None:
        """Check the mapping against the schema of the case.

        Raises
        ------
        ParameterError
            If a required column of the case has no source, or an entry names no column of it.
        """
        names = {c.name for c in schema.columns}
        missing = [c.name for c in schema.columns if c.required and c.name not in self.columns]
        unknown = [name for name in self.columns if name not in names]
        if missing or unknown:
            raise ParameterError.of(
                f"the mapping ([columns] {'lacks' if missing else 'has the unknown'} "
                f"{', '.join(missing or unknown)})",
                allowed="entries for " + ", ".join(sorted(names)),
                hint="say which column of the file each required one comes from",
            )

    def check_file(self, there: Collection[str], where: str) -> None:
        """Check that a file has the columns that are used.

        Raises
        ------
        StreamError
            If one is not there.
        """
        if missing := [name for name in self.used if name not in there]:
            raise StreamError.of(
                f"{where} (no column {', '.join(map(repr, missing))}; it has {', '.join(there)})",
                allowed=f"a file with the columns {', '.join(self.used)}",
                hint="check that the preset or the mapping is the one for this file",
            )

    def unknown(self, there: Collection[str]) -> tuple[str, ...]:
        """Return the columns of a file that are neither used nor ignored."""
        optional = (self.pattern, *self.columns.values())
        known = {*self.used, *self.ignore, *(source.column for source in optional if source)}
        return tuple(name for name in there if name not in known)
