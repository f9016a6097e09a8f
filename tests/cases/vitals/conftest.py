from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from vitals_examples import KEY

from workbench import case
from workbench.case import case_names, get_case
from workbench.cases.vitals import CASE
from workbench.streams import importer, recorded
from workbench.streams.importer import import_file
from workbench.streams.secret import KEY as VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workbench.streams.importer import ImportReport


@pytest.fixture(autouse=True)
def _case(monkeypatch: pytest.MonkeyPatch) -> None:
    """The case, whether or not it is registered in this environment."""
    if "vitals" in case_names():
        return
    known = {**{name: get_case(name) for name in case_names()}, "vitals": CASE}
    for module in (case, importer, recorded):
        monkeypatch.setattr(module, "get_case", known.__getitem__)
    for module in (case, recorded):
        monkeypatch.setattr(module, "case_names", lambda: tuple(known))


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ImportReport]:
    """Import a file of vital signs with a key in the environment."""
    monkeypatch.setenv(VARIABLE, KEY)

    def _load(source: Path, preset: str, out: str = "out", **options: Any) -> ImportReport:
        return import_file("vitals", source, tmp_path / out, preset=preset, **options)

    return _load
