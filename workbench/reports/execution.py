"""Running a notebook in a kernel of its own, and saying well how it failed."""

from __future__ import annotations

import logging
import os
import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput
from workbench.reports.notebooks import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: Notebooks print nothing that changes from one execution to the next; and the debugger, which
#: nobody uses here, warns on every start that Python's own modules are frozen.
QUIET = {"WORKBENCH_PROGRESS": "off", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


@dataclass(frozen=True, slots=True)
class Failure:
    """Where and why a notebook stopped.

    Parameters
    ----------
    cell
        Number of the cell as it is shown: ``In [cell]``.
    source
        Its code.
    error
        The error's name and the last line of its message.
    """

    cell: int | None
    source: str
    error: str

    def __str__(self) -> str:
        if self.cell is None:
            return f"no cell was run: {self.error}"
        line = next((s for s in self.source.splitlines() if s.strip() and s[0] != "#"), "")
        return f"cell In [{self.cell}] ({line.strip()}) failed: {self.error}"


def execute(notebook: Path, target: Path, parameters: Mapping[str, Any]) -> Failure | None:
    """Execute a notebook into another file, cell by cell.

    Runs in the caller's working directory, so that relative paths among the parameters mean what
    they mean to the caller. After a failed cell the target holds what was done until then.

    Parameters
    ----------
    notebook
        What is executed; it is not changed.
    target
        Where the executed notebook is written, after each cell.
    parameters
        Values for the notebook's ``parameters`` cell.

    Returns
    -------
    Failure or None
        Which cell failed, if one did.
    """
    failure = None
    with TemporaryDirectory(prefix="kernel-") as sockets:
        # Sockets in a folder of their own cannot clash, as the ports of two kernels that start
        # at once can. Where the system allows none, or not with so long a path, ports will do.
        for manager in ({"transport": "ipc", "ip": f"{sockets}/socket"}, {"transport": "tcp"}):
            try:
                return _run(notebook, target, parameters, manager)
            except Exception as error:
                if not _is_kernel_failure(error):
                    raise
                failure = _interrupted(target, error)
                if failure.cell is not None:
                    break
    return failure


def _run(
    notebook: Path, target: Path, parameters: Mapping[str, Any], manager: Mapping[str, str]
) -> Failure | None:
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    logging.getLogger("papermill").setLevel(logging.ERROR)
    watched = os.environ.get("WORKBENCH_PROGRESS", "on") != "off" and sys.stderr.isatty()
    with environment(QUIET):
        try:
            papermill.execute_notebook(
                _literal(notebook),
                _literal(target),
                parameters=dict(parameters),
                extra_arguments=["--log-level=CRITICAL"],
                config=Config({"KernelManager": dict(manager)}),
                progress_bar={"desc": "report", "leave": False} if watched else False,
            )
        except PapermillExecutionError as error:
            return Failure(error.exec_count, error.source, _last_line(error.ename, error.evalue))
        except NoSuchKernel as error:
            raise BadInput.of(
                f"the kernel {error.name!r} of {notebook}",
                allowed="a kernel that is installed",
                hint="install ipykernel into the environment that runs the workbench",
            ) from error
    return None


def _is_kernel_failure(error: Exception) -> bool:
    from nbclient.exceptions import DeadKernelError
    from zmq import ZMQError

    # jupyter_client has no class of its own for a kernel that does not answer when it starts.
    silent = isinstance(error, RuntimeError) and "ernel" in str(error)
    return silent or isinstance(error, (DeadKernelError, ZMQError))


def _interrupted(target: Path, error: Exception) -> Failure:
    """Find the cell that was running when the kernel went away; none if it never started."""
    line = _last_line(type(error).__name__, str(error))
    why = f"the kernel died, as it does when memory is short ({line})"
    cells = load(target).cells if target.exists() else []
    code = [cell for cell in cells if cell.cell_type == "code"]
    # Papermill calls every cell completed, but only those that ran have a time.
    started = [n for n, c in enumerate(code) if c.metadata.get("papermill", {}).get("start_time")]
    if not started:
        return Failure(None, "", why)
    return Failure(started[-1] + 1, code[started[-1]].source, why)


def _last_line(name: str, message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return f"{name}: {lines[-1]}" if lines else name


def _literal(path: Path) -> str:
    """Write a path for papermill, which takes braces for places to fill in."""
    return re.sub(r"([{}])", r"\1\1", str(path))


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables, which a kernel inherits, for the length of the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
