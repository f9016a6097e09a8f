"""From a simulated stream to scores of an exported detector, command by command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EXAMPLES = """\
id,when,card,shop,euros,fraud
a,2025-01-01 10:00:00,c1,s1,12.50,0
b,2025-01-01 11:00:00,c1,s2,-3.00,0
c,2025-01-01 12:00:00,c2,s1,80.00,1
"""
MAPPING = """\
event_id = "id"
event_time = { column = "when" }
[columns]
card = { column = "card" }
terminal = { column = "shop" }
amount = { column = "euros", scale = 100 }
[label]
column = "fraud"
"""


def test_a_simulated_stream_is_summarised(workbench: Callable[..., Any], tmp_path: Path) -> None:
    arguments = ("simulate", "fraud", "--out", tmp_path / "s", "--days", 2, "--scale", 0.02)

    told = workbench(*arguments, "--json")
    shown = workbench(*arguments)

    assert told.json["origin"] == {"simulator": "fraud", "days": 2, "seed": 0, "scale": 0.02}
    assert told.json["events"] == pl.read_parquet(tmp_path / "s" / "events-*.parquet").height
    assert f"{told.json['events']:,}" in shown.out
    assert str(tmp_path / "s") in shown.out


def test_the_same_seed_simulates_the_same_bytes(
    workbench: Callable[..., Any], tmp_path: Path
) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        workbench(
            "simulate", "fraud", "--out", tmp_path / name, "--days", 2, "--scale", 0.02,
            "--seed", seed,
        )  # fmt: skip
    parts = {n: (tmp_path / n / "events-00000.parquet").read_bytes() for n in "abc"}

    assert parts["a"] == parts["b"] != parts["c"]


@pytest.fixture
def purchases(tmp_path: Path) -> tuple[Path, Path]:
    """A file of another program with one impossible amount, and what its columns mean."""
    (tmp_path / "purchases.csv").write_text(EXAMPLES)
    (tmp_path / "map.toml").write_text(MAPPING)
    return tmp_path / "purchases.csv", tmp_path / "map.toml"


def test_an_import_counts_what_it_puts_aside(
    workbench: Callable[..., Any], purchases: tuple[Path, Path], tmp_path: Path
) -> None:
    file, mapping = purchases

    done = workbench("import", "fraud", file, "--map", mapping, "--out", tmp_path / "s", "--json")

    assert (done.code, done.json["rows"], done.json["events"]) == (0, 3, 2)
    assert sum(done.json["quarantined"].values()) == 1
    assert pl.read_parquet(tmp_path / "s" / "quarantine.parquet")["source_row"].to_list() == [1]


def test_a_strict_import_fails_instead_and_writes_nothing(
    workbench: Callable[..., Any], purchases: tuple[Path, Path], tmp_path: Path
) -> None:
    file, mapping = purchases

    done = workbench("import", "fraud", file, "--map", mapping, "--out", tmp_path / "s", "--strict")

    assert (done.code, done.out) == (2, "")
    assert "row 1" in done.err
    assert not (tmp_path / "s").exists()


def test_a_stream_is_inspected_for_people_and_for_programs(
    workbench: Callable[..., Any], stream: Path
) -> None:
    assert "terminal" in workbench("inspect", stream, "--verify").out
    assert workbench("inspect", stream, "--json").json["case"] == "fraud"


def test_a_replay_tells_what_its_run_holds(
    workbench: Callable[..., Any], stream: Path, run: Path, quick: list[str], tmp_path: Path
) -> None:
    done = workbench(
        "replay", "fraud", "--stream", stream, "--out", tmp_path / "run", *quick, "--json"
    )

    assert done.code == 0
    assert {"parameters", "seed", "stream", "versions", "metrics", "events_per_second"} <= set(
        done.json
    )
    scores = pl.read_parquet(tmp_path / "run" / "scores.parquet")
    assert scores.columns == ["event_id", "event_time", "score"]
    assert scores.height == done.json["counts"]["events"]
    assert (run / "scores.parquet").read_bytes() == (
        tmp_path / "run" / "scores.parquet"
    ).read_bytes()


def test_without_out_a_replay_names_its_run_after_what_it_replays(
    workbench: Callable[..., Any],
    stream: Path,
    quick: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    replay = ("replay", "fraud", "--stream", stream, *quick)

    shown = workbench(*replay)
    workbench(*replay)
    workbench(*replay, "--until", "2025-03-06")
    workbench(*replay, "--seed", 1)

    runs = [folder.name for folder in (tmp_path / "runs").iterdir()]
    assert len(runs) == 3
    assert all(name.startswith("small-additive-") for name in runs)
    assert "ROC AUC" in shown.out
    assert "runs/small-additive-" in shown.out


def test_a_span_is_replayed_alone(
    workbench: Callable[..., Any], stream: Path, quick: list[str], tmp_path: Path
) -> None:
    workbench(
        "replay", "fraud", "--stream", stream, "--out", tmp_path / "run", *quick,
        "--from", "2025-03-05", "--until", "2025-03-07T12:00:00Z",
    )  # fmt: skip

    times = pl.read_parquet(tmp_path / "run" / "scores.parquet")["event_time"]
    assert str(times.dt.date().min()) == "2025-03-05"
    assert times.dt.hour().last() == 11


def test_runs_are_compared_with_the_first(
    workbench: Callable[..., Any], stream: Path, run: Path, quick: list[str], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    workbench("replay", "fraud", "--stream", stream, "--out", other, *quick, "--deliver", "1d")

    told = workbench("compare", run, other, "--json").json
    shown = workbench("compare", run, other, run)

    assert told["baseline"] == str(run)
    assert "verdict" in told["runs"][0]["differences"]["roc_auc"]
    assert shown.out.count("ROC AUC") == 2
    assert "not certain" in shown.out


@pytest.fixture
def artifact(workbench: Callable[..., Any], stream: Path, quick: list[str], tmp_path: Path) -> Path:
    """A detector exported after the first five days."""
    run = tmp_path / "five-days"
    replay = ("replay", "fraud", "--stream", stream, "--out", run, *quick, "--until", "2025-03-08")
    assert workbench(*replay).code == 0
    assert workbench("export", run, "--out", tmp_path / "artifact").code == 0
    return tmp_path / "artifact"


def test_an_export_says_what_alerts_are_to_be_like(
    workbench: Callable[..., Any], tmp_path: Path
) -> None:
    shop, run, out = tmp_path / "shop", tmp_path / "run", tmp_path / "artifact"
    workbench("simulate", "recommend", "--out", shop, "--days", "6", "--scale", "0.05")
    replay = ("replay", "recommend", "--stream", shop, "--detector", "popularity", "--out", run)
    assert workbench(*replay).code == 0
    told = workbench("export", run, "--out", out, "--alert", "days=3.5", "--json").json
    assert told["alerts"]["days"] == 3.5


@pytest.mark.parametrize(
    ("given", "told"),
    [("days=3", "allowed is budget"), ("budget=many", "allowed is a number"), ("budget=0", "0")],
)
def test_an_alert_setting_that_cannot_be_used_is_refused(
    workbench: Callable[..., Any], artifact: Path, tmp_path: Path, given: str, told: str
) -> None:
    run, out = tmp_path / "five-days", tmp_path / "fewer"
    done = workbench("export", run, "--out", out, "--alert", given)
    assert (done.code, out.exists()) == (2, False)
    assert told in done.err


def test_an_exported_detector_is_verified(workbench: Callable[..., Any], artifact: Path) -> None:
    assert workbench("verify", artifact).code == 0
    assert workbench("verify", artifact, "--json").json["verified"] is True


def test_a_changed_file_fails_the_verification(
    workbench: Callable[..., Any], artifact: Path
) -> None:
    state = artifact / "state.npz"
    content = bytearray(state.read_bytes())
    content[len(content) // 2] ^= 1
    state.write_bytes(content)

    done = workbench("verify", artifact)

    assert (done.code, done.out) == (1, "")
    assert "state.npz" in done.err
    assert done.err.count("\n") == 1


def test_an_exported_detector_goes_on_as_if_it_had_never_been_exported(
    workbench: Callable[..., Any], artifact: Path, stream: Path, run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scores.parquet"

    done = workbench("score", artifact, "--stream", stream, "--out", out, "--learn", "--json")

    scores = pl.read_parquet(out)
    whole = pl.read_parquet(run / "scores.parquet")
    assert done.json == {"scores": str(out), "events": scores.height}
    assert scores.equals(whole.tail(scores.height))


def test_an_exported_detector_scores_a_span_without_learning(
    workbench: Callable[..., Any], artifact: Path, stream: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scores.parquet"

    done = workbench("score", artifact, "--stream", stream, "--out", out, "--from", "2025-03-09")

    assert done.code == 0
    assert str(pl.read_parquet(out)["event_time"].dt.date().min()) == "2025-03-09"
    assert str(out) in done.out


def test_scores_are_never_written_over_a_folder(
    workbench: Callable[..., Any], artifact: Path, stream: Path, tmp_path: Path
) -> None:
    done = workbench("score", artifact, "--stream", stream, "--out", tmp_path)

    assert (done.code, done.out) == (2, "")
    assert str(tmp_path) in done.err


@pytest.mark.parametrize("command", ["verify", "score", "export", "compare"])
def test_a_folder_of_something_else_is_refused(
    workbench: Callable[..., Any], stream: Path, tmp_path: Path, command: str
) -> None:
    options = {
        "verify": [],
        "score": ["--stream", stream, "--out", tmp_path / "out"],
        "export": ["--out", tmp_path / "out"],
        "compare": [stream],
    }

    done = workbench(command, stream, *options[command])

    assert (done.code, done.out) == (2, "")
    assert str(stream) in done.err
    assert not (tmp_path / "out").exists()
