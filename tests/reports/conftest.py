from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
PARAMETERS = 'budget = 100\nstream = "data/fraud"\nsettings = {}\nprevious = ""'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder with nothing in it but folders, and the working directory."""
    (tmp_path / "notebooks" / "fraud").mkdir(parents=True)
    (tmp_path / "reports").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def notebook(project: Path) -> Callable[..., Path]:
    """Write the fraud report's notebook from the sources of its code cells."""

    def write(*sources: str, parameters: str = PARAMETERS) -> Path:
        cells = [
            new_markdown_cell("# Fraud & more\n\nWhat happened."),
            new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            new_markdown_cell("## First part"),
            *map(new_code_cell, sources),
        ]
        path = project / "notebooks" / "fraud" / "report.ipynb"
        nbformat.write(new_notebook(cells=cells, metadata=KERNEL), path)
        return path

    return write
