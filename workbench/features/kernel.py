"""The one compiled kernel: reads every feature of an event, then takes the event in.

It is called with batches of any size. Labels come with the index of the first event that may
see them and enter before it. An event's features are read from what was there before it
(this event is added in arithmetic, where a feature includes it), then the event is absorbed:
so no feature can see itself or the future, and no cut into batches can change a bit.
"""

from __future__ import annotations

import numpy as np

from workbench.features.compiling import entry, inlined
from workbench.features.deriving import derive, remember
from workbench.features.known import deliver, slide_labels
from workbench.features.measuring import read_measured
from workbench.features.memory import (
    CLOCK,
    EVENTS,
    F64,
    I64,
    PENDING_EVENT,
    PENDING_SLOTS,
    PENDING_TIME,
    Memory,
)
from workbench.features.program import (
    HABIT,
    KNOWN,
    LAST_SEEN,
    MEASURED,
    OPCODES,
    PLAIN,
    WINDOW,
    Program,
)
from workbench.features.readers import read_habit, read_known, read_plain, read_run, read_window
from workbench.features.structures import MISSING, NEVER, NONE
from workbench.features.windows import enter, slide, wipe

_LAST_PLAIN, _LAST_WINDOW = OPCODES[PLAIN[-1]], OPCODES[WINDOW[-1]]
_LAST_MEASURED = OPCODES[MEASURED[-1]]
_LAST_KNOWN, _LAST_HABIT = OPCODES[KNOWN[-1]], OPCODES[HABIT[-1]]


@entry
def advance(
    program: Program,
    memory: Memory,
    blank: I64,
    time: I64,
    slots: I64,
    values: I64,
    rows: I64,
    absorbed: np.ndarray,
    label_rows: I64,
    label_values: np.ndarray,
    label_times: I64,
    label_at: I64,
    scratch: F64,
    out: F64,
) -> None:
    """Compute the features of a batch and move the state past it.

    Parameters
    ----------
    program, memory, blank
        Tables, state, and the cells of entities that were never seen, a row a column.
    time
        Event times in µs, shape (n,), in the total order (late events apart).
    slots
        Entity slots, shape (n, entities); -1 where the entity is missing.
    values
        Whole-number columns, and room for what is derived of them, shape (n, values); MISSING
        where there is none.
    rows
        Row of each event in the pending table; -1 where no label is waited for.
    absorbed
        Whether the event enters the state (late ones do not), shape (n,), uint8.
    label_rows, label_values, label_times
        Pending row, label (int8) and time of becoming known of each label, in delivery order.
    label_at
        Index of the first event that may see the label, shape (m,), below n, not decreasing.
    scratch
        Room for the ratios and means of the habits, shape (2, habits).
    out
        Receives the features, shape (n, features).
    """
    ratios, means = scratch[0], scratch[1]
    delivered = 0
    for i in range(len(time)):
        # A late event sees the state of the moment, which is that of the latest event.
        now = max(time[i], memory.counters[CLOCK])
        while delivered < len(label_rows) and label_at[delivered] <= i:
            row = label_rows[delivered]
            deliver(program, memory, row, label_values[delivered], label_times[delivered], now)
            delivered += 1
        slide(program, memory, now)
        slide_labels(program, memory, now)
        for k in range(len(program.entities)):
            slot = slots[i, k]
            if slot != NONE:
                seen = memory.cells[slot, LAST_SEEN]
                if seen == NEVER or now - seen > program.forget_after:
                    wipe(memory, blank, k, slot)
        derive(program, memory, now, slots[i], values[i])
        _habits(program, memory, slots[i], values[i], ratios, means)
        _read(program, memory, time[i], now, slots[i], values[i], ratios, means, out[i])
        if absorbed[i]:
            _absorb(program, memory, now, slots[i], values[i], ratios, rows[i])


@inlined
def _read(
    program: Program,
    memory: Memory,
    t: int,
    now: int,
    slots: I64,
    values: I64,
    ratios: F64,
    means: F64,
    out: F64,
) -> None:
    """Read every feature. What the event says of itself is of its own time, all else of now."""
    reads = program.reads
    for f in range(len(reads)):
        code, entity = reads[f, 0], reads[f, 1]
        if code <= _LAST_PLAIN:
            out[f] = read_plain(reads[f], t, values)
            continue
        slot = slots[entity]
        if slot == NONE:
            out[f] = np.nan
        elif code <= _LAST_WINDOW:
            out[f] = read_window(program, memory, reads[f], now, slot, slots, values)
        elif code <= _LAST_MEASURED:
            out[f] = read_measured(program, memory, reads[f], now, slot, values)
        elif code <= _LAST_KNOWN:
            out[f] = read_known(memory, reads[f], now, slot)
        elif code <= _LAST_HABIT:
            out[f] = read_habit(program, memory, reads[f], now, slot, ratios, means)
        else:
            out[f] = read_run(memory, reads[f], now, slot)


@inlined
def _habits(
    program: Program, memory: Memory, slots: I64, values: I64, ratios: F64, means: F64
) -> None:
    """Compute each habit of the event's entities, and the event's ratio to it."""
    for h in range(len(program.habits)):
        slot, x = slots[program.habits[h, 0]], values[program.habits[h, 1]]
        ratios[h] = np.nan
        means[h] = np.nan
        count, total = memory.totals[h, 0], memory.totals[h, 1]
        if slot == NONE or (count == 0 and x == MISSING):
            continue
        everybody = total / count if count > 0 else float(x)
        cell, prior = program.habits[h, 2], program.habit_parameters[h, 1]
        own = memory.cells[slot, cell] + prior
        mean = (memory.cells[slot, cell + 1] + prior * everybody) / own if own > 0 else everybody
        means[h] = mean
        if x != MISSING:
            ratios[h] = x / mean if mean > 0 else 1.0


@inlined
def _absorb(
    program: Program, memory: Memory, now: int, slots: I64, values: I64, ratios: F64, row: int
) -> None:
    """Take the event into the state of each of its entities."""
    cells = memory.cells
    for h in range(len(program.habits)):
        # False where the ratio is missing.
        if ratios[h] <= program.habit_parameters[h, 0]:
            slot, cell = slots[program.habits[h, 0]], program.habits[h, 2]
            x = values[program.habits[h, 1]]
            cells[slot, cell] += 1
            cells[slot, cell + 1] += x
            memory.totals[h, 0] += 1
            memory.totals[h, 1] += x
    for k in range(len(slots)):
        if slots[k] != NONE:
            cells[slots[k], LAST_SEEN] = now
    if row != NONE:
        memory.pending[row, PENDING_TIME] = now
        memory.pending[row, PENDING_EVENT] = memory.counters[EVENTS]
        for k in range(len(slots)):
            memory.pending[row, PENDING_SLOTS + k] = slots[k]
        for h in range(len(ratios)):
            memory.pending_ratios[row, h] = ratios[h]
    remember(program, memory, now, slots, values)
    enter(program, memory, now, slots, values, ratios)


@entry
def forget_stale(
    program: Program, memory: Memory, blank: I64, kinds: I64, stale: np.ndarray
) -> None:
    """Forget every entity whose time is over; ``stale`` receives which slots they were.

    ``kinds`` holds the entity of each slot, -1 where the slot is free.
    """
    for slot in range(len(kinds)):
        seen = memory.cells[slot, LAST_SEEN]
        over = seen == NEVER or memory.counters[CLOCK] - seen > program.forget_after
        if kinds[slot] != NONE and over:
            wipe(memory, blank, kinds[slot], slot)
            stale[slot] = 1
