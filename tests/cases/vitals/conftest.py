from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from typing import TYPE_CHECKING, Any

import pytest
from vitals_examples import KEY

from workbench import case
from workbench.streams.importer import import_file
from workbench.streams.secret import KEY as VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from workbench.streams.importer import ImportReport

GROUP = "workbench.cases"


@pytest.fixture(autouse=True)
def _case(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The case, also in an environment that was installed before it was registered."""
    there = case.entry_points(group=GROUP)
    if "vitals" not in there.names:
        own = EntryPoint("vitals", "workbench.cases.vitals:CASE", GROUP)
        monkeypatch.setattr(case, "entry_points", lambda **_: EntryPoints((*there, own)))
    _forget()
    yield
    _forget()


def _forget() -> None:
    case.case_names.cache_clear()
    case.get_case.cache_clear()


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ImportReport]:
    """Import a file of vital signs with a key in the environment."""
    monkeypatch.setenv(VARIABLE, KEY)

    def _load(source: Path, preset: str, out: str = "out", **options: Any) -> ImportReport:
        return import_file("vitals", source, tmp_path / out, preset=preset, **options)

    return _load
