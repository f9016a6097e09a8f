"""Files of other programs, read in batches of raw rows: CSV, JSON lines, Parquet."""

from __future__ import annotations

import csv
import gzip
import io
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import orjson
import polars as pl

from workbench.errors import StreamError
from workbench.streams.parts import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SIZE = 65_536

_CSV = (".csv", ".csv.gz")
JSON_LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_PARQUET = (".parquet",)


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Rows as a file has them.

    Parameters
    ----------
    frame
        Shape (n, columns); all text from CSV and JSON lines, typed from Parquet.
    rows
        Int64, shape (n,): number of each row in the file, from 0.
    malformed
        Number, text and fault of rows that could not be taken apart.
    loose
        Whether later batches may have other columns.
    noticed
        What looked odd to the reader, though it could be put right, and how often.
    """

    frame: pl.DataFrame
    rows: pl.Series
    malformed: list[tuple[int, str, str]] = field(default_factory=list)
    loose: bool = False
    noticed: dict[str, int] = field(default_factory=dict)


def read(path: Path, delimiter: str = ",") -> Iterator[RawBatch]:
    """Read a file by its suffix, in the order of its rows.

    Rows are counted from 0, without a header and without empty lines.

    Raises
    ------
    StreamError
        If the file is missing, empty, of another kind, or damaged as a whole. A single
        malformed line is part of its batch and raises nothing.
    """
    name = check(path)
    if name.endswith(_PARQUET):
        return _parquet(path)
    return delimited(path, delimiter) if name.endswith(_CSV) else _json_lines(path)


def check(path: Path, endings: tuple[str, ...] = _CSV + JSON_LINES + _PARQUET) -> str:
    """Check that there is a file with one of these endings and something in it.

    Returns
    -------
    str
        The file's name in lower case.

    Raises
    ------
    StreamError
        If there is none.
    """
    name = path.name.lower()
    if path.is_dir() or not name.endswith(endings):
        raise StreamError.of(
            f"{path} ({'a folder' if path.is_dir() else 'a file of another kind'})",
            allowed=f"a file that ends in {', '.join(endings)}",
            hint="convert it, or rename it if only its name is wrong",
        )
    if not path.exists():
        raise StreamError.of(
            f"{path} (no such file)", allowed="an existing file", hint="check the path"
        )
    if path.stat().st_size == 0:
        raise StreamError.of(
            f"{path} (an empty file)",
            allowed="a file with at least one event",
            hint="check how it was exported",
        )
    return name


def _parquet(path: Path) -> Iterator[RawBatch]:
    import pyarrow.parquet as pq

    at = 0
    with readable(path), pq.ParquetFile(path, memory_map=True) as file:
        for batch in file.iter_batches(SIZE):
            frame = pl.DataFrame(pl.from_arrow(batch))
            yield RawBatch(frame, _numbers(range(at, at + frame.height)))
            at += frame.height


def delimited(path: Path, delimiter: str) -> Iterator[RawBatch]:
    """Read CSV strictly (RFC 4180): a wrong number of fields makes a line malformed.

    Python's reader and not a faster one: those that were tried skip or swallow lines without
    a word where a quote is not closed.
    """
    with _lines(path) as lines:
        text = _Remembered(io.TextIOWrapper(lines, "utf-8-sig", newline=""))
        records = csv.reader(text, delimiter=delimiter, strict=True)
        header = next(records, [])
        if len(set(header)) < len(header) or not all(header):
            raise StreamError.of(
                f"{path} (the header {delimiter.join(header)!r})",
                allowed="a first line with the name of each column, each once",
                hint="correct the first line",
            )
        at = 0
        while True:
            good: list[list[str]] = []
            malformed: list[tuple[int, str, str]] = []
            rows, end = [], False
            while len(good) + len(malformed) < SIZE:
                try:
                    record = next(records)
                except StopIteration:
                    end = True
                    break
                except csv.Error as error:
                    if "unexpected end" in str(error) or "field limit" in str(error):
                        raise _unclosed(path, records.line_num, at) from None
                    malformed.append((at, text.last, str(error)))
                else:
                    if not record:
                        continue
                    if len(record) == len(header):
                        good.append(record)
                        rows.append(at)
                    else:
                        fault = f"{len(record)} fields where the header has {len(header)}"
                        malformed.append((at, delimiter.join(record), fault))
                at += 1
            # Turned by zip: a list for each column, which Polars takes at once.
            columns = zip(*good, strict=True) if good else ((),) * len(header)
            frame = pl.DataFrame(
                [pl.Series(n, c, pl.String) for n, c in zip(header, columns, strict=True)]
            )
            yield RawBatch(frame, _numbers(rows), malformed)
            if end:
                return


class Objects(NamedTuple):
    """Objects of a file of JSON lines, the number of each in the file, and malformed lines."""

    records: list[dict[str, Any]]
    rows: list[int]
    malformed: list[tuple[int, str, str]]


def objects(path: Path) -> Iterator[Objects]:
    """Read one JSON object a line, some thousand at a time; empty lines are not counted."""
    at = 0
    with _lines(path) as lines:
        while chunk := list(islice(lines, SIZE)):
            found = Objects([], [], [])
            for line in chunk:
                if not line.strip():
                    continue
                try:
                    record = orjson.loads(line)
                    fault = (
                        "" if record and isinstance(record, dict) else "no JSON object with content"
                    )
                except orjson.JSONDecodeError as error:
                    fault = str(error)
                if fault:
                    found.malformed.append((at, line.decode("utf-8", "replace").strip(), fault))
                else:
                    found.records.append(record)
                    found.rows.append(at)
                at += 1
            yield found


def _json_lines(path: Path) -> Iterator[RawBatch]:
    """Read JSON lines; numbers become their text, so that types may mix."""
    for records, rows, malformed in objects(path):
        names = dict.fromkeys(name for record in records for name in record)
        columns = [
            pl.Series(name, [_spell(record.get(name)) for record in records], pl.String)
            for name in names
        ]
        yield RawBatch(pl.DataFrame(columns), _numbers(rows), malformed, loose=True)


def _spell(value: Any) -> str | None:
    if value is None or type(value) is str:
        return value
    if isinstance(value, (bool, dict, list)):
        return orjson.dumps(value).decode()
    return str(value)


def _numbers(rows: Iterable[int]) -> pl.Series:
    return pl.Series("source_row", rows, pl.Int64)


class _Remembered:
    """Lines of a file, of which the last one read is kept for a message."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.last = ""

    def __iter__(self) -> _Remembered:
        return self

    def __next__(self) -> str:
        self.last = next(self._lines)
        return self.last


@contextmanager
def _lines(path: Path) -> Iterator[IO[bytes]]:
    """Open a text file, compressed or not; what cannot be read becomes one message."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            yield lines  # type: ignore[misc]  # a GzipFile is read like any binary file
    except UnicodeDecodeError as error:
        raise StreamError.of(
            f"{path} (not UTF-8: byte {error.object[error.start]:#04x})",
            allowed="text in UTF-8",
            hint="convert it, for instance with `iconv -f latin1 -t utf-8`",
        ) from None
    except (OSError, EOFError) as error:
        raise StreamError.of(
            f"{path} (not readable to its end: {error})",
            allowed="a whole file",
            hint="copy it again, and check its permissions",
        ) from error


def _unclosed(path: Path, line: int, row: int) -> StreamError:
    return StreamError.of(
        f"{path} (a quote opened in row {row} is still open in line {line})",
        allowed="a closing quote in the same field",
        hint="close or remove the quote",
    )
