"""Compiled: what is derived of an event's values, and what is kept of measured columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.durations import HOUR
from workbench.features import derived as d
from workbench.features.compiling import inlined
from workbench.features.program import (
    BASELINE_PARTS,
    FIRST_SEEN,
    HELD,
    JUMPED,
    JUMPED_AT,
    MEASURED_AT,
    PART,
    PREVIOUS,
    REPEATED,
    STEADY,
    STEADY_AT,
    STEPS,
    TIMES,
    VALUE,
    VALUES,
)
from workbench.features.structures import MISSING, NEVER, NONE

if TYPE_CHECKING:
    from workbench.features.memory import I64, Memory
    from workbench.features.program import Program

_LAST, _PREVIOUS, _REPEATED = STEPS[d.Last], STEPS[d.Previous], STEPS[d.Repeated]
_SINCE_FIRST, _STEADY, _PRESENT = STEPS[d.SinceFirst], STEPS[d.Steady], STEPS[d.Present]
_PRODUCT, _WEIGHTED, _POINTS = STEPS[d.Product], STEPS[d.Weighted], STEPS[d.Points]
_TOTAL, _WHERE, _WITHOUT, _FIRST_OF = (
    STEPS[d.Total], STEPS[d.Where], STEPS[d.Without], STEPS[d.FirstOf],
)  # fmt: skip


@inlined
def derive(program: Program, memory: Memory, now: int, slots: I64, values: I64) -> None:
    """Write what the steps derive among the event's values, in their order."""
    for s in range(len(program.steps)):
        step = program.steps[s]
        if step[0] <= _SINCE_FIRST:
            x = _of_entity(memory, step, now, slots, values)
        elif step[0] == _STEADY:
            x = _steady(memory, program.steadies[step[4]], now, slots, values)
        elif step[0] < _POINTS:
            x = _of_two(step, values)
        elif step[0] == _POINTS:
            x = _points(program.operands, step, values)
        else:
            x = _of_many(program.operands, step, values)
        values[step[6]] = x


@inlined
def _of_entity(memory: Memory, step: I64, now: int, slots: I64, values: I64) -> np.int64:
    """Return what the entity's last value was, how often it came, or the hours since its first."""
    cells, slot, code, cell = memory.cells, slots[step[1]], step[0], step[2]
    if slot == NONE:
        return np.int64(MISSING)
    if code == _SINCE_FIRST:
        first = cells[slot, FIRST_SEEN]
        return np.int64(0 if first == NEVER else (now - first) // HOUR)
    x, last = values[step[3]], cells[slot, cell + VALUE]
    if code == _LAST:
        return np.int64(last if x == MISSING else x)
    if code == _PREVIOUS:
        return np.int64(cells[slot, cell + PREVIOUS] if x == MISSING else last)
    if code == _REPEATED:
        if x == MISSING:
            return np.int64(cells[slot, cell + REPEATED])
        return np.int64(cells[slot, cell + REPEATED] + 1 if x == last else 1)
    return np.int64(cells[slot, cell + TIMES] + (0 if x == MISSING else 1))


@inlined
def _steady(memory: Memory, steady: I64, now: int, slots: I64, values: I64) -> np.int64:
    """Return the event's value, or none where it jumps and nothing speaks for it yet."""
    cells, slot, x, cell = memory.cells, slots[steady[0]], values[steady[1]], steady[2]
    if slot == NONE or x == MISSING:
        return np.int64(MISSING)
    last, jumped = cells[slot, cell + STEADY], cells[slot, cell + JUMPED]
    if last == MISSING or abs(x - last) <= steady[3]:
        return np.int64(x)
    if now - cells[slot, cell + STEADY_AT] >= steady[6]:
        return np.int64(x)
    agrees = jumped != MISSING and abs(x - jumped) <= steady[4]
    lasts = agrees and now - cells[slot, cell + JUMPED_AT] >= steady[5]
    return np.int64(x if lasts else MISSING)


@inlined
def _points(operands: I64, step: I64, values: I64) -> np.int64:
    """Return the points of the band that a value is in; the first operand is for none."""
    x, at = values[step[3]], step[4]
    if x != MISSING:
        at += 1
        # The last edge lies above everything.
        while operands[at, 0] < x:
            at += 1
    return np.int64(operands[at, 1])


@inlined
def _of_two(step: I64, values: I64) -> np.int64:
    """Return a quotient, a product, or one of two or none, as a third asks for."""
    a, b = values[step[3]], values[step[4]]
    if step[0] == _WITHOUT:
        return np.int64(MISSING if a != MISSING and a > 0 else b)
    if step[0] == _WHERE:
        return np.int64(b if a != MISSING and a > 0 else values[step[5]])
    if a == MISSING or b == MISSING:
        return np.int64(MISSING)
    if step[0] == _PRODUCT:
        return np.int64(a * b // step[5])
    return np.int64(MISSING if b == 0 else a * step[5] // b)


@inlined
def _of_many(operands: I64, step: I64, values: I64) -> np.int64:
    """Return a sum, a highest value, the first that is there, or how many are."""
    code, found, result = step[0], 0, np.int64(MISSING)
    adds = code in (_WEIGHTED, _TOTAL)
    for k in range(step[3], step[4]):
        x = values[operands[k, 0]]
        if x == MISSING:
            if code == _WEIGHTED:
                return np.int64(MISSING)
            continue
        found += 1
        if code == _FIRST_OF:
            return np.int64(x)
        if adds:
            x = x * operands[k, 1] + (result if found > 1 else 0)
        result = x if adds else max(result, x)
    if code == _PRESENT:
        return np.int64(found)
    return np.int64(result + step[5] if code == _WEIGHTED else result)


@inlined
def remember(program: Program, memory: Memory, now: int, slots: I64, values: I64) -> None:
    """Keep an event's values as the last ones of its entities, and as early ones."""
    cells = memory.cells
    for k in range(len(slots)):
        if slots[k] != NONE and cells[slots[k], FIRST_SEEN] == NEVER:
            cells[slots[k], FIRST_SEEN] = now
    for i in range(len(program.measured)):
        slot, x = slots[program.measured[i, 0]], values[program.measured[i, 1]]
        if slot == NONE or x == MISSING:
            continue
        cell = program.measured[i, 2]
        last = cells[slot, cell + VALUE]
        cells[slot, cell + REPEATED] = cells[slot, cell + REPEATED] + 1 if x == last else 1
        cells[slot, cell + PREVIOUS] = last
        cells[slot, cell + VALUE] = x
        cells[slot, cell + MEASURED_AT] = now
        cells[slot, cell + TIMES] += 1
    for i in range(len(program.steadies)):
        slot, x = slots[program.steadies[i, 0]], values[program.steadies[i, 1]]
        if slot != NONE and x != MISSING:
            taken = values[program.steadies[i, 7]] != MISSING
            _settle(cells, slot, program.steadies[i, 2], now, x, taken, program.steadies[i, 4])
    for i in range(len(program.baselines)):
        slot, x = slots[program.baselines[i, 0]], values[program.baselines[i, 1]]
        if slot == NONE or x == MISSING:
            continue
        elapsed, span = now - cells[slot, FIRST_SEEN], program.baselines[i, 3]
        if elapsed < span:
            part = elapsed * BASELINE_PARTS // span
            cell = program.baselines[i, 2]
            if part >= cells[slot, cell + PART]:
                cells[slot, cell + PART] = part + 1
                _insert(cells, slot, cell, x)


@inlined
def _settle(cells: I64, slot: int, cell: int, now: int, x: int, taken: bool, agree: int) -> None:
    """Keep a value as the last one that did not jump, or the first of the jumps that agree."""
    if taken:
        cells[slot, cell + STEADY] = x
        cells[slot, cell + STEADY_AT] = now
        cells[slot, cell + JUMPED] = MISSING
    else:
        jumped = cells[slot, cell + JUMPED]
        if jumped == MISSING or abs(x - jumped) > agree:
            cells[slot, cell + JUMPED] = x
            cells[slot, cell + JUMPED_AT] = now


@inlined
def _insert(cells: I64, slot: int, cell: int, x: int) -> None:
    """Put a value into its place among those of a baseline."""
    at = cell + VALUES + cells[slot, cell + HELD]
    while at > cell + VALUES and cells[slot, at - 1] > x:
        cells[slot, at] = cells[slot, at - 1]
        at -= 1
    cells[slot, at] = x
    cells[slot, cell + HELD] += 1
