"""Reading notebooks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from workbench.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode

_HEADING: Final = re.compile(r"^#\s+(.+?)\s*$", re.MULTILINE)


def load(path: Path) -> NotebookNode:
    """Read a notebook.

    Raises
    ------
    BadInput
        If the file is not there or no notebook.
    """
    import nbformat
    from nbformat.reader import NotJSONError

    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call] # nbformat annotates in parts only
    except (OSError, NotJSONError, AttributeError) as error:
        raise BadInput.of(
            f"{path} as a notebook", allowed="an .ipynb file", hint="restore it from a copy"
        ) from error
    return notebook


def title(notebook: NotebookNode) -> str:
    r"""Return the first heading of a notebook, ``Report`` where it has none.

    Examples
    --------
    >>> from nbformat.v4 import new_markdown_cell, new_notebook
    >>> title(new_notebook(cells=[new_markdown_cell("# Card fraud in *April*\n\nFindings")]))
    'Card fraud in April'
    """
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (match := _HEADING.search(cell.source)):
            return re.sub(r"[*_`]", "", match[1])
    return "Report"
