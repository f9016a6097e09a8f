"""Raw columns of any type → text, numbers, times and labels, and what could not be read.

Each reader takes a column as a file has it and returns the values, ``null`` where there is
none, with the problems: what is wrong → where (Boolean series; null counts as false). No value
of a row raises; a column of an impossible type does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.errors import StreamError
from workbench.streams.mapping import ANY, UNIX
from workbench.streams.schema import TIME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.streams.mapping import Scalar, TimeSource

Reading = tuple[pl.Series, dict[str, pl.Series]]

EARLIEST, LATEST = 0, 4_102_444_800_000_000
"""1970-01-01 and 2100-01-01 in microseconds: times before and from there on are impossible."""

NO_NUMBER = "not a number"
NOT_WHOLE = "not a whole number"
NO_TIME = "not a time"
OUTSIDE = "out of range (before 1970 or after 2099)"

_BITS = 2.0**63
_WHOLE = r"^(-?\d+)\.0+$"
_ISO = tuple(
    f"%Y-%m-%d{separator}{clock}{offset}"
    for offset in ("", "%#z")
    for clock in ("%H:%M:%S%.f", "%H:%M")
    for separator in (" ", "T")
)


def text(column: pl.Series, *, whole: bool = False) -> pl.Series:
    """Read text: without spaces around it, ``null`` where nothing is left.

    Whole numbers that were stored as reals (as pandas does beside missing values) lose their
    ``.0``, so that an id is the same text whichever way it was stored. With ``whole`` they lose
    it also where they are spelled so: a CSV file does not say what was a number.

    Examples
    --------
    >>> text(pl.Series([7.0, None])).to_list(), text(pl.Series([" a ", ""])).to_list()
    (['7', None], ['a', None])
    >>> text(pl.Series(["7.0", "7.5"]), whole=True).to_list()
    ['7', '7.5']
    """
    kind = column.dtype
    if kind.is_nested() or kind == pl.Object:
        raise _impossible(column, "text, numbers or times")
    if kind.is_float():
        column = column.fill_nan(None)
        integer = column.cast(pl.Int64, strict=False)
        return _first(
            _where((integer.cast(pl.Float64) == column), integer.cast(pl.String)),
            column.cast(pl.String),
        )
    column = column.cast(pl.String, strict=False).str.strip_chars()
    if whole:
        column = column.str.replace(_WHOLE, "$1")
    return _where(column != "", column)


def real(column: pl.Series, scale: float = 1, offset: float = 0) -> Reading:
    """Read finite numbers as Float64, with ``offset`` added and then multiplied by ``scale``.

    Examples
    --------
    >>> values, problems = real(pl.Series(["36.6", "warm", ""]))
    >>> values.to_list(), problems["not a number"].to_list()
    ([36.6, None, None], [False, True, False])
    """
    raw = _numeric(column)
    values = (raw.cast(pl.Float64, strict=False) + offset) * scale
    values = _where(values.is_finite(), values)
    return values, {NO_NUMBER: values.is_null() & raw.is_not_null()}


def whole(
    column: pl.Series, scale: float = 1, offset: float = 0, *, rounding: bool = False
) -> Reading:
    """Read integers of 64 bits, after adding ``offset`` and multiplying by ``scale``.

    Examples
    --------
    >>> values, problems = whole(pl.Series(["53.99", "12.345", "many"]), 100)
    >>> values.to_list(), problems["not a whole number"].to_list()
    ([5399, None, None], [False, True, False])
    >>> whole(pl.Series([0.125, 0.135]), 100, rounding=True)[0].to_list()
    [12, 14]
    """
    raw = _numeric(column)
    product, problems = real(raw, scale, offset)
    # A double loses a little of a decimal (53.99 * 100 is not always 5399); no more than this.
    close = (product - product.round(0)).abs() <= 1e-6 + product.abs() * 4e-16
    small = product.abs() < _BITS
    nearest = _where(close, product.round(0))
    if rounding:
        nearest = _first(nearest, product.round(6).round(0, mode="half_to_even"))
    values = _where(small, nearest).cast(pl.Int64)
    if scale == 1 and not offset and not raw.dtype.is_float():
        # A double has 53 bits; what is spelled as an integer keeps all 64.
        values = _first(raw.cast(pl.Int64, strict=False), values)
    wrong = product.is_not_null() & values.is_null()
    problems[NO_NUMBER] |= wrong & ~small
    problems[NOT_WHOLE] = wrong & small
    return values, problems


def instant(column: pl.Series, source: TimeSource) -> Reading:
    """Read times as Datetime(us, UTC), from 1970 to 2099.

    Examples
    --------
    >>> from workbench.streams.mapping import TimeSource
    >>> source = TimeSource(column="t", zone="Europe/Zurich")
    >>> values, problems = instant(pl.Series(["2018-07-01 12:00:00", "noon"]), source)
    >>> values[0].isoformat(), problems["not a time"].to_list()
    ('2018-07-01T10:00:00+00:00', [False, True])
    """
    if column.dtype in (pl.Date, pl.Datetime):
        raw = column.cast(pl.Datetime("us")) if column.dtype == pl.Date else column
        ticks = _in_utc(raw, source.zone).to_physical()
    elif source.format in UNIX:
        raw = _numeric(column)
        ticks = real(raw, UNIX[source.format])[0].round(0)
    elif source.format == ANY:
        raw = _numeric(column)
        ticks = _counted(raw)
        if raw.dtype == pl.String:
            ticks = _first(ticks, _parse(raw, source).to_physical())
    else:
        raw = text(column)
        ticks = _parse(raw, source).to_physical()
    possible = (ticks >= EARLIEST) & (ticks < LATEST)
    problems = {NO_TIME: ticks.is_null() & raw.is_not_null(), OUTSIDE: ~possible}
    return _where(possible, ticks).cast(pl.Int64).cast(TIME), problems


def label(
    column: pl.Series, positive: Iterable[Scalar], negative: Iterable[Scalar] | None
) -> Reading:
    """Read labels as Int8: 1, 0, or ``null`` where none is known.

    Examples
    --------
    >>> values, problems = label(pl.Series(["Y", "n", "", "?"]), ["y"], ["n"])
    >>> values.to_list(), problems["not one of y, n"].arg_true().to_list()
    ([1, 0, None, None], [3])
    """
    yes = [plain(value) for value in positive]
    no = None if negative is None else [plain(value) for value in negative]
    raw = text(column).str.to_lowercase().str.replace(_WHOLE, "$1")
    is_yes = raw.is_in(yes)
    is_no = ~is_yes if no is None else raw.is_in(no) & ~is_yes
    values = _where(is_yes | is_no, is_yes.cast(pl.Int8))
    return values, {unlisted(yes + (no or [])): ~(is_yes | is_no)}


def unlisted(allowed: Iterable[str]) -> str:
    """Say that a value is not among those that are allowed.

    Examples
    --------
    >>> unlisted(("view", "cart"))
    'not one of view, cart'
    """
    return f"not one of {', '.join(allowed)}"


def plain(value: Scalar) -> str:
    """Spell a value of a mapping as :func:`label` spells those of a column."""
    return str(value).lower()


def _numeric(column: pl.Series) -> pl.Series:
    """Return numbers or text that may spell them; NaN in a real column means missing."""
    if column.dtype.is_float():
        return column.fill_nan(None)
    if column.dtype.is_decimal():
        return column.cast(pl.Float64)
    if column.dtype.is_integer() or column.dtype in (pl.Boolean, pl.Null):
        return column
    if column.dtype.is_temporal():
        raise _impossible(column, "numbers, or text that spells them")
    return text(column)


def _parse(raw: pl.Series, source: TimeSource) -> pl.Series:
    if source.format not in ("iso", ANY):
        return _in_utc(
            raw.str.to_datetime(source.format, time_unit="us", strict=False), source.zone
        )
    values = pl.repeat(None, len(raw), dtype=TIME, eager=True)
    for form in (*_ISO, "%Y-%m-%d"):
        if values.null_count() == raw.null_count():
            break
        found = raw.str.to_datetime(form, time_unit="us", strict=False)
        values = _first(values, _in_utc(found, source.zone))
    return values


def _counted(raw: pl.Series) -> pl.Series:
    """Read what counts from 1970 as microseconds; no unit but one puts it before 2100."""
    count = real(raw)[0]
    latest = LATEST / 1_000_000
    spans = ((latest, 1e6), (latest * 1e3, 1e3), (latest * 1e6, 1.0), (latest * 1e9, 1e-3))
    choices = [pl.when(count < below).then(count * factor) for below, factor in spans]
    return pl.select(pl.coalesce(choices).round().cast(pl.Int64)).to_series()


def _in_utc(times: pl.Series, zone: str) -> pl.Series:
    if isinstance(times.dtype, pl.Datetime) and times.dtype.time_zone is None:
        times = times.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return times.dt.convert_time_zone("UTC").dt.cast_time_unit("us")


def _where(keep: pl.Series, values: pl.Series) -> pl.Series:
    """Return the values where ``keep`` is true, ``null`` elsewhere."""
    return pl.select(pl.when(keep).then(values)).to_series()


def _first(*choices: pl.Series) -> pl.Series:
    """Return for each row the first value that is not null."""
    return pl.select(pl.coalesce(choices)).to_series()


def _impossible(column: pl.Series, allowed: str) -> StreamError:
    return StreamError.of(
        f"the column {column.name!r} of type {column.dtype}",
        allowed=allowed,
        hint="map another column, or convert the file first",
    )
