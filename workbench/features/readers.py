"""Compiled readers: the value of one feature from the state before the event.

A row of ``reads`` is an opcode, an entity, a cell, and two arguments (see the compiler).
"""

from __future__ import annotations

import math

import numpy as np

from workbench.durations import DAY, HOUR
from workbench.features import vocabulary as v
from workbench.features.compiling import inlined
from workbench.features.memory import F64, I64, TAIL, Memory
from workbench.features.program import (
    GENUINE_DAY,
    LABEL,
    LABEL_BITS,
    LABELS_KNOWN,
    LAST_SEEN,
    NEWEST,
    OPCODES,
    SEEN,
    TIME,
    Program,
)
from workbench.features.structures import MISSING, NEVER, NONE, find

_VALUE, _WEEKEND, _NIGHT = OPCODES[v.Value], OPCODES[v.Weekend], OPCODES[v.Night]
_COUNT, _SUM, _MEAN, _STD = OPCODES[v.Count], OPCODES[v.Sum], OPCODES[v.Mean], OPCODES[v.Std]
_MAX, _RATIO, _ZSCORE = OPCODES[v.Max], OPCODES[v.Ratio], OPCODES[v.ZScore]
_DISTINCT, _NEW, _SINCE_LAST = OPCODES[v.Distinct], OPCODES[v.New], OPCODES[v.SinceLast]
_KNOWN_COUNT, _KNOWN_RATE = OPCODES[v.KnownCount], OPCODES[v.KnownRate]
_LAST_LABELS = OPCODES[v.LastLabels]
_ROBUST_MEAN, _ROBUST_RATIO = OPCODES[v.RobustMean], OPCODES[v.RobustRatio]
_RUN_LENGTH, _RUN_AGE, _RUN_GAP = OPCODES[v.RunLength], OPCODES[v.RunAge], OPCODES[v.RunGap]
_RUN_SPAN, _QUIET, _RUN_ONLY = OPCODES[v.RunSpan], OPCODES[v.Quiet], OPCODES[v.RunOnly]
LOOK_BACK = 512


@inlined
def read_plain(read: I64, t: int, values: I64) -> float:
    """Read what needs no past: a value, the weekend, the night, the hour."""
    code = read[0]
    if code == _VALUE:
        x = values[read[3]]
        return np.nan if x == MISSING else float(x)
    if code == _WEEKEND:
        # 1970-01-01 was a Thursday: days 2 and 3 of its week are the weekend.
        return 1.0 if (t // DAY) % 7 in (2, 3) else 0.0
    hour = (t % DAY) // HOUR
    if code == _NIGHT:
        return 1.0 if hour <= read[3] else 0.0
    return float(hour)


@inlined
def read_window(
    program: Program, memory: Memory, read: I64, now: int, slot: int, slots: I64, values: I64
) -> float:
    """Read a count, sum, mean, deviation, ratio, z-score, maximum, distinct count or pause."""
    code, cell = read[0], read[2]
    cells = memory.cells
    if code == _COUNT:
        return float(cells[slot, cell] + 1)
    if code == _SINCE_LAST:
        seen = cells[slot, LAST_SEEN]
        return np.nan if seen == NEVER else (now - seen) / DAY
    if code == _DISTINCT or code == _NEW:
        value = slots[read[3]]
        if value == NONE:
            return np.nan if code == _NEW else float(cells[slot, cell])
        at = find(memory.table, slot * cells.shape[1] + cell, value)
        new = 1 if memory.table[at, 0] == NONE else 0
        return float(new if code == _NEW else cells[slot, cell] + new)
    x = values[read[3]]
    if code == _MAX:
        front = cells[slot, cell]
        if front != NONE:
            highest = memory.log[front & (len(memory.log) - 1), program.log_values + read[4]]
            return float(max(x, highest))
        return np.nan if x == MISSING else float(x)
    n, total, squares = cells[slot, cell], cells[slot, cell + 1], cells[slot, cell + 2]
    if code == _RATIO or code == _ZSCORE:
        if x == MISSING or n == 0:
            return np.nan
        scale = total / n if code == _RATIO else _deviation(n, total, squares)
        # Not a number where the deviation is missing, too.
        if not scale > 0:
            return np.nan
        # The difference is taken in whole numbers, where it cannot cancel.
        return float(x / scale if code == _RATIO else (x * n - total) / n / scale)
    if x != MISSING:
        n, total, squares = n + 1, total + x, squares + x * x
    if code == _SUM:
        return float(total)
    if code == _MEAN:
        return total / n if n > 0 else np.nan
    return _deviation(n, total, squares)


@inlined
def _deviation(n: int, total: int, squares: int) -> float:
    """Return the sample standard deviation from exact sums.

    The squares are taken around the whole part of the mean: that sum is exact in whole numbers,
    even where the sum of the squares themselves has wrapped around, and nothing cancels.
    """
    if n < 2:
        return np.nan
    middle = total // n
    rest = total - middle * n
    around = squares - middle * (total + rest)
    return math.sqrt((around - rest * (rest / n)) / (n - 1))


@inlined
def read_known(memory: Memory, read: I64, now: int, slot: int) -> float:
    """Read counts and rates of known labels, the last ones, or the days since one."""
    code, cell = read[0], read[2]
    cells = memory.cells
    if code == _KNOWN_COUNT or code == _KNOWN_RATE:
        known, positives = cells[slot, cell], cells[slot, cell + 1]
        if code == _KNOWN_RATE:
            return positives / known if known > 0 else 0.0
        return float(positives if read[3] else known - positives)
    if code == _LAST_LABELS:
        count = min(cells[slot, LABELS_KNOWN], read[3])
        positives = 0
        for i in range(count):
            positives += (cells[slot, LABEL_BITS] >> i) & 1
        return positives / count if count > 0 else np.nan
    day = cells[slot, cell]
    return np.nan if day == NEVER else float(now // DAY - day)


@inlined
def read_habit(
    program: Program, memory: Memory, read: I64, now: int, slot: int, ratios: F64, means: F64
) -> float:
    """Read the habit, the ratio to it, or the highest earlier ratio."""
    code, entity, habit = read[0], read[1], read[3]
    if code == _ROBUST_MEAN:
        return float(means[habit])
    if code == _ROBUST_RATIO:
        return float(ratios[habit])
    log = memory.log
    mask = len(log) - 1
    older, higher = program.entities[entity, 0], program.habits[habit, 3]
    limit, last = now - read[4], memory.cells[slot, SEEN] - LOOK_BACK
    highest = 0.0
    at = memory.cells[slot, NEWEST]
    while at >= memory.counters[TAIL] and log[at & mask, TIME] > limit:
        row = at & mask
        if log[row, older + 1] < last:
            break
        if log[row, LABEL] == 0:
            at = log[row, older]
        else:
            # False where the ratio is missing.
            if memory.ratios[row, habit] > highest:
                highest = memory.ratios[row, habit]
            at = log[row, higher]
    return highest


@inlined
def read_run(memory: Memory, read: I64, now: int, slot: int) -> float:
    """Read the entity's open run of known positives, or the quiet without one."""
    code, cell = read[0], read[2]
    cells = memory.cells
    length, first, gap = cells[slot, cell], cells[slot, cell + 1], cells[slot, cell + 2]
    if code == _RUN_LENGTH:
        return float(length)
    if code == _QUIET:
        genuine = cells[slot, GENUINE_DAY]
        return np.nan if length > 0 or genuine == NEVER else float(now // DAY - genuine)
    if length == 0:
        return np.nan
    if code == _RUN_AGE:
        return float(now // DAY - first)
    if code == _RUN_GAP:
        return np.nan if gap == NEVER else float(gap)
    if code == _RUN_SPAN:
        return np.nan if gap == NEVER else float(now // DAY - first + gap)
    # The lowest ratio of a run of one is that of its only positive; a rival is of a run of one.
    lowest_of_many = length > 1 and code < _RUN_ONLY
    return memory.reals[slot, read[3]] if length == 1 or lowest_of_many else np.nan
