from dataclasses import replace

import pytest

from workbench.case import case_names, get_case
from workbench.detectors import registry
from workbench.detectors.protocol import NO_FEATURES
from workbench.detectors.registry import available, builtin, find, parse_parameters
from workbench.detectors.rule import Points, rule_spec
from workbench.errors import ParameterError

ADDITIVE = builtin()["additive"]


def test_the_cases_detector_comes_before_the_built_in_one():
    own = replace(ADDITIVE, title="tuned for fraud")
    assert find("additive", {"additive": own}) is own
    assert find("additive", {}) is ADDITIVE


def test_a_plug_in_is_found_by_its_entry_point(monkeypatch):
    spec = rule_spec([Points("amount", 1.0)])

    class Entry:
        name, value = "shop-rule", "shop:RULE"

        def load(self):
            return spec

    monkeypatch.setattr(registry, "entry_points", lambda **_: [Entry()])
    registry.plugins.cache_clear()
    try:
        assert find("shop-rule", {}) is spec
        spec = "no specification"
        registry.plugins.cache_clear()
        with pytest.raises(ParameterError, match="'shop:RULE'"):
            find("shop-rule", {})
    finally:
        registry.plugins.cache_clear()


def test_an_unknown_detector_is_refused_with_those_there_are():
    with pytest.raises(ParameterError, match=r"'aditive'.*naive-bayes.*did you mean additive\?$"):
        find("aditive", {})


@pytest.mark.parametrize("case", case_names())
def test_only_detectors_of_the_kind_of_the_cases_own_are_offered(case, monkeypatch):
    own = get_case(case).load("detectors")
    others = {spec.name: spec for spec in builtin().values()}
    others |= {"events": replace(ADDITIVE, name="events", features=NO_FEATURES)}
    monkeypatch.setattr(registry, "plugins", lambda: others)

    offered = available(own)

    assert offered.items() >= own.items()
    items = get_case(case).answer == "items"
    assert {spec.features == NO_FEATURES for spec in offered.values()} == {items}
    assert offered.keys() - own.keys() == ({"events"} if items else builtin().keys() - own.keys())
    with pytest.raises(ParameterError, match="choose one of these") as refusal:
        find("nope", own)
    assert f"allowed is {', '.join(sorted(offered))};" in str(refusal.value)


def test_values_get_the_types_of_the_defaults():
    parsed = parse_parameters(ADDITIVE, ["lr=1", "quantiles = 30", "optimizer=sgd", "l2=1e-3"])
    assert parsed == {"lr": 1.0, "quantiles": 30, "optimizer": "sgd", "l2": 0.001}
    assert [type(v) for v in parsed.values()] == [float, int, str, float]


@pytest.mark.parametrize(("text", "value"), [("true", True), ("No", False), ("1", True)])
def test_truth_is_written_in_a_few_ways(text, value):
    assert parse_parameters(ADDITIVE, [f"use_crosses={text}"]) == {"use_crosses": value}


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("rate=1", "'rate'.*optimizer, lr, l2"),
        ("optimiser=sgd", r"'optimiser'.*did you mean optimizer\?$"),
        ("lr", "'lr'.*key=value"),
        ("lr=fast", "lr=fast.*a number.*default is 0.3"),
        ("lr=7", "lr=7.0.*from 0.003 to 1"),
        ("lr=nan", "lr=nan"),
        ("quantiles=2.5", "a whole number"),
        ("use_crosses=maybe", "true or false"),
        ("optimizer=newton", "adagrad or sgd or ftrl"),
    ],
)
def test_a_wrong_parameter_is_refused_with_what_is_allowed(assignment, message):
    with pytest.raises(ParameterError, match=message):
        parse_parameters(ADDITIVE, [assignment])


def test_a_default_is_allowed_even_outside_the_search_space():
    assert parse_parameters(builtin()["logistic"], ["l2=0"]) == {"l2": 0.0}
