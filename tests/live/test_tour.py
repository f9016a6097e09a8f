"""What the tour does in one line each: commands as processes, and comparing to the bit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from workbench.errors import CheckFailed
from workbench.live import tour
from workbench.live.results import alerted
from workbench.live.tour import Comparison, Ended, Watched
from workbench.replay.answers import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EXPECTED = pl.DataFrame({"event_id": ["1", "2", "3"], "score": [0.1, 0.3, 0.5]})


def scores(*rows: tuple[str, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"event_id": pl.String, "score": pl.Float64}, orient="row")


def test_the_same_scores_in_any_order_are_the_same() -> None:
    found = Comparison.of(EXPECTED.reverse(), EXPECTED)

    assert found.same
    assert (found.expected, found.live) == (3, 3)


@pytest.mark.parametrize(
    ("live", "what"),
    [
        (scores(("1", 0.1), ("2", 0.3)), "missing"),
        (scores(("1", 0.1), ("2", 0.3), ("2", 0.3), ("3", 0.5)), "twice"),
        (scores(("1", 0.1), ("2", 0.3), ("3", 0.5), ("4", 0.5)), "unexpected"),
        (scores(("1", 0.1), ("2", 0.1 + 0.2), ("3", 0.5)), "different"),
    ],
)
def test_each_kind_of_difference_is_counted(live: pl.DataFrame, what: str) -> None:
    found = Comparison.of(live, EXPECTED)

    assert not found.same
    counts = {name: getattr(found, name) for name in ("missing", "twice", "unexpected")}
    assert counts | {"different": found.different} == {
        "missing": 0,
        "twice": 0,
        "unexpected": 0,
        "different": 0,
    } | {what: 1}


def test_zero_and_minus_zero_are_different() -> None:
    assert Comparison.of(scores(("1", -0.0)), scores(("1", 0.0))).different == 1


@pytest.mark.parametrize(
    ("live", "title"), [(EXPECTED, "none is lost"), (EXPECTED[:2], "scores differ")]
)
def test_the_plot_says_what_was_found(live: pl.DataFrame, title: str) -> None:
    chart = tour.plot(Watched([0.0, 1.0], 0.5), Comparison.of(live, EXPECTED))

    assert title in chart.axes[0].get_title(loc="left")


def test_the_top_alerts_say_what_drove_them() -> None:
    rows = [
        {
            "event_id": str(i),
            "score": i / 10,
            "reasons": [{"feature": "amount"}, {"feature": "count"}],
        }
        for i in range(9)
    ]
    found = tour.top(pl.DataFrame(rows, schema=alerted(ANSWERS["score"])), 2)

    assert found["score"].to_list() == [0.8, 0.7]
    assert found.row(0)[-2:] == ("amount", "count")


def test_a_command_that_fails_says_what_it_said() -> None:
    command = tour.start("inspect", "no-such-stream")

    with pytest.raises(CheckFailed, match=r"workbench inspect ended with exit code 2.*no-such"):
        until(lambda: not command.runs)
    command.stop()


def test_a_command_can_be_stopped(tmp_path: Path) -> None:
    out = tmp_path / "stream"
    command = tour.start("simulate", "fraud", "--out", out, "--days", "3650")
    assert command.runs

    assert command.stop() != 0
    assert not out.exists()


def test_without_servers_a_notebook_shows_one_paragraph_and_no_traceback() -> None:
    class Missing:
        def __bool__(self) -> bool:
            return False

        def __str__(self) -> str:
            return "install Kafka"

    servers: Any = Missing()
    with pytest.raises(Ended, match="install Kafka") as caught:
        tour.needs(servers)

    assert caught.value._render_traceback_() == [str(caught.value)]


def until(done: Callable[[], bool]) -> None:
    """Wait for a condition, a minute at most."""
    deadline = time.monotonic() + 60
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)
