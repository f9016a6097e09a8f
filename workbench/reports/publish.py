"""Publishing a case's report: from its notebook to a folder that can be sent around."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final

import orjson

from workbench import atomic, project
from workbench.case import get_case
from workbench.errors import CheckFailed, ParameterError
from workbench.reports import gallery, html
from workbench.reports import parameters as settings
from workbench.reports.account import DOCUMENT, Account
from workbench.reports.execution import execute
from workbench.reports.notebooks import load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workbench.reports.execution import Failure

NOTEBOOK: Final = "report.ipynb"
PAGE: Final = "report.html"
FAILED: Final = ".failed"


@dataclass(frozen=True, slots=True)
class Published:
    """A published report.

    Parameters
    ----------
    name
        The report's name.
    folder
        What was published.
    notebook, html
        The executed notebook, and the page made from it.
    headline
        What the report found, empty if its notebook does not say.
    """

    name: str
    folder: Path
    notebook: Path
    html: Path
    headline: str

    def to_dict(self) -> dict[str, str]:
        """Return everything as text, ready for JSON."""
        return {field: str(getattr(self, field)) for field in self.__slots__}

    def __str__(self) -> str:
        return f"{self.headline}\n{self.html}".strip()

    def _repr_html_(self) -> str:
        link = escape(os.path.relpath(self.html))
        return (
            f'<p><strong>{escape(self.headline)}</strong></p>'
            f'<p>Published as <a href="{link}" target="_blank">{link}</a></p>'
        )  # fmt: skip


def publish(
    name: str, parameters: Mapping[str, Any] | None = None, out: str | Path | None = None
) -> Published:
    """Execute a report's notebook and publish it as ``report.ipynb`` and ``report.html``.

    The folder appears when everything in it is whole. If a cell fails, what was done until then
    is kept in a folder whose name ends in ``.failed``.

    Parameters
    ----------
    name
        A case that has a report.
    parameters
        Values for the notebook's parameters, as Python values or as text. Where the notebook
        takes ``previous`` and none is given, it is the last report of that name.
    out
        The report's folder; ``reports/NAME/TIME`` (UTC) in the project if not given. An earlier
        report there is replaced.

    Returns
    -------
    Published
        Where it lies.

    Raises
    ------
    ParameterError
        If there is no such report, a parameter is not one of the notebook's or of the wrong
        type, or ``out`` is a folder of something else.
    CheckFailed
        If a cell of the notebook failed.
    """
    source = notebook_of(name)
    defaults = settings.read(load(source))
    given = settings.check(parameters or {}, defaults, f"the report {name}")
    if "previous" in defaults and "previous" not in given:
        given["previous"] = gallery.latest(name)
    published = datetime.now(UTC)
    target = _free(name, published) if out is None else project.output(out)
    partial = _claim(atomic.replaceable(target, DOCUMENT, "a report"))
    try:
        failure = execute(source, partial / NOTEBOOK, given)
        notebook = load(partial / NOTEBOOK)
        account = Account.found_in(notebook)
        _write_page(partial, notebook, published)
        _write_document(partial, name, published, given, failure, account)
        if failure is not None:
            target = target.with_name(target.name + FAILED)
        atomic.publish(partial, target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    gallery.update(target)
    if failure is not None:
        raise CheckFailed(
            f"The report {name} failed: {str(failure).rstrip('.')}. What was done until then is "
            f"{target / NOTEBOOK}; correct the notebook or the parameters, and publish it again."
        )
    headline = "" if account is None else account.headline
    return Published(name, target, target / NOTEBOOK, target / PAGE, headline)


def notebook_of(name: str) -> Path:
    """Return the notebook of a report.

    Raises
    ------
    ParameterError
        If there is no report of that name, or its notebook is not there.
    """
    path = project.root() / "notebooks" / get_case(name).report
    if not path.is_file():
        raise ParameterError.of(
            f"the report {name!r}, whose notebook would be {path}",
            allowed="a report whose notebook is there",
            hint="call this from the project's folder, or from one below it",
        )
    return path


def _free(name: str, published: datetime) -> Path:
    """Return a folder that nobody has, for a report that is published now."""
    base = gallery.reports() / name / published.strftime("%Y-%m-%dT%H%MZ")
    number, path = 1, base
    while any(path.with_name(path.name + end).exists() for end in ("", FAILED, ".partial")):
        number += 1
        path = base.with_name(f"{base.name}-{number}")
    return path


def _claim(target: Path) -> Path:
    """Make the temporary folder; two that publish at once never share one."""
    partial = atomic.partial_of(target)
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        partial.mkdir()
    except FileExistsError as error:
        raise ParameterError.of(
            f"{target} as a report's folder",
            allowed="a folder that no other report is being written to",
            hint=f"wait for the other one, or remove {partial} if it was stopped",
        ) from error
    return partial


def _write_page(folder: Path, notebook: Any, published: datetime) -> None:
    note = f"Published {published:%Y-%m-%d %H:%M} UTC by the workbench, from {NOTEBOOK}"
    (folder / PAGE).write_text(html.render(notebook, note=note), encoding="utf-8")


def _write_document(
    folder: Path,
    name: str,
    published: datetime,
    parameters: Mapping[str, Any],
    failure: Failure | None,
    account: Account | None,
) -> None:
    document = {
        "format": 1,
        "name": name,
        "published": published.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "parameters": dict(parameters),
        "failed": None if failure is None else str(failure),
        "account": None if account is None else account.to_dict(),
    }
    (folder / DOCUMENT).write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
