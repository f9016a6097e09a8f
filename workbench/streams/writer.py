"""Writing a recorded stream, whole or not at all."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import orjson
import polars as pl

from workbench.atomic import atomic_folder, replaceable, sync
from workbench.durations import SECOND, spell
from workbench.errors import StreamError
from workbench.streams.encryption import SUFFIX
from workbench.streams.frames import Order, conform, conform_labels, required_columns
from workbench.streams.manifest import (
    MANIFEST,
    Counts,
    LabelDelay,
    Manifest,
    Part,
    PartKind,
    TimeRange,
)
from workbench.streams.parts import PartFile, sha256
from workbench.streams.schema import EVENT_ID, EVENT_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

    from workbench.streams.encryption import Cipher
    from workbench.streams.schema import Schema

PART_ROWS = 250_000
GROUP_ROWS = 65_536

PATTERN = {EVENT_ID: pl.String(), "pattern": pl.String()}
QUARANTINE = {"source_row": pl.Int64(), "reason": pl.String(), "row": pl.String()}


class StreamWriter:
    """Writes a stream's folder under a temporary name and renames it when it is whole.

    The same frames give the same bytes, however they are cut into calls.

    Parameters
    ----------
    path
        The folder to write. A stream that is there is replaced; anything else is refused.
    case
        Name of the case.
    schema
        The case's schema.
    origin
        Where the stream comes from, for its manifest: file names without folders, seeds.
    cipher
        What encrypts each part before it reaches the disk; parts are plain if not given.

    Attributes
    ----------
    truth
        The content of ``truth.json``: how the stream was made; left out while empty.
    cleared, noticed
        For the manifest's counts: values that were set to missing, and what looks odd.

    Raises
    ------
    StreamError
        If the folder cannot be written (a full disk, for instance), or the rows are out of
        order or of wrong types. Nothing is left behind.
    ParameterError
        If something else is there.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import UTC, datetime
    >>> from pathlib import Path
    >>> from workbench.cases.fraud.schema import SCHEMA
    >>> time = datetime(2024, 1, 1, tzinfo=UTC)
    >>> with StreamWriter(Path(tempfile.mkdtemp()) / "s", "fraud", SCHEMA, {"by": "hand"}) as w:
    ...     w.events(pl.DataFrame({"event_id": ["0"], "event_time": [time], "card": ["c"],
    ...                            "terminal": ["t"], "amount": [1999]}))
    ...     w.labels(pl.DataFrame({"event_id": ["0"], "label": [1], "known_at": [time]}))
    >>> w.manifest.counts.positives
    1
    """

    def __init__(
        self,
        path: Path,
        case: str,
        schema: Schema,
        origin: Mapping[str, Any],
        cipher: Cipher | None = None,
    ) -> None:
        self.path = path
        self.case = case
        self.schema = schema
        self.origin = dict(origin)
        self.truth: dict[str, Any] = {}
        self.cleared: dict[str, int] = {}
        self.noticed: dict[str, int] = {}
        self._cipher = cipher
        self._manifest: Manifest | None = None
        self._required = required_columns(schema)
        self._order = Order(EVENT_TIME)
        self._labels: list[pl.DataFrame] = []
        self._quarantined: dict[str, int] = {}

    def __enter__(self) -> Self:
        replaceable(self.path, MANIFEST, "a stream")
        with self._disk():
            self._context: AbstractContextManager[Path] = atomic_folder(self.path)
            self._folder = self._context.__enter__()
        self._events_parts = _Parts(self._folder, "events", self._cipher)
        self._label_parts = _Parts(self._folder, "labels", self._cipher)
        self._truth_parts = _Parts(self._folder, "truth", self._cipher)
        self._tables: dict[str, _Parts] = {}
        self._bad: list[pl.DataFrame] = []
        return self

    @property
    def manifest(self) -> Manifest:
        """What was written, once the context has ended without an error."""
        if self._manifest is None:
            raise RuntimeError("a stream has a manifest when its writer's context has ended")
        return self._manifest

    def events(self, frame: pl.DataFrame) -> None:
        """Append events, shape (n, columns), in the order of (``event_time``, ``event_id``)."""
        rows = conform(frame, self.schema.events, self._required, f"{self.path}: events")
        self._order.check(rows, f"{self.path}: events")
        with self._disk():
            self._events_parts.append(rows)

    def labels(self, frame: pl.DataFrame) -> None:
        """Append labels: ``event_id``, ``label`` (0 or 1) and ``known_at``.

        Where all have ``known_at`` they may come in any order and are sorted at the end.
        Otherwise they stay in the order given, which should be the events'. They are held in
        memory until the end, some 40 bytes each.
        """
        self._labels.append(conform_labels(frame, f"{self.path}: labels"))

    def pattern(self, frame: pl.DataFrame) -> None:
        """Append ground truth: ``event_id`` and ``pattern`` of events that follow a pattern."""
        with self._disk():
            self._truth_parts.append(conform(frame, PATTERN, PATTERN, f"{self.path}: truth"))

    def truth_table(self, name: str, frame: pl.DataFrame) -> None:
        """Append ground truth in a form of the case's own, a table for each name.

        Parameters
        ----------
        name
            Lower-case letters; the file is ``truth-NAME-00000.parquet``.
        frame
            Any columns; the same in each call.
        """
        parts = self._tables.setdefault(
            name, _Parts(self._folder, "truth", self._cipher, f"truth-{name}")
        )
        with self._disk():
            parts.append(frame)

    def quarantine(self, frame: pl.DataFrame) -> None:
        """Append rows that are not part of the stream: ``source_row``, ``reason``, ``row``."""
        rows = conform(frame, QUARANTINE, QUARANTINE, f"{self.path}: quarantine")
        self._bad.append(rows)
        for reason, n in rows.group_by("reason").len().iter_rows():
            self._quarantined[reason] = self._quarantined.get(reason, 0) + n

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            with self._disk():
                try:
                    manifest = self._finish()
                except BaseException as failure:
                    # The folder's context removes what was written, then raises it again.
                    self._context.__exit__(type(failure), failure, failure.__traceback__)
                    raise
                self._context.__exit__(None, None, None)
            self._manifest = manifest
            return
        with self._disk():
            self._context.__exit__(kind, error, traceback)

    def _finish(self) -> Manifest:
        parts = self._events_parts.close()
        labels = self._ordered_labels()
        self._label_parts.append(labels)
        parts += self._label_parts.close()
        if self.truth:
            content = orjson.dumps(self.truth, option=orjson.OPT_INDENT_2) + b"\n"
            path = _store(self._folder / "truth.json", content, self._cipher)
            parts.append(_describe(path, "truth", None))
        parts += self._truth_parts.close()
        for name in sorted(self._tables):
            parts += self._tables[name].close()
        if self._bad:
            bad = pl.concat(self._bad).sort("source_row", "reason")
            file = self._folder / "quarantine.parquet"
            parts.append(_write(file, "quarantine", bad, self._cipher))
        events = [p for p in parts if p.kind == "events"]
        first, last = (events[0].first, events[-1].last) if events else (None, None)
        none_known = labels.height and labels["known_at"].null_count() == labels.height
        manifest = Manifest(
            case=self.case,
            schema_version=self.schema.version,
            parts=tuple(parts),
            counts=Counts(
                events=sum(p.rows or 0 for p in events),
                labels=labels.height,
                positives=int(labels["label"].sum()),
                quarantined=dict(sorted(self._quarantined.items())),
                cleared=dict(sorted(self.cleared.items())),
                noticed=self.noticed,
            ),
            time_range=TimeRange(start=first, end=last) if first and last else None,
            label_delay="none" if none_known else self._delay(events, labels),
            origin=self.origin,
            encryption=None if self._cipher is None else self._cipher.about,
        )
        (self._folder / MANIFEST).write_bytes(manifest.to_json())
        for file in self._folder.iterdir():
            sync(file)
        return manifest

    def _ordered_labels(self) -> pl.DataFrame:
        nothing = conform_labels(pl.DataFrame({EVENT_ID: [], "label": []}), "labels")
        labels = pl.concat([nothing, *self._labels], rechunk=True)
        self._labels = []
        return labels if labels["known_at"].has_nulls() else labels.sort("known_at", EVENT_ID)

    def _delay(self, events: list[Part], labels: pl.DataFrame) -> LabelDelay | None:
        """Return median and longest time from event to label, in whole seconds."""
        if not events or not labels.height:
            return None
        times = self._times(events)
        late = labels.lazy().join(times, on=EVENT_ID)
        delay = (pl.col("known_at") - pl.col(EVENT_TIME)).dt.total_seconds()
        # "lower" keeps the median a delay that occurred.
        summary = late.select(
            delay.quantile(0.5, "lower").alias("median"), delay.max().alias("max")
        )
        median, longest = summary.collect(engine="streaming").row(0)
        if median is None:
            return None
        return LabelDelay(
            median=spell(max(0, int(median)) * SECOND), max=spell(max(0, int(longest)) * SECOND)
        )

    def _times(self, events: list[Part]) -> pl.LazyFrame:
        """Return ids and times of the events that were written."""
        if self._cipher is None:
            files = [self._folder / part.name for part in events]
            return pl.scan_parquet(files, glob=False).select(EVENT_ID, EVENT_TIME)
        opened = (PartFile.open(self._folder, part, self._cipher) for part in events)
        rows = [b for file in opened for b in file.batches([EVENT_ID, EVENT_TIME], GROUP_ROWS)]
        return pl.concat(rows).lazy()

    @contextmanager
    def _disk(self) -> Iterator[None]:
        """Turn what the file system refuses into one message; the folder is removed by then."""
        try:
            yield
        except OSError as error:
            raise StreamError.of(
                f"{self.path} (not written: {error.strerror or error})",
                allowed="a folder on a disk with free space and permission to write",
                hint="make room or choose another --out; nothing was left behind",
            ) from error


class _Parts:
    """Cuts rows into parts of one kind, of the same size however the rows come."""

    def __init__(self, folder: Path, kind: PartKind, cipher: Cipher | None, stem: str = "") -> None:
        self._folder = folder
        self._cipher = cipher
        self._kind: PartKind = kind
        self._stem = stem or kind
        self._waiting: list[pl.DataFrame] = []
        self._rows = 0
        self._parts: list[Part] = []

    def append(self, rows: pl.DataFrame) -> None:
        self._waiting.append(rows)
        self._rows += rows.height
        if self._rows < PART_ROWS:
            return
        waiting = pl.concat(self._waiting)
        while waiting.height >= PART_ROWS:
            self._write(waiting.head(PART_ROWS))
            waiting = waiting.slice(PART_ROWS)
        self._waiting, self._rows = [waiting], waiting.height

    def close(self) -> list[Part]:
        if self._rows:
            self._write(pl.concat(self._waiting))
        return self._parts

    def _write(self, rows: pl.DataFrame) -> None:
        name = f"{self._stem}-{len(self._parts):05d}.parquet"
        self._parts.append(_write(self._folder / name, self._kind, rows, self._cipher))


def _write(path: Path, kind: PartKind, rows: pl.DataFrame, cipher: Cipher | None) -> Part:
    """Write one part. The same rows give the same bytes, before they are encrypted."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Ids that count up, times and money take a fraction of their space as differences;
    # entities repeat, so they take a dictionary (Apache Parquet format, "Encodings").
    encodings = {
        name: "DELTA_BYTE_ARRAY" if name == EVENT_ID else "DELTA_BINARY_PACKED"
        for name, dtype in rows.schema.items()
        if name == EVENT_ID or dtype in (pl.Int64, pl.Datetime)
    }
    table = rows.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    plain = [pa.string() if pa.types.is_large_string(f.type) else f.type for f in table.schema]
    table = table.cast(pa.schema(list(zip(rows.columns, plain, strict=True)))).combine_chunks()
    # What is to be encrypted never reaches the disk as it is.
    sink = path if cipher is None else io.BytesIO()
    pq.write_table(
        table,
        sink,
        row_group_size=GROUP_ROWS,
        compression="zstd",
        compression_level=9,
        use_dictionary=[name for name in rows.columns if name not in encodings],
        column_encoding=encodings,
        write_statistics=True,
    )
    if isinstance(sink, io.BytesIO):
        path = _store(path, sink.getvalue(), cipher)
    return _describe(path, kind, rows)


def _store(path: Path, content: bytes, cipher: Cipher | None) -> Path:
    """Write a file, encrypted if there is a cipher; return where."""
    if cipher is not None:
        path = path.with_name(path.name + SUFFIX)
        content = cipher.encrypt(path.name, content)
    path.write_bytes(content)
    return path


def _describe(path: Path, kind: PartKind, rows: pl.DataFrame | None) -> Part:
    timed = rows is not None and EVENT_TIME in rows.columns
    return Part(
        name=path.name,
        kind=kind,
        rows=None if rows is None else rows.height,
        sha256=sha256(path),
        first=rows[EVENT_TIME][0] if timed and rows is not None else None,
        last=rows[EVENT_TIME][-1] if timed and rows is not None else None,
    )
