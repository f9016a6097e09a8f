"""The rules of the one path: labels late, order total, no cut changes a bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.cases.fraud.schema import SCHEMA
from workbench.detectors import codec
from workbench.durations import DAY, HOUR, MINUTE
from workbench.errors import StreamError
from workbench.features.vocabulary import Count, KnownCount, Value
from workbench.replay.drive import drive
from workbench.replay.pace import Pace
from workbench.replay.path import Path
from workbench.replay.setup import Setup
from workbench.streams.labels import LabelFeed
from workbench.streams.schema import LABELS, TIME

if TYPE_CHECKING:
    from pathlib import Path as File

    from workbench.detectors.target import Delivered, Lesson
    from workbench.streams.recorded import Stream

FEATURES = (Value("amount"), Count("card", "1d"), KnownCount("card", "30d"))
START = 20_000 * DAY


class Memo:
    """A detector whose score tells what it has learned: any early label changes it."""

    def __init__(self) -> None:
        self.total = 0.0
        self.rows: list[tuple[float, ...]] = []

    def warm_up(self, X: Any) -> None:
        self.warm = X.shape

    def score(self, X: Any) -> Any:
        return X.sum(axis=1) + self.total

    def learn(self, X: Any, y: Any, w: Any) -> None:
        for row, label, weight in zip(X, y, w, strict=True):
            self.total = float(self.total * 0.5 + row[0] * (label + 1) * weight)
            self.rows.append((*row, float(label), weight))

    def state(self) -> dict[str, Any]:
        return {"total": self.total}

    def restore(self, state: dict[str, Any]) -> None:
        self.total = state["total"]


def events_of(minutes: list[int], cards: list[str] | None = None) -> pl.DataFrame:
    n = len(minutes)
    return pl.DataFrame(
        {
            "event_id": [f"e{i:03d}" for i in range(n)],
            "event_time": pl.Series([START + m * MINUTE for m in minutes]).cast(TIME),
            "card": cards or ["c"] * n,
            "terminal": ["t"] * n,
            "amount": [100 + i for i in range(n)],
            "area": ["A"] * n,
        }
    )


def instant(time: int) -> Any:
    return pl.Series([time]).cast(TIME)[0]


def labels_of(rows: list[tuple[str, int, int]]) -> pl.DataFrame:
    """Labels from (id, label, minute of becoming known)."""
    return pl.DataFrame(
        {
            "event_id": [r[0] for r in rows],
            "label": pl.Series([r[1] for r in rows], dtype=pl.Int8),
            "known_at": pl.Series([START + r[2] * MINUTE for r in rows], dtype=pl.Int64).cast(TIME),
        },
        schema=LABELS,
    ).sort("known_at", "event_id")


def a_path(*, strict: bool = True, **pace: Any) -> Path:
    settings: dict[str, Any] = {"warm_up": 0, "negatives": 1.0, "importance": 1.0, **pace}
    return Path(FEATURES, SCHEMA, Memo(), Pace(**settings), strict=strict)


def scores_of(path: Path, events: pl.DataFrame, labels: pl.DataFrame, cuts: list[int]) -> Any:
    found, begin, given = [], 0, 0
    known = labels["known_at"].to_physical()
    for end in [*sorted(set(cuts)), events.height]:
        if end == begin:
            continue
        now = events["event_time"].to_physical()[end - 1]
        until = int(known.search_sorted(now, "right")) if labels.height else 0
        found.append(path.process(events[begin:end], labels[given:until]))
        begin, given = end, until
    return np.concatenate(found)


@st.composite
def histories(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame]:
    minutes = sorted(draw(st.lists(st.integers(0, 600), min_size=2, max_size=25)))
    cards = draw(st.lists(st.sampled_from("ab"), min_size=len(minutes), max_size=len(minutes)))
    labels = [
        (f"e{i:03d}", draw(st.integers(0, 1)), minute + draw(st.integers(0, 300)))
        for i, minute in enumerate(minutes)
        if draw(st.booleans())
    ]
    return events_of(minutes, cards), labels_of(labels)


@pytest.mark.parametrize("deliver", [0, 7 * MINUTE, HOUR])
@given(history=histories(), data=st.data())
def test_a_label_changes_no_score_before_the_delivery_after_it_became_known(
    deliver: int, history: tuple[pl.DataFrame, pl.DataFrame], data: st.DataObject
) -> None:
    events, labels = history
    if not labels.height:
        return
    i = data.draw(st.integers(0, labels.height - 1))
    known = labels["known_at"].to_physical()[i]
    flipped = labels.with_columns(
        label=pl.when(pl.int_range(pl.len()) == i).then(1 - pl.col("label")).otherwise("label")
    ).cast({"label": pl.Int8})
    one, two = (scores_of(a_path(deliver=deliver), events, rows, []) for rows in (labels, flipped))
    times = events["event_time"].to_physical().to_numpy()
    # The first delivery that may bring it lies at or after known_at; scores up to and at that
    # delivery must not know it.
    delivery = known if deliver == 0 else -(-known // deliver) * deliver
    early = times <= delivery
    assert one[early].tobytes() == two[early].tobytes()


@given(history=histories(), cuts=st.lists(st.integers(0, 25), max_size=6))
def test_any_cut_into_batches_gives_the_same_bytes(
    history: tuple[pl.DataFrame, pl.DataFrame], cuts: list[int]
) -> None:
    events, labels = history
    cuts = [c for c in cuts if c <= events.height]
    whole = scores_of(a_path(deliver=HOUR, warm_up=90 * MINUTE), events, labels, [])
    assert scores_of(a_path(deliver=HOUR, warm_up=90 * MINUTE), events, labels, cuts).tobytes() == (
        whole.tobytes()
    )


@given(
    history=histories(),
    short=st.integers(1, 5),
    step=st.integers(1, 9),
    deliver=st.sampled_from([0, HOUR]),
)
def test_a_batch_worked_off_in_steps_gives_the_same_bytes(
    history: tuple[pl.DataFrame, pl.DataFrame], short: int, step: int, deliver: int
) -> None:
    def told(path: Path) -> tuple[Any, ...]:
        parts: list[tuple[int, Any]] = []

        def scored(first: int, X: Any, scores: Any) -> None:
            parts.extend(zip(range(first, first + len(X)), X.tolist(), scores, strict=True))

        scores = path.process(*history, scored)
        return scores.tobytes(), parts, path.delays.tolist(), path.tally(), path.last

    whole = a_path(deliver=deliver, warm_up=90 * MINUTE)
    expected = told(whole)
    with patch.multiple("workbench.replay.path", STEP=step, SHORT=short):
        stepwise = a_path(deliver=deliver, warm_up=90 * MINUTE)
        assert told(stepwise) == expected


@given(history=histories(), step=st.integers(1, 9), deliver=st.sampled_from([0, HOUR]))
def test_a_target_is_told_the_truth_about_each_label(
    history: tuple[pl.DataFrame, pl.DataFrame], step: int, deliver: int
) -> None:
    events, labels = history
    path, told = a_path(deliver=deliver), []
    lesson = path.learner.target.lesson

    def listened(delivered: Delivered) -> Lesson:
        for row, known, *rest in zip(delivered.rows, delivered.known, *delivered[2:4], strict=True):
            told.append((*delivered.table[row, :1].tolist(), known, *rest))
        entities.extend(zip(delivered.sequence, delivered.entity, strict=True))
        return lesson(delivered)

    entities: list[tuple[int, int]] = []
    path.learner.target.lesson = listened  # type: ignore[method-assign]  # listens, and teaches as before
    with patch.multiple("workbench.replay.path", STEP=step, SHORT=1):
        path.process(events, labels)
    for amount, known, label, time in told:
        event = events.row(by_predicate=pl.col("amount") == amount, named=True)
        (found,) = labels.filter(event_id=event["event_id"]).rows(named=True)
        assert (found["label"], found["known_at"]) == (label, instant(known))
        assert event["event_time"] == instant(time)
    cards = {(events["card"][int(place)], int(entity)) for place, entity in entities}
    assert len(cards) == len(dict(cards)) == len({entity for _, entity in cards})


@given(history=histories(), middle=st.integers(1, 24))
def test_a_path_restored_in_the_middle_has_the_same_future(
    history: tuple[pl.DataFrame, pl.DataFrame], middle: int, tmp_path_factory: Any
) -> None:
    events, labels = history
    middle = min(middle, events.height - 1)
    now = events["event_time"].to_physical()[middle - 1]
    until = int(labels["known_at"].to_physical().search_sorted(now, "right"))
    first = a_path()
    first.process(events[:middle], labels[:until])
    file = tmp_path_factory.mktemp("state") / "state.npz"
    codec.save(file, first.state())
    second = a_path()
    second.restore(codec.load(file))
    rest = events[middle:], labels[until:]
    assert first.process(*rest).tobytes() == second.process(*rest).tobytes()


def test_a_label_is_learned_with_the_features_that_its_event_was_scored_with() -> None:
    path = a_path(deliver=0)
    path.process(events_of([0, 10, 20, 200]), labels_of([("e001", 1, 100)]))
    assert path.learner.detector.rows == [(101.0, 2.0, 0.0, 1.0, 1.0)]  # type: ignore[attr-defined]  # a Memo


def test_a_label_that_is_never_known_is_never_learned() -> None:
    path = a_path()
    path.process(events_of([0, 10, 2000]), labels_of([("e000", 1, 30)]))
    assert path.learner.learned == 1


def test_a_label_without_its_event_is_counted_and_changes_nothing() -> None:
    plain, other = a_path(), a_path()
    events = events_of([0, 10, 2000])
    one = plain.process(events, labels_of([]))
    two = other.process(events, labels_of([("elsewhere", 1, 30)]))
    assert one.tobytes() == two.tobytes()
    assert other.counts.without_event == 1


def test_a_label_beyond_the_horizon_is_not_learned() -> None:
    path = a_path(horizon=DAY)
    path.process(events_of([0, 3 * 1440]), labels_of([("e000", 1, 2 * 1440)]))
    assert path.learner.learned == 0
    assert path.pending.never_labelled == 1


def test_a_label_before_its_event_is_refused() -> None:
    with pytest.raises(StreamError, match="before its event"):
        a_path(deliver=0).process(events_of([100, 110, 120]), labels_of([("e001", 1, 105)]))


def test_labels_out_of_order_are_refused() -> None:
    path = a_path()
    path.process(events_of([0]), labels_of([("x", 1, 500)]))
    with pytest.raises(StreamError, match="out of order"):
        path.process(events_of([10])[:0], labels_of([("y", 1, 400)]))


@pytest.mark.parametrize(("cut", "step"), [([], 9), ([1], 9), ([], 1)])
def test_an_event_that_comes_twice_is_refused(cut: list[int], step: int) -> None:
    events = events_of([0, 10]).with_columns(event_id=pl.lit("same"))
    with (
        patch.multiple("workbench.replay.path", STEP=step, SHORT=1),
        pytest.raises(StreamError, match="the event id 'same', which comes twice"),
    ):
        scores_of(a_path(), events, labels_of([]), cut)


def test_a_late_event_is_scored_and_kept_out_of_the_state() -> None:
    plain, other = a_path(), a_path()
    first, late, last = events_of([0]), events_of([5, 6])[1:], events_of([10, 11, 12])[2:]
    nothing = labels_of([])
    plain.process(first, nothing)
    other.process(first, nothing)
    assert np.isfinite(other.score_late(late)).all()
    assert plain.process(last, nothing).tobytes() == other.process(last, nothing).tobytes()


def test_a_label_from_before_its_event_is_an_error_or_counted_and_used_for_nothing() -> None:
    events, early, good = events_of([0, 70, 200]), labels_of([("e001", 1, 65)]), ("e001", 1, 80)
    with pytest.raises(StreamError, match="before its event"):
        a_path().process(events, early)

    lenient, plain = a_path(strict=False), a_path(strict=False)
    both = lenient.process(events, labels_of([("e001", 1, 65), good]))
    assert both.tobytes() == plain.process(events, labels_of([good])).tobytes()
    assert lenient.counts.before_event == 1


def test_who_explains_a_score_sees_the_detector_that_made_it() -> None:
    path, seen = a_path(deliver=HOUR), []

    def scored(begin: int, X: Any, scores: Any) -> None:
        again = path.learner.detector.score(X)
        seen.append((begin, len(X), again.tobytes() == scores.tobytes()))

    path.process(events_of([0, 61, 62, 130]), labels_of([("e000", 1, 30), ("e001", 0, 90)]), scored)
    assert seen == [(0, 1, True), (1, 2, True), (3, 1, True)]


def test_scores_are_zero_until_the_warm_up_has_passed() -> None:
    scores = a_path(warm_up=HOUR).process(events_of([0, 59, 60, 61]), labels_of([]))
    assert (scores != 0).tolist() == [False, False, True, True]


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_about_the_given_share_of_genuine_events_is_learned_and_every_positive(
    share: float,
) -> None:
    pace = Pace(negatives=share, seed=3)
    sequence = np.arange(20_000)
    negatives = pace.learned(sequence, np.zeros(20_000, np.int8))
    assert abs(negatives.mean() - share) < 0.02
    assert pace.learned(sequence, np.ones(20_000, np.int8)).all()
    assert (negatives == pace.learned(sequence, np.zeros(20_000, np.int8))).all()


def test_memory_for_labels_is_used_again() -> None:
    path = a_path(deliver=0)
    labels = labels_of([])
    for day in range(40):
        events = events_of([day * 1440 + m for m in range(50)]).with_columns(
            event_id=pl.lit(f"d{day}-") + pl.col("event_id")
        )
        path.process(events, labels)
        labels = labels_of([(f"d{day}-e{i:03d}", 0, day * 1440 + 60) for i in range(50)])
    assert len(path.pending.time) <= 1024
    assert len(path.pending) <= 100


@pytest.mark.parametrize("detector", ["additive", "hoeffding-tree"])
def test_the_real_detectors_do_not_feel_the_cut_either(stream: Stream, detector: str) -> None:
    found = [
        np.concatenate(
            [s for _, s in drive(Setup.of("fraud", detector).build(), stream, DAY, batch=batch)]
        )
        for batch in (65_536, 701)
    ]
    assert found[0].tobytes() == found[1].tobytes()


def test_the_feed_gives_each_label_once_in_the_order_of_becoming_known(stream: Stream) -> None:
    feed = LabelFeed(stream, None)
    middle = int(stream.start.timestamp() + 10 * 86_400) * 1_000_000
    parts = [feed.until(middle), feed.until(middle), feed.until(2**62)]
    whole = pl.concat(parts)
    assert parts[1].height == 0
    assert whole.height == stream.n_labels
    assert whole.equals(whole.sort("known_at", "event_id"))
    after = LabelFeed(stream, None, after=middle).until(2**62)
    assert after.equals(parts[2])


def foreign(folder: File, events: pl.DataFrame, labels: pl.DataFrame) -> Stream:
    """A stream folder as another program might write it."""
    from workbench.streams.recorded import Stream as Recorded

    folder.mkdir()
    (folder / "stream.json").write_text('{"case": "fraud"}')
    events.write_parquet(folder / "events-0.parquet")
    labels.write_parquet(folder / "labels-0.parquet")
    return Recorded.open(folder)


def test_labels_in_any_order_on_disk_are_sorted(tmp_path: File) -> None:
    labels = labels_of([("e000", 1, 500), ("e001", 0, 300), ("e002", 0, 300)])
    stream = foreign(tmp_path / "s", events_of([0, 10, 20]), labels.reverse())
    assert LabelFeed(stream, None).until(2**62).equals(labels)


@pytest.mark.parametrize("chosen", [[0, 1, 2], [2, 0, 1], [1], [0, 2]])
def test_the_delay_gives_known_at_where_labels_have_none(tmp_path: File, chosen: list[int]) -> None:
    events = events_of([0, 10, 20])
    bare = labels_of([(f"e{i:03d}", i % 2, 0) for i in range(3)])[chosen].with_columns(
        known_at=pl.lit(None, TIME)
    )
    stream = foreign(tmp_path / "s", events, bare)
    found = LabelFeed(stream, HOUR).until(2**62)
    assert found["event_id"].to_list() == [f"e{i:03d}" for i in sorted(chosen)]
    minutes = [(t - START) // MINUTE for t in found["known_at"].to_physical().to_list()]
    assert minutes == [10 * i + 60 for i in sorted(chosen)]


def test_without_a_delay_labels_that_have_no_known_at_are_refused(tmp_path: File) -> None:
    bare = labels_of([("e000", 1, 0)]).with_columns(known_at=pl.lit(None, TIME))
    stream = foreign(tmp_path / "s", events_of([0]), bare)
    with pytest.raises(StreamError, match="--label-delay"):
        LabelFeed(stream, None).until(2**62)
