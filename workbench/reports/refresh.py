"""Executing the project's own notebooks anew, to save their outputs.

::

    python -m workbench.reports.refresh                             # all of them
    python -m workbench.reports.refresh notebooks/quickstart.ipynb
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from workbench import project
from workbench.atomic import atomic_file
from workbench.reports.execution import QUIET, environment
from workbench.reports.notebooks import load

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What is kept of a notebook's metadata: nothing of the machine or the clock.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def refresh(path: Path) -> None:
    """Execute a notebook where it stands, and save it with its outputs.

    What it writes goes into a folder that is removed, so that saved outputs depend on nothing
    but the notebook, the data and the code.

    Raises
    ------
    BadInput
        If there is no such notebook.
    nbclient.exceptions.CellExecutionError
        If a cell fails; the notebook then stays as it was.
    """
    import nbformat
    from nbclient import NotebookClient
    from traitlets.config import Config

    notebook = load(path)
    with TemporaryDirectory(prefix="notebooks-") as folder:
        manager = {"transport": "ipc", "ip": f"{folder}/socket"}
        client: Any = NotebookClient(
            notebook,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(path.parent)}},
            extra_arguments=["--log-level=CRITICAL"],
            config=Config({"KernelManager": manager}),
        )
        with environment({**QUIET, "WORKBENCH_OUTPUT": folder}):
            client.execute()
    notebook.metadata = nbformat.from_dict(METADATA)  # type: ignore[no-untyped-call] # annotated in parts only
    with atomic_file(path) as temporary:
        text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call] # annotated in parts only
        temporary.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


def main(paths: Sequence[str]) -> None:
    """Refresh the given notebooks, all of the project's if none are given."""
    folder = project.root() / "notebooks"
    for path in [Path(p) for p in paths] or sorted(folder.rglob("*.ipynb")):
        sys.stderr.write(f"{path}\n")
        refresh(path)


if __name__ == "__main__":
    main(sys.argv[1:])
