"""NEWS2 is what the Royal College of Physicians' chart of 2017 says; other scores by hand."""

from __future__ import annotations

import numpy as np
import pytest
from vitals_rows import computed, observations

from workbench.cases.vitals.features import CHART, FEATURES
from workbench.cases.vitals.scores import last, qsofa, sirs, sofa

#: The chart, row by row: values from and to, and their points.
CHART_ROWS = {
    "respiration": [(3, 8, 3), (9, 11, 1), (12, 20, 0), (21, 24, 2), (25, 60, 3)],
    "spo2": [(70, 91, 3), (92, 93, 2), (94, 95, 1), (96, 100, 0)],
    "systolic": [(50, 90, 3), (91, 100, 2), (101, 110, 1), (111, 219, 0), (220, 260, 3)],
    "heart_rate": [(20, 40, 3), (41, 50, 1), (51, 90, 0), (91, 110, 1), (111, 130, 2),
                   (131, 200, 3)],
}  # fmt: skip
TEMPERATURES = [(30.0, 35.0, 3), (35.1, 36.0, 1), (36.1, 38.0, 0), (38.1, 39.0, 1), (39.1, 42, 2)]
WELL = {
    "respiration": 16, "spo2": 97, "systolic": 120, "heart_rate": 70, "temperature": 37.0,
    "consciousness": 0, "supplemental_oxygen": 0,
}  # fmt: skip


def chart(*rows):
    return computed(CHART, observations([WELL | row for row in rows]))


@pytest.mark.parametrize("sign", CHART_ROWS)
def test_each_band_of_the_chart_begins_and_ends_where_it_is_printed(sign):
    for first, last_, points in CHART_ROWS[sign]:
        for value in (first, last_):
            assert chart({sign: value})[f"news2_{sign}"].tolist() == [points]


@pytest.mark.parametrize(("first", "last_", "points"), TEMPERATURES)
def test_temperatures_are_in_tenths_of_a_degree(first, last_, points):
    given = chart({"temperature": first}, {"temperature": last_})
    assert given["news2_temperature"].tolist() == [points, points]


def test_a_value_between_two_bands_belongs_to_the_one_it_is_rounded_to():
    rows = [{"heart_rate": 90.4}, {"heart_rate": 90.5}, {"spo2": 91.49}, {"spo2": 91.5}]
    given = chart(*rows, {"temperature": 38.04}, {"temperature": 38.05})
    assert given["news2_heart_rate"][:2].tolist() == [0, 1]
    assert given["news2_spo2"][2:4].tolist() == [3, 2]
    assert given["news2_temperature"][4:].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("oxygen", "saturations", "points"),
    [
        (0, (83, 84, 85, 86, 87, 88, 92, 93, 97, 100), (3, 2, 2, 1, 1, 0, 0, 0, 0, 0)),
        (1, (83, 84, 85, 86, 87, 88, 92, 93, 94, 95, 96, 97), (3, 2, 2, 1, 1, 0, 0, 1, 1, 2, 2, 3)),
    ],
)
def test_the_second_scale_also_counts_too_much_saturation_on_oxygen(oxygen, saturations, points):
    rows = [{"spo2": s, "spo2_scale": 2, "supplemental_oxygen": oxygen} for s in saturations]
    assert chart(*rows)["news2_spo2"].tolist() == list(points)


def test_the_first_scale_counts_where_none_is_prescribed():
    given = chart({"spo2": 90}, {"spo2": 90, "spo2_scale": 1}, {"spo2": 90, "spo2_scale": 2})
    assert given["news2_spo2"].tolist() == [3, 3, 0]


def test_oxygen_gives_two_points_and_anything_but_alert_three():
    given = chart({"supplemental_oxygen": 1}, *({"consciousness": c} for c in range(5)))
    assert given["news2_oxygen"].tolist() == [2, 0, 0, 0, 0, 0]
    assert given["news2_consciousness"].tolist() == [0, 0, 3, 3, 3, 3]


def test_more_than_a_fifth_of_inspired_oxygen_is_oxygen():
    assert chart({"fio2": 0.21}, {"fio2": 0.22})["news2_oxygen"].tolist() == [0, 2]


def test_the_total_and_the_highest_part_by_hand():
    ill = {
        "respiration": 26, "spo2": 93, "supplemental_oxygen": 1, "systolic": 96,
        "heart_rate": 118, "consciousness": 1, "temperature": 38.6,
    }  # fmt: skip
    given = chart({}, ill)
    assert given["news2"].tolist() == [0, 3 + 2 + 2 + 2 + 2 + 3 + 1]
    assert given["news2_highest"].tolist() == [0, 3]


def test_the_worst_patient_has_twenty_points():
    worst = {
        "respiration": 4, "spo2": 70, "supplemental_oxygen": 1, "systolic": 60,
        "heart_rate": 180, "consciousness": 4, "temperature": 33,
    }  # fmt: skip
    assert chart(worst)["news2"].tolist() == [20]


def test_what_was_measured_before_counts_on_and_what_never_was_gives_no_points():
    rows = [{"heart_rate": 135}, {"respiration": 25}, {"heart_rate": 80}]
    assert computed(CHART, observations(rows))["news2"].tolist() == [3, 6, 3]


def test_sirs_by_hand():
    rows = [
        {"temperature": 38.1, "heart_rate": 91, "respiration": 21, "wbc": 12.1},
        {"temperature": 35.9, "heart_rate": 90, "respiration": 20, "wbc": 3.9},
        {"temperature": 36.0, "heart_rate": 80, "respiration": 18, "paco2": 31, "wbc": 4.0},
    ]
    assert computed((sirs(last),), observations(rows))["sirs"].tolist() == [4, 2, 1]


def test_qsofa_by_hand():
    rows = [
        {"systolic": 100, "respiration": 22, "consciousness": 1},
        {"systolic": 101, "respiration": 21, "consciousness": 0},
    ]
    assert computed((qsofa(last),), observations(rows))["qsofa"].tolist() == [3, 0]


def test_sofa_by_hand():
    well = {
        "creatinine": 1.1, "platelets": 150, "bilirubin_total": 1.1, "mean_pressure": 70,
        "spo2": 98, "fio2": 0.21,
    }  # fmt: skip
    ill = {
        "creatinine": 2.0, "platelets": 99, "bilirubin_total": 12.0, "mean_pressure": 69,
        "spo2": 90, "fio2": 0.5,
    }  # fmt: skip
    # Kidney 2, blood 2, liver 4, circulation 1, lung (180) 2.
    assert computed((sofa(last),), observations([well, ill]))["sofa"].tolist() == [0, 11]


def test_every_feature_has_a_name_and_a_sentence_of_its_own():
    for features in FEATURES.values():
        assert all(f.doc and len(f.name) < 40 for f in features)
        assert len({f.name for f in features}) == len(features)


def test_all_features_of_a_patient_without_any_value_are_missing_or_counts():
    found = computed(FEATURES["all"], observations([{}, {}]))
    for name, values in found.items():
        assert np.isnan(values).all() or set(values.tolist()) <= {0.0, 1.0, 100.0, -100.0}, name
