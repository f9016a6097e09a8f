"""A run as a person sees it in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.replay.run import Run

_SOFT = "opacity:.65"
_CELL = "padding:.15em 1.2em .15em 0;text-align:left;vertical-align:top"


def run_html(run: Run) -> str:
    """Return what was replayed, the metrics with their intervals, and when the stream changed.

    Holds nothing of the machine or the clock: the same run, the same text. Colours are the
    page's, light or dark.
    """
    return (
        '<div style="color:inherit;font-variant-numeric:tabular-nums">'
        f"<strong>{escape(run.setup.detector)}</strong> "
        f'<span style="{_SOFT}">on {escape(run.stream.path.name)}: {escape(_counts(run))}</span>'
        f"{_settings(run)}{run.evaluation._repr_html_()}{_drift(run)}</div>"
    )


def drift_between(truth: dict[str, Any] | None, first: str, last: str) -> list[tuple[str, str]]:
    """Return the days (ISO) and what changed on them, from ``first`` to ``last`` inclusive.

    Examples
    --------
    >>> truth = {"drift": [{"time": "2025-04-02T00:00:00Z", "what": "theft begins"}]}
    >>> drift_between(truth, "2025-04-01", "2025-04-30")
    [('2025-04-02', 'theft begins')]
    """
    changes = (truth or {}).get("drift") or []
    dated = [(str(c.get("time", ""))[:10], str(c.get("what", ""))) for c in changes]
    return [(day, what) for day, what in dated if first <= day <= last]


def _counts(run: Run) -> str:
    counts = run.document["counts"]
    texts = [f"{counts['events']:,} events"]
    if run.answer.name == "items":
        texts.append(f"{counts['learned']:,} learned, each after it was answered")
        return ", ".join(texts)
    delay = run.label_delay
    texts.append(f"{counts['learned']:,} labels learned")
    texts.append("labels known as recorded" if delay is None else f"labels {delay} late")
    return ", ".join(texts)


def _settings(run: Run) -> str:
    pairs = "".join(
        f'<tr style="background:none"><th style="{_CELL};font-weight:normal">{escape(name)}</th>'
        f'<td style="{_CELL}">{escape(str(value))}</td></tr>'
        for name, value in run.setup.settings().items()
    )
    count = len(run.setup.features)
    return (
        f'<details style="margin:.4em 0"><summary style="{_SOFT}">Settings'
        f"{f', and the {count} features' if count else ''}</summary>"
        f'<table style="border-collapse:collapse">{pairs}</table>'
        f'<p style="max-width:60em">{escape(", ".join(f.name for f in run.setup.features))}</p>'
        "</details>"
    )


def _drift(run: Run) -> str:
    days = run.evaluation.by_day
    if days.is_empty():
        return ""
    found = drift_between(run.stream.truth, str(days["day"][0]), str(days["day"][-1]))
    if not found:
        return ""
    listed = "; ".join(f"{day} {escape(what)}" for day, what in found)
    return f'<p style="margin:.6em 0;max-width:60em;{_SOFT}">Drift: {listed}</p>'
