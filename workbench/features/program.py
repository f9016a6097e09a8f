"""The tables that the compiled kernel runs on, and where things lie in its state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.durations import DAY
from workbench.features import vocabulary as v

Table = npt.NDArray[np.int64]

# An entity's cells: these first, then those of its windows, habits and runs.
LAST_SEEN, BORN, NEWEST, SEEN, GENUINE_DAY, POSITIVE_DAY, LABEL_BITS, LABELS_KNOWN = range(8)
FIXED_CELLS = 8

# A row of the log of events: time, label (or NONE), then slots, values and links.
TIME, LABEL, SLOTS = 0, 1, 2

# A row of the log of labels: time of becoming known, label, its event's place, then slots.
EVENT, LABEL_SLOTS = 2, 3

#: How late the label of a run's first positive may come for all its rivals to be seen still.
RIVAL_MEMORY = 31 * DAY

# What a feature reads; the order is the kernel's, and the groups are its readers'.
PLAIN = (v.Value, v.Weekend, v.Night, v.HourOfDay)
WINDOW = (v.Count, v.Sum, v.Mean, v.Std, v.Ratio, v.ZScore, v.Max, v.Distinct, v.New, v.SinceLast)
KNOWN = (v.KnownCount, v.KnownRate, v.LastLabels, v.SinceLabel)
HABIT = (v.RobustMean, v.RobustRatio, v.HighestPast)
RUN = (
    v.RunLength, v.RunAge, v.RunGap, v.RunSpan, v.Quiet, v.RunLowest, v.RunOnly, v.RunRival,
)  # fmt: skip
OPCODES: dict[type[v.Feature], int] = {
    kind: code for code, kind in enumerate((*PLAIN, *WINDOW, *KNOWN, *HABIT, *RUN))
}


class Program(NamedTuple):
    """Tables of whole numbers (int64), one row an item; cells are places in an entity's row.

    ``entities``: log column of the link to the entity's older event and the event's number
    (or -1), run (or -1), whether labels are kept. ``windows``: entity, length in µs, cell
    (count), and ranges of sums, distincts and maxima. ``sums``: column, cell (count, sum, sum of
    squares). ``distincts``: entity column counted, cell (count). ``maxima``: column, cell
    (front, back), log column (older, newer). ``label_windows``: entity, length in µs, cell
    (known, positives). ``habits``: entity, column, cell (count, sum), log column of the link to
    the latest earlier event with a higher ratio (or -1). ``habit_parameters``: outlier, prior
    (float64). ``runs``: entity, cell (length, first day, gap). ``run_ratios``: habit, real
    (lowest ratio), run. ``rivals``: habit, real (highest rival), run, span in µs. ``reads``:
    opcode, entity (or -1), cell, and two arguments.

    Then numbers: cells and reals an entity, columns of the log, the first that holds a value,
    how long events are looked at, and when an entity is forgotten (both in µs).
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
    rivals: Table
    reads: Table
    cells: int
    reals: int
    log_columns: int
    log_values: int
    retention: int
    forget_after: int
