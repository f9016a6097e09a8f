"""The vitals case's metrics: by hand, and against the protocol written out in plain Python."""

from __future__ import annotations

import json
import math
import statistics
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score
from vitals_frames import START, random, stay, written

from workbench.cases.vitals.alarms import Alarms, Rule
from workbench.cases.vitals.metrics import MEASURES, alerts, compare, evaluate, utility
from workbench.cases.vitals.sample import Sample
from workbench.cases.vitals.stays import Hours, Stays
from workbench.cases.vitals.survival import Survival
from workbench.cases.vitals.threshold import asked, freeze
from workbench.cases.vitals.tradeoff import tradeoff
from workbench.errors import ParameterError

ARTEFACTS = {
    "probe_off", "motion", "flat_line", "mis_set", "cuff_error", "duplicate", "after_discharge",
}  # fmt: skip


def hour_of(time):
    return time / timedelta(hours=1)


def worth(since):
    """What an alarm gains over silence at so many hours from the onset."""
    if since is None:
        return -0.05
    if since <= -6:
        return max((since + 12) / 6, -0.05)
    return (3 - since) / 9 + 2 * (since + 6) / 9 if since <= 3 else 0.0


def by_the_protocol(frame, budget, frozen_at=None):
    """Threshold and metrics, stay by stay, as the module's docstring words it."""
    rows = frame.sort("event_time", "event_id").to_dicts()
    for row in rows:
        row["time"] = hour_of(row["event_time"] - START)
        row["told"] = None if row["known_at"] is None else hour_of(row["known_at"] - START)
    stays = {}
    for row in rows:
        stays.setdefault(row["patient"], []).append(row)
    for seen in stays.values():
        begin = seen[0]["time"]
        for row in seen:
            row["in_hour"] = row["stay_hour"] or 1 + math.floor(round(row["time"] - begin, 9))
        ill = [row for row in seen if row["label"] == 1]
        onset = ill[0]["time"] + 6 if ill else None
        onset_hour = min(row["in_hour"] for row in ill) + 6 if ill else None
        for row in seen:
            row["since"] = None if onset is None else round(row["time"] - onset, 9)
            row["since_hour"] = None if onset is None else row["in_hour"] - onset_hour
            row["begin"] = begin
    scored = [
        row for row in rows
        if row["score"] is not None and (row["told"] is None or row["told"] >= row["time"])
    ]  # fmt: skip
    times = [row["time"] for row in scored]
    until = times[0] + 0.4 * (times[-1] - times[0])

    def hours(rows):
        cells = {}
        for row in rows:
            cells.setdefault((row["patient"], row["in_hour"]), []).append(row)
        return list(cells.values())

    def alarms(rows, threshold):
        last, below, found = {}, {}, []
        for row in rows:
            quiet, under = (
                round(row["time"] - when.get(row["patient"], -1000), 9) for when in (last, below)
            )
            if row["score"] < threshold:
                below[row["patient"]] = row["time"]
            elif quiet >= 6 and under >= 1 / 3:
                last[row["patient"]] = row["time"]
                found.append(row)
        return found

    def gained(cells, threshold):
        return sum(
            worth(cell[0]["since_hour"])
            for cell in cells
            if max(row["score"] for row in cell) >= threshold
        )

    def labelled(cells):
        return [cell for cell in cells if any(row["label"] is not None for row in cell)]

    known = {
        patient for patient, seen in stays.items()
        if any(row["label"] is not None for row in seen)
        and all(row["told"] is not None and row["told"] <= until
                for row in seen if row["label"] is not None)
    }  # fmt: skip
    half = (times[0] + until) / 2
    late = [row for row in scored if half <= row["time"] < until]
    allowed = budget * len(hours(late)) / 24
    levels = sorted({max(row["score"] for row in cell) for cell in hours(late)})
    levels = [
        level for level in levels if sum(row in late for row in alarms(scored, level)) <= allowed
    ]
    chosen_on = hours([row for row in scored if row["patient"] in known])
    scores = {max(row["score"] for row in cell) for cell in chosen_on}
    best = max(
        ((gained(chosen_on, t), t) for t in scores if t >= levels[0]), default=(0, None)
    )  # fmt: skip
    threshold = best[1] if best[0] > 0 else levels[0]

    judged = [
        row for row in scored
        if row["begin"] >= until and any(r["label"] is not None for r in stays[row["patient"]])
    ]  # fmt: skip
    cells = hours(judged)
    with_label = [row for row in judged if row["label"] is not None]
    raised = [row for row in alarms(scored, threshold) if row in judged]
    in_time = [row for row in judged if row["since"] is not None and -12 <= row["since"] <= 3]
    told = [row for row in raised if row["label"] is not None]
    true = [row for row in told if row in in_time or row["label"] == 1]
    episodes = {row["patient"] for row in in_time}
    leads = {}
    for row in raised:
        if row in in_time:
            leads.setdefault(row["patient"], -row["since"])

    def usefulness(cells):
        most = sum(
            worth(cell[0]["since_hour"])
            for cell in cells
            if cell[0]["since_hour"] is not None and -12 <= cell[0]["since_hour"] <= 3
        )
        return gained(cells, threshold) / most

    label, score = ([row[name] for row in with_label] for name in ("label", "score"))
    return {
        "threshold": threshold,
        "n": len(with_label),
        "utility": usefulness(labelled(cells)),
        "utility_54h": usefulness([c for c in labelled(cells) if c[0]["in_hour"] <= 54]),
        "auroc": roc_auc_score(label, score),
        "auprc": average_precision_score(label, score),
        "alarms_per_patient_day": 24 * len(raised) / len(cells),
        "ppv": len(true) / len(told),
        "sensitivity": len(leads) / len(episodes),
        "lead_hours": statistics.median(leads.values()),
        "artefact_alarms_per_patient_day": 24
        * sum(row["pattern"] in ARTEFACTS for row in raised if row not in true)
        / len(cells),
        "first_false_alarm_hours": until_half(judged, told, true, in_time),
    }


def until_half(judged, told, true, in_time):
    """When half of the patients had a false alarm, by Kaplan and Meier, patient by patient."""
    waits = {}
    for row in judged:
        seen = waits.setdefault(row["patient"], {"begin": row["time"], "end": None, "false": False})
        if seen["end"] is not None:
            continue
        seen["last"] = row["time"]
        if row in in_time:
            seen["end"] = row["time"]
        elif row in told and row not in true:
            seen["end"], seen["false"] = row["time"], True
    waits = (
        [(w["end"] or w["last"]) - w["begin"] for w in waits.values()],
        [w["false"] for w in waits.values()],
    )
    share = 1.0
    for hours in sorted(set(waits[0])):
        left = sum(w >= hours for w in waits[0])
        share *= 1 - sum(w == hours and f for w, f in zip(*waits, strict=True)) / left
        if share <= 0.5:
            return hours
    return math.nan


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("budget", [1.0, 3.0])
def test_every_metric_is_that_of_the_protocol(seed, budget):
    frame = random(seed=seed)
    wanted = by_the_protocol(frame, budget)
    found = evaluate(frame, budget=budget, smallest=1, replicates=0)
    assert found.settings["threshold"] == wanted.pop("threshold")
    assert found.n == wanted.pop("n")
    values = {name: estimate.value for name, estimate in found.overall.items()}
    assert values == pytest.approx(wanted, nan_ok=True)


def quiet(count, begin, hours=30, score=0.1, prefix="q"):
    """Stays in which nothing happens."""
    return [
        row for k in range(count) for row in stay(f"{prefix}{k}", begin + k / 10, [score] * hours)
    ]


def small():
    """A frame whose threshold is 0.8: one early stay with an onset, later ones to judge."""
    early = stay("early", 0, [0.1] * 14 + [0.8] * 10, onset=20)
    later = stay("later", 100, [0.1] * 16 + [0.9] * 8, onset=20)
    first = quiet(3, 1, prefix="first")
    return written(*early, *first, *later, *quiet(8, 101), *quiet(1, 200, prefix="last"))


def test_metrics_computed_by_hand():
    found = evaluate(small(), smallest=1, replicates=0)
    assert found.settings["threshold"] == 0.8
    assert (found.entities, found.n, found.positives) == (10, 24 + 9 * 30, 10)
    # Alarms in hours 16 and 22 of 24: 4 hours before the onset, and 2 after it.
    assert found["alarms_per_patient_day"].value == pytest.approx(2 * 24 / (24 + 9 * 30))
    assert found["ppv"].value == 1.0
    assert found["sensitivity"].value == 1.0
    assert found["lead_hours"].value == 4.0
    assert math.isnan(found["first_false_alarm_hours"].value)
    gains = [k / 6 for k in range(7)] + [1 + k / 9 for k in range(1, 10)]
    # Hours 8 to 23 are worth something; alarms stand from 16 on.
    assert found["utility"].value == pytest.approx(sum(gains[8:]) / sum(gains))


def test_where_each_hour_is_observed_once_the_utility_is_the_challenges():
    from workbench.cases.vitals.utility import from_onset, normalised_utility

    rng = np.random.default_rng(5)
    rows = [
        row
        for k in range(40)
        for row in stay(
            f"p{k:02d}", 5 * k, rng.random(int(rng.integers(10, 80))).round(2).tolist(),
            onset=int(rng.integers(3, 60)) if k % 3 == 0 else None,
        )
    ]  # fmt: skip
    frame = written(*rows)
    found = evaluate(frame, smallest=1, replicates=0)
    judged = Stays(frame).begin >= freeze(Stays(frame)).until
    kept = frame.filter(
        pl.col("patient").is_in([f"p{k:02d}" for k in range(40) if judged[k]])
    ).sort("patient", "event_time")
    code = kept["patient"].rank("dense").cast(pl.Int64).to_numpy() - 1
    since = from_onset(code, kept["event_time"].to_physical().to_numpy(), kept["label"].to_numpy())
    alarm = kept["score"].to_numpy() >= found.settings["threshold"]
    assert found["utility"].value == pytest.approx(normalised_utility(alarm, since))


def test_the_last_hour_of_a_stay_counts_though_its_label_is_known_with_it():
    found = evaluate(small(), replicates=0)
    assert found.excluded["label already known"] == 0


def test_a_score_that_was_made_after_its_label_was_known_is_never_used():
    frame = small()
    late = pl.col("event_id").is_in(["00130", "00131"])
    leaked = frame.with_columns(
        known_at=pl.when(late)
        .then(pl.col("event_time") - timedelta(seconds=1))
        .otherwise("known_at"),
        score=pl.when(late).then(1.0).otherwise("score"),
    )
    found = evaluate(leaked, replicates=0)
    assert found.excluded["label already known"] == 2
    without = frame.with_columns(score=pl.when(late).then(None).otherwise("score"))
    kept = evaluate(without, replicates=0)
    assert found.to_dict()["overall"] == kept.to_dict()["overall"]


def test_nothing_that_comes_later_moves_the_frozen_threshold():
    frame = random(patients=80, seed=3)
    frozen = freeze(Stays(frame))
    rng = np.random.default_rng(0)
    later = frame["event_time"].to_physical() >= frozen.until
    known_later = (frame["known_at"].to_physical() > frozen.until).fill_null(value=True)
    changed = frame.with_columns(
        score=pl.when(later).then(pl.Series(rng.random(len(frame)))).otherwise("score"),
        label=pl.when(known_later & pl.col("label").is_not_null())
        .then(1 - pl.col("label"))
        .otherwise("label"),
    )
    same = changed.with_columns(
        score=pl.when(later & frame["score"].is_null()).then(None).otherwise("score")
    )
    assert freeze(Stays(same)).threshold == frozen.threshold


def test_stays_that_began_before_the_threshold_was_frozen_are_not_judged():
    frame = random(patients=80, seed=3)
    stays = Stays(frame)
    frozen = freeze(stays)
    assert (stays.begin[frozen.judged] >= frozen.until).all()
    found = evaluate(frame, replicates=0)
    assert found.entities == frozen.judged.sum()
    assert found.n + sum(found.excluded.values()) == len(frame)


def test_the_moment_of_freezing_can_be_given():
    found = evaluate(small(), frozen_at=START + timedelta(hours=99), replicates=0)
    assert found.settings["frozen_at"] == "2025-03-07T03:00:00.000000Z"


def test_without_any_label_known_by_then_the_budget_alone_decides():
    frame = random(patients=80, seed=1)
    never = frame.with_columns(known_at=pl.lit(None, pl.Datetime("us", "UTC")))
    stays = Stays(never)
    threshold = freeze(stays, 1.0).threshold
    until = freeze(stays, 1.0).until
    begin = int(stays.time[0])
    first = (stays.time >= begin + (until - begin) // 2) & (stays.time < until)
    hours = len(Hours(stays, first))
    levels = np.unique(stays.score)
    below = levels[np.searchsorted(levels, threshold) - 1]
    assert stays.alarms(Rule(threshold))[first].sum() <= hours / 24
    assert stays.alarms(Rule(below))[first].sum() > hours / 24


def test_what_is_reported_of_alarms_is_what_a_live_worker_raises():
    rng = np.random.default_rng(1)
    # A replay gives each observation a score, before its label.
    never = pl.lit(None, pl.Datetime("us", "UTC"))
    frame = random(patients=80, seed=2).with_columns(
        score=pl.col("score").fill_null(0.3),
        known_at=pl.when(pl.col("known_at") >= pl.col("event_time"))
        .then("known_at")
        .otherwise(never),
    )
    leaping = np.where(rng.random(len(frame)) < 0.1, 18000, 7000) + rng.integers(0, 300, len(frame))
    frame = frame.with_columns(heart_rate=pl.Series(leaping))
    given = {"persistence": "2h", "clear": 0.8, "pause": "2h"}
    settings = alerts(frame, rule=given)
    found = evaluate(frame, rule=given, replicates=0)
    assert settings["threshold"] == found.settings["threshold"]

    policy = Alarms(settings)
    raised = []
    for first in range(0, len(frame), 100):
        batch = frame[first : first + 100]
        raised += [first + alert.row for alert in policy.choose(batch, batch["score"].to_numpy())]
    stays = Stays(frame)
    rule = Rule(settings["threshold"], **given)
    ids = stays.rows["event_id"].filter(pl.Series(stays.alarms(rule)))
    assert frame["event_id"][raised].to_list() == ids.to_list()

    without = stays.alarms(Rule(settings["threshold"]))
    assert 0 < len(raised) < without.sum()


def test_a_threshold_that_is_given_is_taken_and_nothing_is_chosen():
    frame = random(patients=80, seed=2)
    rule = {"threshold": 0.4, "clear": 0.5, "pause": "1h"}
    found = evaluate(frame, rule=rule, replicates=0)
    assert found.settings["threshold"] == alerts(frame, rule=rule)["threshold"] == 0.4
    row = tradeoff(frame, [0.4], rule=rule).row(0, named=True)
    for name in ("alarms_per_patient_day", "sensitivity", "ppv", "utility"):
        assert row[name] == pytest.approx(found[name].value), name


@pytest.mark.parametrize("rule", [{}, {"clear": 0.5, "pause": "1h"}, {"threshold": 0.4}])
def test_what_else_is_told_of_an_evaluation_rests_on_the_same_alarms(rule):
    frame = random(patients=80, seed=2)
    at = START + timedelta(hours=99)
    found = evaluate(frame, budget=0.5, frozen_at=at, rule=rule, replicates=0)
    same = freeze(Stays(frame), **asked(found.settings))
    assert same.rule == freeze(Stays(frame), 0.5, at, rule).rule
    assert same.at == found.settings["frozen_at"]


def test_a_third_of_the_alarms_that_were_seen_is_of_each_severity():
    frame = random(patients=80, seed=2)
    settings = alerts(frame)
    stays = Stays(frame)
    before = stays.alarms(Rule(settings["threshold"])) & (stays.time < freeze(stays).until)
    score = stays.score[before]
    for level, share in (("medium", 2 / 3), ("high", 1 / 3)):
        assert abs((score >= settings[level]).mean() - share) < 0.15
    assert settings["threshold"] <= settings["medium"] <= settings["high"]
    assert alerts(written()) == {}


def test_an_unknown_setting_of_the_alarms_is_refused():
    with pytest.raises(ParameterError, match="the setting 'patience' of alarms"):
        evaluate(small(), rule={"patience": "1h"})


def test_tuning_raises_the_metric_that_is_reported():
    frame = random(patients=80, seed=2)
    found = evaluate(frame, budget=None, replicates=0)
    assert utility(frame) == pytest.approx(found["utility"].value)
    assert utility.__name__ in MEASURES


def test_weights_count_a_patient_like_its_copies():
    """The heart of the bootstrap: a resampled stream is measured as if it were written out."""
    frame = random(patients=80, seed=4)
    stays = Stays(frame)
    frozen = freeze(stays)
    sample = Sample(stays, frozen.judged, frozen.threshold, stays.alarms(frozen.rule))
    weights = np.random.default_rng(4).poisson(1, sample.patients).astype(np.uint8)
    names = sorted(frame["patient"].unique())
    judged = [name for name, is_judged in zip(names, frozen.judged, strict=True) if is_judged]
    copies = pl.DataFrame(
        {
            "patient": [n for n, w in zip(judged, weights, strict=True) for _ in range(w)],
            "copy": [f"#{k}" for w in weights for k in range(w)],
        }
    )
    out = frame.join(copies, on="patient").with_columns(
        pl.col("event_id") + pl.col("copy"), pl.col("patient") + pl.col("copy")
    )
    again = Stays(out)
    everyone = np.ones(len(again.begin), bool)
    plain = Sample(again, everyone, frozen.threshold, again.alarms(frozen.rule))
    assert sample.overall(weights) == pytest.approx(
        plain.overall(np.ones(plain.patients, np.uint8)), nan_ok=True
    )


def test_days_and_wards_add_up_to_the_whole():
    frame = random(patients=200, days=12, seed=6)
    found = evaluate(frame, replicates=0)
    assert found.by_pattern["events"].sum() == found.n
    assert found.by_pattern["patients"].sum() == found.entities
    assert found.by_pattern["pattern"].to_list() == ["north", "not known", "south"]
    assert found.by_pattern["alarms"].sum() >= found.by_day["alarms"].sum()


def test_where_no_ward_is_known_the_kind_of_unit_is_told():
    frame = random(patients=80, seed=6).with_columns(ward=pl.lit(None, pl.String))
    table = evaluate(frame, replicates=0).by_pattern
    assert table["pattern"].to_list() == ["medical intensive care", "surgical intensive care"]


def test_of_a_ward_nothing_is_told_that_fewer_than_five_patients_stand_behind():
    rows = [
        *stay("early", 0, [0.1] * 14 + [0.8] * 10, onset=20),
        *quiet(3, 1, prefix="first"),
        *(r for k in range(6) for r in stay(f"a{k}", 100 + k, [0.9] * 9, ward="large")),
        *stay("ill", 107, [0.9] * 24, onset=12, ward="large"),
        *(r for k in range(4) for r in stay(f"b{k}", 110 + k, [0.9] * 9, ward="small")),
    ]
    table = evaluate(written(*rows), replicates=10).by_pattern
    assert table["pattern"].to_list() == ["large"]
    row = table.row(0, named=True)
    assert row["alarms_per_patient_day"] > 0
    assert row["ppv"] > 0
    # One patient had an onset: what is said of onsets would be said of that patient.
    assert math.isnan(row["sensitivity"])
    assert math.isnan(row["utility_low"])


def test_nothing_is_told_of_the_whole_either_that_fewer_than_five_patients_stand_behind():
    found = evaluate(small(), replicates=0)
    told = {name for name, estimate in found.overall.items() if estimate.value == estimate.value}
    # Ten patients were judged; one of them had an onset, and the only alarms.
    assert told == {"alarms_per_patient_day", "artefact_alarms_per_patient_day"}
    assert math.isnan(compare(small(), small(), replicates=0)["sensitivity"].value)


def test_the_same_frame_and_seed_give_the_same_json():
    first, second = (evaluate(random(), replicates=20, seed=2) for _ in range(2))
    assert json.dumps(first.to_dict()) == json.dumps(second.to_dict())


def test_intervals_hold_the_values():
    found = evaluate(random(patients=120, seed=1), replicates=60)
    for name, estimate in found.overall.items():
        assert estimate.low <= estimate.value <= estimate.high, name


@pytest.mark.parametrize("label", [0, 1, None])
def test_a_span_of_one_class_has_undefined_metrics_and_no_warning(label):
    rows = [{"hour": h, "patient": p, "label": label} for h in (0, 30, 60) for p in ("a", "b")]
    found = evaluate(written(*rows, {"hour": 90, "patient": "c", "label": label}), replicates=20)
    assert math.isnan(found["auroc"].value)
    json.dumps(found.to_dict(), allow_nan=False)
    assert found._repr_html_()


def test_an_empty_frame_has_undefined_metrics():
    found = evaluate(written(), replicates=5)
    assert (found.n, found.positives, found.entities) == (0, 0, 0)
    assert found.by_day.is_empty()
    assert math.isnan(utility(written()))
    assert found._repr_html_()


def test_a_budget_of_no_alarms_is_refused():
    with pytest.raises(ParameterError, match="a budget of 0 alarms per patient-day"):
        evaluate(small(), budget=0)


def test_a_missing_column_is_refused_by_name():
    with pytest.raises(ParameterError, match="without the column 'patient'"):
        evaluate(small().drop("patient"))


def test_a_better_run_is_certain_to_be_better_on_the_same_patients():
    frame = random(patients=150, seed=7)
    noise = pl.Series(np.random.default_rng(1).random(len(frame)))
    worse = frame.with_columns(score=0.2 * pl.col("score") + 0.8 * noise)
    found = compare(frame, worse, replicates=60)
    assert found.verdict("utility") == "better"
    assert compare(worse, frame, replicates=60).verdict("auroc") == "worse"


def test_a_comparison_uses_the_observations_that_both_scored_and_counts_the_others():
    frame = random(patients=80)
    found = compare(frame[100:], frame[:-50], replicates=10)
    assert found.unshared == 150
    assert all(e.value == 0 or math.isnan(e.value) for e in found.differences.values())


def test_runs_that_share_no_observation_cannot_be_compared():
    frame = random()
    with pytest.raises(ParameterError, match="share no evaluated observation"):
        compare(frame[:50], frame[50:])


def test_the_wait_for_something_is_that_of_kaplan_and_meier():
    # Published example of 6-mercaptopurine in leukaemia (Freireich et al., 1963): 23 weeks.
    weeks = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    relapsed = [True] * 9 + [False] * 12
    free = Survival(np.array(weeks, float), np.array(relapsed))
    assert free.median(np.ones(21, np.uint8)) == 23.0
    assert math.isnan(Survival(np.empty(0), np.empty(0, bool)).median(np.ones(0, np.uint8)))
