"""Looking at a run and its features: display, feature table, effects."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from workbench.cases.fraud.features import FEATURES
from workbench.features.vocabulary import Count, Value
from workbench.replay.display import drift_between, run_html
from workbench.replay.effects import detector_of, effects
from workbench.replay.replay import replay
from workbench.replay.setup import Setup
from workbench.replay.table import feature_table, labelled

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.replay.run import Run
    from workbench.streams.recorded import Stream


@pytest.fixture(scope="module")
def run(stream: Stream, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return replay(stream, Setup.of("fraud"), tmp_path_factory.mktemp("looking") / "run")


def test_a_run_shows_what_was_replayed_and_how_well(run: Run) -> None:
    html = run_html(run)
    assert "<strong>additive</strong>" in html
    assert f"{run.stream.n_events:,} events" in html
    assert "ROC AUC" in html
    assert "95 % interval" in html
    assert "<td" in html.split("Settings, and the")[1]
    assert "Drift: " in html
    assert "card_testing stops" in html


def test_a_run_shows_nothing_of_the_machine_or_the_clock(run: Run, stream: Stream) -> None:
    document = {**run.document, "seconds": 99.25, "peak_memory_mb": 77.5, "created": "never"}
    other = type(run)(run.path, document, stream)
    assert run_html(other) == run_html(run)
    assert str(run.path.parent) not in run_html(run)


def test_what_a_stream_says_of_itself_is_escaped(run: Run, stream: Stream, tmp_path: Path) -> None:
    document = {**run.document, "label_delay": "<i>"}
    html = run_html(type(run)(run.path, document, stream))
    assert "<i>" not in html
    assert "&lt;i&gt;" in html


def test_drift_outside_of_the_days_is_not_told() -> None:
    truth = {"drift": [{"time": f"2025-04-0{d}T00:00:00Z", "what": str(d)} for d in (1, 2, 3)]}
    assert drift_between(truth, "2025-04-02", "2025-04-02") == [("2025-04-02", "2")]
    assert drift_between(None, "2025-04-02", "2025-04-02") == []


def test_labelled_events_have_what_became_known(stream: Stream) -> None:
    rows = labelled(stream)
    assert rows.height == stream.n_events
    assert rows["label"].null_count() == 0
    assert (rows["known_at"] >= rows["event_time"]).all()
    frauds = rows.filter(rows["label"] == 1)
    assert frauds["pattern"].null_count() == 0
    assert rows.filter(rows["label"] == 0)["pattern"].null_count() == rows.height - frauds.height


def test_a_feature_table_has_the_features_at_the_time_of_each_event(stream: Stream) -> None:
    table = feature_table(stream, [Value("amount"), Count("card", "1d")])
    events = labelled(stream)
    assert table.columns == ["event_id", "amount", "card_count_1d"]
    assert table["event_id"].equals(events["event_id"])
    assert table["amount"].to_list() == [float(a) for a in events["amount"]]
    i = 5_000
    at, card = events["event_time"][i], events["card"][i]
    past = events.head(i + 1).filter(
        (events["card"] == card).head(i + 1)
        & (events["event_time"] > at - timedelta(days=1)).head(i + 1)
    )
    assert table["card_count_1d"][i] == past.height


def test_rows_from_a_time_on_are_those_of_the_whole_table(stream: Stream) -> None:
    start = stream.start + timedelta(days=10)
    whole, part = feature_table(stream, "shipped"), feature_table(stream, "shipped", start=start)
    assert 0 < part.height < whole.height
    assert part.equals(whole.tail(part.height), null_equal=True)
    assert whole.width == 1 + len(FEATURES["shipped"])


def test_effects_tell_what_each_term_adds(run: Run) -> None:
    found = effects(run)
    assert found is not None
    assert found.table["gain"].is_sorted(descending=True)
    assert set(found.names) < set(found.table["term"])
    assert {"ratio", "amount"} <= set(found.names)
    for edges, weights in zip(found.edges, found.weights, strict=True):
        assert (np.diff(edges) >= 0).all()
        assert len(weights) - len(edges) in (1, 2)


def test_bins_of_effects_are_those_of_the_detector(run: Run, stream: Stream) -> None:
    found = effects(run)
    assert found is not None
    place = found.names.index("ratio")
    detector = detector_of(run)
    table = feature_table(stream, run.setup.features)
    X = table.drop("event_id").to_numpy()
    terms, contributions = detector.explain(np.ascontiguousarray(X))
    ratio, of_ratio = table["ratio"].to_numpy(), contributions[:, terms.index("ratio")]
    bins = np.searchsorted(found.edges[place], ratio)
    assert np.array_equal(found.weights[place][bins], of_ratio)


def test_a_line_is_shown_by_quantiles(stream: Stream, tmp_path: Path) -> None:
    run = replay(stream, Setup.of("fraud", "logistic"), tmp_path / "run")
    found = effects(run, datetime(2025, 3, 15, tzinfo=UTC))
    assert found is not None
    place = found.names.index("amount")
    slopes = np.diff(found.weights[place])
    assert len(found.edges[place]) <= 19
    assert (slopes >= 0).all() or (slopes <= 0).all()


def test_a_detector_that_does_not_explain_has_no_effects(stream: Stream, tmp_path: Path) -> None:
    run = replay(stream, Setup.of("fraud", "naive-bayes"), tmp_path / "run")
    assert effects(run) is None


def test_nothing_that_is_shown_breaks_a_tag(run: Run) -> None:
    html = run_html(run)
    for tag in ("div", "table", "td", "th", "tr", "details", "p"):
        assert len(re.findall(rf"<{tag}\b", html)) == html.count(f"</{tag}>")
