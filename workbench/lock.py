"""One process at a time, over a file that the system lets go when the process ends."""

from __future__ import annotations

import fcntl
import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

#: Seconds between two attempts.
_PAUSE = 0.05


@contextmanager
def locked(file: Path, patience: float = math.inf) -> Iterator[bool]:
    """Hold a lock while the block runs.

    Parameters
    ----------
    file
        The lock; made if it is not there, and left behind: removing it would let two in.
    patience
        How long to wait for another process that holds it (s); as long as it takes if not given.

    Yields
    ------
    bool
        Whether the lock is held.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> lock = Path(tempfile.mkdtemp()) / ".lock"
    >>> with locked(lock) as first, locked(lock, patience=0) as second:
    ...     first, second
    (True, False)
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as handle:
        until = time.monotonic() + patience
        while not (held := _taken(handle, wait=patience == math.inf)):
            if time.monotonic() >= until:
                break
            time.sleep(_PAUSE)
        # Closing the file lets the lock go.
        yield held


def _taken(handle: IO[str], *, wait: bool) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
