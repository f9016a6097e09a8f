"""Intervals come from resampling whole entities."""

import math
import re

import numpy as np
import pytest

from workbench.errors import ParameterError
from workbench.replay.estimates import Estimate, bootstrap, difference


def mean_of(values):
    return lambda w: np.array([(w * values).sum() / w.sum() if w.any() else np.nan])


def test_the_value_is_the_plain_metric_and_lies_in_its_interval():
    (estimate,) = bootstrap(mean_of(np.arange(100.0)), 100)
    assert estimate.value == 49.5
    assert estimate.low < 49.5 < estimate.high


def test_the_interval_is_as_wide_as_theory_says():
    values = np.random.default_rng(0).normal(10, 2, 400)
    (estimate,) = bootstrap(mean_of(values), 400, replicates=2000)
    width = 2 * 1.96 * values.std() / math.sqrt(400)
    assert estimate.high - estimate.low == pytest.approx(width, rel=0.08)


def test_events_of_one_entity_are_not_independent_observations():
    """Fifty entities of twenty equal events: the interval is that of 50 observations, not 1000."""
    values = np.random.default_rng(0).normal(0, 1, 50)
    entity = np.repeat(np.arange(50), 20)
    by_entity = bootstrap(lambda w: mean_of(values[entity])(w[entity]), 50, replicates=500)[0]
    by_event = bootstrap(mean_of(values[entity]), 1000, replicates=500)[0]
    assert (by_entity.high - by_entity.low) / (by_event.high - by_event.low) == pytest.approx(
        math.sqrt(20), rel=0.2
    )


def test_the_same_seed_gives_the_same_interval_and_another_one_does_not():
    statistic = mean_of(np.arange(50.0))
    assert bootstrap(statistic, 50, seed=3) == bootstrap(statistic, 50, seed=3)
    assert bootstrap(statistic, 50, seed=3) != bootstrap(statistic, 50, seed=4)


def test_a_paired_difference_is_certain_where_two_intervals_overlap():
    values = np.random.default_rng(0).normal(0, 10, 200)
    worse, better = mean_of(values), mean_of(values + 0.5)
    first, second = bootstrap(worse, 200)[0], bootstrap(better, 200)[0]
    assert first.high > second.low
    gain = difference(better, worse, 200)[0]
    assert gain.value == pytest.approx(0.5)
    assert gain.excludes_zero


def test_a_difference_of_two_equal_runs_is_zero_and_not_certain():
    statistic = mean_of(np.arange(30.0))
    same = difference(statistic, statistic, 30)[0]
    assert (same.value, same.low, same.high) == (0, 0, 0)
    assert not same.excludes_zero


def test_a_metric_that_is_seldom_defined_has_no_interval():
    rare = bootstrap(lambda w: np.array([1.0 if w[0] > 1 else np.nan]), 5, seed=1)[0]
    assert math.isnan(rare.value)
    assert math.isnan(rare.low)
    assert math.isnan(rare.high)


def test_undefined_replicates_are_left_out_of_the_interval():
    (estimate,) = bootstrap(lambda w: np.array([w.sum() if w[0] else np.nan]), 20, seed=1)
    assert estimate.low < 20 < estimate.high


def test_no_replicates_give_values_without_intervals():
    (estimate,) = bootstrap(mean_of(np.arange(3.0)), 3, replicates=0)
    assert estimate.value == 1
    assert math.isnan(estimate.low)
    assert str(estimate) == "1.000"


def test_a_negative_number_of_replicates_is_refused():
    with pytest.raises(ParameterError, match="-1 bootstrap replicates"):
        bootstrap(mean_of(np.arange(3.0)), 3, replicates=-1)


@pytest.mark.parametrize(
    ("estimate", "spec", "text"),
    [
        (Estimate(0.77612, 0.7514, 0.7988), "", "0.776 [0.751, 0.799]"),
        (Estimate(1234567.8, 1e6, 2e6), ",.0f", "1,234,568 [1,000,000, 2,000,000]"),
        (Estimate(0.5), "", "0.500"),
        (Estimate(math.nan, math.nan, math.nan), "", "not defined"),
    ],
)
def test_an_estimate_reads_as_value_and_interval(estimate, spec, text):
    assert format(estimate, spec) == text


def test_json_has_none_where_there_is_no_number():
    assert Estimate(0.5).to_dict() == {"value": 0.5, "low": None, "high": None}


def test_an_estimate_cannot_be_changed():
    with pytest.raises(AttributeError, match=re.escape("value")):
        Estimate(0.5).value = 1
