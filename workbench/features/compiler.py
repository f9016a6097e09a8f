"""From declarations to the tables that the compiled kernel runs on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.durations import microseconds
from workbench.errors import ParameterError
from workbench.features import vocabulary as v
from workbench.features.program import (
    FIXED_CELLS,
    GENUINE_DAY,
    OPCODES,
    POSITIVE_DAY,
    RIVAL_MEMORY,
    SLOTS,
    Program,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.streams.schema import Schema


@dataclass
class _Window:
    """The cells of one window: its own, and those of what is kept of columns within it."""

    cell: int
    sums: dict[str, int] = field(default_factory=dict)
    distincts: dict[str, int] = field(default_factory=dict)
    maxima: dict[str, int] = field(default_factory=dict)


class Compiler:
    """Collects what the declared features need, each thing once, and lays it out.

    Parameters
    ----------
    features
        Declared features; their order is the order of the matrix's columns.
    schema
        The schema whose columns they speak of.
    forget_after
        Entities not seen for so long are forgotten (µs), but never before their longest window
        has passed.

    Raises
    ------
    ParameterError
        If a feature speaks of a column that the schema does not have, or has in another kind,
        or if two features have one name.
    """

    def __init__(self, features: Sequence[v.Feature], schema: Schema, forget_after: int) -> None:
        self.features = tuple(features)
        self.schema = schema
        self.forget_after = forget_after
        self.entities: list[str] = []
        self.columns: list[str] = []
        self._cells: dict[str, int] = {}
        self._reals = 0
        self._retention = 0
        self._linked: set[str] = set()
        self._higher: set[int] = set()
        self._windows: dict[tuple[str, int], _Window] = {}
        self._label_windows: dict[tuple[str, int], int] = {}
        self._habits: dict[tuple[str, str, float, float], int] = {}
        self._runs: dict[str, int] = {}
        self._run_ratios: dict[tuple[str, int], int] = {}
        self._rivals: dict[tuple[str, int, int], int] = {}

    def compile(self) -> Program:
        """Return the tables."""
        names = [f.name for f in self.features]
        if len(set(names)) < len(names):
            twice = next(n for n in names if names.count(n) > 1)
            raise ParameterError.of(
                f"the feature name {twice!r}, declared twice",
                allowed="one name a feature",
                hint="give one of them another name=",
            )
        reads = [[OPCODES[type(f)], *self._read(f)] for f in self.features]
        return self._tables(reads)

    # -- what a feature needs, and where it reads it: entity, cell and two arguments ----------

    def _read(self, f: v.Feature) -> list[int]:
        match f:
            case v.Value():
                return [-1, 0, self._column(f.column), 0]
            case v.Night():
                return [-1, 0, f.until, 0]
            case v.Count():
                return [self._entity(f.by), self._window(f.by, f.window).cell, 0, 0]
            case v.Sum() | v.Mean() | v.Std() | v.Ratio() | v.ZScore():
                cell = self._within(f, self._window(f.by, f.window).sums, 3)
                return [self._entity(f.by), cell, self._column(f.column), 0]
            case v.Max():
                cell = self._within(f, self._window(f.by, f.window).maxima, 2)
                return [self._entity(f.by), cell, self._column(f.column), 0]
            case v.Distinct() | v.New():
                counted = self._entity(f.column)
                cell = self._within(f, self._window(f.by, f.window).distincts, 1)
                return [self._entity(f.by), cell, counted, 0]
            case v.KnownCount() | v.KnownRate():
                label = f.label if isinstance(f, v.KnownCount) else 0
                return [self._entity(f.by), self._label_window(f.by, f.window), label, 0]
            case v.LastLabels():
                if not 1 <= f.last <= 60:
                    raise ParameterError.of(
                        f"LastLabels(last={f.last})", allowed="1 to 60", hint="choose fewer labels"
                    )
                return [self._entity(f.by), 0, f.last, 0]
            case v.SinceLast():
                return [self._entity(f.by), 0, 0, 0]
            case v.SinceLabel():
                return [self._entity(f.by), POSITIVE_DAY if f.label else GENUINE_DAY, 0, 0]
            case v.RobustMean() | v.RobustRatio():
                return [self._entity(f.by), 0, self._habit(f), 0]
            case v.HighestPast():
                span = microseconds(f.window)
                self._look_back(f.ratio.by, span)
                self._higher.add(self._habit(f.ratio))
                return [self._entity(f.ratio.by), 0, self._habit(f.ratio), span]
            case v.RunLength() | v.RunAge() | v.RunGap() | v.RunSpan() | v.Quiet():
                return [self._entity(f.by), self._run(f.by), 0, 0]
            case v.RunLowest() | v.RunOnly():
                key = (f.by, self._habit(f.ratio))
                return [self._entity(f.by), self._run(f.by), self._real(self._run_ratios, key), 0]
            case v.RunRival():
                span = microseconds(f.within)
                self._look_back(f.ratio.by, span + RIVAL_MEMORY)
                rival = (f.by, self._habit(f.ratio), span)
                return [self._entity(f.by), self._run(f.by), self._real(self._rivals, rival), 0]
        return [-1, 0, 0, 0]

    def _entity(self, name: str) -> int:
        if name not in self.schema.entities:
            raise ParameterError.of(
                f"the entity {name!r}",
                allowed=" or ".join(self.schema.entities),
                hint="correct the feature's declaration",
            )
        if name not in self.entities:
            self.entities.append(name)
            self._cells[name] = FIXED_CELLS
        return self.entities.index(name)

    def _column(self, name: str) -> int:
        integers = [c.name for c in self.schema.columns if c.kind == "integer"]
        if name not in integers:
            raise ParameterError.of(
                f"the column {name!r} in a feature",
                allowed="a whole-number column: " + ", ".join(integers),
                hint="correct the feature's declaration",
            )
        if name not in self.columns:
            self.columns.append(name)
        return self.columns.index(name)

    def _take_cells(self, entity: str, count: int) -> int:
        self._entity(entity)
        first = self._cells[entity]
        self._cells[entity] += count
        return first

    def _look_back(self, entity: str, span: int) -> None:
        self._linked.add(entity)
        self._retention = max(self._retention, span)

    def _window(self, entity: str, window: str) -> _Window:
        length = microseconds(window)
        key = (entity, length)
        if key not in self._windows:
            self._windows[key] = _Window(self._take_cells(entity, 1))
            self._retention = max(self._retention, length)
        return self._windows[key]

    def _within(self, f: Any, parts: dict[str, int], cells: int) -> int:
        if f.column not in parts:
            parts[f.column] = self._take_cells(f.by, cells)
        return parts[f.column]

    def _label_window(self, entity: str, window: str) -> int:
        key = (entity, microseconds(window))
        if key not in self._label_windows:
            self._label_windows[key] = self._take_cells(entity, 2)
        return self._label_windows[key]

    def _habit(self, f: v.RobustRatio | v.RobustMean) -> int:
        key = (f.by, f.column, f.outlier, f.prior)
        if key not in self._habits:
            self._column(f.column)
            self._habits[key] = self._take_cells(f.by, 2)
        return list(self._habits).index(key)

    def _run(self, entity: str) -> int:
        if entity not in self._runs:
            self._runs[entity] = self._take_cells(entity, 3)
        return self._runs[entity]

    def _real(self, kept: dict[Any, int], key: tuple[Any, ...]) -> int:
        if key not in kept:
            kept[key] = self._reals
            self._reals += 1
        return kept[key]

    # -- the layout ---------------------------------------------------------------------------

    def _tables(self, reads: list[list[int]]) -> Program:
        by, column = self.entities.index, self.columns.index
        runs = list(self._runs)
        values = SLOTS + len(self.entities)
        width = values + len(self.columns)
        entities = []
        for name in self.entities:
            link = -1
            if name in self._linked:
                link, width = width, width + 2
            run = runs.index(name) if name in runs else -1
            entities.append([link, run, self._labelled(name)])
        windows: list[list[int]] = []
        sums: list[list[int]] = []
        distincts: list[list[int]] = []
        maxima: list[list[int]] = []
        for (entity, length), window in self._windows.items():
            row = [by(entity), length, window.cell, len(sums)]
            sums += [[column(c), cell] for c, cell in window.sums.items()]
            row += [len(sums), len(distincts)]
            distincts += [[by(c), cell] for c, cell in window.distincts.items()]
            row += [len(distincts), len(maxima)]
            for c, cell in window.maxima.items():
                maxima.append([column(c), cell, width])
                width += 2
            windows.append([*row, len(maxima)])
        labels = [[by(e), length, cell] for (e, length), cell in self._label_windows.items()]
        longest = max([self._retention, *(length for _, length, _ in labels)])
        habits = []
        for h, ((e, c, _, _), cell) in enumerate(self._habits.items()):
            higher = -1
            if h in self._higher:
                higher, width = width, width + 1
            habits.append([by(e), column(c), cell, higher])
        parameters = [[outlier, prior] for _, _, outlier, prior in self._habits]
        ratios = [[h, real, runs.index(e)] for (e, h), real in self._run_ratios.items()]
        rivals = [[h, real, runs.index(e), span] for (e, h, span), real in self._rivals.items()]
        return Program(
            entities=_table(entities, 3),
            windows=_table(windows, 9),
            sums=_table(sums, 2),
            distincts=_table(distincts, 2),
            maxima=_table(maxima, 3),
            label_windows=_table(labels, 3),
            habits=_table(habits, 4),
            habit_parameters=np.array(parameters, np.float64).reshape(-1, 2),
            runs=_table([[by(e), cell] for e, cell in self._runs.items()], 2),
            run_ratios=_table(ratios, 3),
            rivals=_table(rivals, 4),
            reads=_table(reads, 5),
            cells=max(self._cells.values(), default=FIXED_CELLS),
            reals=self._reals,
            log_columns=width,
            log_values=values,
            retention=self._retention,
            forget_after=max(self.forget_after, longest),
        )

    def _labelled(self, name: str) -> bool:
        return name in self._runs or any(
            isinstance(f, v.SinceLabel | v.LastLabels | v.KnownCount | v.KnownRate) and f.by == name
            for f in self.features
        )


def _table(rows: list[Any], width: int) -> Table:
    return np.array(rows, dtype=np.int64).reshape(-1, width)
