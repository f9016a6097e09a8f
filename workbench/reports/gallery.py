"""The pages that list what was published: ``reports/index.html``, and one for each report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from workbench import project
from workbench.atomic import atomic_file
from workbench.lock import locked
from workbench.reports.account import DOCUMENT
from workbench.reports.html import TEMPLATES

if TYPE_CHECKING:
    from pathlib import Path

INDEX: Final = "index.html"


@dataclass(frozen=True, slots=True)
class Entry:
    """A published report, as its folder describes it.

    Parameters
    ----------
    name, folder
        The report's name, and where it lies.
    published
        RFC 3339.
    headline
        What it found; for a failed one, why it failed.
    failed
        Whether its notebook failed.
    """

    name: str
    folder: Path
    published: str
    headline: str
    failed: bool

    @property
    def time(self) -> str:
        """When it was published, for people."""
        return self.published[:16].replace("T", " ")


def reports() -> Path:
    """Return the project's folder of reports."""
    return project.root() / "reports"


def published(name: str) -> list[Entry]:
    """Return the reports of a name, latest first; folders of anything else are passed over."""
    found = (_read(name, file) for file in (reports() / name).glob(f"*/{DOCUMENT}"))
    entries = [entry for entry in found if entry is not None]
    return sorted(entries, key=lambda e: (e.published, e.folder.name), reverse=True)


def latest(name: str) -> str:
    """Return the folder of the last report that did not fail, below the project's; or ``""``."""
    for entry in published(name):
        if not entry.failed:
            return str(entry.folder.relative_to(project.root()))
    return ""


def update(folder: Path) -> None:
    """Write the lists anew after a report was published into ``folder``.

    A report outside the project's folder of reports is listed nowhere.
    """
    base = reports()
    if folder.parent.parent.resolve() != base.resolve():
        return
    with locked(base / ".lock"):
        names = sorted(p.name for p in base.iterdir() if any(p.glob(f"*/{DOCUMENT}")))
        lists = {name: published(name) for name in names}
        for name, entries in lists.items():
            _write(base / name / INDEX, f"Reports: {name}", {name: entries}, up="../index.html")
        _write(base / INDEX, "Reports", lists)


def _read(name: str, file: Path) -> Entry | None:
    if file.parent.name.endswith(".partial"):
        return None
    try:
        document = orjson.loads(file.read_bytes())
        failed = document["failed"]
        account = document["account"] or {"headline": ""}
        return Entry(
            name,
            file.parent,
            str(document["published"]),
            str(failed or account["headline"]),
            failed is not None,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(file: Path, title: str, lists: dict[str, list[Entry]], up: str = "") -> None:
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES / "report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = (TEMPLATES / "report" / "style.css").read_text(encoding="utf-8")
    values: dict[str, Any] = {"title": title, "lists": lists, "up": up, "css": css}
    with atomic_file(file) as temporary:
        page = environment.get_template("gallery.html.j2").render(**values, here=file.parent)
        temporary.write_text(page, encoding="utf-8")
