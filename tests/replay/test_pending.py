"""The table of what waits for its label does what dicts of text would do."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.detectors import codec
from workbench.errors import StreamError
from workbench.fingerprints import fingerprints
from workbench.replay.pending import GONE, Pending
from workbench.replay.queue import LabelQueue
from workbench.streams.schema import LABELS

HORIZON = 160
NEVER = np.iinfo(np.int64).min


def text(ids: list[str]) -> pl.Series:
    return pl.Series("event_id", ids, dtype=pl.String)


def prints(ids: list[str]) -> np.ndarray:
    return fingerprints(text(ids))


@dataclass
class Oracle:
    """Events by id: their time, place and feature. Forgets nobody before the label comes."""

    events: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    absorbed: int = 0

    def take(self, event_id: str, known: int) -> tuple[int, int, float] | None:
        event = self.events.pop(event_id, None)
        return event if event is not None and known - event[0] <= HORIZON else None


@given(st.data())
def test_it_does_what_a_dict_of_text_does(data: st.DataObject) -> None:
    pending, oracle, now = Pending(1, HORIZON), Oracle(), 0
    for _ in range(data.draw(st.integers(1, 12))):
        times = np.cumsum(data.draw(st.lists(st.integers(0, 40), max_size=12))) + now
        ids = [f"e{oracle.absorbed + i}" for i in range(len(times))]
        rows = pending.add(text(ids), times.astype(np.int64), oracle.absorbed)
        assert len(set(rows.tolist())) == len(ids)
        for i, (event_id, time) in enumerate(zip(ids, times.tolist(), strict=True)):
            oracle.events[event_id] = (time, oracle.absorbed + i, time + i / 100)
        pending.features[rows, 0] = [oracle.events[i][2] for i in ids]
        oracle.absorbed += len(ids)
        now = int(times[-1]) if ids else now

        wanted = data.draw(st.lists(st.integers(0, oracle.absorbed + 3), max_size=12))
        asked = [f"e{i}" for i in wanted]
        alive = {i: e[0] for i, e in oracle.events.items() if e[0] >= now - HORIZON}
        found = pending.time_of(prints(asked)).tolist()
        for event_id, time in zip(asked, found, strict=True):
            assert time == alive.get(event_id, time)
            assert (event_id in pending) == (time != NEVER)
            assert time in (NEVER, oracle.events.get(event_id, (NEVER,))[0])

        known = np.full(len(asked), now + data.draw(st.integers(0, 100)))
        taken = pending.take(prints(asked), known)
        for event_id, row, at in zip(asked, taken.tolist(), known.tolist(), strict=True):
            event = oracle.take(event_id, at)
            if event is None:
                assert row == GONE
            else:
                found_event = pending.time[row], pending.sequence[row], pending.features[row, 0]
                assert found_event == event
        pending.free(taken[taken != GONE])

        if data.draw(st.booleans()):
            state, _ = pending.state()
            pending = Pending(1, HORIZON)
            pending.restore(state)
    waiting = {i for i in oracle.events if i in pending}
    assert len(pending) == len(waiting)
    assert waiting >= {i for i, e in oracle.events.items() if e[0] >= now - HORIZON}


@pytest.mark.parametrize("ids", [["new", "old", "old"], ["new", "twin", "twin"]])
def test_an_id_that_comes_twice_is_refused_by_its_name_and_changes_nothing(ids: list[str]) -> None:
    pending = Pending(1, HORIZON)
    rows = pending.add(text(["old"]), np.array([5]), 0)
    pending.features[rows] = 0.5
    before, _ = pending.state()

    with pytest.raises(StreamError) as refused:
        pending.add(text(ids), np.array([6, 7, 8]), 1)

    assert f"the event id {ids[-1]!r}, which comes twice cannot be used" in str(refused.value)
    assert str(before) == str(pending.state()[0])
    assert "new" not in pending


def test_what_waits_longer_than_the_horizon_makes_room() -> None:
    pending = Pending(1, HORIZON)
    for i in range(5_000):
        pending.add(text([f"e{i}"]), np.array([i]), i)
    assert len(pending) + pending.never_labelled == 5_000
    assert HORIZON <= len(pending) <= HORIZON * 17 / 16 + 1
    assert len(pending.time) == 1024


def test_rows_that_were_freed_are_used_before_new_ones() -> None:
    pending = Pending(1, HORIZON)
    first = pending.add(text(["a", "b"]), np.array([1, 2]), 0)
    pending.free(pending.take(prints(["b"]), np.array([3])))
    assert pending.add(text(["c"]), np.array([4]), 2).tolist() == [first[1]]


def test_restored_events_have_the_rows_of_their_order(tmp_path) -> None:
    pending = Pending(1, HORIZON)
    rows = pending.add(text([f"e{i}" for i in range(50)]), np.arange(50), 0)
    pending.features[rows, 0] = np.arange(50)
    pending.free(pending.take(prints([f"e{i}" for i in range(0, 50, 2)]), np.full(25, 60)))
    pending.add(text(["late"]), np.array([60]), 50)
    state, order = pending.state()
    codec.save(tmp_path / "state.npz", state)
    other = Pending(1, HORIZON)
    other.restore(codec.load(tmp_path / "state.npz"))
    assert other.sequence.tolist() == pending.sequence[order].tolist() == [*range(1, 50, 2), 50]
    assert other.take(prints(["e7"]), np.array([70])).tolist() == [3]
    assert str(other.state()[0]["features"]) != str(state["features"])


def labels(rows: list[tuple[str, int, int]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["event_id", "label", "known_at"], orient="row").cast(LABELS)


def test_labels_wait_in_the_order_in_which_they_became_known() -> None:
    queue = LabelQueue()
    queue.add(labels([("a", 1, 10), ("b", 0, 20)]))
    queue.add(labels([("c", 1, 20), ("a", 0, 30)]))
    other = LabelQueue()
    other.restore(queue.state())
    for each in (queue, other):
        found, known, values = each.take(20)
        assert found.tolist() == prints(["a", "b", "c"]).tolist()
        assert (known.tolist(), values.tolist()) == ([10, 20, 20], [1, 0, 1])
        assert each.take(20)[1].size == 0
        assert each.take(30)[0].tolist() == prints(["a"]).tolist()
