"""Estimators as plain data, without pickle: what is read back executes nothing.

An estimator is a graph of objects. :func:`encode` numbers them and writes each as one node: a
tag and its contents, where a content is a plain value or ``[number]`` of another node. So shared
objects stay shared, dicts keep their order, and floats are exact. :func:`decode` checks every
node against fixed lists (:mod:`workbench.detectors.allowed`) before it constructs the first
object, and calls nothing but the constructors of plain containers: attributes are set, never
``__init__``, ``__setstate__`` or ``__reduce__`` run.

Files are written by :func:`save` and read by :func:`load`.
"""

from __future__ import annotations

import random
from collections import Counter, OrderedDict, defaultdict, deque
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.detectors import adwin
from workbench.detectors.allowed import known_callable, known_class, name_of, refused
from workbench.detectors.decoding import decode
from workbench.detectors.statefile import load, save

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.detectors.protocol import State

__all__ = ["decode", "encode", "load", "save"]

PACKED = 32
"""From this many on, numbers of one type are written as an array."""


def encode(obj: Any) -> State:
    """Return a graph of objects as plain data.

    Parameters
    ----------
    obj
        An estimator of River, or anything built of plain containers, numpy arrays, random
        states and allowed classes.

    Raises
    ------
    ArtifactError
        If something in the graph is not allowed; the message names its class.

    Examples
    --------
    >>> shared = [1.5]
    >>> state = encode({"a": shared, "b": shared})
    >>> state["nodes"]
    [['dict', ['a', 'b'], [[1], [1]]], ['list', [1.5]]]
    >>> copy = decode(state)
    >>> copy["a"] is copy["b"]
    True
    """
    encoder = _Encoder()
    root = encoder.content(obj)
    # New objects are appended while the list is walked.
    return {"root": root, "nodes": [encoder.node(o) for o in encoder.objects]}


class _Encoder:
    def __init__(self) -> None:
        self.objects: list[Any] = []
        self._number: dict[int, int] = {}

    def content(self, value: Any) -> Any:
        """Return a plain value itself, and for an object its number."""
        kind = type(value)
        if value is None or kind in (bool, int, float, str):
            return value
        if kind is np.float64:
            return ["float64", float(value)]
        number = self._number.get(id(value))
        if number is None:
            number = len(self.objects)
            self.objects.append(value)
            # Whether two equal tuples are one object is the interpreter's affair, not the model's.
            if kind is not tuple:
                self._number[id(value)] = number
        return [number]

    def contents(self, values: Iterable[Any]) -> Any:
        """Return the contents of many values; numbers of one type as an array."""
        values = list(values)
        if len(values) >= PACKED:
            kinds = set(map(type, values))
            if kinds == {float}:
                return np.array(values)
            if kinds == {int} and min(values) >= -(2**63) and max(values) < 2**63:
                return np.array(values, dtype=np.int64)
        return [self.content(v) for v in values]

    def node(self, value: Any) -> list[Any]:
        """Return the node of one object, by its exact class."""
        kind = type(value)
        if kind in (list, tuple):
            return [kind.__name__, self.contents(value)]
        if kind in (dict, OrderedDict, Counter):
            return [kind.__name__, self.contents(value), self.contents(value.values())]
        if kind is defaultdict:
            factory = self.content(value.default_factory)
            return ["defaultdict", self.contents(value), self.contents(value.values()), factory]
        if kind is set:
            # A set has no order of its own: sorted, equal sets give equal bytes.
            ordered = sorted(value, key=lambda v: (name_of(type(v)), repr(v)))
            return ["set", self.contents(ordered)]
        if kind is deque:
            return ["deque", self.contents(value), value.maxlen]
        if kind is np.ndarray and value.dtype.kind in "biuf":
            return ["array", value.copy()]
        if kind is random.Random:
            version, words, gauss = value.getstate()
            return ["random", version, np.array(words, dtype=np.uint32), gauss]
        if kind is partial:
            return [
                "partial",
                self.content(value.func),
                self.contents(value.args),
                self.contents(value.keywords),
                self.contents(value.keywords.values()),
            ]
        return self._special(value, kind)

    def _special(self, value: Any, kind: type) -> list[Any]:
        name = known_class(kind)
        if name is not None:
            attributes = dict(vars(value))
            # River gives every Gaussian a generator seeded by the operating system, for sampling
            # only: it is nobody's state, and would make two equal estimators differ.
            if "_rng" in attributes and attributes.get("seed", 0) is None:
                del attributes["_rng"]
            return ["object", name, self.contents(attributes), self.contents(attributes.values())]
        if name_of(kind) == "river._river_rust.vectordict.VectorDict":
            return self._vector(value, kind)
        if name_of(kind) == "river._river_rust.drift.AdaptiveWindowing":
            return ["adwin", adwin.numbers_of(value)]
        function = known_callable(value) if callable(value) and hasattr(value, "__name__") else None
        if function is not None:
            return ["callable", function]
        # A class or a function is refused under its own name, anything else under its class's.
        raise refused(name_of(value if hasattr(value, "__qualname__") else kind))

    def _vector(self, value: Any, kind: type) -> list[Any]:
        reduced = value.__reduce__()
        if reduced[0] is not kind or len(reduced[1]) != 4:
            raise refused(f"{name_of(kind)} of another River version")
        data, factory, mask, _ = reduced[1]
        return [
            "vector",
            self.contents(data),
            self.contents(data.values()),
            self.content(factory),
            self.content(mask),
        ]
