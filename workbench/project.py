"""Where things lie: notebooks stand in folders of their own, data and reports beside them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from workbench.errors import BadInput


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


def document(
    path: str | Path, name: str, *, what: str, command: str
) -> tuple[Path, dict[str, Any]]:
    """Return the folder that a command has made, and the JSON document that it holds when whole.

    Parameters
    ----------
    path
        The folder, see :func:`locate`.
    name
        The document's file.
    what, command
        What it is and what makes it, for the message.

    Raises
    ------
    BadInput
        If there is no such document.
    """
    import orjson

    folder = locate(path)
    try:
        return folder, orjson.loads((folder / name).read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise BadInput.of(
            f"{folder} as a {what}",
            allowed=f"a folder with a {name}",
            hint=f"make one with {command}, or finish a stopped one with --resume",
        ) from error


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
