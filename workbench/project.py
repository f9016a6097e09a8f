"""Where things lie: notebooks stand in folders of their own, data and reports beside them."""

from __future__ import annotations

import os
from pathlib import Path


def root() -> Path:
    """Return the nearest folder upwards that has ``notebooks`` in it, else the working one."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "notebooks").is_dir():
            return folder
    return here


def home() -> Path:
    """Return the folder below which is written: the project's, or ``WORKBENCH_OUTPUT``."""
    elsewhere = os.environ.get("WORKBENCH_OUTPUT")
    return Path(elsewhere) if elsewhere else root()


def locate(path: str | Path) -> Path:
    """Return an existing path as given, or else as seen from the project's folder."""
    path = Path(path)
    if path.is_absolute() or path.exists():
        return path
    return next((base / path for base in (home(), root()) if (base / path).exists()), path)


def output(path: str | Path) -> Path:
    """Return where a relative path is written: below the project's folder."""
    path = Path(path)
    return path if path.is_absolute() else home() / path


def shown(path: str | Path) -> str:
    """Return a path as people are shown it: below the project's folder without that folder.

    So notebooks show the same on every machine.

    Examples
    --------
    >>> shown(root() / "data" / "fraud")
    'data/fraud'
    """
    path = Path(path).resolve()
    for base in (home().resolve(), root().resolve()):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return str(path)
