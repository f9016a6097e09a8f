"""One of a study's processes: ``python -m workbench.tuning.worker FOLDER ...``.

It writes a line to stdout after each trial, and ends when stdin does: so no worker outlives the
process that started it, even if that one is killed.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from workbench.errors import WorkbenchError


def main(folder: str, member: str, trials: str) -> int:
    """Do trials until the study has its number.

    Parameters
    ----------
    folder
        The study's folder.
    member
        Name of the folder among those that share the storage.
    trials
        Number of trials of the whole study.
    """
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from workbench.tuning.crew import STORAGE
    from workbench.tuning.plan import Plan
    from workbench.tuning.storage import open_storage, quiet
    from workbench.tuning.work import Work

    with quiet():
        place = Path(folder)
        work = Work(
            Plan.load(place), place, open_storage(place, os.environ.get(STORAGE) or None), member
        )
        work.until(int(trials), _report)
    return 0


def _report() -> None:
    sys.stdout.write("\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    # Not through sys.stdin: a thread that waits in there blocks the interpreter's own end.
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except WorkbenchError as error:
        sys.stderr.write(str(error))
        sys.exit(error.exit_code)
