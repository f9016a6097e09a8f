"""The lock has what `pyproject.toml` asks for: `make lock` brings it back in step."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent


def locked() -> dict[str, set[Version]]:
    """Return every locked package with its version, or versions for several Pythons."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = (re.match(r"([\w.-]+)==([^\s;]+)", line) for line in lines)
    found: dict[str, set[Version]] = {}
    for pin in filter(None, pins):
        found.setdefault(pin[1], set()).add(Version(pin[2]))
    return found


def asked() -> list[Requirement]:
    """Return what the project and its build need of others."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = document["project"]["optional-dependencies"].values()
    texts = [
        *document["build-system"]["requires"],
        *document["project"]["dependencies"],
        *(text for extra in extras for text in extra),
    ]
    asked = [Requirement(text) for text in texts]
    # An extra may take in another one of the project itself.
    return [requirement for requirement in asked if requirement.name != document["project"]["name"]]


def test_every_dependency_is_locked_at_a_version_that_it_allows() -> None:
    pins = locked()

    for requirement in asked():
        versions = pins.get(canonicalize_name(requirement.name))
        assert versions, requirement
        assert all(version in requirement.specifier for version in versions), requirement


def test_every_package_is_locked_with_hashes_and_without_paths() -> None:
    text = (ROOT / "requirements.lock").read_text()
    entries = re.split(r"\n(?=[\w.-]+==)", text)[1:]

    assert len(entries) > 100
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "file://" not in text
