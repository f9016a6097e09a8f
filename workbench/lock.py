"""One process at a time, over a file that the system lets go when the process ends."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked(file: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a lock while the block runs.

    Parameters
    ----------
    file
        The lock; made if it is not there, and left behind: removing it would let two in.
    wait
        Whether to wait for another process that holds it.

    Yields
    ------
    bool
        Whether the lock is held; always, if waited for.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> lock = Path(tempfile.mkdtemp()) / ".lock"
    >>> with locked(lock) as first, locked(lock, wait=False) as second:
    ...     first, second
    (True, False)
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        # Closing the file lets the lock go.
        yield True
