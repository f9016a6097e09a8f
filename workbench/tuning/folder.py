"""A study's folder: one process at a time, whole or resumable."""

from __future__ import annotations

import os
import shutil
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workbench.atomic import partial_of, publish
from workbench.errors import BadInput, ParameterError
from workbench.tuning import plan as plans
from workbench.tuning.storage import JOURNAL, mend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workbench.tuning.plan import Plan

_MEMBER = "member"
_KEPT = (plans.FILE, JOURNAL, _MEMBER)


@contextmanager
def unfinished(out: Path, plan: Plan, *, resume: bool) -> Iterator[Path]:
    """Give the folder in which a study is made; it becomes ``out`` when the block ends well.

    When it does not end well, the folder stays, to be resumed; but for bad input, with which it
    would never end.

    Parameters
    ----------
    out
        The study's folder; what was there is replaced.
    plan
        What the study does.
    resume
        Go on with what a stopped study of the same plan left, or add to a finished one.

    Raises
    ------
    ParameterError
        If another process works on it, or ``resume`` meets a study with another plan.
    """
    partial = partial_of(out)
    partial.mkdir(parents=True, exist_ok=True)
    with _alone(partial):
        if resume:
            _take_over(out, partial, plan)
        else:
            _clear(partial)
        plan.save(partial)
        mend(partial)
        try:
            yield partial
        except BadInput:
            if not resume:
                shutil.rmtree(partial)
            raise
        publish(partial, out)


def member_of(folder: Path) -> str:
    """Return the name of a study's folder among those that share a storage."""
    file = folder / _MEMBER
    if not file.exists():
        file.write_text(uuid.uuid4().hex[:12])
    return file.read_text()


def _take_over(out: Path, partial: Path, plan: Plan) -> None:
    """Check that what is there has the same plan; copy the trials of a finished study."""
    stopped = (partial / plans.FILE).exists()
    there = partial if stopped else out
    if (there / plans.FILE).exists() and plans.Plan.load(there) != plan:
        if not stopped:
            partial.rmdir()
        raise ParameterError.of(
            f"--resume of {out}, which was started on another stream or with other settings",
            allowed="the same stream and settings; only --trials and --jobs may differ",
            hint="repeat the command that was stopped, or leave out --resume to start again",
        )
    if not stopped:
        for name in _KEPT:
            if (out / name).exists():
                shutil.copy2(out / name, partial)


def _clear(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system takes back when this process ends in any way."""
    try:
        import fcntl
    except ImportError:  # Windows has no such lock; two studies at once are the user's to avoid
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ParameterError.of(
                f"{folder}, on which another process is at work",
                allowed="one process for each study folder",
                hint="wait for it, or choose another --out (with the same --storage to share "
                "the trials)",
            ) from error
        yield
    finally:
        os.close(descriptor)
