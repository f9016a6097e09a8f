"""What an entity keeps of its events: records in a list, and windows that slide along it."""

from __future__ import annotations

import numpy as np

from workbench.features.compiling import called, inlined
from workbench.features.memory import ENTRIES, F64, I64, SEQUENCES, Memory
from workbench.features.program import (
    BEGINS,
    BORN,
    COUNT,
    CURSOR,
    FIXED_RECORD,
    KNOWN_LABEL,
    LABEL,
    LABEL_NEWEST,
    NEWEST,
    OLDEST,
    OLDEST_TIME,
    POSITIVES,
    SEQUENCE,
    Program,
)
from workbench.features.structures import (
    FOREVER,
    MISSING,
    NEWER,
    NEXT,
    NONE,
    OLDER,
    TIME,
    drop,
    find,
    give,
    take,
)


@inlined
def expire(program: Program, memory: Memory, k: int, slot: int, now: int) -> None:
    """Let go of the records and labels that have left the entity's windows by ``now``."""
    cells = memory.cells
    for w in range(program.entities[k, 0], program.entities[k, 1]):
        limit = now - program.windows[w, 1]
        if cells[slot, program.windows[w, 2] + BEGINS] <= limit:
            _slide(program, memory, w, slot, limit)
    for w in range(program.entities[k, 2], program.entities[k, 3]):
        limit = now - program.label_windows[w, 1]
        if cells[slot, program.label_windows[w, 2] + BEGINS] <= limit:
            # The last label window is the longest: what leaves it is in no other.
            _slide_labels(program, memory, w, slot, limit, w == program.entities[k, 3] - 1)


@inlined
def _slide(program: Program, memory: Memory, w: int, slot: int, limit: int) -> None:
    """Take the records up to ``limit`` out of a window's counts, sums, values and maxima."""
    cells = memory.cells
    pool = memory.pool
    cell = program.windows[w, 2]
    cursor, begins = cells[slot, cell + CURSOR], cells[slot, cell + BEGINS]
    while begins <= limit:
        cells[slot, cell + COUNT] -= 1
        for s in range(program.windows[w, 3], program.windows[w, 4]):
            x = pool[cursor, FIXED_RECORD + program.sums[s, 0]]
            if x != MISSING:
                at = program.sums[s, 1]
                cells[slot, at] -= 1
                cells[slot, at + 1] -= x
                cells[slot, at + 2] -= x * x
        for d in range(program.windows[w, 5], program.windows[w, 6]):
            _leave(program, memory, d, slot, cursor)
        for m in range(program.windows[w, 7], program.windows[w, 8]):
            front, link = program.maxima[m, 1], program.maxima[m, 2]
            if cells[slot, front] == cursor:
                after = pool[cursor, link + 1]
                cells[slot, front] = after
                if after == NONE:
                    cells[slot, front + 1] = NONE
                else:
                    pool[after, link] = NONE
        begins = pool[cursor, NEXT]
        cursor = pool[cursor, NEWER]
    cells[slot, cell + CURSOR], cells[slot, cell + BEGINS] = cursor, begins


@inlined
def _leave(program: Program, memory: Memory, d: int, slot: int, record: int) -> None:
    """Count a record's value as gone if no later record of the window has it."""
    cell = program.distincts[d, 1]
    value = memory.pool[record, program.distincts[d, 2]]
    if value == NONE:
        return
    at = find(memory.table, slot * memory.cells.shape[1] + cell, value)
    if memory.table[at, 0] != NONE and memory.table[at, 2] == record:
        drop(memory.table, at)
        memory.counters[ENTRIES] -= 1
        memory.cells[slot, cell] -= 1


@inlined
def _slide_labels(
    program: Program, memory: Memory, w: int, slot: int, limit: int, longest: bool
) -> None:
    """Take the labels known up to ``limit`` out of a window."""
    cells = memory.cells
    labels = memory.labels
    cell = program.label_windows[w, 2]
    cursor, begins = cells[slot, cell + CURSOR], cells[slot, cell + BEGINS]
    while begins <= limit:
        cells[slot, cell + COUNT] -= 1
        cells[slot, cell + POSITIVES] -= labels[cursor, KNOWN_LABEL]
        begins = labels[cursor, NEXT]
        after = labels[cursor, NEWER]
        if longest:
            give(labels, memory.label_free, cursor)
        cursor = after
    cells[slot, cell + CURSOR], cells[slot, cell + BEGINS] = cursor, begins
    if longest and cursor == NONE:
        cells[slot, LABEL_NEWEST] = NONE


@inlined
def remember(
    program: Program,
    memory: Memory,
    k: int,
    slot: int,
    now: int,
    slots: I64,
    values: I64,
    ratios: F64,
) -> int:
    """Append an event to the entity's list and to its windows; return its record."""
    cells = memory.cells
    pool = memory.pool
    if cells[slot, OLDEST_TIME] <= now - program.entities[k, 5]:
        _free(memory, slot, now - program.entities[k, 5])
    record = take(pool, memory.free)
    newest = cells[slot, NEWEST]
    pool[record, TIME] = now
    pool[record, NEWER] = NONE
    pool[record, OLDER] = newest
    pool[record, NEXT] = FOREVER
    pool[record, SEQUENCE] = memory.counters[SEQUENCES]
    pool[record, LABEL] = NONE
    for c in range(len(values)):
        pool[record, FIXED_RECORD + c] = values[c]
    for h in range(len(ratios)):
        memory.pool_reals[record, h] = ratios[h]
    if newest == NONE:
        cells[slot, OLDEST], cells[slot, OLDEST_TIME] = record, now
    else:
        pool[newest, NEWER], pool[newest, NEXT] = record, now
    cells[slot, NEWEST] = record
    for w in range(program.entities[k, 0], program.entities[k, 1]):
        cell = program.windows[w, 2]
        if cells[slot, cell + CURSOR] == NONE:
            cells[slot, cell + CURSOR], cells[slot, cell + BEGINS] = record, now
        cells[slot, cell + COUNT] += 1
        for s in range(program.windows[w, 3], program.windows[w, 4]):
            x = values[program.sums[s, 0]]
            if x != MISSING:
                at = program.sums[s, 1]
                cells[slot, at] += 1
                cells[slot, at + 1] += x
                cells[slot, at + 2] += x * x
        for d in range(program.windows[w, 5], program.windows[w, 6]):
            _enter(program, memory, d, slot, record, slots[program.distincts[d, 0]])
        for m in range(program.windows[w, 7], program.windows[w, 8]):
            _raise(program, memory, m, slot, record, values)
    return record


@inlined
def _enter(program: Program, memory: Memory, d: int, slot: int, record: int, value: int) -> None:
    """Note that a record is the window's latest with its value."""
    cell = program.distincts[d, 1]
    memory.pool[record, program.distincts[d, 2]] = value
    if value == NONE:
        return
    owner = slot * memory.cells.shape[1] + cell
    at = find(memory.table, owner, value)
    if memory.table[at, 0] == NONE:
        memory.table[at, 0] = owner
        memory.table[at, 1] = value
        memory.counters[ENTRIES] += 1
        memory.cells[slot, cell] += 1
    memory.table[at, 2] = record


@inlined
def _raise(program: Program, memory: Memory, m: int, slot: int, record: int, values: I64) -> None:
    """Put a record at the back of a window's queue of candidates for its maximum.

    Candidates fall from front to back (the monotonic queue of sliding-window maxima).
    """
    pool = memory.pool
    column, front, link = program.maxima[m, 0], program.maxima[m, 1], program.maxima[m, 2]
    x = values[column]
    if x == MISSING:
        return
    back = memory.cells[slot, front + 1]
    while back != NONE and pool[back, FIXED_RECORD + column] <= x:
        back = pool[back, link]
    pool[record, link] = back
    pool[record, link + 1] = NONE
    if back == NONE:
        memory.cells[slot, front] = record
    else:
        pool[back, link + 1] = record
    memory.cells[slot, front + 1] = record


@inlined
def _free(memory: Memory, slot: int, limit: int) -> None:
    """Give back the entity's records up to ``limit``."""
    cells = memory.cells
    pool = memory.pool
    oldest, begins = cells[slot, OLDEST], cells[slot, OLDEST_TIME]
    while begins <= limit:
        begins, after = pool[oldest, NEXT], pool[oldest, NEWER]
        give(pool, memory.free, oldest)
        oldest = after
    cells[slot, OLDEST], cells[slot, OLDEST_TIME] = oldest, begins
    if oldest == NONE:
        cells[slot, NEWEST] = NONE
    else:
        pool[oldest, OLDER] = NONE


@called
def forget(program: Program, memory: Memory, blank: I64, k: int, slot: int) -> None:
    """Return the entity to the state of one that was never seen."""
    expire(program, memory, k, slot, FOREVER - 1)
    _free(memory, slot, FOREVER - 1)
    wipe(memory, blank, k, slot)


@inlined
def wipe(memory: Memory, blank: I64, k: int, slot: int) -> None:
    """Make the slot that of an entity of which nothing is known yet."""
    for c in range(blank.shape[1]):
        memory.cells[slot, c] = blank[k, c]
    for c in range(memory.reals.shape[1]):
        memory.reals[slot, c] = np.nan
    memory.cells[slot, BORN] = memory.counters[SEQUENCES]
