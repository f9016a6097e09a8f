"""What was truly out of stock, and lost sales that a variant could have saved."""

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recommend_frames import START, written

from workbench.case import get_case
from workbench.cases.recommend.metrics import evaluate
from workbench.cases.recommend.sample import Lists
from workbench.cases.recommend.shortage import shown_instead
from workbench.cases.recommend.truth import Truth, truth_of
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter

HALF = timedelta(minutes=30)
TIME = pl.Datetime("us", "UTC")
FAMILIES = {"a": "F", "b": "F", "c": "F", "d": "G", "e": "G", "x": "H", "y": "H"}


def truth(stock=(), lost=()):
    """Truth of rows ``(half hour, item, on_hand)`` and ``(half hour, session, item, quantity)``."""
    levels = [(START + at * HALF, item, level) for at, item, level in stock]
    missed = [(START + at * HALF, s, None, i, q, "out") for at, s, i, q in lost]
    return Truth(
        pl.DataFrame(
            levels, {"time": TIME, "item": pl.String, "on_hand": pl.Int64}, orient="row"
        ).sort("time", maintain_order=True),
        pl.DataFrame(
            missed,
            {"time": TIME, "session": pl.String, "visitor": pl.String, "item": pl.String,
             "quantity": pl.Int64, "reason": pl.String},
            orient="row",
        ),
        pl.DataFrame(),
        pl.DataFrame({"item": list(FAMILIES), "family": list(FAMILIES.values())}),
        {},
    )  # fmt: skip


def test_an_item_is_truly_out_from_right_after_the_change_on():
    frame = written(("s", "x", ""), ("s", "x", "ab"), ("s", "x", "ab"))
    # The second event itself takes the last piece of a: it was still there when it was shown.
    found = evaluate(frame, truth=truth([(0, "a", 1), (0, "b", 1), (1, "a", 0)]), replicates=0)
    assert found["truly_out"].value == 1 / 4


def test_what_was_never_in_stock_is_not_out_until_it_is_told():
    frame = written(("s", "x", ""), ("s", "x", "ab"))
    assert evaluate(frame, truth=truth(), replicates=0)["truly_out"].value == 0


LEVELS = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from("abc"), st.integers(0, 1)), max_size=12
)
LISTS = st.lists(st.text("abcx", max_size=4).map(lambda t: "".join(dict.fromkeys(t))),
                 min_size=2, max_size=19)  # fmt: skip


@settings(max_examples=60)
@given(LISTS, LEVELS)
def test_slots_truly_out_on_any_small_stream(lists, levels):
    frame = written(*[("s", "x", items) for items in lists])
    known = truth(levels)
    found = evaluate(frame, truth=known, replicates=0)
    slots = out = 0
    for row in frame[1:].to_dicts():
        for item in row["items"]:
            before = known.stock.filter(item=item).filter(pl.col("time") < row["event_time"])
            slots += 1
            out += len(before) > 0 and before["on_hand"][-1] == 0
    expected = out / slots if slots else float("nan")
    assert found["truly_out"].value == pytest.approx(expected, nan_ok=True)


def test_a_variant_in_stock_that_was_shown_could_have_saved_the_sale():
    frame = written(("s", "x", ""), ("s", "y", "dbe"), ("t", "x", ""), ("t", "y", "de"))
    known = truth(
        stock=[(0, "a", 0), (0, "b", 4), (0, "d", 4), (0, "e", 4)],
        lost=[(2, "s", "a", 3), (3, "t", "a", 1)],
    )
    found = evaluate(frame, truth=known, replicates=0)
    assert found["saved"].value == 3 / 4
    table = shown_instead(Lists(frame), known)
    assert table["instead"].to_list() == ["b", None]


@pytest.mark.parametrize(
    ("items", "level", "why"),
    [("a", 4, "the item itself"), ("d", 4, "another family"), ("b", 0, "sold out as well")],
)
def test_what_is_no_help_saves_nothing(items, level, why):
    frame = written(("s", "x", ""), ("s", "y", items))
    stock = [(0, items, level)]
    found = evaluate(frame, truth=truth(stock, [(2, "s", "a", 1), (1, "s", "a", 1)]), replicates=0)
    assert found["saved"].value == 0, why


def test_only_the_last_list_before_counts():
    frame = written(
        ("s", "x", ""), ("s", "y", "b"), ("s", "y", "d"), ("q", "x", ""), ("q", "y", "")
    )
    known = truth([(0, "b", 4), (0, "d", 4)], [(3, "s", "a", 1)])
    assert evaluate(frame, truth=known, replicates=0)["saved"].value == 0


def test_without_truth_neither_is_told():
    found = evaluate(written(("s", "x", ""), ("s", "x", "ab")), replicates=0)
    assert "truly_out" not in found.overall
    assert "saved" not in found.overall


def test_a_simulated_stream_brings_its_truth_along(tmp_path):
    case = get_case("recommend")
    writer = StreamWriter(tmp_path / "stream", case.name, case.schema, origin={})
    with writer:
        case.load("simulate")(writer, days=2, seed=1, scale=0.02)
    found = case.load("truth")(Stream.open(tmp_path / "stream"))
    assert found.stock.columns == ["time", "item", "on_hand"]
    assert {"item", "family", "title"} <= set(found.articles.columns)
    assert "drift" in found.document


def test_a_stream_without_truth_has_none(tmp_path):
    case = get_case("recommend")
    with StreamWriter(tmp_path / "stream", case.name, case.schema, origin={}) as writer:
        writer.events(next(_generated()).events)
    assert truth_of(Stream.open(tmp_path / "stream")) is None


def _generated():
    from workbench.cases.recommend.simulator import generate

    return generate(days=1, seed=1, scale=0.02)
