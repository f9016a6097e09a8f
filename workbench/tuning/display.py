"""A study as a person sees it in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.tuning.study import Study

_SOFT = "opacity:.65"
_CELL = "padding:.15em 1.2em .15em 0;text-align:left;vertical-align:top"
_ROW = '<tr style="background:none;border-top:1px solid rgba(128,128,128,.3)">'
SHOWN = 10


def study_html(study: Study) -> str:
    """Return the winner, the verdict, the best trials, and what mattered.

    Holds nothing of the machine or the clock: the same study, the same text. Colours are the
    page's, light or dark.
    """
    winner = study.winner
    settings = spelled(winner["parameters"])
    return (
        '<div style="color:inherit;font-variant-numeric:tabular-nums">'
        f"<strong>{escape(winner['detector'])}</strong> "
        f'<span style="{_SOFT}">{escape(settings)}</span>'
        f'<p style="margin:.4em 0;max-width:60em">{escape(study.verdict)}</p>'
        f'<p style="margin:.4em 0;{_SOFT}">{escape(_counts(study))}</p>'
        f"{_trials(study)}{_importance(study)}</div>"
    )


def spelled(parameters: dict[str, Any]) -> str:
    """Write parameters on one line, numbers to three digits.

    Examples
    --------
    >>> spelled({"lr": 0.123456, "optimizer": "adagrad", "n_models": 3})
    'lr 0.123, optimizer adagrad, n_models 3'
    """
    return ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in parameters.items()
    )


def counted(study: Study) -> str:
    """Write how many trials there were, by how they ended.

    See Also
    --------
    workbench.tuning.results.trials_table : what the states mean.
    """
    counts = dict(study.document["counts"])
    total = counts.pop("trials")
    parts = (f"{counts[s]:,} {s}" for s in ("complete", "pruned", "failed") if counts.get(s))
    return f"{total:,} trials ({', '.join(parts)})"


def _counts(study: Study) -> str:
    spans = [study.plan.moment(name) for name in ("start", "split", "end")]
    first, split, last = (f"{moment:%Y-%m-%d}" for moment in spans)
    return f"{counted(study)}, tuned on {first} – {split}, confirmed on {split} – {last}"


def _trials(study: Study) -> str:
    best = study.trials.filter(pl.col("objective").is_not_null()).sort(
        pl.col("state") != "complete", -pl.col("objective"), "number"
    )[:SHOWN]
    rows = [
        (
            str(row["number"]),
            row["detector"],
            spelled(orjson.loads(row["parameters"])),
            row["state"],
            f"{row['objective']:.3f}",
        )
        for row in best.iter_rows(named=True)
    ]
    title = study.confirmation.measures[study.plan.objective].title
    return _table(("Trial", "Detector", "Parameters", "State", title), rows)


def _importance(study: Study) -> str:
    rows = [(r["parameter"], f"{r['importance']:.0%}") for r in study.importance.to_dicts()]
    if not rows:
        return ""
    heads = (f"Parameter of {study.winner['detector']}", "Share of the variance")
    return f'<div style="margin-top:.6em">{_table(heads, rows)}</div>'


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f'<th style="{_CELL};font-weight:600">{escape(text)}</th>' for text in heads)
    body = "".join(
        _ROW + "".join(f'<td style="{_CELL}">{escape(text)}</td>' for text in row) + "</tr>"
        for row in rows
    )
    return (
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;background:none">'
        f'<thead><tr style="background:none">{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
