"""From declarations to the tables that the compiled kernel runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.durations import microseconds
from workbench.errors import ParameterError
from workbench.features import vocabulary as v

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.streams.schema import Schema

Table = npt.NDArray[np.int64]

# An entity's cells: these first, then those of its windows, habits and runs.
LAST_SEEN, SEEN, NEWEST, OLDEST, LABEL_NEWEST, LABEL_OLDEST = range(6)
GENUINE_DAY, POSITIVE_DAY, LABEL_BITS, LABELS_KNOWN = range(6, 10)
FIXED_CELLS = 10

# A pool row: time, newer, older (see structures), then these, then values, links, ids.
SEQUENCE, LABEL = 3, 4
FIXED_RECORD = 5

# What a feature reads; the order is the kernel's.
OPCODES: dict[type[v.Feature], int] = {
    kind: code
    for code, kind in enumerate(
        (
            v.Value, v.Weekend, v.Night, v.HourOfDay,
            v.Count, v.Sum, v.Mean, v.Std, v.Max, v.Ratio, v.ZScore, v.Distinct, v.New, v.SinceLast,
            v.KnownCount, v.KnownRate, v.LastLabels, v.SinceLabel,
            v.RobustMean, v.RobustRatio, v.HighestPast,
            v.RunLength, v.RunAge, v.RunGap, v.RunSpan, v.Quiet,
            v.RunLowest, v.RunOnly, v.RunRival,
        )
    )
}  # fmt: skip


class Program(NamedTuple):
    """Tables of whole numbers (int64), one row an item; offsets point into an entity's cells.

    ``entities``: first and past-last window, first and past-last label window, first and
    past-last habit, run (or -1), retention in µs, whether records are kept, whether labels are.
    ``windows``: entity, length, cell (cursor, count), and ranges of sums, distincts, maxima.
    ``sums``: column, cell (count, sum, sum of squares). ``distincts``: entity column counted,
    cell, pool column. ``maxima``: column, cell (front, back), pool column (older, newer).
    ``label_windows``: entity, length, cell (cursor, known, positives). ``habits``: entity,
    column, cell (count, sum). ``runs``: entity, cell (length, first day, gap), real cell.
    ``run_ratios``: habit, real (lowest, only, rival), span of the rival search in µs, run.
    ``reads``: opcode and three arguments. ``habit_parameters``: outlier, prior (float64).
    ``shape``: cells, reals, pool columns, columns, habits, entities, TTL in µs.
    """

    entities: Table
    windows: Table
    sums: Table
    distincts: Table
    maxima: Table
    label_windows: Table
    habits: Table
    habit_parameters: npt.NDArray[np.float64]
    runs: Table
    run_ratios: Table
    reads: Table
    shape: Table


class Compiler:
    """Collects what the declared features need, each thing once, and lays it out.

    Parameters
    ----------
    features
        Declared features; their order is the order of the matrix's columns.
    schema
        The schema whose columns they speak of.
    forget_after
        Entities not seen for so long are forgotten, in microseconds.

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
        self._links = 0
        self._retention: dict[str, int] = {}
        self._windows: dict[tuple[str, int], dict[str, dict[str, int]]] = {}
        self._label_windows: dict[tuple[str, int], int] = {}
        self._habits: dict[tuple[str, str, float, float], int] = {}
        self._runs: dict[str, tuple[int, int]] = {}
        self._run_ratios: dict[tuple[str, int], list[int]] = {}

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
        for feature in self.features:
            self._register(feature)
        return self._tables()

    # -- what is needed ---------------------------------------------------------------------

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
            self._retention[name] = 0
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

    def _keep(self, entity: str, span: int) -> None:
        self._entity(entity)
        self._retention[entity] = max(self._retention[entity], span)

    def _window(self, entity: str, window: str) -> dict[str, dict[str, int]]:
        length = microseconds(window)
        key = (entity, length)
        if key not in self._windows:
            cell = self._take_cells(entity, 2)
            self._keep(entity, length)
            self._windows[key] = {"": {"cell": cell}, "sums": {}, "distincts": {}, "maxima": {}}
        return self._windows[key]

    def _within(self, entity: str, window: str, part: str, column: str, cells: int) -> None:
        parts = self._window(entity, window)[part]
        if column not in parts:
            parts[column] = self._take_cells(entity, cells)

    def _label_window(self, entity: str, window: str) -> None:
        key = (entity, microseconds(window))
        if key not in self._label_windows:
            self._label_windows[key] = self._take_cells(entity, 3)

    def _habit(self, f: v.RobustRatio | v.RobustMean) -> int:
        key = (f.by, f.column, f.outlier, f.prior)
        if key not in self._habits:
            self._column(f.column)
            self._habits[key] = self._take_cells(f.by, 2)
        return list(self._habits).index(key)

    def _run(self, entity: str) -> None:
        if entity not in self._runs:
            self._runs[entity] = (self._take_cells(entity, 3), 0)

    def _run_ratio(self, by: str, ratio: v.RobustRatio, within: int) -> None:
        self._run(by)
        key = (by, self._habit(ratio))
        if key not in self._run_ratios:
            self._run_ratios[key] = [self._reals, 0]
            self._reals += 3
        spans = self._run_ratios[key]
        spans[1] = max(spans[1], within)

    def _register(self, f: v.Feature) -> None:  # noqa: C901, PLR0912 - one branch a word
        match f:
            case v.Value():
                self._column(f.column)
            case v.Count():
                self._window(f.by, f.window)
            case v.Sum() | v.Mean() | v.Std() | v.Ratio() | v.ZScore():
                self._column(f.column)
                self._within(f.by, f.window, "sums", f.column, 3)
            case v.Max():
                self._column(f.column)
                self._within(f.by, f.window, "maxima", f.column, 2)
            case v.Distinct() | v.New():
                self._entity(f.column)
                self._within(f.by, f.window, "distincts", f.column, 1)
            case v.KnownCount() | v.KnownRate():
                self._label_window(f.by, f.window)
            case v.SinceLast() | v.SinceLabel() | v.LastLabels():
                self._entity(f.by)
            case v.RobustMean() | v.RobustRatio():
                self._habit(f)
            case v.HighestPast():
                self._habit(f.ratio)
                self._keep(f.ratio.by, microseconds(f.window))
            case v.RunLength() | v.RunAge() | v.RunGap() | v.RunSpan() | v.Quiet():
                self._run(f.by)
            case v.RunLowest() | v.RunOnly():
                self._run_ratio(f.by, f.ratio, 0)
            case v.RunRival():
                span = microseconds(f.within)
                self._run_ratio(f.by, f.ratio, span)
                # Both sides of an event whose label comes up to a month late.
                self._keep(f.ratio.by, span + 31 * microseconds("1d"))
        if isinstance(f, v.LastLabels) and not 1 <= f.last <= 60:
            raise ParameterError.of(
                f"LastLabels(last={f.last})", allowed="1 to 60", hint="choose fewer labels"
            )

    # -- the layout ---------------------------------------------------------------------------

    def _tables(self) -> Program:
        order = sorted(self._windows, key=lambda k: (self.entities.index(k[0]), k[1]))
        self._order = order
        pool = FIXED_RECORD + len(self.columns)
        windows, sums, distincts, maxima = [], [], [], []
        for entity, length in order:
            parts = self._windows[entity, length]
            row = [self.entities.index(entity), length, parts[""]["cell"], len(sums)]
            sums += [[self.columns.index(c), cell] for c, cell in parts["sums"].items()]
            row += [len(sums), len(distincts)]
            for c, cell in parts["distincts"].items():
                distincts.append([self.entities.index(c), cell, pool])
                pool += 1
            row += [len(distincts), len(maxima)]
            for c, cell in parts["maxima"].items():
                maxima.append([self.columns.index(c), cell, pool])
                pool += 2
            windows.append([*row, len(maxima)])
        self._label_order = sorted(
            self._label_windows, key=lambda k: (self.entities.index(k[0]), k[1])
        )
        label_windows = [
            [self.entities.index(e), length, self._label_windows[e, length]]
            for e, length in self._label_order
        ]
        habits = [
            [self.entities.index(e), self.columns.index(c), cell]
            for (e, c, _, _), cell in self._habits.items()
        ]
        run_order = list(self._runs)
        runs = [[self.entities.index(e), self._runs[e][0]] for e in run_order]
        run_ratios = [
            [habit, real, within, run_order.index(e)]
            for (e, habit), (real, within) in self._run_ratios.items()
        ]
        entities = [self._entity_row(e, windows, label_windows, run_order) for e in self.entities]
        shape = [
            max(self._cells.values(), default=FIXED_CELLS),
            self._reals,
            pool,
            len(self.columns),
            len(habits),
            len(self.entities),
            self.forget_after,
        ]
        return Program(
            entities=_table(entities, 8),
            windows=_table(windows, 9),
            sums=_table(sums, 2),
            distincts=_table(distincts, 3),
            maxima=_table(maxima, 3),
            label_windows=_table(label_windows, 3),
            habits=_table(habits, 3),
            habit_parameters=np.array(
                [(o, p) for (_, _, o, p) in self._habits], dtype=np.float64
            ).reshape(-1, 2),
            runs=_table(runs, 2),
            run_ratios=_table(run_ratios, 4),
            reads=_table([self._read(f) for f in self.features], 4),
            shape=np.array(shape, np.int64),
        )

    def _entity_row(
        self, name: str, windows: list[Any], label_windows: list[Any], run_order: list[str]
    ) -> list[int]:
        k = self.entities.index(name)

        def span(rows: list[Any]) -> tuple[int, int]:
            mine = [i for i, row in enumerate(rows) if row[0] == k]
            return (mine[0], mine[-1] + 1) if mine else (0, 0)

        run = run_order.index(name) if name in run_order else -1
        labelled = run >= 0 or any(
            isinstance(f, v.SinceLabel | v.LastLabels | v.KnownCount | v.KnownRate) and f.by == name
            for f in self.features
        )
        keeps = self._retention[name]
        return [*span(windows), *span(label_windows), run, keeps, int(keeps > 0), int(labelled)]

    def _read(self, f: v.Feature) -> list[int]:  # noqa: C901, PLR0911 - one branch a word
        code = OPCODES[type(f)]
        match f:
            case v.Value():
                return [code, self._column(f.column), 0, 0]
            case v.Night():
                return [code, f.until, 0, 0]
            case v.Count():
                return [code, self._order.index((f.by, microseconds(f.window))), 0, 0]
            case v.Sum() | v.Mean() | v.Std() | v.Ratio() | v.ZScore():
                return [code, *self._place(f.by, f.window, "sums", f.column)]
            case v.Max():
                return [code, *self._place(f.by, f.window, "maxima", f.column)]
            case v.Distinct() | v.New():
                return [code, *self._place(f.by, f.window, "distincts", f.column)]
            case v.SinceLast():
                return [code, self._entity(f.by), 0, 0]
            case v.KnownCount() | v.KnownRate():
                at = self._label_order.index((f.by, microseconds(f.window)))
                return [code, at, f.label if isinstance(f, v.KnownCount) else 0, 0]
            case v.LastLabels():
                return [code, self._entity(f.by), f.last, 0]
            case v.SinceLabel():
                return [code, self._entity(f.by), f.label, 0]
            case v.RobustMean() | v.RobustRatio():
                return [code, self._habit(f), 0, 0]
            case v.HighestPast():
                return [code, self._habit(f.ratio), microseconds(f.window), 0]
            case v.RunLength() | v.RunAge() | v.RunGap() | v.RunSpan() | v.Quiet():
                return [code, list(self._runs).index(f.by), 0, 0]
            case v.RunLowest() | v.RunOnly() | v.RunRival():
                at = list(self._run_ratios).index((f.by, self._habit(f.ratio)))
                return [code, at, list(self._runs).index(f.by), 0]
        return [code, 0, 0, 0]

    def _place(self, by: str, window: str, part: str, column: str) -> list[int]:
        at = self._order.index((by, microseconds(window)))
        before = sum(len(self._windows[key][part]) for key in self._order[:at])
        return [at, before + list(self._windows[by, microseconds(window)][part]).index(column), 0]


def _table(rows: list[Any], width: int) -> Table:
    return np.array(rows, dtype=np.int64).reshape(-1, width)
