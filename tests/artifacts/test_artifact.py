from __future__ import annotations

import io
import pickle
import shutil
import subprocess
import sys
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
import pytest

from tests.artifacts.conftest import MIDDLE, Halves
from workbench.artifacts.artifact import Artifact
from workbench.artifacts.export import export
from workbench.artifacts.score import score
from workbench.errors import ArtifactError, CheckFailed, ParameterError, StreamError
from workbench.replay.replay import replay
from workbench.replay.setup import Setup

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def copy(halves: Halves, tmp_path: Path) -> Path:
    """The artifact in a folder that a test may change."""
    folder = tmp_path / "artifact"
    shutil.copytree(halves.artifact.path, folder)
    return folder


def scored(halves: Halves, out: Path, **options: Any) -> pl.DataFrame:
    score(halves.artifact, halves.stream, out, **options)
    return pl.read_parquet(out)


def test_a_folder_of_something_else_is_never_replaced(halves: Halves, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ParameterError, match="where something else is"):
        export(halves.whole, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("batch", [65_536, 1_000, 37])
def test_learning_on_gives_the_scores_of_the_replay_that_never_stopped(
    halves: Halves, tmp_path: Path, batch: int
) -> None:
    rest = halves.whole.scores.filter(pl.col("event_time") >= MIDDLE)
    assert scored(halves, tmp_path / "scores.parquet", learn=True, batch=batch).equals(rest)


def test_the_file_of_scores_has_one_row_for_each_event_after_the_last_one_in_order(
    halves: Halves, tmp_path: Path
) -> None:
    found = scored(halves, tmp_path / "scores.parquet")
    events = pl.concat(list(halves.stream.batches(start=MIDDLE)))
    assert found["event_id"].equals(events["event_id"])
    assert found.columns == ["event_id", "event_time", "score"]


def test_without_learn_the_detector_stays_as_it_was_exported(
    halves: Halves, tmp_path: Path
) -> None:
    path = halves.artifact.restore(learning=False)
    before = path.learner.state()
    score(halves.artifact, halves.stream, tmp_path / "scores.parquet")
    assert halves.artifact.restore(learning=False).learner.state()["learned"] == before["learned"]


def test_scoring_again_gives_the_same_bytes(halves: Halves, tmp_path: Path) -> None:
    for name in ("one", "two"):
        score(halves.artifact, halves.stream, tmp_path / name, learn=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_exporting_again_gives_the_same_bytes(halves: Halves, tmp_path: Path) -> None:
    run = halves.whole
    first, second = run.export(tmp_path / "one"), run.export(tmp_path / "two")
    for name in ("manifest.json", "state.npz"):
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes()


def test_the_manifest_says_what_was_measured(halves: Halves) -> None:
    manifest = halves.artifact.manifest
    assert manifest["setup"]["features"]
    assert manifest["stream"]["hash"] == halves.stream.hash
    assert manifest["metrics"]["average_precision"]["value"] is not None
    assert manifest["columns"]["columns"][0]["name"] == "card"
    assert set(manifest["files"]) == {"state.npz"}


def test_a_run_that_ends_in_its_warm_up_is_exported_without_metrics_and_alerts(
    halves: Halves, tmp_path: Path
) -> None:
    early = halves.stream.start + timedelta(days=2)
    run = replay(halves.stream, Setup.of("fraud"), tmp_path / "run", until=early)
    artifact = export(run, tmp_path / "artifact")

    assert run.frame().is_empty()
    with pytest.raises(ArtifactError, match="goes on after its warm-up"):
        artifact.alert_policy()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: (f / "state.npz").write_bytes(b"x"), "its SHA-256 differs"),
        (lambda f: (f / "state.npz").unlink(), "is missing"),
        (lambda f: (f / "extra.txt").write_text("x"), "is not in the manifest"),
    ],
)
def test_a_changed_artifact_fails_the_check_with_the_file_that_differs(
    copy: Path, change: Any, message: str
) -> None:
    change(copy)
    with pytest.raises(CheckFailed, match=message):
        Artifact.open(copy).verify()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "export the artifact again"),
        (b"[]", "no artifact's manifest"),
        (b'{"kind": "workbench-artifact", "format": 99}', "a format up to 1"),
        (b'{"kind": "workbench-artifact", "format": 1}', "Field required"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused(
    copy: Path, content: bytes, message: str
) -> None:
    (copy / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactError, match=message):
        Artifact.open(copy)


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"manifest\.json"):
        Artifact.open(tmp_path)


class _Bomb:
    def __reduce__(self) -> Any:
        return (sys.exit, (99,))


def test_a_pickle_smuggled_into_the_state_is_not_executed(copy: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("state.json", b'{"format":"workbench-state","version":1,"state":{}}')
        archive.writestr("0.npy", b"\x93NUMPY\x01\x00" + pickle.dumps(_Bomb()))
    (copy / "state.npz").write_bytes(buffer.getvalue())
    manifest = orjson.loads((copy / "manifest.json").read_bytes())
    import hashlib

    manifest["files"]["state.npz"] = {
        "sha256": hashlib.sha256(buffer.getvalue()).hexdigest(),
        "bytes": len(buffer.getvalue()),
    }
    (copy / "manifest.json").write_bytes(orjson.dumps(manifest))
    with pytest.raises(ArtifactError):
        Artifact.open(copy).restore(learning=False)


def test_a_stream_that_ends_before_the_artifact_has_nothing_to_score(
    halves: Halves, tmp_path: Path
) -> None:
    with pytest.raises(StreamError, match="no event to score"):
        score(halves.artifact, halves.stream, tmp_path / "scores.parquet", until=MIDDLE)
    assert list(tmp_path.iterdir()) == []


def test_an_additive_detector_is_scored_without_learning_in_a_process_that_has_no_jupyter(
    halves: Halves, tmp_path: Path
) -> None:
    code = (
        "import sys; from pathlib import Path;"
        "sys.modules.update(dict.fromkeys(['matplotlib', 'IPython', 'sklearn']));"
        "from workbench.artifacts.artifact import Artifact;"
        "from workbench.artifacts.score import score;"
        "from workbench.streams.recorded import Stream;"
        "score(Artifact.open(sys.argv[1]), Stream.open(sys.argv[2]), Path(sys.argv[3]))"
    )
    out = tmp_path / "scores.parquet"
    arguments = map(str, (halves.artifact.path, halves.stream.path, out))
    subprocess.run([sys.executable, "-c", code, *arguments], check=True)  # noqa: S603 - ours
    assert pl.read_parquet(out).equals(scored(halves, tmp_path / "here.parquet"))
