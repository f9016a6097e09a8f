"""Servers that Maven brings: fetched once, compiled once, kept for every later start."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import project
from workbench.atomic import atomic_folder
from workbench.errors import ServiceError
from workbench.lock import locked

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES = Path(__file__).parent / "maven"
#: Seconds; a slow network needs minutes for the first time.
PATIENCE = 900.0
_LAST_LINES = 12


def fetched(name: str, home: Path, arrange: Callable[[Path], None] | None = None) -> Path:
    """Return the folder of a server: its ``lib`` and, where the project has some, ``classes``.

    Parameters
    ----------
    name
        A folder below ``maven``: a ``pom.xml``, and Java sources of the project's own.
    home
        The Java development kit that compiles them.
    arrange
        Lays out the folder in another way, once.

    Raises
    ------
    ServiceError
        If Maven is missing, or cannot fetch, or the sources do not compile.
    """
    folder = store() / f"{name}-{_digest(name)}"
    if folder.is_dir():
        return folder
    with locked(folder.with_suffix(".lock")):
        if not folder.is_dir():  # another process may just have fetched it
            with atomic_folder(folder) as partial:
                _fetch(name, home, partial / "lib")
                _compile(name, home, partial)
                if arrange is not None:
                    arrange(partial)
    return folder


def store() -> Path:
    """Return where jars are kept: ``WORKBENCH_JARS``, or ``build/jars`` in the project."""
    return Path(os.environ.get("WORKBENCH_JARS") or project.root() / "build" / "jars").absolute()


def _fetch(name: str, home: Path, lib: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ServiceError(
            f"{name} comes from Maven, and this machine has no mvn: install it "
            "(apt-get install --no-install-recommends maven)."
        )
    command = [maven, "-q", "-B", "-f", str(SOURCES / name / "pom.xml")]
    command += ["dependency:copy-dependencies", f"-DoutputDirectory={lib}"]
    _run(f"fetching {name} with Maven", command, {"JAVA_HOME": str(home)})


def _compile(name: str, home: Path, folder: Path) -> None:
    sources = sorted(map(str, (SOURCES / name).rglob("*.java")))
    if not sources:
        return
    command = [str(home / "bin" / "javac"), "-d", str(folder / "classes")]
    _run(f"compiling {name}", [*command, "-cp", f"{folder / 'lib'}/*", *sources], {})


def _run(what: str, command: list[str], environment: dict[str, str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - the project's own command, no shell
            command,
            env=dict(os.environ) | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ServiceError(
            f"{what} took more than {PATIENCE:.0f} s: is the network there?"
        ) from None
    if done.returncode:
        said = " ".join(done.stdout.split("\n")[-_LAST_LINES:])
        raise ServiceError(
            f"{what} failed; it needs the network for the first time. It said: {said}"
        )


def _digest(name: str) -> str:
    total = hashlib.sha256()
    for path in sorted((SOURCES / name).rglob("*")):
        if path.is_file():
            total.update(path.relative_to(SOURCES).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:12]
