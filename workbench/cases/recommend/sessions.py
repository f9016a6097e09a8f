"""Examples of sessions: what was recommended at each step, and what was chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.cases.recommend.sample import Lists

if TYPE_CHECKING:
    from collections.abc import Mapping

_CELL = "padding:.25em 1.2em .25em 0;text-align:left;vertical-align:top"
_LINE = "background:none;border-top:1px solid rgba(128,128,128,.3)"
_HEADS = ("Time (UTC)", "Kind", "Chosen", "Place", "Recommended before, best first")


@dataclass(frozen=True)
class Sessions:
    """Sessions step by step, for people. All texts of the data are shown as texts.

    Parameters
    ----------
    steps
        ``session``, ``visitor``, ``event_time``, ``kind``, ``item``, ``items``, ``place`` (in
        the list from 1; ``null`` where it was not in it).
    titles
        What items are called; an item without a title is shown by its id.
    shown
        How many of the recommended items are shown.
    """

    steps: pl.DataFrame
    titles: Mapping[str, str] = field(default_factory=dict)
    shown: int = 5

    def _rows(self) -> list[tuple[str, list[tuple[str, ...]]]]:
        """Return of each session its headline and its steps."""
        found = []
        for (session, visitor), steps in self.steps.group_by(
            "session", "visitor", maintain_order=True
        ):
            scored = steps[1:]
            hits = scored["place"].is_not_null().sum()
            who = f"visitor {visitor}" if visitor else "a guest"
            head = f"Session {session}, {who}: {hits} of {len(scored)} next items were in the list"
            found.append((head, [self._row(step) for step in steps.to_dicts()]))
        return found

    def _row(self, step: dict[str, object]) -> tuple[str, ...]:
        items = step["items"] if isinstance(step["items"], list) else []
        names = [self._name(item) for item in items[: self.shown]]
        place = step["place"]
        return (
            f"{step['event_time']:%Y-%m-%d %H:%M}",
            str(step["kind"]),
            self._name(str(step["item"])),
            "" if place is None else str(place),
            " · ".join(names),
        )

    def _name(self, item: str) -> str:
        return self.titles.get(item, item)

    def __repr__(self) -> str:
        lines = []
        for head, rows in self._rows():
            lines += [head, *("  " + " | ".join(row) for row in rows)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        heads = "".join(f'<th style="{_CELL};font-weight:600">{text}</th>' for text in _HEADS)
        parts = []
        for head, rows in self._rows():
            body = "".join(
                f'<tr style="{_LINE}">'
                + "".join(f'<td style="{_CELL}">{escape(text)}</td>' for text in row)
                + "</tr>"
                for row in rows
            )
            parts.append(
                f'<p style="margin:1em 0 .3em"><strong>{escape(head)}</strong></p>'
                '<div style="overflow-x:auto"><table style="border-collapse:collapse;'
                f'background:none"><thead><tr style="background:none">{heads}</tr></thead>'
                f"<tbody>{body}</tbody></table></div>"
            )
        return "".join(parts)


def examples(
    frame: pl.DataFrame,
    titles: Mapping[str, str] | None = None,
    *,
    sessions: int = 4,
    least: int = 4,
    most: int = 8,
    seed: int = 0,
) -> Sessions:
    """Return sessions drawn at random from the last tenth of a frame.

    Parameters
    ----------
    frame
        An evaluation frame.
    titles
        What items are called.
    sessions
        How many.
    least, most
        Limits of a session's interactions.
    seed
        Of the draw: the same seed, the same sessions.
    """
    lists = Lists(frame)
    place = lists.places()
    found = pl.Series((place < lists.lists.shape[1]) & lists.scored)
    rows = lists.rows.with_columns(pl.when(found).then(pl.Series(place + 1)).alias("place"))
    steps = rows.filter(pl.Series(lists.interaction)).join(
        frame.select("event_id", "items"), on="event_id", how="left", maintain_order="left"
    )
    late = steps["session"][len(steps) * 9 // 10 :].unique(maintain_order=True)
    lengths = steps.group_by("session", maintain_order=True).len()
    usual = lengths.filter(
        pl.col("len").is_between(least, most), pl.col("session").is_in(late.implode())
    )
    order = np.random.default_rng(seed).permutation(len(usual))[:sessions]
    drawn = usual["session"].gather(np.sort(order))
    columns = ("session", "visitor", "event_time", "kind", "item", "items", "place")
    chosen = steps.filter(pl.col("session").is_in(drawn.implode())).select(columns)
    # One after the other: sessions of the same hour overlap.
    begin = pl.col("event_time").min().over("session")
    return Sessions(chosen.sort(begin, "session", "event_time", maintain_order=True), titles or {})
