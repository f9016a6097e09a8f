"""Where things lie: notebooks stand in folders of their own, data and reports beside them."""

from __future__ import annotations

from pathlib import Path


def root() -> Path:
    """Return the nearest folder upwards that has ``notebooks`` in it, else the working one."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "notebooks").is_dir():
            return folder
    return here


def locate(path: str | Path) -> Path:
    """Return an existing path as given, or else as seen from the project's folder."""
    path = Path(path)
    if path.is_absolute() or path.exists():
        return path
    return root() / path if (root() / path).exists() else path


def output(path: str | Path) -> Path:
    """Return where a relative path is written: below the project's folder."""
    path = Path(path)
    return path if path.is_absolute() else root() / path


def shown(path: str | Path) -> str:
    """Return a path as people are shown it: below the project's folder without that folder.

    So notebooks show the same on every machine.

    Examples
    --------
    >>> shown(root() / "data" / "fraud")
    'data/fraud'
    """
    path = Path(path)
    try:
        return path.resolve().relative_to(root().resolve()).as_posix()
    except ValueError:
        return str(path)
