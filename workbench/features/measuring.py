"""Compiled readers of values that are measured now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.durations import HOUR, SECOND
from workbench.features import measured as m
from workbench.features.compiling import inlined
from workbench.features.program import HELD, MEASURED_AT, OPCODES, VALUE, VALUES
from workbench.features.structures import MISSING, NEVER, NONE

if TYPE_CHECKING:
    from workbench.features.memory import I64, Memory
    from workbench.features.program import Program

_SINCE_MEASURED, _MEASURED = OPCODES[m.SinceMeasured], OPCODES[m.Measured]
_DISTINCT_MEASURED, _MIN = OPCODES[m.DistinctMeasured], OPCODES[m.Min]
_SLOPE, _CHANGE = OPCODES[m.Slope], OPCODES[m.Change]


@inlined
def read_measured(
    program: Program, memory: Memory, read: I64, now: int, slot: int, values: I64
) -> float:
    """Read an age, a number of values, a minimum, a slope, a change or a distance."""
    code, cell = read[0], read[2]
    cells = memory.cells
    if code == _DISTINCT_MEASURED:
        found = 0
        for k in range(read[3], read[4]):
            register, own = program.operands[k, 0], program.operands[k, 1]
            if values[register] != MISSING or cells[slot, own + VALUE] != MISSING:
                found += 1
        return float(found)
    x = values[read[3]]
    if code == _SINCE_MEASURED:
        if x != MISSING:
            return 0.0
        at = cells[slot, cell + MEASURED_AT]
        return np.nan if at == NEVER else (now - at) / HOUR
    if code == _MEASURED:
        return float(cells[slot, cell] + (0 if x == MISSING else 1))
    if code == _MIN:
        front = cells[slot, cell]
        if front != NONE:
            lowest = memory.log[front & (len(memory.log) - 1), program.log_values + read[4]]
            return float(lowest if x == MISSING else min(x, lowest))
        return np.nan if x == MISSING else float(x)
    if code == _SLOPE:
        return _slope(cells[slot], cell, now // SECOND, x)
    last = cells[slot, read[4] + VALUE] if x == MISSING else x
    if last == MISSING:
        return np.nan
    if code == _CHANGE:
        before = cells[slot, cell]
        return np.nan if before == MISSING else float(last - before)
    held = cells[slot, cell + HELD]
    if held == 0:
        return np.nan
    middle = cell + VALUES + held // 2
    twice = cells[slot, middle] + cells[slot, middle - 1 + held % 2]
    return float(2 * last - twice) / 2


@inlined
def _slope(cells: I64, cell: int, t: int, x: int) -> float:
    """Return the least-squares slope an hour, from exact sums.

    The sums may wrap around: numerator and denominator do not depend on where times begin, and
    are small enough to be exact again.
    """
    n, st, stt = cells[cell], cells[cell + 1], cells[cell + 2]
    sx, stx = cells[cell + 3], cells[cell + 4]
    if x != MISSING:
        n, st, stt, sx, stx = n + 1, st + t, stt + t * t, sx + x, stx + t * x
    if n < 3:
        return np.nan
    spread = n * stt - st * st
    if spread == 0:
        return np.nan
    return float(n * stx - st * sx) * (HOUR / SECOND) / float(spread)
