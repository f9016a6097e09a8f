"""What is left out as an artefact, and what is not."""

from __future__ import annotations

import numpy as np
import pytest
from vitals_rows import computed, observations

from workbench.cases.vitals.artefacts import ARTEFACT, FLAT_LINE, LEAPS, LEFT_OUT
from workbench.cases.vitals.features import FEATURES
from workbench.durations import HOUR, MINUTE

WELL = {"heart_rate": 72, "spo2": 97, "respiration": 16}


def artefacts(rows, **options):
    return computed((*LEFT_OUT, FLAT_LINE, ARTEFACT), observations(rows, **options))


def moving(count: int) -> list[dict[str, float]]:
    """Signs that move a little all the time."""
    return [{"heart_rate": 70 + i % 5, "spo2": 96 + i % 3, "respiration": 15 + i % 4}
            for i in range(count)]  # fmt: skip


def test_signs_that_move_a_little_are_all_taken():
    assert not artefacts(moving(50))["artefact"].any()


def test_a_probe_that_slips_is_left_out_and_nothing_else():
    rows = [*moving(6), *(WELL | {"spo2": s} for s in (52, 77, 61, 48)), *moving(3)]
    found = artefacts(rows)
    assert found["spo2_left_out"].tolist() == [0] * 6 + [1] * 4 + [0] * 3
    assert not found["heart_rate_left_out"].any()


def test_motion_is_left_out_of_every_sign():
    shaken = {"heart_rate": 72 + 50, "spo2": 97 - 10, "respiration": 16 + 14}
    found = artefacts([*moving(6), shaken, *moving(3)])
    assert found["artefact"].tolist() == [0] * 6 + [1] + [0] * 3
    assert sum(found[f"{s}_left_out"][6] for s in WELL) == 3


def test_a_fall_that_lasts_counts_a_quarter_of_an_hour_later():
    rows = [*moving(6), *(WELL | {"spo2": s} for s in (84, 83, 85, 84))]
    assert artefacts(rows)["spo2_left_out"].tolist()[6:] == [1, 1, 0, 0]


def test_a_slow_fall_is_taken_at_once():
    rows = [WELL | {"spo2": 97 - i} for i in range(20)]
    assert not artefacts(rows)["artefact"].any()


def test_one_reading_of_a_loose_cuff_is_left_out_and_the_next_is_not():
    pressures = [(122, 78), (118, 75), (66, 41), (121, 77), (180, 115), (119, 76)]
    rows = [{"systolic": s, "diastolic": d, "after": 4 * HOUR} for s, d in pressures]
    found = artefacts(rows, device="cuff")
    assert found["systolic_left_out"].tolist() == [0, 0, 1, 0, 1, 0]
    assert found["diastolic_left_out"].tolist() == [0, 0, 1, 0, 1, 0]


@pytest.mark.parametrize("sign", [s for s, (_, _, patience) in LEAPS.items() if patience == "1h"])
def test_of_a_sign_that_is_measured_every_hour_nothing_is_left_out(sign):
    rng = np.random.default_rng(1)
    low, high = {"temperature": (34, 41)}.get(sign, (20, 100))
    rows = [{sign: float(rng.integers(low, high)), "after": HOUR} for _ in range(60)]
    assert not artefacts(rows)["artefact"].any()


def test_a_device_that_stands_still_is_a_flat_line_until_it_moves():
    rows = [*moving(3), *[WELL] * 8, *moving(2)]
    found = artefacts(rows)
    assert found["flat_line"].tolist() == [0] * 3 + [0] * 4 + [1] * 4 + [0] * 2
    assert found["artefact"].tolist() == found["flat_line"].tolist()


def test_a_flat_line_of_one_device_does_not_hide_what_another_measures():
    rows = [*[WELL] * 8, {"heart_rate": 88, "respiration": 19, "device": "spot"}, WELL]
    found = artefacts(rows)
    assert found["artefact"].tolist()[-3:] == [1, 0, 1]


def test_ten_thousand_equal_values_say_nothing_after_the_first_few():
    found = artefacts([WELL] * 10_000, every=MINUTE)
    assert found["artefact"].sum() == 10_000 - 4


def test_equal_values_of_nobody_knows_which_device_are_a_flat_line_later():
    found = artefacts([WELL] * 40, device=None)
    assert found["artefact"].tolist() == [0] * 29 + [1] * 11


def test_a_device_of_which_one_sign_moves_is_no_flat_line():
    rows = [WELL | {"spo2": 97 - i // 3} for i in range(20)]
    assert not artefacts(rows)["artefact"].any()


def test_a_heart_that_is_paced_is_no_flat_line():
    rows = [{"heart_rate": 80, "respiration": 14 + i % 3, "spo2": 97} for i in range(50)]
    assert not artefacts(rows)["artefact"].any()


def test_what_is_left_out_reaches_no_feature_of_the_shipped_detector():
    shaken = {"heart_rate": 130, "spo2": 85, "respiration": 31}
    found = computed(FEATURES["all"], observations([*moving(8), shaken]))
    assert found["heart_rate"][-1] == found["heart_rate"][-2]
    assert found["heart_rate_max_12h"][-1] == 7400
    assert found["spo2_min_12h"][-1] == 9600
    assert found["news2"][-1] == found["news2"][-2]
    assert found["heart_rate_measured"].tolist()[-2:] == [1, 0]
    # The chart of the ward has it.
    assert computed(FEATURES["news2"], observations([*moving(8), shaken]))["news2"][-1] == 8
