"""The one compiled kernel: reads every feature of an event, then takes the event in.

It is called with batches of any size. Labels come with the index of the first event that may
see them and enter before it. An event's features are read from what was there before it
(this event is added in arithmetic, where a feature includes it), then the event is absorbed:
so no feature can see itself or the future, and no cut into batches can change a bit.
"""

from __future__ import annotations

import math

import numpy as np

from workbench.durations import DAY
from workbench.features.memory import (
    F64,
    I64,
    PENDING_SEQUENCE,
    PENDING_SLOTS,
    PENDING_TIME,
    Memory,
)
from workbench.features.program import (
    FIXED_RECORD,
    GENUINE_DAY,
    LABEL,
    LABEL_BITS,
    LABEL_NEWEST,
    LABEL_OLDEST,
    LABELS_KNOWN,
    LAST_SEEN,
    NEWEST,
    OLDEST,
    POSITIVE_DAY,
    SEEN,
    SEQUENCE,
    Program,
)
from workbench.features.readers import read_habit, read_label, read_plain, read_run, read_window
from workbench.features.structures import (
    MISSING,
    NEVER,
    NEWER,
    NONE,
    OLDER,
    TIME,
    compiled,
    inlined,
    drop,
    find,
    give,
    take,
)


@compiled
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
        Event times in µs, shape (n,), in the total order.
    slots
        Entity slots, shape (n, entities); -1 where the entity is missing.
    values
        Whole-number columns, shape (n, columns); MISSING where there is none.
    rows
        Row of each event in the pending table; -1 where no label is waited for.
    absorbed
        Whether the event enters the state (late ones do not), shape (n,), uint8.
    label_rows, label_values, label_times
        Pending row, label (int8) and time of becoming known of each label, in delivery order.
    label_at
        Index of the first event that may see the label, shape (m,), not decreasing.
    scratch
        Room for the ratios and means of the habits, shape (2, habits).
    out
        Receives the features, shape (n, features).
    """
    entities = len(program.entities)
    ratios, means = scratch[0], scratch[1]
    delivered = 0
    for i in range(len(time)):
        while delivered < len(label_rows) and label_at[delivered] <= i:
            _deliver(
                program,
                memory,
                label_rows[delivered],
                label_values[delivered],
                label_times[delivered],
            )
            delivered += 1
        t = time[i]
        for k in range(entities):
            slot = slots[i, k]
            if slot != NONE:
                seen = memory.cells[slot, LAST_SEEN]
                if seen == NEVER:
                    _wipe(memory, blank, k, slot)
                elif t - seen > program.shape[6]:
                    _forget(program, memory, blank, k, slot)
                _expire(program, memory, k, slot, t)
        _habits(program, memory, slots[i], values[i], ratios, means)
        _read(program, memory, t, slots[i], values[i], ratios, means, out[i])
        if absorbed[i]:
            _absorb(program, memory, t, slots[i], values[i], ratios, rows[i])
    while delivered < len(label_rows):
        _deliver(
            program, memory, label_rows[delivered], label_values[delivered], label_times[delivered]
        )
        delivered += 1


@inlined
def _read(
    program: Program,
    memory: Memory,
    t: int,
    slots: I64,
    values: I64,
    ratios: F64,
    means: F64,
    out: F64,
) -> None:
    for f in range(len(program.reads)):
        code = program.reads[f, 0]
        if code <= 3:
            out[f] = read_plain(program.reads[f], t, values)
        elif code <= 13:
            out[f] = read_window(program, memory, program.reads[f], t, slots, values)
        elif code <= 17:
            out[f] = read_label(program, memory, program.reads[f], t, slots)
        elif code <= 20:
            out[f] = read_habit(program, memory, program.reads[f], t, slots, ratios, means)
        else:
            out[f] = read_run(program, memory, program.reads[f], t, slots)


@inlined
def _expire(program: Program, memory: Memory, k: int, slot: int, t: int) -> None:
    """Move the cursors of the entity's windows to ``t``."""
    cells = memory.cells
    pool = memory.pool
    for w in range(program.entities[k, 0], program.entities[k, 1]):
        length, cell = program.windows[w, 1], program.windows[w, 2]
        cursor = cells[slot, cell]
        while cursor != NONE and pool[cursor, TIME] <= t - length:
            cells[slot, cell + 1] -= 1
            for s in range(program.windows[w, 3], program.windows[w, 4]):
                x = pool[cursor, FIXED_RECORD + program.sums[s, 0]]
                if x != MISSING:
                    at = program.sums[s, 1]
                    cells[slot, at] -= 1
                    cells[slot, at + 1] -= x
                    cells[slot, at + 2] -= x * x
            for d in range(program.windows[w, 5], program.windows[w, 6]):
                value = pool[cursor, program.distincts[d, 2]]
                if value != NONE:
                    at = find(memory.table, slot * len(program.distincts) + d, value)
                    if memory.table[at, 0] != NONE and memory.table[at, 2] == cursor:
                        drop(memory.table, at)
                        memory.counters[1] -= 1
                        cells[slot, program.distincts[d, 1]] -= 1
            for m in range(program.windows[w, 7], program.windows[w, 8]):
                front = program.maxima[m, 1]
                if cells[slot, front] == cursor:
                    after = pool[cursor, program.maxima[m, 2] + 1]
                    cells[slot, front] = after
                    if after == NONE:
                        cells[slot, front + 1] = NONE
                    else:
                        pool[after, program.maxima[m, 2]] = NONE
            cursor = pool[cursor, NEWER]
        cells[slot, cell] = cursor
    labels = memory.labels
    for w in range(program.entities[k, 2], program.entities[k, 3]):
        length, cell = program.label_windows[w, 1], program.label_windows[w, 2]
        cursor = cells[slot, cell]
        while cursor != NONE and labels[cursor, TIME] <= t - length:
            cells[slot, cell + 1] -= 1
            cells[slot, cell + 2] -= labels[cursor, OLDER]
            cursor = labels[cursor, NEWER]
        cells[slot, cell] = cursor
    # The longest label window is the last one; what it has let go of is in no other.
    if program.entities[k, 3] > program.entities[k, 2]:
        keep = cells[slot, program.label_windows[program.entities[k, 3] - 1, 2]]
        oldest = cells[slot, LABEL_OLDEST]
        while oldest != keep:
            after = labels[oldest, NEWER]
            give(labels, memory.label_free, oldest)
            oldest = after
        cells[slot, LABEL_OLDEST] = oldest
        if oldest == NONE:
            cells[slot, LABEL_NEWEST] = NONE


@inlined
def _habits(
    program: Program, memory: Memory, slots: I64, values: I64, ratios: F64, means: F64
) -> None:
    for h in range(len(program.habits)):
        slot = slots[program.habits[h, 0]]
        x = values[program.habits[h, 1]]
        ratios[h] = np.nan
        means[h] = np.nan
        if slot == NONE or x == MISSING:
            continue
        cell = program.habits[h, 2]
        count, total = memory.totals[h, 0], memory.totals[h, 1]
        everybody = total / count if count > 0 else float(x)
        prior = program.habit_parameters[h, 1]
        own = memory.cells[slot, cell] + prior
        mean = (memory.cells[slot, cell + 1] + prior * everybody) / own if own > 0 else everybody
        means[h] = mean
        ratios[h] = x / mean if mean > 0 else 1.0


@inlined
def _absorb(
    program: Program, memory: Memory, t: int, slots: I64, values: I64, ratios: F64, row: int
) -> None:
    """Take the event into the state of each of its entities."""
    cells = memory.cells
    sequence = memory.counters[0]
    memory.counters[0] += 1
    for h in range(len(program.habits)):
        if not math.isnan(ratios[h]) and ratios[h] <= program.habit_parameters[h, 0]:
            slot, cell = slots[program.habits[h, 0]], program.habits[h, 2]
            x = values[program.habits[h, 1]]
            cells[slot, cell] += 1
            cells[slot, cell + 1] += x
            memory.totals[h, 0] += 1
            memory.totals[h, 1] += x
    if row != NONE:
        memory.pending[row, PENDING_TIME] = t
        memory.pending[row, PENDING_SEQUENCE] = sequence
        for h in range(len(ratios)):
            memory.pending_reals[row, h] = ratios[h]
    entities = len(program.entities)
    for k in range(entities):
        slot = slots[k]
        record = NONE
        if slot != NONE:
            cells[slot, LAST_SEEN] = t
            cells[slot, SEEN] += 1
            if program.entities[k, 6]:
                record = _remember(program, memory, k, slot, t, slots, values, ratios)
                memory.pool[record, SEQUENCE] = sequence
        if row != NONE:
            memory.pending[row, PENDING_SLOTS + k] = slot
            memory.pending[row, PENDING_SLOTS + entities + k] = record


@inlined
def _remember(
    program: Program,
    memory: Memory,
    k: int,
    slot: int,
    t: int,
    slots: I64,
    values: I64,
    ratios: F64,
) -> int:
    """Append the event to the entity's list and to its windows; free what is past keeping."""
    cells = memory.cells
    pool = memory.pool
    oldest = cells[slot, OLDEST]
    while oldest != NONE and pool[oldest, TIME] <= t - program.entities[k, 5]:
        after = pool[oldest, NEWER]
        give(pool, memory.free, oldest)
        oldest = after
    record = take(pool, memory.free)
    newest = cells[slot, NEWEST] if oldest != NONE else NONE
    pool[record, TIME] = t
    pool[record, NEWER] = NONE
    pool[record, OLDER] = newest
    pool[record, LABEL] = NONE
    for c in range(len(values)):
        pool[record, FIXED_RECORD + c] = values[c]
    for h in range(len(ratios)):
        memory.pool_reals[record, h] = ratios[h]
    if newest == NONE:
        oldest = record
    else:
        pool[newest, NEWER] = record
        pool[oldest, OLDER] = NONE
    cells[slot, OLDEST] = oldest
    cells[slot, NEWEST] = record
    for w in range(program.entities[k, 0], program.entities[k, 1]):
        cell = program.windows[w, 2]
        if cells[slot, cell] == NONE:
            cells[slot, cell] = record
        cells[slot, cell + 1] += 1
        for s in range(program.windows[w, 3], program.windows[w, 4]):
            x = values[program.sums[s, 0]]
            if x != MISSING:
                at = program.sums[s, 1]
                cells[slot, at] += 1
                cells[slot, at + 1] += x
                cells[slot, at + 2] += x * x
        for d in range(program.windows[w, 5], program.windows[w, 6]):
            value = slots[program.distincts[d, 0]]
            pool[record, program.distincts[d, 2]] = value
            if value != NONE:
                owner = slot * len(program.distincts) + d
                at = find(memory.table, owner, value)
                if memory.table[at, 0] == NONE:
                    memory.table[at, 0] = owner
                    memory.table[at, 1] = value
                    memory.counters[1] += 1
                    cells[slot, program.distincts[d, 1]] += 1
                memory.table[at, 2] = record
        for m in range(program.windows[w, 7], program.windows[w, 8]):
            _raise(memory, slot, record, values, program.maxima[m])
    return record


@inlined
def _raise(memory: Memory, slot: int, record: int, values: I64, maximum: I64) -> None:
    """Put a record at the back of a window's monotonic queue of candidates for its maximum."""
    pool = memory.pool
    column, front, link = maximum[0], maximum[1], maximum[2]
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
def _forget(program: Program, memory: Memory, blank: I64, k: int, slot: int) -> None:
    """Return the entity to the state of one that was never seen."""
    _expire(program, memory, k, slot, np.iinfo(np.int64).max // 2)
    at = memory.cells[slot, OLDEST]
    while at != NONE:
        after = memory.pool[at, NEWER]
        give(memory.pool, memory.free, at)
        at = after
    _wipe(memory, blank, k, slot)


@inlined
def _wipe(memory: Memory, blank: I64, k: int, slot: int) -> None:
    for c in range(blank.shape[1]):
        memory.cells[slot, c] = blank[k, c]
    for c in range(memory.reals.shape[1]):
        memory.reals[slot, c] = 0.0


@compiled
def forget_stale(
    program: Program, memory: Memory, blank: I64, kinds: I64, now: int, stale: np.ndarray
) -> None:
    """Forget every entity not seen for the TTL; ``stale`` receives which slots they were.

    ``kinds`` holds the entity of each slot, -1 where the slot is free.
    """
    for slot in range(len(kinds)):
        seen = memory.cells[slot, LAST_SEEN]
        if kinds[slot] != NONE and seen != NEVER and now - seen > program.shape[6]:
            _forget(program, memory, blank, kinds[slot], slot)
            stale[slot] = 1


@inlined
def _deliver(program: Program, memory: Memory, row: int, label: int, known: int) -> None:
    """Let a label that has become known enter the state of its event's entities."""
    cells = memory.cells
    t = memory.pending[row, PENDING_TIME]
    day = t // DAY
    entities = len(program.entities)
    for k in range(entities):
        slot = memory.pending[row, PENDING_SLOTS + k]
        if slot == NONE:
            continue
        record = memory.pending[row, PENDING_SLOTS + entities + k]
        if (
            record != NONE
            and memory.pool[record, SEQUENCE] == memory.pending[row, PENDING_SEQUENCE]
        ):
            memory.pool[record, LABEL] = label
        if not program.entities[k, 7]:
            continue
        bits = cells[slot, LABEL_BITS]
        cells[slot, LABEL_BITS] = ((bits << 1) | label) & ((1 << 60) - 1)
        cells[slot, LABELS_KNOWN] += 1
        if program.entities[k, 3] > program.entities[k, 2]:
            _remember_label(program, memory, k, slot, label, known)
        if program.entities[k, 4] != NONE:
            _run(program, memory, program.entities[k, 4], slot, row, label, day)
        kind = POSITIVE_DAY if label else GENUINE_DAY
        cells[slot, kind] = max(cells[slot, kind], day)


@inlined
def _remember_label(
    program: Program, memory: Memory, k: int, slot: int, label: int, known: int
) -> None:
    cells = memory.cells
    labels = memory.labels
    record = take(labels, memory.label_free)
    labels[record, TIME] = known
    labels[record, NEWER] = NONE
    labels[record, OLDER] = label
    newest = cells[slot, LABEL_NEWEST]
    if newest == NONE:
        cells[slot, LABEL_OLDEST] = record
    else:
        labels[newest, NEWER] = record
    cells[slot, LABEL_NEWEST] = record
    for w in range(program.entities[k, 2], program.entities[k, 3]):
        cell = program.label_windows[w, 2]
        if cells[slot, cell] == NONE:
            cells[slot, cell] = record
        cells[slot, cell + 1] += 1
        cells[slot, cell + 2] += label


@inlined
def _run(
    program: Program, memory: Memory, run: int, slot: int, row: int, label: int, day: int
) -> None:
    """Open, count on, or end the run of positives at an entity.

    Runs follow the events' days, not the labels' order of arrival: a genuine label of an event
    older than the run only moves the gap before it, and a positive older than the last known
    genuine one opens nothing.
    """
    cell = program.runs[run, 1]
    cells = memory.cells
    length = cells[slot, cell]
    genuine = cells[slot, GENUINE_DAY]
    if label == 0:
        if length > 0:
            first = cells[slot, cell + 1]
            if day >= first:
                cells[slot, cell] = 0
            else:
                cells[slot, cell + 2] = first - max(genuine, day)
        return
    if length == 0:
        if genuine != NEVER and day < genuine:
            return
        cells[slot, cell + 1] = day
        cells[slot, cell + 2] = day - genuine if genuine != NEVER else NEVER
    cells[slot, cell] = length + 1
    for q in range(len(program.run_ratios)):
        if program.run_ratios[q, 3] != run:
            continue
        habit, real = program.run_ratios[q, 0], program.run_ratios[q, 1]
        ratio = memory.pending_reals[row, habit]
        reals = memory.reals
        if length == 0:
            reals[slot, real] = ratio
            reals[slot, real + 1] = ratio
            reals[slot, real + 2] = _rival(program, memory, q, row)
        elif ratio < reals[slot, real]:
            reals[slot, real] = ratio


@inlined
def _rival(program: Program, memory: Memory, q: int, row: int) -> float:
    """Return the highest ratio around a pending event among its ratio entity's other events."""
    habit, span = program.run_ratios[q, 0], program.run_ratios[q, 2]
    k = program.habits[habit, 0]
    slot = memory.pending[row, PENDING_SLOTS + k]
    if slot == NONE:
        return np.nan
    own = memory.pending[row, PENDING_SEQUENCE]
    t = memory.pending[row, PENDING_TIME]
    highest = 0.0
    at = memory.cells[slot, NEWEST]
    while at != NONE and memory.pool[at, TIME] >= t - span:
        if (
            memory.pool[at, SEQUENCE] != own
            and memory.pool[at, TIME] <= t + span
            and memory.pool[at, LABEL] != 0
        ):
            highest = max(highest, memory.pool_reals[at, habit])
        at = memory.pool[at, OLDER]
    return highest


