"""nbval executes the notebooks; this keeps what they write apart, and what they print the same."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

# One folder for each process: notebooks that are tested side by side share nothing.
_OUTPUT = tempfile.mkdtemp(prefix="notebooks-")
_BEFORE = os.environ.copy()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Set what a kernel inherits that is started for a notebook."""
    os.environ |= {
        "WORKBENCH_OUTPUT": _OUTPUT,
        "WORKBENCH_PROGRESS": "off",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def pytest_runtest_teardown() -> None:
    """Leave other tests the environment that they had."""
    os.environ.clear()
    os.environ |= _BEFORE


def pytest_unconfigure() -> None:
    """Remove what the notebooks wrote."""
    shutil.rmtree(_OUTPUT, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, and say why, what needs servers that this machine cannot have."""
    live = [item for item in items if Path(__file__).parent / "live" in item.path.parents]
    if not live:
        return
    from workbench.errors import ServiceError
    from workbench.live.services.kinds import kind

    try:
        kind("kafka").require()
    except ServiceError as error:
        for item in live:
            item.add_marker(pytest.mark.skip(reason=str(error)))
