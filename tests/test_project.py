"""Where paths lead from a notebook's folder and from the project's."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench import project


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A project: a folder with notebooks in it, and data beside them."""
    (tmp_path / "notebooks" / "fraud").mkdir(parents=True)
    (tmp_path / "data" / "fraud").mkdir(parents=True)
    return tmp_path


def test_the_root_is_the_nearest_folder_upwards_with_notebooks(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(house / "notebooks" / "fraud")

    assert project.root() == house


def test_without_notebooks_upwards_the_root_is_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert project.root() == tmp_path


def test_data_is_found_from_a_notebook_as_from_the_project(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (house, house / "notebooks" / "fraud"):
        monkeypatch.chdir(folder)

        assert project.locate("data/fraud").resolve() == house / "data" / "fraud"


def test_what_stands_in_the_working_folder_comes_first(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = house / "notebooks" / "data" / "fraud"
    near.mkdir(parents=True)
    monkeypatch.chdir(house / "notebooks")

    assert project.locate("data/fraud").resolve() == near


def test_a_path_that_is_nowhere_is_left_as_it_was_given(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(house)

    assert project.locate("data/nothing") == Path("data/nothing")


def test_outputs_go_below_the_root_unless_they_are_absolute(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(house / "notebooks" / "fraud")

    assert project.output("runs/a") == house / "runs" / "a"
    assert project.output(house / "elsewhere") == house / "elsewhere"
