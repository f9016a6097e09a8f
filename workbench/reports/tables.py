"""Evaluations side by side."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workbench.replay.evaluation import Evaluation


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
        table = [["", *self.evaluations], *([title, *texts] for title, texts, _ in self._rows())]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        return "\n".join(
            "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
            for row in table
        )

    def _repr_html_(self) -> str:
        cell = "padding:.25em 1.4em .25em 0;text-align:left;vertical-align:top"
        line = "background:none;border-top:1px solid rgba(128,128,128,.3)"
        heads = "".join(
            f'<th style="{cell};font-weight:600">{escape(t)}</th>' for t in ("", *self.evaluations)
        )
        rows = []
        for title, texts, best in self._rows():
            cells = [f'<td style="{cell}">{escape(title)}</td>']
            for i, text in enumerate(texts):
                value, _, interval = text.partition(" ")
                weight = "font-weight:700" if i == best else ""
                cells.append(
                    f'<td style="{cell}"><span style="{weight}">{escape(value)}</span> '
                    f'<span style="opacity:.65">{escape(interval)}</span></td>'
                )
            rows.append(f'<tr style="{line}">{"".join(cells)}</tr>')
        return (
            '<div style="overflow-x:auto"><table style="border-collapse:collapse;background:none;'
            f'font-variant-numeric:tabular-nums"><thead><tr style="background:none">{heads}</tr>'
            f"</thead><tbody>{''.join(rows)}</tbody></table></div>"
        )
