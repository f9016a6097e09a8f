"""A stream as a person sees it: a dictionary for JSON, a table for a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from workbench.case import get_case
from workbench.durations import DAY, HOUR, MINUTE, SECOND, microseconds
from workbench.errors import ParameterError
from workbench.project import shown
from workbench.streams.manifest import rfc3339
from workbench.streams.privacy import SMALLEST_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.streams.recorded import Stream


def describe(stream: Stream) -> dict[str, Any]:
    """Return a small account of a stream, ready for JSON; reads no rows.

    Returns
    -------
    dict
        Counts, span, rates (events a day, positives per label), label delay, quarantine, values
        set to missing, what looks odd, whether it is encrypted, patterns and drift where they are
        known, and the columns; ``None`` for what is not.
    """
    counts = stream.manifest.counts
    days = days_of(stream)
    delay = stream.manifest.label_delay
    truth = stream.truth or {}
    labels, positives = stream.n_labels, counts.positives
    return {
        "path": str(stream.path),
        "case": stream.case,
        "schema_version": stream.manifest.schema_version,
        "events": stream.n_events,
        "awaits_labels": bool(get_case(stream.case).label),
        "labels": labels,
        "positives": positives,
        "label_rate": positives / labels if labels and positives is not None else None,
        "start": rfc3339(stream.start),
        "end": rfc3339(stream.end),
        "days": days,
        "events_per_day": stream.n_events / days,
        "label_delay": delay if isinstance(delay, str) or delay is None else delay.model_dump(),
        "quarantined": dict(counts.quarantined),
        "cleared": dict(counts.cleared),
        "noticed": dict(counts.noticed),
        "encrypted": stream.manifest.encryption is not None,
        "patterns": _records(truth.get("patterns")),
        "drift": _records(truth.get("drift")),
        "columns": [
            {"name": c.name, "kind": c.kind, "unit": c.unit, "entity": c.entity}
            for c in stream.schema.columns
        ],
        "origin": stream.manifest.origin,
        "hash": stream.manifest.stream_hash,
    }


def days_of(stream: Stream) -> int:
    """Return the number of calendar days (UTC) that a stream touches, at least 1."""
    return max(1, (stream.end.date() - stream.start.date()).days + 1)


def facts(about: dict[str, Any], smallest: int = 1) -> list[tuple[str, str]]:
    """Return what :func:`describe` found as pairs of a name and a text for people.

    Parameters
    ----------
    about
        What was found.
    smallest
        Of what is odd in a stream, smaller counts are not told: few rows may be of one person.
    """
    rate = about["label_rate"]
    positives = "" if about["positives"] is None else f", {about['positives']:,} positive"
    share = "" if rate is None else f" ({rate:.2%})"
    lines = [
        ("span", f"{about['start'][:10]} – {about['end'][:10]} ({about['days']:,} days, UTC)"),
        ("events", f"{about['events']:,} ({about['events_per_day']:,.0f} a day)"),
    ]
    if about["awaits_labels"] or about["labels"]:
        lines.append(("labels", f"{about['labels']:,}{positives}{share}"))
        lines.append(("label delay", _delay(about["label_delay"])))
    lines.append(("columns", ", ".join(_column(c) for c in about["columns"])))
    if about["patterns"]:
        lines.append(("patterns", "; ".join(_pattern(p) for p in about["patterns"])))
    if about["drift"]:
        lines.append(("drift", "; ".join(_change(d) for d in about["drift"])))
    if about["quarantined"]:
        total = _several(sum(about["quarantined"].values()), smallest)
        odd = _counted(about["quarantined"], smallest)
        lines.append(("quarantined", f"{total} row(s): {odd}"))
    if about["cleared"]:
        total = _several(sum(about["cleared"].values()), smallest)
        odd = _counted(about["cleared"], smallest)
        lines.append(("set to missing", f"{total} value(s): {odd}"))
    if about["noticed"]:
        lines.append(("worth a look", _counted(about["noticed"], smallest)))
    if about["encrypted"]:
        lines.append(("encrypted", "at rest"))
    if about["origin"]:
        shown = (f"{k} {_brief(v)}" for k, v in about["origin"].items() if k != "sha256")
        lines.append(("origin", ", ".join(shown)))
    if about["hash"]:
        lines.append(("hash", f"{about['hash'][:12]}…"))
    return lines


def html(stream: Stream) -> str:
    """Return a compact table that takes its colours from the page, light or dark.

    It comes into reports: of personal data it tells no count below :data:`SMALLEST_GROUP`.
    """
    about = describe(stream)
    smallest = SMALLEST_GROUP if stream.schema.personal else 1
    cell = "padding:.15em .8em .15em 0;text-align:left;vertical-align:top;"
    rows = "".join(
        f'<tr style="background:none"><th style="{cell}font-weight:normal;opacity:.65;'
        f'white-space:nowrap">{escape(name)}</th>'
        f'<td style="{cell}max-width:48em;white-space:normal">{escape(text)}</td></tr>'
        for name, text in facts(about, smallest)
    )
    return (
        '<div style="color:inherit;font-variant-numeric:tabular-nums">'
        f"<strong>{escape(about['case'])}</strong> "
        f'<span style="opacity:.65">{escape(shown(stream.path))}</span>'
        f'<table style="margin:.3em 0 0;border-collapse:collapse">{rows}</table></div>'
    )


def long(duration: int) -> str:
    """Spell microseconds for people, in one unit with at most one decimal.

    Examples
    --------
    >>> long(7 * DAY), long(9_000 * SECOND), long(0)
    ('7 d', '2.5 h', '0 s')
    """
    for unit, size in (("d", DAY), ("h", HOUR), ("min", MINUTE)):
        if duration >= size:
            return f"{round(duration / size, 1):g} {unit}"
    return f"{round(duration / SECOND, 1):g} s"


def _counted(counts: dict[str, int], smallest: int) -> str:
    return "; ".join(f"{_several(n, smallest)} × {what}" for what, n in counts.items())


def _several(count: int, smallest: int) -> str:
    return f"{count:,}" if count >= smallest else f"fewer than {smallest}"


def _brief(value: Any) -> str:
    """Spell a value of the origin, which may hold values itself."""
    if isinstance(value, dict):
        return "(" + ", ".join(f"{k} {_brief(v)}" for k, v in value.items()) + ")"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _delay(delay: Any) -> str:
    if delay is None:
        return "unknown"
    if delay == "none":
        return "not recorded: --label-delay gives it"
    try:
        median, longest = (long(microseconds(delay[key])) for key in ("median", "max"))
    except ParameterError:
        # Another program may spell durations in its own way; what it says is still worth seeing.
        median, longest = str(delay["median"]), str(delay["max"])
    return f"{median} in the median, at most {longest}"


def _column(column: dict[str, Any]) -> str:
    about = ", ".join(t for t in ("entity" if column["entity"] else "", column["unit"]) if t)
    return f"{column['name']} ({about})" if about else str(column["name"])


def _pattern(pattern: dict[str, Any]) -> str:
    name = str(pattern.get("name", "?"))
    if not (pattern.get("from") or pattern.get("until")):
        return name
    return f"{name} ({_day(pattern.get('from'))} – {_day(pattern.get('until'))})"


def _change(change: dict[str, Any]) -> str:
    return f"{_day(change.get('time'))} {change.get('what', '')}".strip()


def _day(time: Any) -> str:
    return str(time)[:10] if time else "…"


def _records(value: Any) -> list[dict[str, Any]]:
    """Return the entries of a list that are objects; truth.json may come from elsewhere."""
    entries: Iterable[Any] = value if isinstance(value, list) else ()
    return [entry for entry in entries if isinstance(entry, dict)]
