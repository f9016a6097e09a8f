"""An executed notebook as one page that needs nothing else: no script, no request."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.reports.notebooks import title

if TYPE_CHECKING:
    from nbformat import NotebookNode

TEMPLATES: Final = Path(__file__).parent / "templates"


def render(notebook: NotebookNode, *, note: str = "") -> str:
    """Return a notebook as a page: text and outputs, the code in an appendix that opens on a click.

    Parameters
    ----------
    notebook
        The executed notebook. What it displays is trusted as far as looks go: the page forbids
        itself to run scripts and to load anything.
    note
        The last line of the page.

    Returns
    -------
    str
        HTML with all styles and images in it.
    """
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(  # type: ignore[no-untyped-call] # annotated in parts only
        template_name="report",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_anchor_links=True,
    )
    page = {"title": title(notebook), "note": note, "code_css": _code_css()}
    html, _ = exporter.from_notebook_node(notebook, resources={"page": page})
    return _finish(html, note)


@cache
def _code_css() -> str:
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped] # ships no types

    light, dark = (
        HtmlFormatter(style=style, nobackground=True).get_style_defs(".highlight")
        for style in ("friendly", "native")
    )
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"


def _finish(html: str, note: str) -> str:
    """Put the date and the contents under the title, and say of images what they belong to."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "html.parser")
    heading = soup.find("h1")
    if heading is not None:
        heading.insert_after(_meta(soup, note), _contents(soup))
    for image in soup.find_all("img"):
        above = image.find_previous(["h3", "h2", "h1"])
        image["alt"] = f"Figure: {above.get_text()}" if above else "Figure"
    return str(soup)


def _meta(soup: Any, note: str) -> Any:
    line = soup.new_tag("p", attrs={"class": "meta"})
    line.string = note
    return line


def _contents(soup: Any) -> Any:
    links = soup.new_tag("nav", attrs={"aria-label": "Contents"})
    for number, heading in enumerate(soup.find_all("h2"), start=1):
        # Ids that are made from the text need not be unique.
        heading["id"] = f"section-{number}"
        link = soup.new_tag("a", href=f"#section-{number}")
        link.string = heading.get_text()
        links.append(link)
    return links
