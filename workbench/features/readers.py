"""Compiled readers: the value of one feature from the state before the event."""

from __future__ import annotations

import math

import numpy as np

from workbench.durations import DAY, HOUR
from workbench.features.memory import F64, I64, Memory
from workbench.features.program import (
    FIXED_RECORD,
    GENUINE_DAY,
    LABEL,
    LABEL_BITS,
    LABELS_KNOWN,
    LAST_SEEN,
    NEWEST,
    OPCODES,
    POSITIVE_DAY,
    Program,
)
from workbench.features.structures import MISSING, NEVER, NONE, OLDER, TIME, find, inlined
from workbench.features.vocabulary import (
    Count,
    Distinct,
    HighestPast,
    HourOfDay,
    KnownCount,
    KnownRate,
    LastLabels,
    Max,
    Mean,
    New,
    Night,
    Quiet,
    Ratio,
    RobustMean,
    RobustRatio,
    RunAge,
    RunGap,
    RunLength,
    RunLowest,
    RunOnly,
    RunSpan,
    SinceLast,
    Std,
    Sum,
    Value,
    Weekend,
)

_VALUE, _WEEKEND, _NIGHT, _HOUR = (OPCODES[k] for k in (Value, Weekend, Night, HourOfDay))
_COUNT, _SUM, _MEAN, _STD, _MAX, _RATIO = (
    OPCODES[k] for k in (Count, Sum, Mean, Std, Max, Ratio)
)
_DISTINCT, _NEW, _SINCE = OPCODES[Distinct], OPCODES[New], OPCODES[SinceLast]
_KNOWN_COUNT, _KNOWN_RATE, _LAST_LABELS = (
    OPCODES[k] for k in (KnownCount, KnownRate, LastLabels)
)
_ROBUST_MEAN, _ROBUST_RATIO, _HIGHEST = (
    OPCODES[k] for k in (RobustMean, RobustRatio, HighestPast)
)
_RUN_LENGTH, _RUN_AGE, _RUN_GAP, _RUN_SPAN, _QUIET, _RUN_LOWEST, _RUN_ONLY = (
    OPCODES[k] for k in (RunLength, RunAge, RunGap, RunSpan, Quiet, RunLowest, RunOnly)
)
LOOK_BACK = 512


@inlined
def read_plain(read: I64, t: int, values: I64) -> float:
    """Read what needs no past: a value, the weekend, the night, the hour."""
    code = read[0]
    if code == _VALUE:
        x = values[read[1]]
        return np.nan if x == MISSING else float(x)
    if code == _WEEKEND:
        # 1970-01-01 was a Thursday: days 2 and 3 of its week are the weekend.
        return 1.0 if (t // DAY) % 7 in (2, 3) else 0.0
    hour = (t % DAY) // HOUR
    if code == _NIGHT:
        return 1.0 if hour <= read[1] else 0.0
    return float(hour)


@inlined
def read_window(
    program: Program, memory: Memory, read: I64, t: int, slots: I64, values: I64
) -> float:
    """Read a count, sum, mean, deviation, maximum, ratio, z-score, distinct count or pause."""
    code = read[0]
    cells = memory.cells
    if code == _SINCE:
        slot = slots[read[1]]
        if slot == NONE or cells[slot, LAST_SEEN] == NEVER:
            return np.nan
        return max(t - cells[slot, LAST_SEEN], 0) / DAY
    window = program.windows[read[1]]
    slot = slots[window[0]]
    if slot == NONE:
        return np.nan
    if code == _COUNT:
        return float(cells[slot, window[2] + 1] + 1)
    if code == _DISTINCT or code == _NEW:
        kind, cell = program.distincts[read[2], 0], program.distincts[read[2], 1]
        value = slots[kind]
        if value == NONE:
            return np.nan if code == _NEW else float(cells[slot, cell])
        at = find(memory.table, slot * len(program.distincts) + read[2], value)
        new = 1 if memory.table[at, 0] == NONE else 0
        return float(new if code == _NEW else cells[slot, cell] + new)
    if code == _MAX:
        column, front = program.maxima[read[2], 0], cells[slot, program.maxima[read[2], 1]]
        x = values[column]
        if front == NONE:
            return np.nan if x == MISSING else float(x)
        highest = memory.pool[front, FIXED_RECORD + column]
        return float(highest if x == MISSING else max(x, highest))
    x, at = values[program.sums[read[2], 0]], program.sums[read[2], 1]
    n, total, squares = cells[slot, at], cells[slot, at + 1], cells[slot, at + 2]
    if code == _SUM or code == _MEAN or code == _STD:
        if x != MISSING:
            n, total, squares = n + 1, total + x, squares + x * x
        if code == _SUM:
            return float(total)
        if code == _MEAN:
            return total / n if n > 0 else np.nan
        return _deviation(n, total, squares)
    if x == MISSING or n == 0:
        return np.nan
    mean = total / n
    if code == _RATIO:
        return x / mean if mean > 0 else np.nan
    deviation = _deviation(n, total, squares)
    return (x - mean) / deviation if deviation > 0 else np.nan


@inlined
def _deviation(n: int, total: int, squares: int) -> float:
    if n < 2:
        return np.nan
    return math.sqrt(max(squares - total * (total / n), 0.0) / (n - 1))


@inlined
def read_label(program: Program, memory: Memory, read: I64, t: int, slots: I64) -> float:
    """Read counts and rates of known labels, the last ones, or the days since one."""
    code = read[0]
    cells = memory.cells
    if code == _KNOWN_COUNT or code == _KNOWN_RATE:
        window = program.label_windows[read[1]]
        slot = slots[window[0]]
        if slot == NONE:
            return np.nan
        known, positives = cells[slot, window[2] + 1], cells[slot, window[2] + 2]
        if code == _KNOWN_RATE:
            return positives / known if known > 0 else 0.0
        return float(positives if read[2] else known - positives)
    slot = slots[read[1]]
    if slot == NONE:
        return np.nan
    if code == _LAST_LABELS:
        count = min(cells[slot, LABELS_KNOWN], read[2])
        if count == 0:
            return np.nan
        bits = cells[slot, LABEL_BITS]
        positives = 0
        for i in range(count):
            positives += (bits >> i) & 1
        return positives / count
    day = cells[slot, POSITIVE_DAY if read[2] else GENUINE_DAY]
    return np.nan if day == NEVER else float(t // DAY - day)


@inlined
def read_habit(
    program: Program, memory: Memory, read: I64, t: int, slots: I64, ratios: F64, means: F64
) -> float:
    """Read the habit, the ratio to it, or the highest earlier ratio."""
    code, habit = read[0], read[1]
    if code == _ROBUST_MEAN:
        return float(means[habit])
    if code == _ROBUST_RATIO:
        return float(ratios[habit])
    slot = slots[program.habits[habit, 0]]
    if slot == NONE:
        return np.nan
    highest = 0.0
    at = memory.cells[slot, NEWEST]
    for _ in range(LOOK_BACK):
        if at == NONE or memory.pool[at, TIME] <= t - read[2]:
            break
        if memory.pool[at, LABEL] != 0:
            highest = max(highest, memory.pool_reals[at, habit])
        at = memory.pool[at, OLDER]
    return highest


@inlined
def read_run(program: Program, memory: Memory, read: I64, t: int, slots: I64) -> float:
    """Read the entity's open run of known positives, or the quiet without one."""
    code = read[0]
    cells = memory.cells
    at = read[1] if code <= _QUIET else read[2]
    slot, cell = slots[program.runs[at, 0]], program.runs[at, 1]
    if slot == NONE:
        return np.nan
    length, first, gap = cells[slot, cell], cells[slot, cell + 1], cells[slot, cell + 2]
    today = t // DAY
    if code == _RUN_LENGTH:
        return float(length)
    if code == _QUIET:
        genuine = cells[slot, GENUINE_DAY]
        return np.nan if length > 0 or genuine == NEVER else float(today - genuine)
    if length == 0:
        return np.nan
    if code == _RUN_AGE:
        return float(today - first)
    if code == _RUN_GAP:
        return np.nan if gap == NEVER else float(gap)
    if code == _RUN_SPAN:
        return np.nan if gap == NEVER else float(today - first + gap)
    real = program.run_ratios[read[1], 1]
    if code == _RUN_LOWEST:
        return float(memory.reals[slot, real])
    if length > 1:
        return np.nan
    return float(memory.reals[slot, real + (1 if code == _RUN_ONLY else 2)])
