"""Where everything that features need lies in the kernel's state, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.features import vocabulary as v
from workbench.features.program import FIXED_CELLS, SLOTS, Program, Table

if TYPE_CHECKING:
    from workbench.features.compiler import Compiler


def tables(needed: Compiler, reads: list[list[int]]) -> Program:
    """Return the tables behind what a compiler has collected, and what its features read."""
    return _Layout(needed).program(reads)


class _Layout:
    """Gives columns of the log to what needs some."""

    def __init__(self, needed: Compiler) -> None:
        self.needed = needed
        self.values = SLOTS + len(needed.entities)
        self.width = self.values + len(needed.logged)

    def program(self, reads: list[list[int]]) -> Program:
        needed = self.needed
        by = needed.entities.index
        runs = list(needed.runs)
        entities = self._entities(runs)
        windows = self._windows()
        labels = [[by(e), length, cell] for (e, length), cell in needed.label_windows.items()]
        longest = max([needed.retention, *(length for _, length, _ in labels)])
        habits = self._habits()
        parameters = [[outlier, prior] for _, _, outlier, prior in needed.habits]
        ratios = [[h, real, runs.index(e)] for (e, h), real in needed.run_ratios.items()]
        rivals = [[h, real, runs.index(e), s] for (e, h, s), real in needed.rivals.items()]
        measured = [[by(e), value, cell] for (e, value), cell in needed.measured.items()]
        baselines = [[by(e), x, cell, span] for (e, x, span), cell in needed.baselines.items()]
        return Program(
            entities=_table(entities, 3),
            steps=_table(needed.steps, 7),
            operands=_table(needed.operands, 2),
            logged=_table(needed.logged, 1),
            **windows,
            measured=_table(measured, 3),
            baselines=_table(baselines, 4),
            steadies=_table(needed.steadies, 8),
            label_windows=_table(labels, 3),
            habits=_table(habits, 4),
            habit_parameters=np.array(parameters, np.float64).reshape(-1, 2),
            runs=_table([[by(e), cell] for e, cell in needed.runs.items()], 2),
            run_ratios=_table(ratios, 3),
            rivals=_table(rivals, 4),
            reads=_table(reads, 5),
            values=len(needed.columns) + len(needed.derived),
            cells=max(needed.cells.values(), default=FIXED_CELLS),
            reals=needed.reals,
            log_columns=self.width,
            log_values=self.values,
            retention=needed.retention,
            forget_after=max(needed.forget_after, longest),
        )

    def _links(self, count: int) -> int:
        """Return the first of so many columns of the log that nothing else has."""
        first = self.width
        self.width += count
        return first

    def _entities(self, runs: list[str]) -> list[list[int]]:
        rows = []
        for name in self.needed.entities:
            link = self._links(2) if name in self.needed.linked else -1
            run = runs.index(name) if name in runs else -1
            rows.append([link, run, self._labelled(name)])
        return rows

    def _labelled(self, name: str) -> bool:
        return name in self.needed.runs or any(
            isinstance(f, v.SinceLabel | v.LastLabels | v.KnownCount | v.KnownRate) and f.by == name
            for f in self.needed.features
        )

    def _windows(self) -> dict[str, Table]:
        by, kept = self.needed.entities.index, self.needed.logged.index
        rows: list[list[int]] = []
        parts: dict[str, list[list[int]]] = {
            name: [] for name in ("sums", "distincts", "extremes", "counts", "pasts", "slopes")
        }
        for (entity, length), window in self.needed.windows.items():
            first = {name: len(items) for name, items in parts.items()}
            parts["distincts"] += [[by(c), cell] for c, cell in window.distincts.items()]
            for extremes, sign in ((window.maxima, 1), (window.minima, -1)):
                for value, cell in extremes.items():
                    parts["extremes"].append([kept(value), cell, self._links(2), sign])
            for name in ("sums", "counts", "pasts", "slopes"):
                cells: dict[int, int] = getattr(window, name)
                parts[name] += [[kept(value), cell] for value, cell in cells.items()]
            ranges = [bound for name, items in parts.items() for bound in (first[name], len(items))]
            rows.append([by(entity), length, window.cell, *ranges])
        widths = {name: 4 if name == "extremes" else 2 for name in parts}
        return {
            "windows": _table(rows, 3 + 2 * len(parts)),
            **{name: _table(items, widths[name]) for name, items in parts.items()},
        }

    def _habits(self) -> list[list[int]]:
        rows = []
        for h, ((entity, value, _, _), cell) in enumerate(self.needed.habits.items()):
            higher = self._links(1) if h in self.needed.higher else -1
            rows.append([self.needed.entities.index(entity), value, cell, higher])
        return rows


def _table(rows: list[Any], width: int) -> Table:
    return np.array(rows, dtype=np.int64).reshape(-1, width)
