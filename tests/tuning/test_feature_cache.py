from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from workbench.replay.replay import replay
from workbench.replay.setup import Setup
from workbench.tuning.cache import FeatureCache, build_features, name_of
from workbench.tuning.plan import Plan
from workbench.tuning.trial import CHECKPOINTS, judge

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from workbench.streams.recorded import Stream


def cached(stream: Stream, setup: Setup, folder: Path) -> FeatureCache:
    build_features(stream, setup, 0, Plan.of(stream).moment("split"), folder / "cache")
    return FeatureCache.open(folder / "cache")


@pytest.mark.parametrize(
    ("detector", "parameters", "deliver"),
    [
        ("additive", {}, "1h"),
        ("additive", {"negatives": 1.0, "lr": 0.1}, "0s"),
        ("logistic", {"negatives": 0.3}, "1d"),
        ("hoeffding-tree", {"negatives": 1.0, "grace_period": 50}, "1h"),
        ("rule", {}, "1h"),
    ],
)
def test_scores_on_cached_features_are_those_of_a_replay_bit_for_bit(
    stream: Stream, tmp_path: Path, detector: str, parameters: dict[str, float], deliver: str
) -> None:
    setup = Setup.of("fraud", detector, parameters, deliver=deliver, seed=3)
    split = Plan.of(stream).moment("split")
    run = replay(stream, setup, tmp_path / "run", until=split)
    *_, scores = cached(stream, setup, tmp_path).play(setup, stops=(100, 1_000, 1_001))
    assert scores.tobytes() == run.scores["score"].to_numpy().tobytes()
    assert detector == "rule" or len(np.unique(scores)) > 10


def test_a_cache_serves_other_parameters_and_detectors_of_the_same_features(
    stream: Stream, tmp_path: Path
) -> None:
    tree, forest = (Setup.of("fraud", name) for name in ("hoeffding-tree", "adaptive-tree"))
    assert name_of(tree) == name_of(forest) != name_of(Setup.of("fraud", "logistic"))
    run = replay(stream, forest, tmp_path / "run", until=Plan.of(stream).moment("split"))
    *_, scores = cached(stream, tree, tmp_path).play(forest)
    assert scores.tobytes() == run.scores["score"].to_numpy().tobytes()


def test_a_cache_holds_nothing_of_the_later_span(stream: Stream, tmp_path: Path) -> None:
    cache = cached(stream, Setup.of("fraud"), tmp_path)
    plan = Plan.of(stream)
    assert len(cache.X) == len(cache.time) == stream.batches(until=plan.split).__next__().height
    assert cache.time[-1] < plan.split
    assert cache.sequence.max() < len(cache.X) > cache.judged["row"].max()


def test_a_trial_is_judged_at_checkpoints_on_what_came_so_far(
    stream: Stream, tmp_path: Path
) -> None:
    setup = Setup.of("fraud")
    plan = Plan.of(stream)
    run = replay(stream, setup, tmp_path / "run", until=plan.moment("split"))
    heights = []

    def objective(rows: pl.DataFrame) -> float:
        heights.append(rows.height)
        return float(rows["score"].sum())

    judged = list(judge(setup, cached(stream, setup, tmp_path), plan.start, objective))
    assert len(judged) == CHECKPOINTS
    assert heights == sorted(heights)
    whole = run.frame(start=plan.moment("start"))
    assert heights[-1] == whole.height
    assert judged[-1] == whole["score"].sum()
