from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench.case import case_names, get_case

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The case as a package of its own would bring it: through the entry point group."""
    folder = tmp_path_factory.mktemp("site")
    about = folder / "recommend-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: recommend\nVersion: 1\n")
    (about / "entry_points.txt").write_text(
        "[workbench.cases]\nrecommend = workbench.cases.recommend:CASE\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        _forget()
        yield
    _forget()


def _forget() -> None:
    case_names.cache_clear()
    get_case.cache_clear()
