"""Several processes at work on one study."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STORAGE = "WORKBENCH_TUNING_STORAGE"
COMMAND = (sys.executable, "-m", "workbench.tuning.worker")
#: Each process is one thread wide: together they would ask for more than the machine has.
SINGLE_THREADED = dict.fromkeys(
    (
        "POLARS_MAX_THREADS",
        "NUMBA_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
    ),
    "1",
)


def run_workers(
    folder: Path,
    jobs: int,
    trials: int,
    *,
    storage: str | None,
    member: str,
    finished: Callable[[], None],
) -> None:
    """Do trials in several processes until the study has this many.

    New processes rather than forks: those would inherit locks of threads that they do not have.

    Parameters
    ----------
    folder
        The study's folder, with the plan and the caches.
    jobs
        Number of processes.
    trials
        Number of trials of the whole study.
    storage, member
        URL of the storage if it is not the folder's own, and the folder's name there.
    finished
        Called after each trial.

    Raises
    ------
    WorkbenchError
        If a worker failed or was killed.
    """
    command = [*COMMAND, str(folder), member, str(trials)]
    # Not on the command line: that would show a database's password to every user.
    environment = {**os.environ, **SINGLE_THREADED, STORAGE: storage or ""}
    reading, writing = os.pipe()
    logs = [folder / f"worker-{number}.log" for number in range(jobs)]
    workers: list[subprocess.Popen[bytes]] = []
    try:
        with os.fdopen(reading, "rb") as lines:
            for log in logs:
                with log.open("wb") as stderr:
                    workers.append(
                        subprocess.Popen(  # noqa: S603 - our own module, no shell
                            command,
                            stdin=subprocess.PIPE,
                            stdout=writing,
                            stderr=stderr,
                            env=environment,
                            # Ctrl-C is for this process, which ends the others.
                            start_new_session=True,
                        )
                    )
            os.close(writing)
            writing = -1
            for _ in lines:  # ends when the last worker has closed its end
                finished()
        codes = [worker.wait() for worker in workers]
    finally:
        if writing >= 0:
            os.close(writing)
        for worker in workers:
            worker.kill()
            worker.communicate()
    for code, log in zip(codes, logs, strict=True):
        if code:
            raise _failed(code, log.read_text(errors="replace"))
        log.unlink()


def _failed(code: int, text: str) -> WorkbenchError:
    if code == WorkbenchError.exit_code and text:
        return WorkbenchError(text)
    what = f"was killed by signal {-code}" if code < 0 else f"failed (exit code {code})"
    return WorkbenchError(
        f"A worker process {what}. What the others finished is kept: go on with --resume, with "
        f"fewer --jobs if memory ran out.\n{text}".rstrip()
    )
