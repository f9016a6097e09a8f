"""Reading encoded estimators back: first every node is checked, then objects are made."""

from __future__ import annotations

import random
from collections import Counter, OrderedDict, defaultdict, deque
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.detectors import adwin
from workbench.detectors.allowed import CALLABLES, CLASSES, refused, resolve
from workbench.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.detectors.protocol import State

# The kinds of a node's parts: c one content, s many contents, k as many contents as there are
# s before, p a plain value, a an array, n a dict of an adaptive window's numbers.
_PARTS = {
    "list": "s",
    "tuple": "s",
    "set": "s",
    "deque": "sp",
    "dict": "sk",
    "OrderedDict": "sk",
    "Counter": "sk",
    "defaultdict": "skc",
    "object": "psk",
    "callable": "p",
    "partial": "cssk",
    "random": "pap",
    "array": "a",
    "vector": "skcc",
    "adwin": "n",
}


def decode(state: State) -> Any:
    """Return the objects that :func:`workbench.detectors.codec.encode` wrote.

    Raises
    ------
    ArtifactError
        If anything in it is not allowed or does not fit; nothing was constructed then, unless
        the parts fit one by one and not together.

    Examples
    --------
    >>> decode({"root": [0], "nodes": [["callable", "os.system"]]})
    Traceback (most recent call last):
    ...
    workbench.errors.ArtifactError: os.system in a saved detector cannot be used: allowed is an
    estimator of River that workbench/detectors/allowed.py names; use a file that the workbench
    wrote; a new estimator is added to that list.
    """
    try:
        nodes = _nodes_of(state)
        for node in nodes:
            _check(node, len(nodes))
        _check_content(state["root"], len(nodes))
        return _Decoder(nodes).run(state["root"])
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError, RecursionError) as e:
        raise damaged(str(e)) from e


def damaged(reason: str) -> ArtifactError:
    """Return the error for a state that is not as it was written."""
    return ArtifactError.of(
        f"a saved detector ({reason})",
        allowed="one as the workbench wrote it",
        hint="restore the file from where it came, or train again",
    )


def _nodes_of(state: Any) -> list[Any]:
    if type(state) is not dict or type(state.get("nodes")) is not list:
        raise ValueError("it has no list of nodes")
    nodes: list[Any] = state["nodes"]
    return nodes


def _check_content(value: Any, count: int) -> None:
    if type(value) is list:
        if len(value) == 2 and value[0] == "float64" and type(value[1]) is float:
            return
        if len(value) == 1 and type(value[0]) is int and 0 <= value[0] < count:
            return
    elif value is None or type(value) in (bool, int, float, str):
        return
    raise ValueError("a content is neither a plain value nor the number of a node")


def _check(node: Any, count: int) -> None:
    if type(node) is not list or not node or type(node[0]) is not str or node[0] not in _PARTS:
        raise ValueError(f"an unknown node {str(node)[:40]!r}")
    tag, *parts = node
    if len(parts) != len(_PARTS[tag]):
        raise ValueError(f"a {tag} with {len(parts)} parts")
    for i, (kind, part) in enumerate(zip(_PARTS[tag], parts, strict=True)):
        _check_part(kind, part, count)
        if kind == "k" and len(part) != len(parts[i - 1]):
            raise ValueError(f"a {tag} with more keys than values, or fewer")
    if tag == "callable" and parts[0] not in CALLABLES:
        raise refused(str(parts[0]))
    if tag == "object":
        if parts[0] not in CLASSES:
            raise refused(str(parts[0]))
        if not all(type(name) is str for name in parts[1]):
            raise ValueError("an attribute's name is not text")


def _check_part(kind: str, part: Any, count: int) -> None:
    if kind in "sk":
        if type(part) is np.ndarray:
            if part.ndim != 1 or part.dtype not in (np.dtype(np.int64), np.dtype(np.float64)):
                raise ValueError("packed numbers of another type")
        elif type(part) is list:
            for value in part:
                _check_content(value, count)
        else:
            raise ValueError("contents that are no list")
    elif kind == "c":
        _check_content(part, count)
    elif kind == "p":
        if part is not None and type(part) not in (bool, int, float, str):
            raise ValueError("a plain value that is none")
    elif kind == "a":
        if type(part) is not np.ndarray or part.dtype.kind not in "biuf":
            raise ValueError("an array that is none")
    else:
        adwin.check(part)


class _Decoder:
    """Makes empty containers first, so that objects may refer to each other, then fills them."""

    def __init__(self, nodes: list[Any]) -> None:
        self.nodes = nodes
        self.made: dict[int, Any] = {}
        self._under_way: set[int] = set()
        # One object for each distinct number: dicts find a key faster by identity.
        self._intern: dict[int, int] = {}

    def run(self, root: Any) -> Any:
        for i, (tag, *parts) in enumerate(self.nodes):
            if tag in _EMPTY:
                self.made[i] = _EMPTY[tag](*parts)
        for i, (tag, *parts) in enumerate(self.nodes):
            if tag in _EMPTY:
                self._fill(tag, self.made[i], parts)
        return self.content(root)

    def content(self, value: Any) -> Any:
        if type(value) is not list:
            return value
        if len(value) == 2:
            return np.float64(value[1])
        number = value[0]
        if number not in self.made:
            if number in self._under_way:
                raise ValueError("a tuple that contains itself")
            self._under_way.add(number)
            tag, *parts = self.nodes[number]
            self.made[number] = self._whole(tag, parts)
        return self.made[number]

    def contents(self, values: Any) -> list[Any]:
        if type(values) is list:
            return [self.content(v) for v in values]
        if values.dtype == np.float64:
            return list(values.tolist())
        return [self._intern.setdefault(v, v) for v in values.tolist()]

    def _fill(self, tag: str, target: Any, parts: list[Any]) -> None:
        if tag == "object":
            vars(target).update(zip(parts[1], self.contents(parts[2]), strict=True))
            # See the encoder: an unseeded generator is made anew.
            if "seed" in vars(target) and target.seed is None and "_rng" not in vars(target):
                target._rng = random.Random()  # noqa: S311 - River's own, for sampling only
        elif tag in ("list", "deque"):
            target.extend(self.contents(parts[0]))
        elif tag == "set":
            target.update(self.contents(parts[0]))
        else:
            for key, value in zip(self.contents(parts[0]), self.contents(parts[1]), strict=True):
                target[key] = value
            if tag == "defaultdict":
                target.default_factory = self.content(parts[2])

    def _whole(self, tag: str, parts: list[Any]) -> Any:
        """Make an object that cannot be made empty."""
        if tag == "tuple":
            return tuple(self.contents(parts[0]))
        if tag == "callable":
            return resolve(parts[0])
        if tag == "partial":
            function = self.content(parts[0])
            if not callable(function):
                raise ValueError("a partial of nothing that can be called")
            names = self.contents(parts[2])
            keywords = dict(zip(names, self.contents(parts[3]), strict=True))
            return partial(function, *self.contents(parts[1]), **keywords)
        if tag == "random":
            generator = random.Random()  # noqa: S311 - learning, not secrets
            generator.setstate((parts[0], tuple(parts[1].tolist()), parts[2]))
            return generator
        if tag == "array":
            return parts[0].copy()
        if tag == "adwin":
            return adwin.window_of(parts[0])
        from river.utils import VectorDict

        keys, values = self.contents(parts[0]), self.contents(parts[1])
        data = dict(zip(keys, values, strict=True))
        return VectorDict(data, self.content(parts[2]), self.content(parts[3]), True)


def _instance(name: str, *_: Any) -> Any:
    kind = resolve(name)
    return kind.__new__(kind)


_EMPTY: dict[str, Callable[..., Any]] = {
    "list": lambda *_: [],
    "set": lambda *_: set(),
    "deque": lambda _, maxlen: deque(maxlen=maxlen),
    "dict": lambda *_: {},
    "OrderedDict": lambda *_: OrderedDict(),
    "Counter": lambda *_: Counter(),
    "defaultdict": lambda *_: defaultdict(),
    "object": _instance,
}
