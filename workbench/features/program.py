"""The tables that the compiled kernel runs on, and where things lie in its state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.durations import DAY
from workbench.features import derived as d
from workbench.features import measured as m
from workbench.features import vocabulary as v

Table = npt.NDArray[np.int64]

# An entity's cells: these first, then those of its windows, habits, runs and measured columns.
(
    LAST_SEEN, BORN, NEWEST, SEEN, GENUINE_DAY, POSITIVE_DAY, LABEL_BITS, LABELS_KNOWN, FIRST_SEEN,
) = range(9)  # fmt: skip
FIXED_CELLS = 9

# Of a column that is measured now and then: the last value and its time, the value before it, how
# many values there were, and how many of the latest ones are equal.
VALUE, MEASURED_AT, PREVIOUS, TIMES, REPEATED = range(5)
MEASURED_CELLS = 5

# Of a steady column: the last value that did not jump and its time, and the first of those jumps
# that agree, with its time.
STEADY, STEADY_AT, JUMPED, JUMPED_AT = range(4)
STEADY_CELLS = 4

# Of a baseline: how many values it holds, and the first part of the span from which one may still
# come; then the values, sorted, at most one for each part.
HELD, PART, VALUES = 0, 1, 2
BASELINE_PARTS = 24

# A row of the log of events: time, label (or NONE), then slots, values and links.
TIME, LABEL, SLOTS = 0, 1, 2

# A row of the log of labels: time of becoming known, label, its event's place, then slots.
EVENT, LABEL_SLOTS = 2, 3

#: How late the label of a run's first positive may come for all its rivals to be seen still.
RIVAL_MEMORY = 31 * DAY

# What a feature reads; the order is the kernel's, and the groups are its readers'.
PLAIN = (v.Value, v.Weekend, v.Night, v.HourOfDay)
WINDOW = (v.Count, v.Sum, v.Mean, v.Std, v.Ratio, v.ZScore, v.Max, v.Distinct, v.New, v.SinceLast)
MEASURED = (
    m.SinceMeasured, m.Measured, m.DistinctMeasured, m.Min, m.Slope, m.Change, m.FromBaseline,
)  # fmt: skip
KNOWN = (v.KnownCount, v.KnownRate, v.LastLabels, v.SinceLabel)
HABIT = (v.RobustMean, v.RobustRatio, v.HighestPast)
RUN = (
    v.RunLength, v.RunAge, v.RunGap, v.RunSpan, v.Quiet, v.RunLowest, v.RunOnly, v.RunRival,
)  # fmt: skip
OPCODES: dict[type[v.Feature], int] = {
    kind: code for code, kind in enumerate((*PLAIN, *WINDOW, *MEASURED, *KNOWN, *HABIT, *RUN))
}
# What is derived is computed beside the event's own values, and read like one of them. The order
# is the kernel's: the first ones are of an entity, the others of values only.
DERIVED = (
    d.Last, d.Previous, d.Repeated, d.TimesMeasured, d.SinceFirst, d.Steady,
    d.Quotient, d.Product, d.Where, d.Without, d.Points,
    d.Present, d.Weighted, d.Total, d.Highest, d.FirstOf,
)  # fmt: skip
STEPS: dict[type[v.Feature], int] = {kind: code for code, kind in enumerate(DERIVED)}
#: Every word of the vocabulary.
WORDS: tuple[type[v.Feature], ...] = (*OPCODES, *STEPS)


class Program(NamedTuple):
    """Tables of whole numbers (int64), one row an item; cells are places in an entity's row.

    An event's values are those of its columns and what the ``steps`` derive, in any order;
    ``logged`` are those that the log keeps, and *kept* is a place among these.

    ``entities``: log column of the link to the entity's older event and the event's number (or -1),
    run (or -1), whether labels are kept. ``steps``: opcode, entity (or -1), cell, three arguments,
    and the value that is derived. ``operands``: pairs of which steps and reads have any number.
    ``windows``: entity, length in µs, cell (count), and ranges of sums, distincts, extremes,
    counts, pasts and slopes. ``sums``: kept, cell (count, sum, sum of squares). ``distincts``:
    entity column counted, cell (count). ``extremes``: kept, cell (front, back), log column (older,
    newer), sign (1 of a maximum, -1 of a minimum). ``counts``: kept, cell (count). ``pasts``: kept,
    cell (the last value that has left). ``slopes``: kept, cell (count, and the sums of times, their
    squares, values, and times by values). ``measured``: entity, value, cell (see above).
    ``baselines``: entity, value, cell, span in µs. ``steadies``: entity, value, cell, jump, agree,
    hold and patience in µs, and the value that is derived. ``label_windows``: entity, length in µs,
    cell (known, positives). ``habits``: entity, value, cell (count, sum), log column of the link to
    the latest earlier event with a higher ratio (or -1). ``habit_parameters``: outlier, prior
    (float64). ``runs``: entity, cell (length, first day, gap). ``run_ratios``: habit, real (lowest
    ratio), run. ``rivals``: habit, real (highest rival), run, span in µs. ``reads``: opcode, entity
    (or -1), cell, and two arguments.

    Then numbers: values of an event, cells and reals an entity, columns of the log, the first
    that holds a value, how long events are looked at, and when an entity is forgotten (in µs).
    """

    entities: Table
    steps: Table
    operands: Table
    logged: Table
    windows: Table
    sums: Table
    distincts: Table
    extremes: Table
    counts: Table
    pasts: Table
    slopes: Table
    measured: Table
    baselines: Table
    steadies: Table
    label_windows: Table
    habits: Table
    habit_parameters: npt.NDArray[np.float64]
    runs: Table
    run_ratios: Table
    rivals: Table
    reads: Table
    values: int
    cells: int
    reals: int
    log_columns: int
    log_values: int
    retention: int
    forget_after: int
