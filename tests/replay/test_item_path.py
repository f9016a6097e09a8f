"""The path of recommenders: ids in, ids out; no cut and no stop changes an item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from workbench.cases.recommend.detectors import DETECTORS
from workbench.cases.recommend.schema import SCHEMA
from workbench.detectors import codec
from workbench.errors import StreamError
from workbench.replay.codes import Codes
from workbench.replay.item_path import ItemPath
from workbench.replay.pace import Pace
from workbench.streams.schema import LABELS, TIME

if TYPE_CHECKING:
    from pathlib import Path

NO_LABELS = pl.DataFrame(schema=LABELS)


def path(**options: Any) -> ItemPath:
    return ItemPath((), SCHEMA, DETECTORS["popularity"].make(()), Pace(), **options)  # type: ignore[arg-type] # a specification makes detectors and recommenders


def events_of(items: str, kinds: dict[int, tuple[str, int]] | None = None) -> pl.DataFrame:
    """Return one event a second, an item a letter; ``kinds`` makes some of them stock levels."""
    n = len(items)
    stock = kinds or {}
    return pl.DataFrame(
        {
            "event_id": [f"{k:04}" for k in range(n)],
            "event_time": pl.Series([k * 1_000_000 for k in range(n)]).cast(TIME),
            "session": [f"s{k // 4}" if k not in stock else None for k in range(n)],
            "visitor": pl.Series([None] * n, dtype=pl.String),
            "item": list(items),
            "kind": [stock[k][0] if k in stock else "view" for k in range(n)],
            "quantity": pl.Series([None] * n, dtype=pl.Int64),
            "price": pl.Series([None] * n, dtype=pl.Int64),
            "on_hand": [stock[k][1] if k in stock else None for k in range(n)],
            "title": pl.Series([None] * n, dtype=pl.String),
        }
    )


def test_an_item_is_recommended_from_the_event_after_its_own_on() -> None:
    items = path().process(events_of("aba"), NO_LABELS)
    assert items.to_list() == [[], ["a"], ["a", "b"]]


def test_items_come_back_as_the_ids_that_went_in_whatever_their_number() -> None:
    letters = "".join(chr(0x4E00 + k % 300) for k in range(2_000))
    one, many = path(), path()
    alone = pl.concat(
        [one.process(event, NO_LABELS) for event in events_of(letters).iter_slices(1)]
    )
    assert alone.to_list() == many.process(events_of(letters), NO_LABELS).to_list()
    assert set(alone.explode().drop_nulls()) <= set(letters)


def test_what_is_known_to_be_out_of_stock_is_not_recommended() -> None:
    stock = {2: ("stock", 0), 4: ("stock", 3)}
    items = path().process(events_of("abababa", stock), NO_LABELS)
    assert items[2].to_list() == []
    assert items[3].to_list() == ["b"]
    assert "a" in items[5].to_list()


def test_late_events_are_answered_and_change_nothing(tmp_path: Path) -> None:
    one, other = path(), path()
    for each in (one, other):
        each.process(events_of("aabb"), NO_LABELS)
    late = events_of("z").with_columns(event_id=pl.lit("late"))
    assert one.score_late(late).to_list() == [["a", "b"]]
    for k, each in enumerate((one, other)):
        codec.save(tmp_path / f"{k}.npz", each.state())
    assert (tmp_path / "0.npz").read_bytes() == (tmp_path / "1.npz").read_bytes()


def test_a_restored_path_goes_on_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    events = events_of("abcabbcadbacabdd")
    whole = path().process(events, NO_LABELS).to_list()
    first, second = path(), path()
    before = first.process(events[:7], NO_LABELS).to_list()
    codec.save(tmp_path / "state.npz", first.state())
    second.restore(codec.load(tmp_path / "state.npz"))
    assert before + second.process(events[7:], NO_LABELS).to_list() == whole
    assert second.last == (15_000_000, "0015")


def test_an_event_that_comes_twice_is_refused() -> None:
    one = path()
    one.process(events_of("ab"), NO_LABELS)
    assert "0001" in one.pending
    with pytest.raises(StreamError, match="comes twice"):
        one.process(events_of("ab")[1:], NO_LABELS)


def test_without_learning_nothing_that_happens_is_recommended_later() -> None:
    one = path()
    one.process(events_of("ab"), NO_LABELS)
    still = path(learning=False)
    still.restore(one.state())
    later = events_of("zzzz").with_columns(event_id=pl.concat_str(pl.lit("n"), "event_id"))
    assert still.process(later, NO_LABELS).to_list() == [["a", "b"]] * 4
    assert still.tally()["learned"] == 0


def test_without_learning_what_is_sold_out_is_not_recommended_either() -> None:
    one = path()
    one.process(events_of("ab"), NO_LABELS)
    still = path(learning=False)
    still.restore(one.state())
    later = events_of("aaaa", {1: ("stock", 0)})
    later = later.with_columns(event_id=pl.concat_str(pl.lit("n"), "event_id"))
    assert still.process(later, NO_LABELS).to_list() == [["a", "b"], [], ["b"], ["b"]]


def test_codes_that_were_given_up_are_given_anew_and_survive_a_stop() -> None:
    codes = Codes()
    assert codes.of(pl.Series(list("abcab"))).tolist() == [0, 1, 2, 0, 1]
    codes.release([1])
    again = Codes()
    again.restore(codes.state())
    for each in (codes, again):
        assert each.of(pl.Series(["b"]), new=False).tolist() == [-1]
        assert each.of(pl.Series(["d", "b"])).tolist() == [1, 3]
        assert [each.texts[k] for k in (0, 1, 2, 3)] == ["a", "d", "c", "b"]
        assert len(each) == 4
