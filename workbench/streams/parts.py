"""One Parquet part of a stream: its footer, its row groups, its hash."""

from __future__ import annotations

import hashlib
import io
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from workbench.errors import StreamError
from workbench.streams.frames import conform
from workbench.streams.schema import EVENT_TIME, TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from workbench.streams.encryption import Cipher
    from workbench.streams.manifest import Part

# How many microseconds one tick of each unit is, as a fraction.
_TICKS = {"s": (1_000_000, 1), "ms": (1_000, 1), "us": (1, 1), "ns": (1, 1_000)}


@dataclass
class PartFile:
    """A part whose footer was read.

    Parameters
    ----------
    path
        The file.
    rows
        Number of rows.
    cipher
        What decrypts it, if it is encrypted. It is then held in memory as a whole while it is
        read.
    """

    path: Path
    rows: int
    cipher: Cipher | None = None

    @property
    def where(self) -> str:
        """The file, for messages."""
        return str(self.path)

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in their order."""
        import pyarrow.parquet as pq

        with readable(self.path):
            return list(pq.read_schema(self.path).names)

    @classmethod
    def open(cls, folder: Path, part: Part, cipher: Cipher | None = None) -> Self:
        """Read a part's footer.

        Raises
        ------
        StreamError
            If the file is missing or no whole Parquet file.
        """
        path = folder / part.name
        if not path.is_file():
            raise StreamError.of(
                f"{path} (the file is missing)",
                allowed="a stream with every part that its manifest lists",
                hint="restore it from a copy, or make or import the stream again",
            )
        file = cls(path, 0, cipher)
        file.rows = file._footer.num_rows
        return file

    def batches(
        self,
        columns: Sequence[str],
        size: int,
        start: int | None = None,
        until: int | None = None,
    ) -> Iterator[pl.DataFrame]:
        """Read those of the columns that are there, in batches of at most ``size`` rows.

        Row groups that end before ``start`` or begin at ``until`` (microseconds) are skipped
        by their statistics; the rows of the others are not filtered.
        """
        import pyarrow.parquet as pq

        with readable(self.path), pq.ParquetFile(self._source(), memory_map=True) as file:
            there = set(file.schema_arrow.names)
            groups = [
                i
                for i, (first, last) in enumerate(self._limits)
                if not (start is not None and last is not None and last < start)
                and not (until is not None and first is not None and first >= until)
            ]
            names = [name for name in columns if name in there]
            raw = file.iter_batches(size, row_groups=groups, columns=names) if groups else ()
            for batch in raw:
                yield pl.DataFrame(pl.from_arrow(batch))

    @property
    def first(self) -> int:
        """Smallest event time in microseconds."""
        return min(self._extremes)

    @property
    def last(self) -> int:
        """Largest event time in microseconds."""
        return max(self._extremes)

    def all_null(self, column: str) -> bool:
        """Return whether a column is absent or holds no value."""
        with readable(self.path):
            values = pl.scan_parquet(self._source(), glob=False)
            if column not in values.collect_schema():
                return True
            return bool(values.select(pl.col(column).is_null().all()).collect().item())

    def _source(self) -> Path | io.BytesIO:
        """Return what holds the Parquet file."""
        if self.cipher is None:
            return self.path
        return io.BytesIO(self.cipher.read(self.path))

    @cached_property
    def _footer(self) -> Any:
        import pyarrow.parquet as pq

        with readable(self.path):
            return pq.read_metadata(self._source())

    @cached_property
    def _extremes(self) -> list[int]:
        known = [t for limits in self._limits for t in limits if t is not None]
        if len(known) == 2 * len(self._limits):
            return known
        # Statistics are optional in Parquet; without them the column itself is read.
        edges = []
        for raw in self.batches([EVENT_TIME], 65_536):
            times = conform(raw, {EVENT_TIME: TIME}, [EVENT_TIME], self.where)[EVENT_TIME]
            edges += times.to_physical().to_numpy()[[0, -1]].tolist()
        return edges

    @cached_property
    def _limits(self) -> list[tuple[int | None, int | None]]:
        """Smallest and largest event time of each row group, in microseconds."""
        import pyarrow as pa

        footer = self._footer
        with readable(self.path):
            schema = footer.schema.to_arrow_schema()
        nothing: list[tuple[int | None, int | None]] = [(None, None)] * footer.num_row_groups
        if EVENT_TIME not in schema.names:
            return nothing
        kind: Any = schema.field(EVENT_TIME).type
        if not pa.types.is_timestamp(kind):
            return nothing
        factor, divisor = _TICKS[kind.unit]
        at = [footer.schema.column(i).path for i in range(len(footer.schema))].index(EVENT_TIME)
        limits = nothing
        for i in range(footer.num_row_groups):
            statistics = footer.row_group(i).column(at).statistics
            if statistics is not None and statistics.has_min_max:
                low, high = statistics.min_raw, statistics.max_raw
                if isinstance(low, int) and isinstance(high, int):
                    limits[i] = (low * factor // divisor, high * factor // divisor)
        return limits


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what Parquet readers raise of a damaged file into one message."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, pl.exceptions.ComputeError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StreamError.of(
            f"{path} (truncated or damaged: {reason.rstrip('.')})",
            allowed="a whole Parquet file",
            hint="restore it from a copy, or make or import it again",
        ) from error


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
