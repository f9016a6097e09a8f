import numpy as np
import pytest

from workbench.detectors.rule import Points, Rule, rule_spec
from workbench.errors import ParameterError


def test_points_are_given_strictly_above_a_threshold_and_never_for_a_gap():
    rule = Rule(("amount",), rules=[Points("amount", 10.0)])
    assert rule.score(np.array([[10.0], [10.01], [np.nan], [-5.0]])).tolist() == [0, 1, 0, 0]


def test_a_feature_may_have_several_steps():
    rule = Rule(("amount",), rules=[Points("amount", 1.0), Points("amount", 2.0, 3.0)])
    assert rule.score(np.array([[0.0], [1.5], [2.5]])).tolist() == [0, 0.25, 1]
    names, given = rule.explain(np.array([[2.5]]))
    assert names == ("amount > 1", "amount > 2")
    assert given.tolist() == [[0.25, 0.75]]


def test_it_does_not_learn_and_says_so():
    spec = rule_spec([Points("amount", 1.0)])
    assert not spec.learns
    rule = spec.make(("amount",))
    rule.learn(np.array([[2.0]]), np.array([0], dtype=np.int8), np.ones(1))
    assert rule.score(np.array([[2.0]])).tolist() == [1]
    assert rule.state() == {}


@pytest.mark.parametrize("wrong", [Points("age", 1.0), Points("amount", 1.0, 0.0)])
def test_a_rule_that_cannot_be_met_is_refused(wrong):
    with pytest.raises(ParameterError):
        Rule(("amount",), rules=[wrong])
