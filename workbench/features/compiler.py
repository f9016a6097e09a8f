"""From declarations to what the compiled kernel must keep and read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.durations import microseconds
from workbench.errors import ParameterError
from workbench.features import derived as d
from workbench.features import measured as m
from workbench.features import vocabulary as v
from workbench.features.layout import tables
from workbench.features.program import (
    BASELINE_PARTS,
    FIXED_CELLS,
    GENUINE_DAY,
    MEASURED_CELLS,
    OPCODES,
    POSITIVE_DAY,
    RIVAL_MEMORY,
    STEADY_CELLS,
    STEPS,
    VALUES,
    Program,
)
from workbench.features.structures import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.streams.schema import Schema

Cells = dict[int, int]
_VALUE = OPCODES[v.Value]


@dataclass
class Window:
    """The cells of one window: its own, and those of what is kept of values within it."""

    cell: int
    sums: Cells = field(default_factory=dict)
    distincts: dict[str, int] = field(default_factory=dict)
    maxima: Cells = field(default_factory=dict)
    minima: Cells = field(default_factory=dict)
    counts: Cells = field(default_factory=dict)
    pasts: Cells = field(default_factory=dict)
    slopes: Cells = field(default_factory=dict)


class Compiler:
    """Collects what the declared features need, each thing once.

    Parameters
    ----------
    features
        Declared features; their order is the order of the matrix's columns.
    schema
        The schema whose columns they speak of.
    forget_after
        Entities not seen for so long are forgotten (µs), but never before their longest window
        has passed.

    Attributes
    ----------
    columns
        Place of each column that is read among an event's values.

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
        self.columns: dict[str, int] = {}
        self.derived: dict[v.Feature, int] = {}
        self.steps: list[list[int]] = []
        self.operands: list[tuple[int, int]] = []
        self.logged: list[int] = []
        self.cells: dict[str, int] = {}
        self.reals = 0
        self.retention = 0
        self.linked: set[str] = set()
        self.higher: set[int] = set()
        self.windows: dict[tuple[str, int], Window] = {}
        self.measured: dict[tuple[str, int], int] = {}
        self.baselines: dict[tuple[str, int, int], int] = {}
        self.steadies: list[list[int]] = []
        self.label_windows: dict[tuple[str, int], int] = {}
        self.habits: dict[tuple[str, int, float, float], int] = {}
        self.runs: dict[str, int] = {}
        self.run_ratios: dict[tuple[str, int], int] = {}
        self.rivals: dict[tuple[str, int, int], int] = {}

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
        return tables(self, [self._read(f) for f in self.features])

    # -- what a feature reads: opcode, entity, cell and two arguments --------------------------

    def _read(self, f: v.Feature) -> list[int]:
        if isinstance(f, v.Value) or type(f) in STEPS:
            return [_VALUE, -1, 0, self._value(f), 0]
        return [OPCODES[type(f)], *self._source(f)]

    def _source(self, f: v.Feature) -> list[int]:
        match f:
            case v.Night():
                return [-1, 0, f.until, 0]
            case v.Count():
                return [self._entity(f.by), self._window(f.by, f.window).cell, 0, 0]
            case v.Sum() | v.Mean() | v.Std() | v.Ratio() | v.ZScore():
                return self._within(f, "sums", 3)
            case v.Max():
                return self._within(f, "maxima", 2)
            case m.Min():
                return self._within(f, "minima", 2)
            case m.Measured():
                return self._within(f, "counts", 1)
            case m.Slope():
                return self._within(f, "slopes", 5)
            case m.Change():
                entity, cell, value, _ = self._within(f, "pasts", 1)
                return [entity, cell, value, self._measured(f.by, value)]
            case m.SinceMeasured():
                value = self._value(f.column)
                return [self._entity(f.by), self._measured(f.by, value), value, 0]
            case m.DistinctMeasured():
                values = map(self._value, f.columns)
                pairs = [(value, self._measured(f.by, value)) for value in values]
                return [self._entity(f.by), 0, *self._operands(pairs)]
            case m.FromBaseline():
                value = self._value(f.column)
                cell = self._baseline(f.by, value, microseconds(f.span))
                return [self._entity(f.by), cell, value, self._measured(f.by, value)]
            case v.Distinct() | v.New():
                counted = self._entity(f.column)
                kept = self._window(f.by, f.window).distincts
                if f.column not in kept:
                    kept[f.column] = self._take_cells(f.by, 1)
                return [self._entity(f.by), kept[f.column], counted, 0]
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
                self.higher.add(self._habit(f.ratio))
                return [self._entity(f.ratio.by), 0, self._habit(f.ratio), span]
            case v.RunLength() | v.RunAge() | v.RunGap() | v.RunSpan() | v.Quiet():
                return [self._entity(f.by), self._run(f.by), 0, 0]
            case v.RunLowest() | v.RunOnly():
                key = (f.by, self._habit(f.ratio))
                return [self._entity(f.by), self._run(f.by), self._real(self.run_ratios, key), 0]
            case v.RunRival():
                span = microseconds(f.within)
                self._look_back(f.ratio.by, span + RIVAL_MEMORY)
                rival = (f.by, self._habit(f.ratio), span)
                return [self._entity(f.by), self._run(f.by), self._real(self.rivals, rival), 0]
        return [-1, 0, 0, 0]

    # -- an event's values: columns, and what is derived of them -------------------------------

    def _value(self, measure: v.Measure) -> int:
        """Return the place of a column, or of what is derived, among an event's values."""
        if isinstance(measure, str):
            return self._column(measure)
        if isinstance(measure, v.Value):
            return self._column(measure.column)
        if measure not in self.derived:
            step = self._step(measure)
            self.derived[measure] = len(self.columns) + len(self.derived)
            self.steps.append([*step, self.derived[measure]])
        return self.derived[measure]

    def _step(self, f: v.Feature) -> list[int]:
        """Return opcode, entity, cell and three arguments."""
        match f:
            case d.Last() | d.Previous() | d.Repeated() | d.TimesMeasured():
                value = self._value(f.column)
                arguments = [self._entity(f.by), self._measured(f.by, value), value, 0, 0]
            case d.Steady():
                value, cell = self._value(f.column), self._take_cells(f.by, STEADY_CELLS)
                spans = [microseconds(f.hold), microseconds(f.patience)]
                entity = self._entity(f.by)
                derived = len(self.columns) + len(self.derived)
                self.steadies.append([entity, value, cell, f.jump, f.agree, *spans, derived])
                arguments = [entity, cell, value, len(self.steadies) - 1, 0]
            case d.SinceFirst():
                arguments = [self._entity(f.by), 0, 0, 0, 0]
            case d.Quotient():
                arguments = [-1, 0, self._value(f.over), self._value(f.under), f.times]
            case d.Product():
                arguments = [-1, 0, self._value(f.left), self._value(f.right), _positive(f.per, f)]
            case d.Without():
                arguments = [-1, 0, self._value(f.when), self._value(f.column), 0]
            case d.Where():
                chosen = [self._value(f.when), self._value(f.then), self._value(f.otherwise)]
                arguments = [-1, 0, *chosen]
            case d.Points():
                arguments = [-1, 0, self._value(f.of), *self._bands(f)]
            case d.Weighted():
                pairs = list(zip(map(self._value, f.parts), f.weights, strict=True))
                arguments = [-1, 0, *self._operands(pairs), f.plus]
            case d.Present() | d.Total() | d.Highest() | d.FirstOf():
                parts = f.columns if isinstance(f, d.Present) else f.parts
                pairs = [(self._value(part), 1) for part in parts]
                arguments = [-1, 0, *self._operands(pairs), 0]
            case _:
                raise ParameterError.of(
                    f"the feature {f.name!r} in place of a column",
                    allowed="a whole number: " + ", ".join(kind.__name__ for kind in STEPS),
                    hint="correct the feature's declaration",
                )
        return [STEPS[type(f)], *arguments]

    def _bands(self, f: d.Points) -> list[int]:
        if len(f.points) != len(f.edges) + 1 or sorted(set(f.edges)) != list(f.edges):
            raise ParameterError.of(
                f"Points(edges={f.edges}, points={f.points})",
                allowed="increasing edges, and one number of points more",
                hint="correct the feature's declaration",
            )
        none = MISSING if f.missing is None else f.missing
        above_all = int(np.iinfo(np.int64).max)
        pairs = zip((0, *f.edges, above_all), (none, *f.points), strict=True)
        return self._operands(list(pairs))

    def _operands(self, pairs: Sequence[tuple[int, int]]) -> list[int]:
        first = len(self.operands)
        self.operands.extend(pairs)
        return [first, len(self.operands)]

    def _column(self, name: str) -> int:
        integers = [c.name for c in self.schema.columns if c.kind == "integer"]
        if name not in integers:
            raise ParameterError.of(
                f"the column {name!r} in a feature",
                allowed="a whole-number column: " + ", ".join(integers),
                hint="correct the feature's declaration",
            )
        if name not in self.columns:
            self.columns[name] = len(self.columns) + len(self.derived)
        return self.columns[name]

    # -- what is kept of an entity -------------------------------------------------------------

    def _entity(self, name: str) -> int:
        if name not in self.schema.entities:
            raise ParameterError.of(
                f"the entity {name!r}",
                allowed=" or ".join(self.schema.entities),
                hint="correct the feature's declaration",
            )
        if name not in self.entities:
            self.entities.append(name)
            self.cells[name] = FIXED_CELLS
        return self.entities.index(name)

    def _take_cells(self, entity: str, count: int) -> int:
        self._entity(entity)
        first = self.cells[entity]
        self.cells[entity] += count
        return first

    def _look_back(self, entity: str, span: int) -> None:
        self.linked.add(entity)
        self.retention = max(self.retention, span)

    def _window(self, entity: str, window: str) -> Window:
        length = microseconds(window)
        key = (entity, length)
        if key not in self.windows:
            self.windows[key] = Window(self._take_cells(entity, 1))
            self.retention = max(self.retention, length)
        return self.windows[key]

    def _within(self, f: Any, kind: str, cells: int) -> list[int]:
        """Return entity, cell, value, and its place in the log, of what a window keeps."""
        value = self._value(f.column)
        parts: Cells = getattr(self._window(f.by, f.window), kind)
        if value not in parts:
            parts[value] = self._take_cells(f.by, cells)
        if value not in self.logged:
            self.logged.append(value)
        return [self._entity(f.by), parts[value], value, self.logged.index(value)]

    def _measured(self, entity: str, value: int) -> int:
        key = (entity, value)
        if key not in self.measured:
            self.measured[key] = self._take_cells(entity, MEASURED_CELLS)
        return self.measured[key]

    def _baseline(self, entity: str, value: int, span: int) -> int:
        key = (entity, value, _positive(span, "span"))
        if key not in self.baselines:
            self.baselines[key] = self._take_cells(entity, VALUES + BASELINE_PARTS)
        return self.baselines[key]

    def _label_window(self, entity: str, window: str) -> int:
        key = (entity, microseconds(window))
        if key not in self.label_windows:
            self.label_windows[key] = self._take_cells(entity, 2)
        return self.label_windows[key]

    def _habit(self, f: v.RobustRatio | v.RobustMean) -> int:
        key = (f.by, self._value(f.column), f.outlier, f.prior)
        if key not in self.habits:
            self.habits[key] = self._take_cells(f.by, 2)
        return list(self.habits).index(key)

    def _run(self, entity: str) -> int:
        if entity not in self.runs:
            self.runs[entity] = self._take_cells(entity, 3)
        return self.runs[entity]

    def _real(self, kept: dict[Any, int], key: tuple[Any, ...]) -> int:
        if key not in kept:
            kept[key] = self.reals
            self.reals += 1
        return kept[key]


def _positive(number: int, what: object) -> int:
    if number < 1:
        raise ParameterError.of(
            f"{number} in {what}", allowed="1 or more", hint="correct the feature's declaration"
        )
    return number
