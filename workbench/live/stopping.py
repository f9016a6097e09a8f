"""When long work ends: Ctrl-C and SIGTERM as a wish that it looks at, or because all is quiet."""

from __future__ import annotations

import math
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

#: Longest nap between two looks (s).
_NAP = 0.1


class Stop:
    """Whether somebody wants the work to end."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self) -> None:
        """Want the work to end."""
        self.asked = True

    def wait(self, seconds: float) -> bool:
        """Sleep, and return whether the end was wanted meanwhile.

        Examples
        --------
        >>> stop = Stop()
        >>> stop.wait(0.0)
        False
        >>> stop.ask()
        >>> stop.wait(3600)
        True
        """
        until = time.monotonic() + seconds
        # Naps, because a signal's handler runs in this thread and must not meet a lock it holds.
        while not self.asked and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _NAP))
        return self.asked


class Quiet:
    """Whether nothing has come for a while.

    Parameters
    ----------
    seconds
        How long; if not given, that is never so.

    Examples
    --------
    >>> quiet = Quiet(0.0)
    >>> quiet.after(3), quiet.after(0)
    (False, True)
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = math.inf if seconds is None else seconds
        self._since = time.monotonic()

    def after(self, came: int) -> bool:
        """Take how much has just come, and return whether it is quiet; then begin anew."""
        now = time.monotonic()
        found = not came and now - self._since >= self._seconds
        if came or found:
            self._since = now
        return found


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Give a :class:`Stop` that the first SIGINT or SIGTERM asks; the second Ctrl-C interrupts.

    Outside the main thread signals cannot be caught, and nothing changes.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.asked and number == signal.SIGINT:
            signal.default_int_handler(number, frame)
        stop.ask()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
