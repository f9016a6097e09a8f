"""Detectors by name: the case's own, the built-in ones, and those of installed plug-ins."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from workbench.detectors.protocol import NO_FEATURES, Choice, DetectorSpec, Range
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GROUP = "workbench.detectors"
"""Entry-point group under which a package registers a :class:`DetectorSpec`."""


@cache
def builtin() -> dict[str, DetectorSpec]:
    """Return the detectors that any case with features can use, by name.

    Examples
    --------
    >>> list(builtin())
    ['additive', 'logistic', 'hoeffding-tree', 'adaptive-tree', 'adaptive-forest',
     'half-space-trees', 'naive-bayes']
    """
    from workbench.detectors import additive, bayes, forest, halfspace, linear, trees

    specs = (
        additive.SPEC,
        linear.SPEC,
        trees.SPEC,
        trees.ADAPTIVE_SPEC,
        forest.SPEC,
        halfspace.SPEC,
        bayes.SPEC,
    )
    return {spec.name: spec for spec in specs}


@cache
def plugins() -> dict[str, DetectorSpec]:
    """Return the detectors of installed packages, by name.

    Raises
    ------
    ParameterError
        If a package registers something else.
    """
    found = {}
    for entry in entry_points(group=GROUP):
        spec = entry.load()
        if not isinstance(spec, DetectorSpec):
            raise ParameterError.of(
                f"the plug-in {entry.value!r} for the detector {entry.name!r}",
                allowed="a workbench.detectors.protocol.DetectorSpec object",
                hint="correct or uninstall the package that registers it",
            )
        found[entry.name] = spec
    return found


def available(case_detectors: Mapping[str, DetectorSpec]) -> dict[str, DetectorSpec]:
    """Return all detectors for a case; of one name the case's counts, then the built-in one.

    Built-in detectors and those of plug-ins are for a case whose own are of their kind: they score
    features, or they read the events themselves, as recommenders do.
    """
    kinds = {spec.features == NO_FEATURES for spec in case_detectors.values()} or {True, False}
    others = {**plugins(), **builtin()}
    fitting = {name: s for name, s in others.items() if (s.features == NO_FEATURES) in kinds}
    return {**fitting, **case_detectors}


def find(name: str, case_detectors: Mapping[str, DetectorSpec]) -> DetectorSpec:
    """Return a detector's specification by name.

    Raises
    ------
    ParameterError
        If there is none of that name for the case; the message lists those there are.

    Examples
    --------
    >>> find("additive", {}).title
    'Additive logistic regression on bins (River, AdaGrad)'
    """
    known = available(case_detectors)
    if name not in known:
        raise ParameterError.of(
            f"the detector {name!r}",
            allowed=", ".join(sorted(known)),
            hint=_nearest(name, known) or "choose one of these",
        )
    return known[name]


def parse_parameters(spec: DetectorSpec, assignments: Sequence[str]) -> dict[str, Any]:
    """Return the parameters that ``key=value`` texts set, with the types of their defaults.

    Parameters
    ----------
    spec
        Whose parameters they are.
    assignments
        Texts like ``lr=0.1``; of a key that comes twice the last counts.

    Raises
    ------
    ParameterError
        If a key is unknown, or a value is of another type or outside the search space.

    Examples
    --------
    >>> parse_parameters(find("additive", {}), ["lr=0.1", "use_crosses=no"])
    {'lr': 0.1, 'use_crosses': False}
    """
    parsed = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        key = key.strip()
        if not equals:
            raise ParameterError.of(
                f"the parameter {assignment!r}",
                allowed="key=value",
                hint="write for example lr=0.1",
            )
        if key not in spec.defaults:
            raise ParameterError.of(
                f"the parameter {key!r} of {spec.name}",
                allowed=", ".join(spec.defaults) or "none, as it has no parameters",
                hint=_nearest(key, spec.defaults) or "choose one of these",
            )
        parsed[key] = checked_value(spec, key, _typed(spec, key, text.strip()))
    return parsed


def checked_value(spec: DetectorSpec, key: str, value: Any) -> Any:
    """Return a parameter's value, or say that it lies outside the search space."""
    dimension = spec.space.get(key)
    # What is searched is narrower than what is possible: a log range cannot hold the 0 that
    # switches a penalty off, so a default is always allowed.
    if dimension is None or value == spec.defaults[key]:
        return value
    if isinstance(dimension, Choice):
        if value not in dimension.values:
            raise _outside(spec, key, value, " or ".join(map(str, dimension.values)))
    elif isinstance(dimension, Range) and not dimension.low <= value <= dimension.high:
        raise _outside(spec, key, value, f"a number from {dimension.low:g} to {dimension.high:g}")
    return value


_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _typed(spec: DetectorSpec, key: str, text: str) -> Any:
    kind = type(spec.defaults[key])
    try:
        if kind is bool:
            return _TRUTH[text.lower()]
        return kind(text) if kind in (int, float, str) else text
    except (ValueError, KeyError):
        allowed = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
        raise _outside(spec, key, text, allowed) from None


def _outside(spec: DetectorSpec, key: str, value: Any, allowed: str) -> ParameterError:
    return ParameterError.of(
        f"{key}={value} for {spec.name}",
        allowed=allowed,
        hint=f"the default is {spec.defaults[key]}",
    )


def _nearest(name: str, known: Mapping[str, Any]) -> str | None:
    close = get_close_matches(name, known, 1)
    return f"did you mean {close[0]}?" if close else None
