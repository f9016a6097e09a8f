"""What the vitals simulator promises: the same bytes, possible signs, episodes where truth says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from vitals_examples import patterns_of

from workbench.cases.vitals.notices import notice
from workbench.cases.vitals.quantities import QUANTITIES
from workbench.cases.vitals.schema import SCHEMA
from workbench.cases.vitals.simulation.artefacts import ARTEFACTS
from workbench.cases.vitals.simulation.chart import chart
from workbench.cases.vitals.simulation.episodes import KINDS
from workbench.cases.vitals.simulation.hospital import LEAD, furnish
from workbench.cases.vitals.simulation.schedule import ground_truth
from workbench.cases.vitals.simulation.stays import admissions
from workbench.cases.vitals.simulator import START, generate, simulate
from workbench.errors import ParameterError
from workbench.streams.manifest import Manifest
from workbench.streams.writer import StreamWriter

DAYS, SEED, SCALE = 24, 3, 1.5
RECORDED = Path(__file__).parents[3] / "data" / "vitals"
EPISODES = [kind.name for kind in KINDS]


def written(folder: Path, **parameters: Any) -> dict[str, bytes]:
    with StreamWriter(folder, "vitals", SCHEMA, {}) as writer:
        simulate(writer, **parameters)
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def parts() -> list[Any]:
    return list(generate(days=DAYS, seed=SEED, scale=SCALE))


@pytest.fixture(scope="module")
def stream(parts: list[Any]) -> pl.DataFrame:
    """All that is known of each event: label, when it is known, pattern."""
    events, labels, patterns = (
        pl.concat([getattr(p, kind) for p in parts]) for kind in ("events", "labels", "patterns")
    )
    return events.join(labels, "event_id", "left", maintain_order="left").join(
        patterns, "event_id", "left", maintain_order="left"
    )


@pytest.fixture(scope="module")
def episodes(parts: list[Any]) -> pl.DataFrame:
    return pl.concat([p.episodes for p in parts])


@pytest.fixture(scope="module")
def well(stream: pl.DataFrame) -> pl.DataFrame:
    """Events of no pattern."""
    return stream.filter(pl.col("pattern").is_null())


# The same parameters, the same stream


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = written(tmp_path / "a", days=4, seed=5, scale=0.1)
    assert first == written(tmp_path / "b", days=4, seed=5, scale=0.1)
    assert {"truth.json", "truth-episodes-00000.parquet"} <= {*first}


def test_another_seed_gives_another_stream() -> None:
    one, other = (next(generate(days=2, seed=s, scale=0.05)).events for s in (1, 2))
    assert not one.equals(other)


def test_progress_ends_with_all_days(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    written(
        tmp_path / "s", days=3, scale=0.05, progress=lambda done, days: seen.append((done, days))
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("wrong", "value"),
    [
        ({"days": 0}, "days = 0"),
        ({"days": 4000}, "days = 4000"),
        ({"seed": -1}, "seed = -1"),
        ({"scale": 0.0}, "scale = 0.0"),
        ({"scale": float("nan")}, "scale = nan"),
        ({"start": datetime(2025, 3, 3, 9, tzinfo=UTC)}, "start = 2025-03-03T09:00:00"),
        ({"start": datetime(2025, 3, 3)}, "start = 2025-03-03T00:00:00"),
    ],
)
def test_impossible_parameters_are_refused_with_their_value(
    wrong: dict[str, Any], value: str
) -> None:
    with pytest.raises(ParameterError, match=value):
        generate(**wrong)


def test_the_smallest_stream_is_whole() -> None:
    (part,) = generate(days=1, scale=0.01)
    assert part.events.height > 0


# Order and form


def test_events_come_in_one_total_order_within_the_days(stream: pl.DataFrame) -> None:
    assert stream.equals(stream.sort("event_time", "event_id"))
    assert stream["event_id"].is_sorted()
    assert stream["event_id"].n_unique() == stream.height
    assert stream["event_time"][0] >= START
    assert stream["event_time"][-1] < START + timedelta(days=DAYS)


def test_every_value_is_possible(stream: pl.DataFrame) -> None:
    for column in SCHEMA.columns:
        if column.kind == "integer":
            assert column.minimum is not None
            assert column.maximum is not None
            held = stream[column.name].drop_nulls()
            assert held.is_between(column.minimum, column.maximum).all(), column.name


def test_what_is_simulated_is_named_in_the_schema(stream: pl.DataFrame) -> None:
    filled = [q.name for q in QUANTITIES if stream[q.name].null_count() < stream.height]
    assert len(filled) > 25
    assert stream.select(SCHEMA.events.names()).schema == SCHEMA.events


def test_several_devices_report_different_signs_at_different_rates(stream: pl.DataFrame) -> None:
    kind = pl.col("device").str.extract(r"^([a-z]+)").alias("kind")
    rows = dict(stream.group_by(kind).len().iter_rows())
    assert {*rows} == {"monitor", "cuff", "spot", "analyser"}
    assert rows["monitor"] > 5 * rows["cuff"]
    of = stream.group_by(kind).agg(
        pl.col("temperature", "systolic", "creatinine", "heart_rate").is_not_null().any()
    )
    told = {row[0]: row[1:] for row in of.iter_rows()}
    assert told["monitor"] == (False, False, False, True)
    assert told["cuff"] == (False, True, False, False)
    assert told["spot"] == (True, True, False, True)
    assert told["analyser"] == (False, False, True, False)


# Patients


def test_each_patient_has_a_baseline_of_its_own(well: pl.DataFrame) -> None:
    mean = well.group_by("patient").agg(pl.col("heart_rate").mean())["heart_rate"].drop_nulls()
    within = well.group_by("patient").agg(pl.col("heart_rate").std())["heart_rate"].drop_nulls()
    assert float(np.std(mean.to_numpy())) > 800
    assert float(np.median(within.to_numpy())) < 1_000


def test_days_have_a_rhythm(well: pl.DataFrame) -> None:
    hour = pl.col("event_time").dt.hour()
    night, day = (
        well.filter(hour.is_between(*span))["heart_rate"].drop_nulls().mean()
        for span in ((2, 5), (13, 17))
    )
    assert isinstance(night, float)
    assert isinstance(day, float)
    assert 300 < day - night < 1_500


def test_some_patients_always_have_low_oxygen_and_their_own_scale(well: pl.DataFrame) -> None:
    scale = (
        well.drop_nulls("spo2_scale")
        .group_by("patient")
        .agg(pl.col("spo2_scale").first(), pl.col("spo2").median())
    )
    low = scale.filter(pl.col("spo2_scale") == 2)
    assert 0.05 < low.height / scale.height < 0.2
    assert (low["spo2"] < 9_300).mean() > 0.9


def test_a_bed_holds_one_patient_at_a_time(stream: pl.DataFrame) -> None:
    beds = stream.filter(
        pl.col("device").str.starts_with("monitor"),
        pl.col("pattern").is_null() | (pl.col("pattern") != "after_discharge"),
    )
    spans = beds.group_by("device", "patient").agg(
        begin=pl.col("event_time").min(), end=pl.col("event_time").max()
    )
    ordered = spans.sort("device", "begin")
    gap = ordered.select(pl.col("begin") - pl.col("end").shift().over("device")).to_series()
    assert gap.drop_nulls().min() > timedelta(0)


# Episodes


@pytest.mark.parametrize(
    ("pattern", "column", "rises"),
    [
        ("sepsis", "heart_rate", True),
        ("sepsis", "temperature", True),
        ("sepsis", "systolic", False),
        ("respiratory_failure", "respiration", True),
        ("respiratory_failure", "spo2", False),
        ("bleeding", "heart_rate", True),
        ("bleeding", "systolic", False),
        ("sepsis", "wbc", True),
        ("arrhythmia", "heart_rate", True),
    ],
)
def test_an_episode_shows_in_its_signs(
    stream: pl.DataFrame,
    well: pl.DataFrame,
    episodes: pl.DataFrame,
    pattern: str,
    column: str,
    rises: bool,
) -> None:
    onset = episodes.filter(pattern=pattern).select("patient", "onset")
    near = (
        stream.filter(pattern=pattern)
        .join(onset, on="patient")
        .filter((pl.col("event_time") - pl.col("onset")).abs() < timedelta(hours=3))
    )
    own = well.group_by("patient").agg(pl.col(column).median().alias("own"))
    change = near.join(own, on="patient").select(pl.col(column) - pl.col("own")).to_series()
    assert change.drop_nulls().len() > 5
    assert (float(change.drop_nulls().mean() or 0) > 0) == rises


def test_a_label_is_one_before_the_onset_and_for_an_hour_after(
    stream: pl.DataFrame, episodes: pl.DataFrame
) -> None:
    joined = stream.join(episodes.select("patient", "onset"), on="patient")
    until = (joined["onset"] - joined["event_time"]).dt.total_seconds()
    # Clocks are wrong by up to ten minutes.
    inside = joined.filter(until.is_between(-50 * 60, LEAD - 600))
    outside = joined.filter(~until.is_between(-70 * 60, LEAD + 600))
    assert inside["label"].drop_nulls().min() == 1
    assert outside["label"].drop_nulls().max() == 0


def test_patients_without_an_episode_have_no_positive_label(
    stream: pl.DataFrame, episodes: pl.DataFrame
) -> None:
    others = stream.filter(~pl.col("patient").is_in(episodes["patient"].implode()))
    assert others["label"].drop_nulls().max() == 0


def test_labels_of_a_stay_are_known_together_at_its_end(stream: pl.DataFrame) -> None:
    of = (
        stream.drop_nulls("label")
        .group_by("patient")
        .agg(
            pl.col("known_at").n_unique().alias("times"),
            (pl.col("known_at").first() - pl.col("event_time").max()).alias("late"),
        )
    )
    assert of["times"].unique().to_list() == [1]
    assert of["late"].min() >= timedelta(0)
    assert of["late"].median() < timedelta(hours=2)


def test_no_label_is_known_before_its_observation_by_a_clock_that_is_ahead() -> None:
    hospital = furnish(seed=0, scale=1.0)
    hospital = replace(hospital, skew=np.full_like(hospital.skew, 600))
    # At the 64th somebody comes to measure when the patient has just left.
    for stay in list(admissions(hospital, 0, int(START.timestamp()), 20))[:70]:
        rows = chart(stay, hospital, 0, 900)
        told = rows.label >= 0
        assert len(np.unique(rows.known[told])) == 1
        assert (rows.known >= rows.time)[told].all()


def test_recovery_has_no_label(stream: pl.DataFrame, episodes: pl.DataFrame) -> None:
    joined = stream.join(episodes.select("patient", "onset", "end"), on="patient")
    later = joined.filter(
        pl.col("event_time").is_between(
            pl.col("onset") + timedelta(minutes=75), pl.col("end") - timedelta(minutes=15)
        )
    )
    assert later.height > 100
    assert later["label"].null_count() == later.height


def test_deterioration_is_rare_and_of_every_kind(
    stream: pl.DataFrame, episodes: pl.DataFrame
) -> None:
    assert {*episodes["pattern"]} == {*EPISODES}
    assert 0.08 < episodes.height / stream["patient"].n_unique() < 0.3
    assert 0.01 < float(stream["label"].mean() or 0) < 0.08


def test_staff_measure_more_where_they_worry(stream: pl.DataFrame, episodes: pl.DataFrame) -> None:
    rounds = stream.filter(pl.col("device").str.starts_with("spot"))
    near = rounds.join(episodes.select("patient", "onset"), on="patient").filter(
        (pl.col("onset") - pl.col("event_time")).is_between(timedelta(0), timedelta(hours=6))
    )
    an_hour = near.height / (6 * near["patient"].n_unique())
    days = stream.group_by("patient").agg(pl.col("event_time").max() - pl.col("event_time").min())
    usual = rounds.height / (days["event_time"].dt.total_seconds().sum() / 3600)
    assert an_hour > 1.5 * usual


# Artefacts


def test_every_artefact_occurs(stream: pl.DataFrame) -> None:
    assert {a.name for a in ARTEFACTS} <= {*stream["pattern"].drop_nulls()}


def test_a_slipped_probe_reads_low_or_nothing(stream: pl.DataFrame) -> None:
    read = stream.filter(pattern="probe_off")["spo2"]
    assert 0.3 < read.null_count() / read.len() < 0.7
    assert read.drop_nulls().max() <= 8_000


def test_a_mis_set_monitor_counts_twice(stream: pl.DataFrame, well: pl.DataFrame) -> None:
    own = well.group_by("patient").agg(pl.col("heart_rate").median().alias("own"))
    twice = stream.filter(pattern="mis_set").join(own, on="patient")
    ratio = (twice["heart_rate"] / twice["own"]).drop_nulls()
    assert 1.7 < float(np.median(ratio.to_numpy())) < 2.3


def test_a_flat_line_repeats_its_values(stream: pl.DataFrame) -> None:
    flat = stream.filter(pattern="flat_line").sort("patient", "event_time")
    same = flat.select(
        (pl.col("heart_rate") == pl.col("heart_rate").shift()).over("patient")
    ).to_series()
    assert same.drop_nulls().mean() > 0.85


def test_a_duplicate_is_the_same_observation_with_another_id(stream: pl.DataFrame) -> None:
    measured = [name for name in SCHEMA.events.names() if name != "event_id"]
    again = stream.filter(pattern="duplicate").select(measured)
    others = stream.filter(pl.col("pattern").is_null() | (pl.col("pattern") != "duplicate"))
    assert again.join(others.select(measured), on=measured, how="semi", nulls_equal=True).height > (
        0.95 * again.height
    )


def test_what_comes_after_discharge_has_no_label(stream: pl.DataFrame) -> None:
    after = stream.filter(pattern="after_discharge")
    assert after["label"].null_count() == after.height


def test_clocks_are_wrong_as_truth_says(stream: pl.DataFrame) -> None:
    hospital = furnish(SEED, SCALE)
    clocks = ground_truth(START, DAYS, hospital)["clocks"]
    assert clocks
    assert {*clocks} <= {*stream["device"]}
    assert all(0 < abs(seconds) <= 600 for seconds in clocks.values())


def test_truth_names_every_pattern(stream: pl.DataFrame) -> None:
    truth = ground_truth(START, DAYS, furnish(SEED, SCALE))
    assert {p["name"] for p in truth["patterns"]} == {*stream["pattern"].drop_nulls()}
    assert [change["time"] for change in truth["drift"]] == sorted(
        change["time"] for change in truth["drift"]
    )


def test_nothing_odd_is_noticed_but_what_was_meant(stream: pl.DataFrame) -> None:
    assert "pair(s) of patients" not in str(notice(stream.select(SCHEMA.events.names())))


# The recorded stream


def test_the_recorded_stream_is_what_its_command_makes() -> None:
    origin = Manifest.read(RECORDED).origin
    made = generate(days=origin["days"], seed=origin["seed"], scale=origin["scale"])
    first = next(iter(made)).events
    held = pl.read_parquet(RECORDED / "events-00000.parquet").head(first.height)
    assert held.cast(dict(first.schema)).equals(first)


def test_the_data_card_states_what_the_recorded_stream_holds() -> None:
    card = (RECORDED / "README.md").read_text()
    manifest = json.loads((RECORDED / "stream.json").read_text())
    episodes = pl.read_parquet(RECORDED / "truth-episodes-00000.parquet")
    assert f"{manifest['counts']['events']:,} observations" in card
    assert f"{episodes.height} episodes" in card
    for pattern, count in patterns_of(RECORDED).items():
        assert f"| `{pattern}` |" in card, pattern
        assert f"| {count:,} |" in card, pattern
