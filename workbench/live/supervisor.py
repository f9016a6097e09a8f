"""The worker's supervisor: starts the worker's process, and its successor when it has to leave."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from workbench.live.stopping import Stop

LOG = logging.getLogger(__name__)
#: How long a process may take to finish its batch when it is told to leave (s).
LEAVING = 20.0
#: Pauses between successors that cannot begin to work (s).
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
#: A process that worked so long (s) counts as one that could.
WORKED = 20.0


def supervise(options: dict[str, Any], stop: Stop) -> int:
    """Keep a worker at work until it is done, or stopped, or cannot go on.

    Parameters
    ----------
    options
        What :mod:`workbench.live.process` takes, but for ``owner``,
        ``supervisor`` and ``restarts``.
    stop
        Tells when to leave.

    Returns
    -------
    int
        0: it left as it was told; 2: it cannot work, and has said why.
    """
    options = {**options, "owner": uuid.uuid4().hex[:12], "supervisor": os.getpid()}
    restarts, pause = 0, FIRST_PAUSE
    while True:
        began = time.monotonic()
        code = _run({**options, "restarts": restarts}, stop)
        if code in (0, 2):
            return code
        if stop.asked:
            return 0  # what was not committed is done again when the worker is started again
        pause = FIRST_PAUSE if time.monotonic() - began > WORKED else min(2 * pause, LONGEST_PAUSE)
        restarts += 1
        LOG.warning("the worker has left", extra={"exit_code": code, "attempt": restarts})
        stop.wait(pause)


def _run(options: dict[str, Any], stop: Stop) -> int:
    """Run one process to its end and return its exit code."""
    command = [sys.executable, "-m", "workbench.live.process", orjson.dumps(options).decode()]
    process = subprocess.Popen(command)  # noqa: S603 - this interpreter, our own module
    told = 0.0
    while True:
        try:
            return process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            pass
        if stop.asked and not told:
            told = time.monotonic()
            process.send_signal(signal.SIGTERM)
        if told and time.monotonic() - told > LEAVING:
            process.kill()
