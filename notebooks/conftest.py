"""Notebooks are tested against their saved outputs by nbval, without touching the project."""

import os
import shutil
import tempfile

# What notebooks write goes into a folder of this process's own, what they print has no progress.
OUTPUT = tempfile.mkdtemp(prefix="notebooks-")
os.environ |= {
    "WORKBENCH_OUTPUT": OUTPUT,
    "WORKBENCH_PROGRESS": "off",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


def pytest_unconfigure() -> None:
    """Remove what the notebooks wrote."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
