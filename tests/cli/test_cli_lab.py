"""JupyterLab from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


def test_jupyterlab_starts_on_the_notebooks_with_options_of_its_own(
    workbench: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notebooks" / "fraud").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "notebooks" / "fraud")
    started: list[list[str]] = []
    monkeypatch.setattr("jupyterlab.labapp.LabApp.launch_instance", started.append)

    assert workbench("lab", "--no-browser", "--port", 9000).code == 0

    root = f"--ServerApp.root_dir={tmp_path / 'notebooks'}"
    assert started == [[root, "--no-browser", "--port", "9000"]]


def test_outside_a_project_there_is_nothing_to_open(
    workbench: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    done = workbench("lab")

    assert (done.code, done.out) == (2, "")
    assert "notebooks/" in done.err
