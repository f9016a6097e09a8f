"""What an error says on stderr, and the exit code it gives."""

from __future__ import annotations

import errno
import os
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any

from workbench.errors import Interrupted, WorkbenchError

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = 2
#: Commands that go on where they were stopped.
RESUMABLE = ("replay", "tune")

_ROOM = {
    errno.ENOSPC: "make room on that disk or choose another place with --out",
    errno.EDQUOT: "make room within the quota or choose another place with --out",
    errno.EACCES: "give yourself the permission or choose another place",
    errno.EROFS: "choose a place that can be written with --out",
}


def report(error: BaseException, arguments: Sequence[str]) -> int:
    """Say on stderr, in one paragraph, what happened and what to do; return the exit code.

    Parameters
    ----------
    error
        What was raised.
    arguments
        The arguments of the command, to spell the one that goes on.
    """
    if isinstance(error, BrokenPipeError):
        # The reader went away (`| head`): there is nobody to tell. Python flushes stdout once more
        # when it ends, which must not fail again (docs.python.org, "Note on SIGPIPE").
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    code, text = explain(error, arguments)
    sys.stderr.write(f"{' '.join(text.split())}\n")
    return code


def explain(error: BaseException, arguments: Sequence[str]) -> tuple[int, str]:
    """Return the exit code and the paragraph.

    Examples
    --------
    >>> explain(KeyboardInterrupt(), ["replay", "fraud", "--stream", "s"])
    (130, 'stopped; nothing is half-written. Go on with:
    workbench replay fraud --stream s --resume')
    >>> explain(ZeroDivisionError("division by zero"), ["inspect", "s"])
    (2, 'unexpected: ZeroDivisionError: division by zero; run again with --debug for the traceback')
    """
    again = resumed(arguments)
    if isinstance(error, KeyboardInterrupt | Interrupted):
        said = str(error).rstrip(".") or "stopped; nothing is half-written"
        return Interrupted.exit_code, f"{said}. Go on with: {again}" if again else f"{said}."
    if isinstance(error, WorkbenchError):
        return error.exit_code, str(error)
    if hasattr(error, "format_message"):  # Typer's; Typer itself may be what is not installed
        return FAILED, _usage(error)
    if isinstance(error, ModuleNotFoundError):
        return FAILED, (
            f"the package {error.name!r} is not installed and this command needs it: "
            "pip install 'event-workbench[lab]' brings everything."
        )
    if isinstance(error, OSError):
        return FAILED, _system(error) + (f" Go on with: {again}" if again else "")
    if isinstance(error, MemoryError):
        return FAILED, "there is not enough memory for this; close other programs, or take a span."
    return FAILED, (
        f"unexpected: {type(error).__name__}: {error}; run again with --debug for the traceback"
    )


def resumed(arguments: Sequence[str]) -> str:
    """Return the command that goes on where this one stopped; empty where none can.

    Examples
    --------
    >>> resumed(["tune", "fraud", "--stream", "my data"])
    "workbench tune fraud --stream 'my data' --resume"
    >>> resumed(["inspect", "s"])
    ''
    """
    if not arguments or arguments[0] not in RESUMABLE:
        return ""
    kept = [argument for argument in arguments if argument != "--resume"]
    return shlex.join(["workbench", *kept, "--resume"])


def _usage(error: Any) -> str:
    """Say what is wrong with the command's own words."""
    text = error.format_message().strip().rstrip(".")
    causes = getattr(error.__cause__, "errors", None)  # pydantic's, which knows the value
    if causes is not None:
        text = text.replace("Invalid value", f"Invalid value {causes()[0]['input']!r}", 1)
    context = getattr(error, "ctx", None)
    command = context.command_path.rstrip() if context is not None else "workbench"
    return f"{command}: {text}; {command} --help shows what is allowed."


def _system(error: OSError) -> str:
    """Say what the operating system refused."""
    number, reason = error.errno, error.strerror
    if number is None and (found := re.search(r"os error (\d+)", str(error))):
        number = int(found[1])  # polars' errors carry it in their text only
    place = f"{error.filename}: " if error.filename else ""
    hint = _ROOM.get(number or 0, "check the path, the disk and your permissions")
    return f"{place}{reason or error}; {hint}. Nothing was left half-written."
