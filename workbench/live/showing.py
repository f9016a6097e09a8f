"""What a tail shows in a notebook: counts, the last alerts with their reasons, the last scores.

Everything that comes from a message is escaped. It holds nothing of the machine or the clock.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from workbench.live.fields import spell
from workbench.streams.schema import EVENT_ID, EVENT_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workbench.live.tailing import Tail

SHOWN = {"alert": 10, "score": 5}
REASONS = 3
ITEMS = 5
_SOFT = "opacity:.65"
_CELL = "padding:.15em 1.2em .15em 0;text-align:left;vertical-align:top;white-space:nowrap"
_ROW = '<tr style="background:none;border-top:1px solid rgba(128,128,128,.3)">'


def html(tail: Tail) -> str:
    """Return what has come so far, as a page shows it, light or dark."""
    scores, alerts = tail.latest("score", SHOWN["score"]), tail.latest("alert", SHOWN["alert"])
    counts = [_counted(number, kind) for kind, number in tail.counts.items()]
    if tail.unreadable:
        counts.append(_counted(tail.unreadable, "unreadable message"))
    newest = max((value[EVENT_TIME] for value in (*scores, *alerts)), default=None)
    if newest is not None:
        counts.append(f"event time {_moment(newest)}")
    return (
        '<div style="color:inherit;font-variant-numeric:tabular-nums">'
        f"<strong>{escape(tail.topics.prefix)}</strong> "
        f'<span style="{_SOFT}">{escape(", ".join(counts))}</span>'
        f"{_table(('Alert', 'Severity', 'Entity', 'Score', 'Why'), map(_alert, alerts))}"
        f"{_table(('Event', 'Time', 'Answer'), map(_answer, scores))}</div>"
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _alert(value: dict[str, Any]) -> list[str]:
    reasons = value.get("reasons") or []
    return [
        _moment(value[EVENT_TIME]),
        str(value.get("severity") or ""),
        str(value.get("entity") or ""),
        _number(value.get("score")),
        "; ".join(map(_reason, reasons[:REASONS])),
    ]


def _answer(value: dict[str, Any]) -> list[str]:
    late = " (late)" if value.get("late") else ""
    items = value.get("items")
    answer = _number(value.get("score")) if items is None else ", ".join(items[:ITEMS])
    return [value[EVENT_ID], _moment(value[EVENT_TIME]) + late, answer]


def _reason(reason: Any) -> str:
    if not isinstance(reason, dict):
        return str(reason)
    name, value, part = (reason.get(key) for key in ("feature", "value", "contribution"))
    sign = f" ({part:+.2f})" if isinstance(part, int | float) else ""
    return f"{name} {_number(value)}{sign}"


def _number(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, int | float) else str(value or "")


def _moment(time: int) -> str:
    return spell(time)[:19].replace("T", " ")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(
        _ROW + "".join(f'<td style="{_CELL}">{escape(text)}</td>' for text in row) + "</tr>"
        for row in rows
    )
    if not body:
        return ""
    head = "".join(f'<th style="{_CELL};font-weight:600">{escape(text)}</th>' for text in heads)
    return (
        '<div style="overflow-x:auto;margin-top:.5em"><table style="border-collapse:collapse;'
        f'background:none;color:inherit"><thead><tr style="background:none">{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
