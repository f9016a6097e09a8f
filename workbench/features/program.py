"""The tables that the compiled kernel runs on, and where things lie in its state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.durations import DAY
from workbench.features import vocabulary as v

Table = npt.NDArray[np.int64]

# An entity's cells: these first, then those of its windows, habits and runs.
LAST_SEEN, BORN, NEWEST, OLDEST, OLDEST_TIME = range(5)
LABEL_NEWEST, GENUINE_DAY, POSITIVE_DAY, LABEL_BITS, LABELS_KNOWN = range(5, 10)
FIXED_CELLS = 10

# The cells of a window: its oldest record, that record's time, how many records it holds; for
# labels also how many of them are positive. The time spares a look at the record, which is
# seldom in the processor's cache, at every event that no record leaves the window.
CURSOR, BEGINS, COUNT, POSITIVES = 0, 1, 2, 3

# A pool row: time, newer, older, next (see structures), then these, then values, links, ids.
SEQUENCE, LABEL = 4, 5
FIXED_RECORD = 6

# A row of a known label: time of becoming known, newer, the label, next.
KNOWN_LABEL = 2
LABEL_COLUMNS = 4

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
    """Tables of whole numbers (int64), one row an item; offsets point into an entity's cells.

    ``entities``: first and past-last window, first and past-last label window, run (or -1),
    retention in µs, whether records are kept, whether labels are.
    ``windows``: entity, length, cell (cursor, begins, count), and ranges of sums, distincts,
    maxima. ``sums``: column, cell (count, sum, sum of squares). ``distincts``: entity column
    counted, cell, pool column. ``maxima``: column, cell (front, back), pool column (older,
    newer). ``label_windows``: entity, length, cell (cursor, begins, known, positives).
    ``habits``: entity, column, cell (count, sum). ``habit_parameters``: outlier, prior
    (float64). ``runs``: entity, cell (length, first day, gap). ``run_ratios``: habit, real
    (lowest ratio), run. ``rivals``: habit, real (highest rival), run, span in µs.
    ``reads``: opcode, entity (or -1), cell, and two arguments.
    ``shape``: cells, reals, pool columns, columns, habits, entities, forget after (µs).
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
    shape: Table
