"""Files and folders that exist whole or not at all."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def partial_of(path: Path) -> Path:
    """Return the temporary name under which ``path`` is written."""
    return path.with_name(path.name + ".partial")


def replaceable(path: Path, marker: str, what: str) -> Path:
    """Return ``path`` if a folder may be written there: never over anything else.

    Parameters
    ----------
    path
        The folder to write.
    marker
        The file that a folder of its kind has.
    what
        Its kind, for the message.

    Raises
    ------
    ParameterError
        If something is there that is not of this kind.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> replaceable(folder, "run.json", "a run") == folder
    True
    """
    if path.exists() and not (
        path.is_dir() and ((path / marker).is_file() or not any(path.iterdir()))
    ):
        raise ParameterError.of(
            f"{path}, where something else is,",
            allowed=f"a new folder, an empty one, or {what} to replace",
            hint="choose another --out, or remove what is there yourself",
        )
    return path


def sync(path: Path) -> None:
    """Flush a file or a folder's entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(partial: Path, path: Path) -> None:
    """Rename what was written to ``partial`` to ``path``, replacing what was there."""
    if path.is_dir() and not path.is_symlink():
        old = path.with_name(path.name + ".old")
        if old.exists():
            shutil.rmtree(old)
        path.rename(old)
        partial.rename(path)
        shutil.rmtree(old)
    else:
        partial.replace(path)
    sync(path.parent)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; rename it on success, remove it on failure.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> target = Path(tempfile.mkdtemp()) / "a.txt"
    >>> with atomic_file(target) as temporary:
    ...     _ = temporary.write_text("whole")
    >>> target.read_text()
    'whole'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(path)
    try:
        yield partial
        sync(partial)
        publish(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give an empty temporary folder; rename it on success, remove it on failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(path)
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir()
    try:
        yield partial
        publish(partial, path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
