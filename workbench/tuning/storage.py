"""Where trials are kept: a journal in the study's folder, or a database that machines share."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import optuna
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from optuna.storages import BaseStorage

JOURNAL = "trials.log"


def open_storage(folder: Path, url: str | None) -> BaseStorage:
    """Return the storage behind a database URL, or the journal in a folder.

    Raises
    ------
    ParameterError
        If the URL is none, its driver is not installed, or the database cannot be reached.
    """
    if url is None:
        file = str(folder / JOURNAL)
        return JournalStorage(JournalFileBackend(file, JournalFileOpenLock(file)))
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return RDBStorage(url, engine_kwargs={"pool_pre_ping": True})
    except (SQLAlchemyError, ImportError, ValueError, RuntimeError) as error:
        raise ParameterError.of(
            f"--storage {masked(url)!r} ({str(error).splitlines()[0]})",
            allowed="the URL of a database that can be reached, as SQLAlchemy writes it",
            hint="write for instance sqlite:///trials.db or postgresql://user@host/name, and "
            "install the driver that the database needs",
        ) from error


def masked(url: str) -> str:
    """Return a URL without its password.

    Examples
    --------
    >>> masked("postgresql://anna:secret@host/trials")
    'postgresql://anna:***@host/trials'
    """
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)


def mend(folder: Path) -> None:
    """Repair a journal whose writer was killed: no other process may have it open.

    The last line may be half written, and the lock may be held by nobody.
    """
    journal = folder / JOURNAL
    for lock in folder.glob(JOURNAL + ".lock*"):
        lock.unlink()
    if journal.exists():
        content = journal.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with journal.open("r+b") as file:
                file.truncate(whole)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna's own log off the screen inside the block."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
