"""Windows that slide along the log of events: counts, sums, distinct values and extremes."""

from __future__ import annotations

import math

import numpy as np

from workbench.durations import SECOND
from workbench.features.compiling import inlined
from workbench.features.memory import CLOCK, ENTRIES, EVENTS, F64, I64, TAIL, Memory
from workbench.features.program import (
    BORN,
    LABEL,
    NEWEST,
    SEEN,
    SLOTS,
    TIME,
    Program,
)
from workbench.features.structures import MISSING, NONE, drop, find


@inlined
def slide(program: Program, memory: Memory, now: int) -> None:
    """Move every window to ``now``: events that have left it are taken out of its entities."""
    log = memory.log
    mask = len(log) - 1
    end = memory.counters[EVENTS]
    for w in range(len(program.windows)):
        limit = now - program.windows[w, 1]
        cursor = memory.cursors[w]
        while cursor < end and log[cursor & mask, TIME] <= limit:
            slot = log[cursor & mask, SLOTS + program.windows[w, 0]]
            if slot != NONE:
                _leave(program, memory, w, slot, cursor)
            cursor += 1
        memory.cursors[w] = cursor
    tail = memory.counters[TAIL]
    while tail < end and log[tail & mask, TIME] <= now - program.retention:
        tail += 1
    memory.counters[TAIL] = tail


@inlined
def _leave(program: Program, memory: Memory, w: int, slot: int, event: int) -> None:
    """Take an event out of a window of one of its entities."""
    cells = memory.cells
    log = memory.log
    mask = len(log) - 1
    cells[slot, program.windows[w, 2]] -= 1
    for s in range(program.windows[w, 3], program.windows[w, 4]):
        x = log[event & mask, program.log_values + program.sums[s, 0]]
        if x != MISSING:
            at = program.sums[s, 1]
            cells[slot, at] -= 1
            cells[slot, at + 1] -= x
            cells[slot, at + 2] -= x * x
    for d in range(program.windows[w, 5], program.windows[w, 6]):
        value, cell = log[event & mask, SLOTS + program.distincts[d, 0]], program.distincts[d, 1]
        if value != NONE:
            at = find(memory.table, slot * cells.shape[1] + cell, value)
            # Unless a later event of the window has the value, too.
            if memory.table[at, 0] != NONE and memory.table[at, 2] == event:
                drop(memory.table, at)
                memory.counters[ENTRIES] -= 1
                cells[slot, cell] -= 1
    for m in range(program.windows[w, 7], program.windows[w, 8]):
        front, link = program.extremes[m, 1], program.extremes[m, 2]
        if cells[slot, front] == event:
            after = log[event & mask, link + 1]
            cells[slot, front] = after
            if after == NONE:
                cells[slot, front + 1] = NONE
            else:
                log[after & mask, link] = NONE
    for c in range(program.windows[w, 9], program.windows[w, 10]):
        if log[event & mask, program.log_values + program.counts[c, 0]] != MISSING:
            cells[slot, program.counts[c, 1]] -= 1
    for p in range(program.windows[w, 11], program.windows[w, 12]):
        x = log[event & mask, program.log_values + program.pasts[p, 0]]
        if x != MISSING:
            cells[slot, program.pasts[p, 1]] = x
    for p in range(program.windows[w, 13], program.windows[w, 14]):
        x = log[event & mask, program.log_values + program.slopes[p, 0]]
        if x != MISSING:
            _tilt(cells, slot, program.slopes[p, 1], log[event & mask, TIME] // SECOND, x, -1)


@inlined
def _tilt(cells: I64, slot: int, at: int, t: int, x: int, sign: int) -> None:
    """Add a value to the sums of a slope, or take it out again."""
    cells[slot, at] += sign
    cells[slot, at + 1] += sign * t
    cells[slot, at + 2] += sign * t * t
    cells[slot, at + 3] += sign * x
    cells[slot, at + 4] += sign * t * x


@inlined
def enter(program: Program, memory: Memory, now: int, slots: I64, values: I64, ratios: F64) -> None:
    """Append an event to the log and put it into the windows of its entities."""
    cells = memory.cells
    log = memory.log
    event = memory.counters[EVENTS]
    row = event & (len(log) - 1)
    log[row, TIME] = now
    log[row, LABEL] = NONE
    for k in range(len(slots)):
        log[row, SLOTS + k] = slots[k]
        link = program.entities[k, 0]
        if link != NONE and slots[k] != NONE:
            log[row, link] = cells[slots[k], NEWEST]
            log[row, link + 1] = cells[slots[k], SEEN]
            cells[slots[k], NEWEST] = event
            cells[slots[k], SEEN] += 1
    for c in range(len(program.logged)):
        log[row, program.log_values + c] = values[program.logged[c, 0]]
    for h in range(len(ratios)):
        memory.ratios[row, h] = ratios[h]
        if program.habits[h, 3] != NONE and slots[program.habits[h, 0]] != NONE:
            _link(program, memory, h, row, ratios[h])
    for w in range(len(program.windows)):
        slot = slots[program.windows[w, 0]]
        if slot == NONE:
            continue
        cells[slot, program.windows[w, 2]] += 1
        for s in range(program.windows[w, 3], program.windows[w, 4]):
            x = log[row, program.log_values + program.sums[s, 0]]
            if x != MISSING:
                at = program.sums[s, 1]
                cells[slot, at] += 1
                cells[slot, at + 1] += x
                cells[slot, at + 2] += x * x
        for d in range(program.windows[w, 5], program.windows[w, 6]):
            value, cell = slots[program.distincts[d, 0]], program.distincts[d, 1]
            if value != NONE:
                _meet(memory, slot, cell, value, event)
        for m in range(program.windows[w, 7], program.windows[w, 8]):
            x = log[row, program.log_values + program.extremes[m, 0]]
            if x != MISSING:
                _raise(program, memory, m, slot, event, x)
        for c in range(program.windows[w, 9], program.windows[w, 10]):
            if log[row, program.log_values + program.counts[c, 0]] != MISSING:
                cells[slot, program.counts[c, 1]] += 1
        for p in range(program.windows[w, 13], program.windows[w, 14]):
            x = log[row, program.log_values + program.slopes[p, 0]]
            if x != MISSING:
                _tilt(cells, slot, program.slopes[p, 1], now // SECOND, x, 1)
    memory.counters[EVENTS] = event + 1
    memory.counters[CLOCK] = now


@inlined
def _link(program: Program, memory: Memory, h: int, row: int, ratio: float) -> None:
    """Link an event to the latest earlier one of its entity that has a higher ratio.

    Who looks for the highest follows these links: what they pass over was not higher.
    """
    log = memory.log
    mask = len(log) - 1
    link = program.habits[h, 3]
    at = log[row, program.entities[program.habits[h, 0], 0]]
    if not math.isnan(ratio):
        while at >= memory.counters[TAIL] and not memory.ratios[at & mask, h] > ratio:
            at = log[at & mask, link]
    log[row, link] = at


@inlined
def _meet(memory: Memory, slot: int, cell: int, value: int, event: int) -> None:
    """Note that an event is the window's latest with its value."""
    owner = slot * memory.cells.shape[1] + cell
    at = find(memory.table, owner, value)
    if memory.table[at, 0] == NONE:
        memory.table[at, 0] = owner
        memory.table[at, 1] = value
        memory.counters[ENTRIES] += 1
        memory.cells[slot, cell] += 1
    memory.table[at, 2] = event


@inlined
def _raise(program: Program, memory: Memory, m: int, slot: int, event: int, x: int) -> None:
    """Put an event at the back of a window's queue of candidates for its extreme.

    Candidates of a maximum fall from front to back, those of a minimum rise (the monotonic queue
    of sliding-window maxima).
    """
    cells = memory.cells
    log = memory.log
    mask = len(log) - 1
    front, link, sign = program.extremes[m, 1], program.extremes[m, 2], program.extremes[m, 3]
    column = program.log_values + program.extremes[m, 0]
    back = cells[slot, front + 1]
    while back != NONE and sign * log[back & mask, column] <= sign * x:
        back = log[back & mask, link]
    log[event & mask, link] = back
    log[event & mask, link + 1] = NONE
    if back == NONE:
        cells[slot, front] = event
    else:
        log[back & mask, link + 1] = event
    cells[slot, front + 1] = event


@inlined
def wipe(memory: Memory, blank: I64, k: int, slot: int) -> None:
    """Make a slot that of an entity of which nothing is known.

    Its earlier events have left all windows; labels of theirs are told by ``BORN``.
    """
    for c in range(blank.shape[1]):
        memory.cells[slot, c] = blank[k, c]
    for c in range(memory.reals.shape[1]):
        memory.reals[slot, c] = np.nan
    memory.cells[slot, BORN] = memory.counters[EVENTS]
