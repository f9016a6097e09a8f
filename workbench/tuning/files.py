"""The files of a cache: as they are, or encrypted where the stream is."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from workbench.streams.encryption import SUFFIX, Cipher, Encryption

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workbench.detectors.protocol import Matrix

Array = npt.NDArray[Any]
ABOUT: Final = "encryption.json"
PIECE: Final = 256 << 20
"""Bytes that are encrypted at once, about: AES-GCM takes less than 2 GiB."""
_Rows = TypeVar("_Rows", Array, pl.DataFrame)


class Files(Protocol):
    """Arrays and tables in a folder, by name."""

    def room(self, name: str, shape: tuple[int, int]) -> Matrix:
        """Return an array to be filled and then given to :meth:`save`."""

    def save(self, name: str, array: Array) -> None:
        """Write an array."""

    def load(self, name: str) -> Array:
        """Read an array."""

    def save_table(self, name: str, frame: pl.DataFrame) -> None:
        """Write a table."""

    def load_table(self, name: str) -> pl.DataFrame:
        """Read a table."""


def new_files(folder: Path, cipher: Cipher | None) -> Files:
    """Begin a folder, whose files are encrypted if there is a cipher."""
    if cipher is None:
        return _Plain(folder)
    (folder / ABOUT).write_text(cipher.about.model_dump_json())
    return _Sealed(folder, cipher)


def open_files(folder: Path, cipher: Cipher | None = None) -> Files:
    """Open a folder, with the key of the environment where it takes another cipher than this.

    Raises
    ------
    StreamError
        If it is encrypted, and the key is missing or wrong.
    """
    if not (folder / ABOUT).exists():
        return _Plain(folder)
    about = Encryption.model_validate_json((folder / ABOUT).read_bytes())
    same = cipher is not None and cipher.about == about
    return _Sealed(folder, cipher if cipher is not None and same else Cipher.of(about, folder))


@dataclass(frozen=True)
class _Plain:
    """Files as they are: arrays are mapped from disk, and processes share the memory."""

    folder: Path

    def room(self, name: str, shape: tuple[int, int]) -> Matrix:
        path = self._array(name)
        mapped: Matrix = np.lib.format.open_memmap(path, "w+", np.float64, shape)
        # Take the space now: a full disk is an error here, and the end of the process later.
        if hasattr(os, "posix_fallocate"):
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        return mapped

    def save(self, name: str, array: Array) -> None:
        if isinstance(array, np.memmap):
            array.flush()
        else:
            np.save(self._array(name), array)

    def load(self, name: str) -> Array:
        # Copy on write: compiled kernels take read-only arrays for another type and would be
        # compiled again.
        mapped: Array = np.load(self._array(name), mmap_mode="c")
        return mapped

    def save_table(self, name: str, frame: pl.DataFrame) -> None:
        frame.write_ipc(self.folder / f"{name}.arrow")

    def load_table(self, name: str) -> pl.DataFrame:
        return pl.read_ipc(self.folder / f"{name}.arrow")

    def _array(self, name: str) -> Path:
        return self.folder / f"{name}.npy"


@dataclass(frozen=True)
class _Sealed:
    """Encrypted files; each process that reads them holds them in memory.

    The name of a file says which piece it is and of how many, and is authenticated with it.
    """

    folder: Path
    cipher: Cipher

    def room(self, name: str, shape: tuple[int, int]) -> Matrix:
        del name
        return np.empty(shape)

    def save(self, name: str, array: Array) -> None:
        for place, rows in _pieces(name, array, array.nbytes):
            buffer = io.BytesIO()
            np.save(buffer, rows)
            self._seal(place, buffer)

    def load(self, name: str) -> Array:
        places = self._places(name)
        whole, done = np.empty(0), 0
        for place in places:
            piece: Array = np.load(self._opened(place), allow_pickle=False)
            if not done:
                # The first piece is the longest: this is room for all of them.
                whole = np.empty((len(piece) * len(places), *piece.shape[1:]), piece.dtype)
            whole[done : done + len(piece)] = piece
            done += len(piece)
        return whole[:done]

    def save_table(self, name: str, frame: pl.DataFrame) -> None:
        for place, rows in _pieces(name, frame, int(frame.estimated_size())):
            buffer = io.BytesIO()
            rows.write_ipc(buffer)
            self._seal(place, buffer)

    def load_table(self, name: str) -> pl.DataFrame:
        return pl.concat([pl.read_ipc(self._opened(place)) for place in self._places(name)])

    def _seal(self, place: str, content: io.BytesIO) -> None:
        (self.folder / place).write_bytes(self.cipher.encrypt(place, content.getvalue()))

    def _opened(self, place: str) -> io.BytesIO:
        return io.BytesIO(self.cipher.read(self.folder / place))

    def _places(self, name: str) -> list[str]:
        first = next(self.folder.glob(f"{name}-{0:05d}-of-*{SUFFIX}")).name
        count = int(first.removesuffix(SUFFIX).rpartition("-")[2])
        return [_place(name, k, count) for k in range(count)]


def _pieces(name: str, rows: _Rows, size: int) -> Iterator[tuple[str, _Rows]]:
    """Yield rows in pieces of about :data:`PIECE` bytes, and the file of each."""
    count = size // PIECE + 1
    step = max(1, -(-len(rows) // count))
    count = max(1, -(-len(rows) // step))
    for k in range(count):
        yield _place(name, k, count), rows[k * step : (k + 1) * step]


def _place(name: str, piece: int, count: int) -> str:
    return f"{name}-{piece:05d}-of-{count:05d}{SUFFIX}"
