"""Tables for notebooks and pages: rows of a frame, and evaluations side by side."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    import polars as pl

    from workbench.replay.evaluation import Evaluation


_SHORT = 36
_CELL = "padding:.25em 1.4em .25em 0;text-align:left;vertical-align:top"
_LINE = "background:none;border-top:1px solid rgba(128,128,128,.3)"


@dataclass(frozen=True)
class Rows:
    """A frame as a plain table without types and shape; nulls and NaN are left empty.

    Parameters
    ----------
    frame
        What is shown, all of it.
    formats
        By column: how a value is written, as a format specification or a function.
    heads
        By column: what people read in place of its name.

    Examples
    --------
    >>> import polars as pl
    >>> Rows(pl.DataFrame({"n": [1200, None]}), {"n": ","}, {"n": "Events"})
    Events
    1,200
    <BLANKLINE>
    """

    frame: pl.DataFrame
    formats: Mapping[str, str | Callable[[Any], str]] = field(default_factory=dict)
    heads: Mapping[str, str] = field(default_factory=dict)

    def _texts(self) -> list[list[str]]:
        heads = [self.heads.get(name, name) for name in self.frame.columns]
        rows = [
            [self._text(name, value) for name, value in row.items()]
            for row in self.frame.iter_rows(named=True)
        ]
        return [heads, *rows]

    def _text(self, name: str, value: Any) -> str:
        if value is None or value != value:
            return ""
        how = self.formats.get(name, "")
        return format(value, how) if isinstance(how, str) else how(value)

    def __repr__(self) -> str:
        return _plain(self._texts())

    def _repr_html_(self) -> str:
        heads, *rows = self._texts()
        return html_table(heads, rows)


@dataclass(frozen=True)
class SideBySide:
    """Metrics of several runs in one table, the best value of each in bold.

    Parameters
    ----------
    evaluations
        Evaluations of the same events, by what the columns are called.
    names
        The metrics; all of the first evaluation if not given.
    """

    evaluations: Mapping[str, Evaluation]
    names: Sequence[str] = ()

    def _rows(self) -> list[tuple[str, list[str], int | None]]:
        """Return each metric's title, its values as text, and the place of the best one."""
        first = next(iter(self.evaluations.values()))
        rows = []
        for name in self.names or first.overall:
            measure = first.measures[name]
            found = [evaluation.overall[name] for evaluation in self.evaluations.values()]
            defined = [(e.value, i) for i, e in enumerate(found) if e.value == e.value]
            pick = max if measure.higher_is_better else min
            best = pick(value for value, _ in defined) if defined else None
            places = [i for value, i in defined if value == best]
            texts = [format(e, measure.spec) for e in found]
            rows.append((measure.title, texts, places[0] if len(places) == 1 else None))
        return rows

    def __repr__(self) -> str:
        return _plain([["", *self.evaluations], *([t, *texts] for t, texts, _ in self._rows())])

    def _repr_html_(self) -> str:
        rows = []
        for title, texts, best in self._rows():
            cells = [escape(title)]
            for i, text in enumerate(texts):
                value, _, interval = text.partition(" ")
                strong = f"<strong>{escape(value)}</strong>" if i == best else escape(value)
                cells.append(f'{strong} <span style="opacity:.65">{escape(interval)}</span>')
            rows.append(cells)
        return _html(["", *map(escape, self.evaluations)], rows)


def _plain(table: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in table)
    return "\n".join(line.rstrip() for line in lines)


def html_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return texts as a table that takes its colours from the page, light or dark."""
    return _html([escape(head) for head in heads], [[escape(c) for c in row] for row in rows])


def _html(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of cells that are HTML; colours are the page's."""
    head = "".join(f'<th style="{_CELL};font-weight:600">{text}</th>' for text in heads)
    body = "".join(f'<tr style="{_LINE}">' + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return (
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;background:none;'
        f'font-variant-numeric:tabular-nums"><thead><tr style="background:none">{head}</tr>'
        f"</thead><tbody>{body}</tbody></table></div>"
    )


def _cell(text: str) -> str:
    # A date or an interval that is broken into two lines is hard to read; a sentence is not.
    words = len(re.sub(r"<[^>]*>", "", text))
    wrap = ";white-space:nowrap" if words <= _SHORT else ""
    return f'<td style="{_CELL}{wrap}">{text}</td>'
