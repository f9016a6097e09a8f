"""What an entity keeps of known labels: counts, days, and runs of known positives."""

from __future__ import annotations

import math

import numpy as np

from workbench.durations import DAY
from workbench.features.compiling import called, inlined
from workbench.features.memory import (
    PENDING_SEQUENCE,
    PENDING_SLOTS,
    PENDING_TIME,
    Memory,
)
from workbench.features.program import (
    BEGINS,
    BORN,
    COUNT,
    CURSOR,
    GENUINE_DAY,
    KNOWN_LABEL,
    LABEL,
    LABEL_BITS,
    LABEL_NEWEST,
    LABELS_KNOWN,
    LAST_SEEN,
    NEWEST,
    POSITIVE_DAY,
    POSITIVES,
    RIVAL_MEMORY,
    SEQUENCE,
    Program,
)
from workbench.features.structures import FOREVER, NEVER, NEWER, NEXT, NONE, OLDER, TIME, take


@called
def deliver(program: Program, memory: Memory, row: int, label: int, known: int, now: int) -> None:
    """Let a label that has become known enter the state of its event's entities."""
    cells = memory.cells
    sequence = memory.pending[row, PENDING_SEQUENCE]
    day = memory.pending[row, PENDING_TIME] // DAY
    entities = len(program.entities)
    for k in range(entities):
        slot = memory.pending[row, PENDING_SLOTS + k]
        if slot == NONE or _forgotten(program, memory, slot, sequence, now):
            continue
        record = memory.pending[row, PENDING_SLOTS + entities + k]
        if record != NONE and memory.pool[record, SEQUENCE] == sequence:
            memory.pool[record, LABEL] = label
        if not program.entities[k, 7]:
            continue
        cells[slot, LABEL_BITS] = ((cells[slot, LABEL_BITS] << 1) | label) & ((1 << 60) - 1)
        cells[slot, LABELS_KNOWN] += 1
        if program.entities[k, 3] > program.entities[k, 2]:
            _count(program, memory, k, slot, label, known)
        if program.entities[k, 4] != NONE:
            _run(program, memory, program.entities[k, 4], slot, row, label, day, now)
        latest = POSITIVE_DAY if label else GENUINE_DAY
        cells[slot, latest] = max(cells[slot, latest], day)


@inlined
def _forgotten(program: Program, memory: Memory, slot: int, sequence: int, now: int) -> bool:
    """Whether the entity of a past event has been forgotten since.

    Its slot may be another's by now. Until somebody has noticed that its time is over, it is
    forgotten all the same: when that happens must change no result.
    """
    seen = memory.cells[slot, LAST_SEEN]
    born = memory.cells[slot, BORN]
    return bool(sequence < born or seen == NEVER or now - seen > program.shape[6])


@inlined
def _count(program: Program, memory: Memory, k: int, slot: int, label: int, known: int) -> None:
    """Append a label to the entity's list and to its windows."""
    cells = memory.cells
    labels = memory.labels
    record = take(labels, memory.label_free)
    labels[record, TIME] = known
    labels[record, NEWER] = NONE
    labels[record, KNOWN_LABEL] = label
    labels[record, NEXT] = FOREVER
    newest = cells[slot, LABEL_NEWEST]
    if newest != NONE:
        labels[newest, NEWER], labels[newest, NEXT] = record, known
    cells[slot, LABEL_NEWEST] = record
    for w in range(program.entities[k, 2], program.entities[k, 3]):
        cell = program.label_windows[w, 2]
        if cells[slot, cell + CURSOR] == NONE:
            cells[slot, cell + CURSOR], cells[slot, cell + BEGINS] = record, known
        cells[slot, cell + COUNT] += 1
        cells[slot, cell + POSITIVES] += label


@inlined
def _run(
    program: Program,
    memory: Memory,
    run: int,
    slot: int,
    row: int,
    label: int,
    day: int,
    now: int,
) -> None:
    """Open, count on, or end the run of positives at an entity.

    Runs follow the events' days, not the labels' order of arrival: a genuine label of an event
    older than the run only moves the gap before it, and a positive older than the last known
    genuine one opens nothing.
    """
    cell = program.runs[run, 1]
    cells = memory.cells
    reals = memory.reals
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
        for q in range(len(program.rivals)):
            if program.rivals[q, 2] == run:
                reals[slot, program.rivals[q, 1]] = _rival(program, memory, q, row, now)
    cells[slot, cell] = length + 1
    for q in range(len(program.run_ratios)):
        if program.run_ratios[q, 2] == run:
            ratio = memory.pending_reals[row, program.run_ratios[q, 0]]
            real = program.run_ratios[q, 1]
            if length == 0 or math.isnan(reals[slot, real]) or ratio < reals[slot, real]:
                reals[slot, real] = ratio


@inlined
def _rival(program: Program, memory: Memory, q: int, row: int, now: int) -> float:
    """Return the highest ratio around a pending event among its ratio entity's other events."""
    habit, span = program.rivals[q, 0], program.rivals[q, 3]
    slot = memory.pending[row, PENDING_SLOTS + program.habits[habit, 0]]
    if slot == NONE:
        return np.nan
    own = memory.pending[row, PENDING_SEQUENCE]
    if _forgotten(program, memory, slot, own, now):
        return 0.0
    t = memory.pending[row, PENDING_TIME]
    # Records are kept at least so long; how much longer depends on what else is declared.
    begin = max(t - span, memory.cells[slot, LAST_SEEN] - span - RIVAL_MEMORY + 1)
    highest = 0.0
    at = memory.cells[slot, NEWEST]
    while at != NONE and memory.pool[at, TIME] >= begin:
        ratio = memory.pool_reals[at, habit]
        if (
            ratio > highest
            and memory.pool[at, SEQUENCE] != own
            and memory.pool[at, TIME] <= t + span
            and memory.pool[at, LABEL] != 0
        ):
            highest = ratio
        at = memory.pool[at, OLDER]
    return highest
