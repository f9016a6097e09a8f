"""Recorded streams: opened by path, read in batches with bounded memory, verified on demand."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import orjson
import polars as pl

from workbench.case import case_names, get_case
from workbench.errors import StreamError
from workbench.project import shown
from workbench.streams.encryption import SUFFIX, Cipher
from workbench.streams.frames import Order, conform, conform_labels, instants, required_columns
from workbench.streams.manifest import MANIFEST, Manifest, Part, PartKind, as_utc, hash_of
from workbench.streams.parts import PartFile, sha256
from workbench.streams.schema import EVENT_ID, EVENT_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workbench.streams.schema import Schema

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PATTERN = {EVENT_ID: pl.String(), "pattern": pl.String()}


class Stream:
    """Events in time order with their labels, as one folder holds them.

    Made by :meth:`open`. Reading keeps one batch in memory, however long the stream is.

    Attributes
    ----------
    path
        The folder.
    manifest
        The content of ``stream.json``.
    schema
        The schema of the stream's case.
    cipher
        What decrypts its parts; ``None`` where they are plain.
    """

    def __init__(
        self, path: Path, manifest: Manifest, schema: Schema, key_file: Path | None = None
    ) -> None:
        self.path = path
        self.manifest = manifest
        self.schema = schema
        about = manifest.encryption
        self.cipher = None if about is None else Cipher.of(about, path, key_file)
        self._events = self._files(self._parts("events"))
        self._labels = self._files(self._parts("labels"))

    @classmethod
    def open(cls, path: str | Path, case: str | None = None, key_file: Path | None = None) -> Self:
        """Open a stream's folder.

        Reads the manifest and the footers of the parts, no rows. An encrypted stream is opened
        with the key that the environment gives, see :mod:`workbench.streams.secret`.

        Parameters
        ----------
        path
            The folder.
        case
            The case that the stream must be of; any installed case if not given.
        key_file
            File with the key of an encrypted stream; that of the environment if not given.

        Raises
        ------
        StreamError
            If the folder, its manifest or a part is missing or damaged, the stream is of
            another case or a newer schema, it is encrypted and the key is missing or wrong, or
            it holds no events.
        """
        path = Path(path)
        manifest = Manifest.read(path)
        if case is not None and manifest.case != case:
            raise StreamError.of(
                f"{path} (a stream of the case {manifest.case!r})",
                allowed=f"a stream of the case {case!r}",
                hint="choose another stream, or the command for that case",
            )
        if manifest.case not in case_names():
            raise StreamError.of(
                f"{path / MANIFEST} (the case {manifest.case!r})",
                allowed=" or ".join(case_names()),
                hint="install the package that brings this case",
            )
        schema = get_case(manifest.case).schema
        if manifest.schema_version is not None and manifest.schema_version > schema.version:
            raise StreamError.of(
                f"{path / MANIFEST} (schema version {manifest.schema_version})",
                allowed=f"a version up to {schema.version} of the case {manifest.case!r}",
                hint="the stream was written by a newer workbench; install that version",
            )
        stream = cls(path, manifest, schema, key_file)
        if not stream.n_events:
            what = "labels but no events" if stream.n_labels else "no events"
            raise StreamError.of(
                f"{path} ({what})",
                allowed="at least one event in events-*.parquet",
                hint="make or import the stream again, with its events",
            )
        return stream

    @property
    def case(self) -> str:
        """Name of the stream's case."""
        return self.manifest.case

    @property
    def n_events(self) -> int:
        """Number of events, by the parts' footers."""
        return sum(file.rows for file in self._events)

    @property
    def n_labels(self) -> int:
        """Number of labels, by the parts' footers."""
        return sum(file.rows for file in self._labels)

    @cached_property
    def start(self) -> datetime:
        """Time of the first event, UTC."""
        if self.manifest.time_range is not None:
            return self.manifest.time_range.start
        return _EPOCH + min(f.first for f in self._events if f.rows) * _MICROSECOND

    @cached_property
    def end(self) -> datetime:
        """Time of the last event, UTC."""
        if self.manifest.time_range is not None:
            return self.manifest.time_range.end
        return _EPOCH + max(f.last for f in self._events if f.rows) * _MICROSECOND

    @cached_property
    def hash(self) -> str:
        """SHA-256 over the hashes of the parts; they are computed where the manifest has none."""
        parts = self.manifest.parts or self._parts("events") + self._parts("labels")
        hashes = [part.sha256 or sha256(self.path / part.name) for part in parts]
        return hash_of(list(hashes)) or ""

    @cached_property
    def truth(self) -> dict[str, Any] | None:
        """How a simulated stream was made (drift, patterns); ``None`` for any other."""
        path = self.path / self._named("truth.json")
        if not path.exists():
            return None
        try:
            content = path.read_bytes() if self.cipher is None else self.cipher.read(path)
            document = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            document = error
        if not isinstance(document, dict):
            raise StreamError.of(
                f"{path} ({document})",
                allowed="one JSON object",
                hint="the file is damaged; make the stream again",
            )
        return document

    @cached_property
    def labels_have_known_at(self) -> bool:
        """Whether any label says when it became known; ``--label-delay`` gives it to the others."""
        return any(not file.all_null("known_at") for file in self._labels)

    def batches(
        self,
        size: int = 65_536,
        start: int | datetime | None = None,
        until: int | datetime | None = None,
        columns: Sequence[str] | None = None,
    ) -> Iterator[pl.DataFrame]:
        """Read the events in their order.

        Parameters
        ----------
        size
            The most rows of a batch; batches also end where a part ends.
        start, until
            Only events from ``start`` (inclusive) until ``until`` (exclusive): microseconds
            since 1970 UTC, or datetimes (without a zone: UTC).
        columns
            Which columns, in which order; all of the schema if not given.

        Yields
        ------
        polars.DataFrame
            At least one row and at most ``size``; types as in :attr:`Schema.events`.

        Raises
        ------
        StreamError
            If a part is damaged, a required value is missing, a type is wrong, or events are
            not in the order of (``event_time``, ``event_id``), each once.
        """
        kinds = self.schema.events
        asked = list(kinds) if columns is None else list(columns)
        if unknown := [name for name in asked if name not in kinds]:
            raise StreamError.of(
                f"{self.path} (the column {unknown[0]!r})",
                allowed=", ".join(kinds),
                hint="ask for columns of the case's schema",
            )
        # The order is always checked, so its two columns are always read.
        wanted = {n: kinds[n] for n in dict.fromkeys([EVENT_ID, EVENT_TIME, *asked])}
        required = required_columns(self.schema)
        order = Order(EVENT_TIME)
        low, high = _instant(start), _instant(until)
        for file in self._events:
            for raw in file.batches(list(wanted), size, low, high):
                rows = conform(raw, wanted, required & set(wanted), file.where)
                order.check(rows, file.where)
                rows = _between(rows, low, high)
                if rows.height:
                    yield rows.select(asked)

    def labels(self, size: int = 65_536) -> Iterator[pl.DataFrame]:
        """Read the labels as they lie on disk: ``event_id``, ``label`` (Int8), ``known_at``.

        ``known_at`` is null where a label carries none. Streams of ours lie in the order of
        (``known_at``, ``event_id``), or in the order of the events where ``known_at`` is absent;
        others may lie in any order.

        Raises
        ------
        StreamError
            If a part is damaged, or a label is not 0 or 1.
        """
        for file in self._labels:
            for raw in file.batches([EVENT_ID, "label", "known_at"], size):
                yield conform_labels(raw, file.where)

    def pattern(self) -> pl.DataFrame:
        """Return ground truth: ``event_id`` and ``pattern`` of the events that follow one."""
        files = self._files(self._truth(""))
        frames = [
            conform(raw, _PATTERN, _PATTERN, file.where)
            for file in files
            for raw in file.batches(list(_PATTERN), 65_536)
        ]
        return pl.concat([pl.DataFrame(schema=_PATTERN), *frames])

    def truth_table(self, name: str) -> pl.DataFrame | None:
        """Return ground truth in a form of the case's own; ``None`` where there is none.

        Parameters
        ----------
        name
            As the simulator of the case calls it.
        """
        files = self._files(self._truth(name))
        frames = [raw for file in files for raw in file.batches(file.columns, max(1, file.rows))]
        return pl.concat(frames) if frames else None

    def verify(self) -> None:
        """Recompute the hash and the number of rows of each part, and read every row.

        Holds 8 bytes for each event, to find an ``event_id`` that comes twice.

        Raises
        ------
        StreamError
            If a part differs from the manifest or is damaged, its rows are out of order, or
            an ``event_id`` comes twice; the message names the part or the event.
        """
        for part in self.manifest.parts:
            path = self.path / part.name
            if not path.is_file():
                raise StreamError.of(
                    f"{path} (the file is missing)",
                    allowed="every part of the manifest",
                    hint=_AGAIN,
                )
            if part.sha256 is not None and (found := sha256(path)) != part.sha256:
                raise StreamError.of(
                    f"{path} (SHA-256 {found[:12]}… where the manifest has {part.sha256[:12]}…)",
                    allowed="the file as it was written",
                    hint=_AGAIN,
                )
            if part.rows is not None and part.name.endswith(self._named(".parquet")):
                rows = PartFile.open(self.path, part, self.cipher).rows
                if rows != part.rows:
                    raise StreamError.of(
                        f"{path} ({rows} rows where the manifest has {part.rows})",
                        allowed="the file as it was written",
                        hint=_AGAIN,
                    )
        ids = pl.concat([rows[EVENT_ID].hash(0) for rows in self.batches()])
        if ids.n_unique() < ids.len():
            self._refuse_repeated(ids.filter(ids.is_duplicated()))
        for _ in self.labels():
            pass

    def describe(self) -> dict[str, Any]:
        """Return a small account of the stream, ready for JSON."""
        from workbench.streams.display import describe

        return describe(self)

    def __repr__(self) -> str:
        return (
            f"<Stream {shown(self.path)}: {self.case}, {self.n_events:,} events "
            f"{self.start:%Y-%m-%d} – {self.end:%Y-%m-%d}, {self.n_labels:,} labels>"
        )

    def _repr_html_(self) -> str:
        from workbench.streams.display import html

        return html(self)

    def _refuse_repeated(self, hashes: pl.Series) -> None:
        for rows in self.batches(columns=[EVENT_ID]):
            again = rows.filter(pl.col(EVENT_ID).hash(0).is_in(hashes.implode()))
            if again.height:
                raise StreamError.of(
                    f"{self.path} (event {again[EVENT_ID][0]!r} comes more than once)",
                    allowed="each event_id once",
                    hint="import the source with `workbench import`, which keeps the first",
                )

    def _truth(self, name: str) -> tuple[Part, ...]:
        """Return the parts of one table of ground truth; that of patterns has no name."""
        ending = re.escape(self._named(".parquet"))
        stem = re.compile(rf"truth-{re.escape(name)}{'-' if name else ''}\d+{ending}")
        return tuple(p for p in self._parts("truth") if stem.fullmatch(p.name))

    def _named(self, name: str) -> str:
        """Return the name of a file as it lies in the folder."""
        return name if self.cipher is None else name + SUFFIX

    def _files(self, parts: Iterable[Part]) -> list[PartFile]:
        return [PartFile.open(self.path, part, self.cipher) for part in parts]

    def _parts(self, kind: PartKind) -> tuple[Part, ...]:
        """Return the Parquet parts of one kind; by their names where the manifest lists none."""
        if self.manifest.parts:
            ending = self._named(".parquet")
            return tuple(p for p in self.manifest.of_kind(kind) if p.name.endswith(ending))
        found = sorted(self.path.glob(self._named(f"{kind}-*.parquet")))
        return tuple(Part(name=file.name, kind=kind) for file in found)


_AGAIN = "restore it from a copy, or make or import the stream again"


def _instant(time: int | datetime | None) -> int | None:
    """Return microseconds since 1970 UTC."""
    if isinstance(time, datetime):
        return (as_utc(time) - _EPOCH) // _MICROSECOND
    return time


def _between(rows: pl.DataFrame, start: int | None, until: int | None) -> pl.DataFrame:
    """Cut ordered rows to ``start <= event_time < until``."""
    if start is None and until is None:
        return rows
    times = instants(rows[EVENT_TIME])
    low = 0 if start is None else int(np.searchsorted(times, start, "left"))
    high = rows.height if until is None else int(np.searchsorted(times, until, "left"))
    return rows.slice(low, max(0, high - low))
