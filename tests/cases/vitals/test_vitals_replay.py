"""Replays of simulated wards: the same bytes by any way, River as the truth, and no labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from workbench.cases.vitals.groups import GROUPS
from workbench.cases.vitals.schema import SCHEMA
from workbench.cases.vitals.simulator import simulate
from workbench.detectors import codec
from workbench.durations import DAY
from workbench.replay.replay import replay
from workbench.replay.setup import Setup
from workbench.streams.labels import LabelFeed
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter
from workbench.tuning.cache import FeatureCache, build_features

if TYPE_CHECKING:
    from pathlib import Path

WARM = {"warm_up": "2d"}


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    folder = tmp_path_factory.mktemp("vitals") / "wards"
    with StreamWriter(folder, "vitals", SCHEMA, {"simulator": "vitals"}) as writer:
        simulate(writer, days=8, seed=4, scale=0.5)
    return Stream.open(folder)


@pytest.fixture
def setup() -> Setup:
    return Setup.of("vitals", None, WARM, seed=3)


def scores_of(stream: Stream, setup: Setup, out: Path, **options: Any) -> np.ndarray:
    return replay(stream, setup, out, measured=False, **options).scores["score"].to_numpy()


def fed(path: Any, stream: Stream, parts: list[pl.DataFrame], since: int | None = None) -> list:
    """Lead a path along batches, with the labels known by the end of each."""
    feed = LabelFeed(stream, 0, since)
    return [
        path.process(part, feed.until(int(part["event_time"].to_physical()[-1]))) for part in parts
    ]


def test_the_cut_into_batches_changes_no_byte(stream: Stream, setup: Setup, tmp_path: Path) -> None:
    whole = scores_of(stream, setup, tmp_path / "whole")
    assert len(np.unique(whole)) > 1000
    for batch in (3_001, 257):
        assert scores_of(stream, setup, tmp_path / str(batch), batch=batch).tobytes() == (
            whole.tobytes()
        )


def test_a_restored_path_goes_on_with_the_same_bytes(
    stream: Stream, setup: Setup, tmp_path: Path
) -> None:
    events = pl.concat(list(stream.batches()))
    half = events.height // 2 + 11
    first, second = setup.build(), setup.build()
    fed(first, stream, [events[:half]])
    codec.save(tmp_path / "state", first.state())
    second.restore(codec.load(tmp_path / "state"))
    since = int(events["event_time"].to_physical()[half - 1])
    (expected,) = fed(first, stream, [events[half:]], since)
    found = fed(second, stream, [events[half : half + 700], events[half + 700 :]], since)
    assert np.concatenate(found).tobytes() == expected.tobytes()
    states = (codec.encode(path.state()["learner"]["detector"]) for path in (first, second))
    assert len({repr(state) for state in states}) == 1


def test_scores_on_cached_features_are_those_of_a_replay_bit_for_bit(
    stream: Stream, setup: Setup, tmp_path: Path
) -> None:
    split = stream.start + 0.7 * (stream.end - stream.start)
    build_features(stream, setup, 0, split, tmp_path / "cache")
    *_, found = FeatureCache.open(tmp_path / "cache").play(setup, stops=(100, 5_003))
    assert found.tobytes() == scores_of(stream, setup, tmp_path / "run", until=split).tobytes()


def test_what_the_twin_learns_is_what_river_learns(
    stream: Stream, setup: Setup, tmp_path: Path
) -> None:
    river = setup.with_parameters({"twin": False})
    until = stream.start + (stream.end - stream.start) / 2
    apart = scores_of(stream, setup, tmp_path / "twin", until=until) - scores_of(
        stream, river, tmp_path / "river", until=until
    )
    assert np.abs(apart).max() <= 1e-12


def test_alarms_are_explained_by_signs(stream: Stream, setup: Setup) -> None:
    path = setup.build()
    seen: list[tuple[float, list[dict[str, Any]]]] = []

    def scored(first: int, X: np.ndarray, scores: np.ndarray) -> None:
        row = int(scores.argmax())
        seen.append((float(scores[row]), path.explain(X[row])))

    events = pl.concat(list(stream.batches()))
    path.process(events, LabelFeed(stream, 0, None).until(2**62), scored)
    _, reasons = max(seen, key=lambda pair: pair[0])
    assert {reason["feature"] for reason in reasons} <= set(GROUPS.values())
    parts = [abs(reason["contribution"]) for reason in reasons]
    assert parts == sorted(parts, reverse=True)
    assert parts[0] > 0


@pytest.mark.parametrize("detector", ["gaussian", "deviation", "half-space-trees"])
def test_a_stream_without_labels_has_scores_after_the_warm_up(
    stream: Stream, detector: str
) -> None:
    path = Setup.of("vitals", detector, WARM).build()
    events = pl.concat(list(stream.batches()))
    none = pl.concat(list(stream.labels())).clear()
    scores = path.process(events, none)
    time = events["event_time"].to_physical().to_numpy()
    warm = time < time[0] + 2 * DAY
    assert not scores[warm].any()
    assert len(np.unique(scores[~warm])) > 50


def test_a_patient_who_is_gone_is_forgotten(setup: Setup) -> None:
    path: Any = setup.build()
    assert path.engine.program.forget_after == 60 * DAY
