"""An artifact as a person sees it in a notebook."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING

from workbench.project import shown

if TYPE_CHECKING:
    from workbench.artifacts.artifact import Artifact

_CELL = "padding:.15em 1.2em .15em 0;text-align:left;vertical-align:top"


def artifact_html(artifact: Artifact) -> str:
    """Return what the artifact holds; colours are the page's, light or dark."""
    manifest = artifact.manifest
    setup, counts = manifest["setup"], manifest["counts"]
    last = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=artifact.last_event[0])
    facts = {
        "detector": f"{setup['detector']}, {len(setup['features'])} features",
        "has seen": f"{counts['events']:,} events until {last:%Y-%m-%d %H:%M:%S} UTC",
        "has learned": f"{counts['learned']:,} labels",
        "stream": f"{manifest['stream']['hash'][:12]}…",
        "files": ", ".join([*manifest["files"], "manifest.json"]),
    }
    rows = "".join(
        f'<tr style="background:none"><th style="{_CELL};font-weight:normal;opacity:.65">'
        f'{escape(name)}</th><td style="{_CELL}">{escape(text)}</td></tr>'
        for name, text in facts.items()
    )
    return (
        '<div style="color:inherit;font-variant-numeric:tabular-nums">'
        f"<strong>{escape(artifact.case)}</strong> "
        f'<span style="opacity:.65">{escape(shown(artifact.path))}</span>'
        f'<table style="border-collapse:collapse;margin:.3em 0 0">{rows}</table></div>'
    )
