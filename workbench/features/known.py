"""What an entity keeps of known labels: counts, days, and runs of known positives."""

from __future__ import annotations

import math

import numpy as np

from workbench.durations import DAY
from workbench.features.compiling import called, inlined
from workbench.features.memory import (
    LABELS,
    PENDING_EVENT,
    PENDING_SLOTS,
    PENDING_TIME,
    TAIL,
    Memory,
)
from workbench.features.program import (
    BORN,
    EVENT,
    GENUINE_DAY,
    LABEL,
    LABEL_BITS,
    LABEL_SLOTS,
    LABELS_KNOWN,
    LAST_SEEN,
    NEWEST,
    POSITIVE_DAY,
    RIVAL_MEMORY,
    TIME,
    Program,
)
from workbench.features.structures import NEVER, NONE


@inlined
def slide_labels(program: Program, memory: Memory, now: int) -> None:
    """Move every label window to ``now``: labels that have left it are no longer counted."""
    cells = memory.cells
    labels = memory.labels
    mask = len(labels) - 1
    for w in range(len(program.label_windows)):
        limit, cell = now - program.label_windows[w, 1], program.label_windows[w, 2]
        cursor = memory.label_cursors[w]
        while cursor < memory.counters[LABELS] and labels[cursor & mask, TIME] <= limit:
            row = cursor & mask
            slot = labels[row, LABEL_SLOTS + program.label_windows[w, 0]]
            # The entity may have been forgotten in the meantime, and the slot be another's.
            if slot != NONE and labels[row, EVENT] >= cells[slot, BORN]:
                cells[slot, cell] -= 1
                cells[slot, cell + 1] -= labels[row, LABEL]
            cursor += 1
        memory.label_cursors[w] = cursor


@called
def deliver(program: Program, memory: Memory, row: int, label: int, known: int, now: int) -> None:
    """Let a label that has become known enter the state of its event's entities."""
    cells = memory.cells
    labels = memory.labels
    event = memory.pending[row, PENDING_EVENT]
    day = memory.pending[row, PENDING_TIME] // DAY
    if event >= memory.counters[TAIL]:
        memory.log[event & (len(memory.log) - 1), LABEL] = label
    entry = memory.counters[LABELS] & (len(labels) - 1)
    if len(program.label_windows):
        labels[entry, TIME] = known
        labels[entry, LABEL] = label
        labels[entry, EVENT] = event
        memory.counters[LABELS] += 1
    for k in range(len(program.entities)):
        slot = memory.pending[row, PENDING_SLOTS + k]
        if slot != NONE and _forgotten(program, memory, slot, event, now):
            slot = NONE
        if len(program.label_windows):
            labels[entry, LABEL_SLOTS + k] = slot
        if slot == NONE or not program.entities[k, 2]:
            continue
        cells[slot, LABEL_BITS] = ((cells[slot, LABEL_BITS] << 1) | label) & ((1 << 60) - 1)
        cells[slot, LABELS_KNOWN] += 1
        for w in range(len(program.label_windows)):
            if program.label_windows[w, 0] == k:
                cells[slot, program.label_windows[w, 2]] += 1
                cells[slot, program.label_windows[w, 2] + 1] += label
        if program.entities[k, 1] != NONE:
            _run(program, memory, program.entities[k, 1], slot, row, label, day, now)
        latest = POSITIVE_DAY if label else GENUINE_DAY
        cells[slot, latest] = max(cells[slot, latest], day)


@inlined
def _forgotten(program: Program, memory: Memory, slot: int, event: int, now: int) -> bool:
    """Whether the entity of a past event has been forgotten since.

    Its slot may be another's by now. Until somebody has noticed that its time is over, it is
    forgotten all the same: when that happens must change no result.
    """
    seen = memory.cells[slot, LAST_SEEN]
    born = memory.cells[slot, BORN]
    return bool(event < born or seen == NEVER or now - seen > program.forget_after)


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
            ratio = memory.pending_ratios[row, program.run_ratios[q, 0]]
            real = program.run_ratios[q, 1]
            if length == 0 or math.isnan(reals[slot, real]) or ratio < reals[slot, real]:
                reals[slot, real] = ratio


@inlined
def _rival(program: Program, memory: Memory, q: int, row: int, now: int) -> float:
    """Return the highest ratio around a pending event among its ratio entity's other events."""
    habit, span = program.rivals[q, 0], program.rivals[q, 3]
    k = program.habits[habit, 0]
    slot = memory.pending[row, PENDING_SLOTS + k]
    if slot == NONE:
        return np.nan
    own = memory.pending[row, PENDING_EVENT]
    if _forgotten(program, memory, slot, own, now):
        return 0.0
    log = memory.log
    mask = len(log) - 1
    t = memory.pending[row, PENDING_TIME]
    # How much longer events are kept depends on what else is declared.
    before = max(t - span - 1, now - span - RIVAL_MEMORY)
    highest = 0.0
    at = memory.cells[slot, NEWEST]
    while at >= memory.counters[TAIL] and log[at & mask, TIME] > before:
        if (
            memory.ratios[at & mask, habit] > highest
            and at != own
            and log[at & mask, TIME] <= t + span
            and log[at & mask, LABEL] != 0
        ):
            highest = memory.ratios[at & mask, habit]
        at = log[at & mask, program.entities[k, 0]]
    return highest
