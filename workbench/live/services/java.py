"""A Java of the right version."""

from __future__ import annotations

import os
import re
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The quick compiler alone: a server that runs for minutes is up and warm in half the time.
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Djava.awt.headless=true")
#: Where distributions, vendors and version managers put them.
PLACES = (
    "/usr/lib/jvm/*",
    "/opt/*",
    "~/.sdkman/candidates/java/*",
    "~/.jdks/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
)
_VERSION = re.compile(r'^JAVA_VERSION="(?:1\.)?(\d+)', re.MULTILINE)


def java(what: str, least: int, most: int | None = None) -> Path:
    """Return the home of the oldest Java that is new enough, and no newer than ``most``.

    Raises
    ------
    ServiceError
        If this machine has none; says what needs it and how to get it.
    """
    fitting = [
        (version, home)
        for home, version in homes().items()
        if version >= least and (most is None or version <= most)
    ]
    if not fitting:
        wanted = f"{least} or newer" if most is None else f"from {least} to {most}"
        have = ", ".join(str(v) for v in sorted(set(homes().values()))) or "none"
        raise ServiceError(
            f"{what} needs Java {wanted}, and this machine has {have}: install one "
            f"(apt-get install openjdk-{least}-jdk-headless, or Temurin from https://adoptium.net) "
            "or name its folder in JAVA_HOME."
        )
    return min(fitting)[1]


@cache
def homes() -> dict[Path, int]:
    """Return every Java development kit of this machine with its major version."""
    found: dict[Path, int] = {}
    for home in _candidates():
        if home in found or not (home / "bin" / "javac").exists():
            continue
        if version := _version(home):
            found[home] = version
    return found


def _candidates() -> Iterator[Path]:
    for name, value in sorted(os.environ.items()):
        if name.startswith("JAVA_HOME") and value:
            yield Path(value).resolve()
    if path := shutil.which("javac"):
        yield Path(path).resolve().parent.parent
    for pattern in PLACES:
        place = Path(pattern).expanduser()
        parent = Path(*place.parts[: place.parts.index("*")])
        for home in sorted(parent.glob(str(place.relative_to(parent)))):
            yield home.resolve()


def _version(home: Path) -> int | None:
    try:
        found = _VERSION.search((home / "release").read_text())
    except OSError:
        return None
    return int(found[1]) if found else None
