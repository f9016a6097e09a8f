"""Alert policies: every case's does what the protocol says, and Threshold what it is for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.case import case_names, get_case
from workbench.detectors import codec
from workbench.errors import ParameterError
from workbench.replay.alerting import SEVERITIES, AlertPolicy, Chosen, Threshold, levels
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.case import Case
    from workbench.detectors.protocol import Vector

ALERTING = [name for name in case_names() if get_case(name).alerts]
START = datetime(2018, 4, 1, tzinfo=UTC)


@pytest.fixture(scope="module", params=ALERTING)
def scored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Case, pl.DataFrame, Vector]:
    """A case, events of it, and scores, some of them equal."""
    case = get_case(request.param)
    folder = tmp_path_factory.mktemp(case.name) / "stream"
    with StreamWriter(folder, case.name, case.schema, {"simulator": case.name}) as writer:
        case.load("simulate")(writer, days=12, seed=5, scale=0.1)
    events = pl.concat(list(Stream.open(folder).batches()))
    random = np.random.default_rng(7)
    return case, events, np.round(random.beta(1, 9, events.height), 3)


@pytest.fixture
def settings(scored: tuple[Case, pl.DataFrame, Vector]) -> dict[str, Any]:
    """What the case fits, as it comes out of a manifest."""
    case, events, scores = scored
    frame = events.with_columns(
        score=scores,
        label=pl.lit(0, pl.Int8),
        known_at=pl.col("event_time") + timedelta(days=7),
    )
    found = orjson.loads(orjson.dumps(case.load("alerts")(frame)))
    assert isinstance(found, dict)
    return found


def cut(policy: AlertPolicy, events: pl.DataFrame, scores: Vector, at: list[int]) -> Any:
    """Return the alerts of batches that end ``at`` these rows, with the rows of the whole."""
    found = []
    for first, last in zip([0, *at], [*at, events.height], strict=True):
        chosen = policy.choose(events[first:last], scores[first:last])
        found += [alert._replace(row=first + alert.row) for alert in chosen]
    return found


def test_a_policy_fits_the_protocol(
    scored: tuple[Case, pl.DataFrame, Vector], settings: dict[str, Any]
) -> None:
    case, *_ = scored
    assert isinstance(case.load("policy")(settings), AlertPolicy)


def test_alerts_come_in_order_with_known_severities_and_at_or_above_the_threshold(
    scored: tuple[Case, pl.DataFrame, Vector], settings: dict[str, Any]
) -> None:
    case, events, scores = scored
    policy = case.load("policy")(settings)
    alerts = policy.choose(events, scores)
    rows = [alert.row for alert in alerts]
    assert alerts
    assert rows == sorted(set(rows))
    assert {alert.severity for alert in alerts} <= set(SEVERITIES)
    reached = [scores[row] if score is None else score for row, _, score, _ in alerts]
    assert min(reached) >= policy.threshold
    assert all(type(row) is int for row in rows)


@pytest.mark.parametrize("batch", [1, 7, 100, 1_000])
def test_the_cut_into_batches_changes_no_alert(
    scored: tuple[Case, pl.DataFrame, Vector], settings: dict[str, Any], batch: int
) -> None:
    case, events, scores = scored
    whole = case.load("policy")(settings).choose(events, scores)
    ends = list(range(batch, events.height, batch))
    assert cut(case.load("policy")(settings), events, scores, ends) == whole


def test_a_policy_goes_on_from_its_state_as_if_it_had_never_stopped(
    scored: tuple[Case, pl.DataFrame, Vector], settings: dict[str, Any], tmp_path: Path
) -> None:
    case, events, scores = scored
    half = events.height // 2
    whole = case.load("policy")(settings).choose(events, scores)
    first, second = case.load("policy")(settings), case.load("policy")(settings)
    before = first.choose(events[:half], scores[:half])
    codec.save(tmp_path / "state", first.state())
    second.restore(codec.load(tmp_path / "state"))
    after = second.choose(events[half:], scores[half:])
    assert before + [alert._replace(row=half + alert.row) for alert in after] == whole


def test_an_empty_batch_has_no_alert(
    scored: tuple[Case, pl.DataFrame, Vector], settings: dict[str, Any]
) -> None:
    case, events, scores = scored
    assert case.load("policy")(settings).choose(events[:0], scores[:0]) == []


def test_the_fraud_case_raises_its_budget_of_a_hundred_alerts_a_day_and_no_more() -> None:
    random = np.random.default_rng(3)
    n = 10_000
    times = [START + timedelta(days=10) * k / (n - 1) for k in range(n)]
    frame = pl.DataFrame({"event_time": times, "score": random.random(n)}).with_columns(
        event_id=pl.int_range(n).cast(pl.String),
        label=pl.lit(0, pl.Int8),
        known_at=pl.lit(None, pl.Datetime("us", "UTC")),
    )
    found = get_case("fraud").load("alerts")(frame)
    reached = [int((frame["score"] >= found[severity]).sum()) for severity in SEVERITIES]
    assert reached == [1_000, 667, 333]


@given(
    scores=st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0]), min_size=2, max_size=40),
    per_day=st.integers(1, 50),
)
def test_equal_scores_never_break_the_budget_unless_all_that_is_highest_is_equal(
    scores: list[float], per_day: int
) -> None:
    times = [START, *[START + timedelta(days=1)] * (len(scores) - 1)]
    found = levels(pl.DataFrame({"event_time": times, "score": scores}), per_day)
    reached = sum(score >= found["low"] for score in scores)
    assert reached <= per_day or found["low"] == max(scores)
    assert found["low"] <= found["medium"] <= found["high"] <= max(scores)


def test_without_evaluated_events_there_are_no_levels() -> None:
    frame = pl.DataFrame(schema={"event_time": pl.Datetime("us", "UTC"), "score": pl.Float64})
    assert levels(frame, 100) == {}


def test_of_levels_that_are_equal_the_more_urgent_one_counts() -> None:
    policy = Threshold({"low": 0.5, "medium": 0.5, "high": 0.5})
    chosen = policy.choose(pl.DataFrame({"event_id": ["a"]}), np.array([0.5]))
    assert chosen == [Chosen(0, "high")]


@pytest.mark.parametrize(
    "wrong",
    [{}, {"low": "0.5"}, {"low": float("nan")}, {"urgent": 0.5}, {"low": True, "high": None}],
)
def test_settings_that_are_no_levels_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="a finite score for some of low, medium, high"):
        Threshold(wrong)
