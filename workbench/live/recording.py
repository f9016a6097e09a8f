"""A recording on its way: parts on disk, and the offsets up to which they hold everything.

The offsets are renamed into place after the parts are on the disk. Whatever ends the process, what
the manifest names is whole, and reading goes on at its offsets: each message is kept once. Where
the stream is to be encrypted, so are the parts, with the same key.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

import orjson
import polars as pl

from workbench.atomic import atomic_file, sync
from workbench.errors import ParameterError, StreamError
from workbench.streams.encryption import SUFFIX, Cipher, Encryption, new_cipher
from workbench.streams.parts import PartFile
from workbench.streams.schema import EVENT_ID, EVENT_TIME, LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workbench.live.edge import Offsets
    from workbench.streams.schema import Schema

MANIFEST = "recording.json"
FORMAT = 1
#: A part is written when this many messages wait,
ROWS = 50_000
#: or this many bytes of them,
BYTES = 32 << 20
#: or when the first of them has waited for so long (s).
SECONDS = 60.0
#: Rows of a part that are read at once.
GROUP = 8_192

PLACE = {"partition": pl.Int32(), "offset": pl.Int64()}
BAD = {"topic": pl.String(), **PLACE, "reason": pl.String(), "row": pl.String()}
#: By what each kind is sorted in its parts.
ORDER = {
    "events": (EVENT_TIME, EVENT_ID, *PLACE),
    "labels": ("known_at", EVENT_ID, *PLACE),
    "bad": ("topic", *PLACE),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is recorded: a recording goes on only as the same."""

    case: str
    schema_version: int
    topics: str
    start: str | None
    until: str | None
    format: int = FORMAT
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A part on the disk.

    Parameters
    ----------
    kind
        ``events``, ``labels`` or ``bad``.
    name
        The file.
    rows
        How many.
    marks
        Times of each :data:`GROUP`-th row and of the last one (µs), of events.
    """

    kind: str
    name: str
    rows: int
    marks: list[int]


@dataclass(slots=True)
class Recording:
    """The folder of a recording, made or gone on with by :meth:`open`.

    Attributes
    ----------
    folder
        Where the parts are.
    schema
        Of the events.
    asked
        What is recorded.
    begin, offsets
        By partition, the offset of the first message, and of the next one to read.
    goal
        Offsets at which the recording ends, where they are known.
    clock
        The time up to which everything is on the topics (µs), as far as it was seen.
    skipped
        Messages outside the span of time that was asked for.
    parts
        What is on the disk.
    cipher
        What encrypts them; ``None`` where they are plain.
    """

    folder: Path
    schema: Schema
    asked: Asked
    begin: Offsets = field(default_factory=dict)
    offsets: Offsets = field(default_factory=dict)
    goal: Offsets = field(default_factory=dict)
    clock: int = 0
    skipped: int = 0
    parts: list[Kept] = field(default_factory=list)
    cipher: Cipher | None = None
    _waiting: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    _rows: int = 0
    _bytes: int = 0
    _since: float = 0.0

    @classmethod
    def open(cls, folder: Path, schema: Schema, asked: Asked, key_file: Path | None = None) -> Self:
        """Begin a recording, or go on with the one that is there.

        Parameters
        ----------
        folder
            Where it is.
        schema
            Of the events.
        asked
            What is recorded.
        key_file
            File with the key of an encrypted one; that of the environment if not given.

        Raises
        ------
        ParameterError
            If the one that is there is another, or of a newer format, or an encrypted one has no
            key.
        StreamError
            If its manifest is damaged, or the key is not that of the one that is there.
        """
        recording = cls(folder, schema, asked)
        if asked.encrypted:
            recording.cipher = new_cipher(key_file)
        try:
            document = orjson.loads((folder / MANIFEST).read_bytes())
            before = Asked(**document["asked"])
            if before != asked:
                raise ParameterError.of(
                    f"{folder}, an unfinished recording of {_differs(before, asked)},",
                    allowed="the same command as before, which goes on with it",
                    hint="choose another --out, or remove that folder to begin anew",
                )
            for name in ("begin", "offsets", "goal", "clock", "skipped"):
                setattr(recording, name, document[name])
            recording.parts = [Kept(**part) for part in document["parts"]]
            if asked.encrypted:
                about = Encryption(**document["encryption"])
                recording.cipher = Cipher.of(about, folder, key_file)
        except FileNotFoundError:
            folder.mkdir(parents=True, exist_ok=True)
        except (ValueError, KeyError, TypeError) as error:
            raise StreamError.of(
                f"{folder / MANIFEST} ({error})",
                allowed="the manifest of an unfinished recording",
                hint="remove the folder to record from the beginning",
            ) from error
        recording._tidy()
        return recording

    def add(self, kind: str, rows: pl.DataFrame) -> None:
        """Take rows of one kind; they are durable after :meth:`save`."""
        if not rows.height:
            return
        if not self._rows:
            self._since = time.monotonic()
        self._waiting.setdefault(kind, []).append(rows)
        self._rows += rows.height
        self._bytes += int(rows.estimated_size())

    @property
    def due(self) -> bool:
        """Whether so much waits that it should be saved."""
        return self._rows > 0 and (
            self._rows >= ROWS or self._bytes >= BYTES or time.monotonic() - self._since >= SECONDS
        )

    def save(self, offsets: Offsets) -> None:
        """Make durable what waits, and that everything before these offsets is there."""
        made = [self._write(kind, frames) for kind, frames in self._waiting.items()]
        if made:
            sync(self.folder)
        self.parts += made
        self.offsets = offsets
        self._waiting, self._rows, self._bytes = {}, 0, 0
        document = {
            "asked": asdict(self.asked),
            "begin": self.begin,
            "offsets": self.offsets,
            "goal": self.goal,
            "clock": self.clock,
            "skipped": self.skipped,
            "parts": [asdict(part) for part in self.parts],
            "encryption": None if self.cipher is None else self.cipher.about.model_dump(),
        }
        with atomic_file(self.folder / MANIFEST) as partial:
            partial.write_bytes(orjson.dumps(document))

    def of_kind(self, kind: str) -> list[Kept]:
        """Return the parts of one kind."""
        return [part for part in self.parts if part.kind == kind]

    def file(self, part: Kept) -> PartFile:
        """Return the file of a part."""
        return PartFile(self.folder / part.name, part.rows, self.cipher)

    def read(self, part: Kept, columns: list[str] | None = None) -> pl.DataFrame:
        """Return the rows of a part, of all columns if not given."""
        path = self.folder / part.name
        source = path if self.cipher is None else io.BytesIO(self.cipher.read(path))
        return pl.read_parquet(source, columns=columns, glob=False)

    def columns(self, kind: str) -> dict[str, Any]:
        """Return the columns of a kind's parts."""
        if kind == "bad":
            return dict(BAD)
        return dict(self.schema.events if kind == "events" else LABELS) | PLACE

    def remove(self) -> None:
        """Remove the folder; without a manifest, what is left of it is nothing."""
        (self.folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(self.folder)

    def _write(self, kind: str, frames: list[pl.DataFrame]) -> Kept:
        rows = pl.concat(frames).sort(ORDER[kind])
        name = f"{kind}-{len(self.parts):06d}.parquet"
        if self.cipher is not None:
            name += SUFFIX
            content = io.BytesIO()
            rows.write_parquet(content, compression="zstd", row_group_size=GROUP)
            sealed = self.cipher.encrypt(name, content.getvalue())
            (self.folder / name).write_bytes(sealed)
        else:
            with _refused_by_system(self.folder / name) as path:
                rows.write_parquet(path, compression="zstd", row_group_size=GROUP)
        sync(self.folder / name)
        marks = []
        if kind == "events":
            times = rows[EVENT_TIME].to_physical()
            marks = [*times.gather_every(GROUP).to_list(), times[-1]]
        return Kept(kind, name, rows.height, marks)

    def _tidy(self) -> None:
        """Remove what a process left that ended before the manifest named it."""
        known = {part.name for part in self.parts}
        for file in self.folder.iterdir():
            if file.suffix in (".parquet", SUFFIX, ".partial") and file.name not in known:
                file.unlink()


@contextmanager
def _refused_by_system(path: Path) -> Iterator[Path]:
    """Raise what the system refused to polars, a full disk say, as every other writer does."""
    try:
        yield path
    except pl.exceptions.ComputeError as error:
        found = re.search(r"os error (\d+)", str(error))
        if found is None:
            raise
        raise OSError(int(found[1]), os.strerror(int(found[1])), str(path)) from error


def _differs(before: Asked, asked: Asked) -> str:
    old, new = asdict(before), asdict(asked)
    name = next(name for name in old if old[name] != new[name])
    if name == "encrypted":
        return "a stream to be encrypted" if old[name] else "a stream that is plain"
    spelled = {"start": "--from", "until": "--until", "topics": "--topics"}.get(name, name)
    return f"{spelled} {old[name] if old[name] is not None else '(none)'}"
