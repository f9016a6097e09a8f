"""The command line: ``workbench COMMAND``, one module for each group of commands.

- :mod:`~workbench.cli.app`: the commands and their order in ``--help``.
- :mod:`~workbench.cli.failure`: what an error says, and the exit code it gives.
- :mod:`~workbench.cli.options`: options that several commands share.
- :mod:`~workbench.cli.output`: tables for people, JSON for programs.
- :mod:`~workbench.cli.working`: what long-running commands do around their work.

Nothing here imports more than Typer before a command runs, so that ``--help`` is at once there.
"""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments
        What stands after ``workbench``; the process's own arguments if not given.
        ``--debug``, anywhere among them, shows the traceback of an error.

    Returns
    -------
    int
        0 done; 1 the work was done and a check failed; 2 bad input, bad usage or an error;
        130 stopped by the user.

    Examples
    --------
    >>> main(["--version"])
    workbench ...
    0
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    rest = [argument for argument in given if argument != "--debug"]
    try:
        from workbench.cli.app import run

        code = run(rest or ["--help"])
        # A reader that went away is noticed here and not when the interpreter ends.
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        from workbench.cli.failure import report

        if len(rest) < len(given):
            traceback.print_exc()
        return report(error, rest)
    return code
