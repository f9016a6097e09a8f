"""Saving executes nothing, keeps everything, and refuses what it does not know."""

import copy
import json
import random
import zipfile
from collections import Counter, OrderedDict, defaultdict, deque
from contextlib import suppress
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.detectors import codec
from workbench.detectors.allowed import CALLABLES, CLASSES, resolve
from workbench.detectors.check_data import Subject, structured_rows
from workbench.detectors.registry import builtin
from workbench.detectors.statefile import VERSION
from workbench.errors import ArtifactError

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=40)
        | st.tuples(inner, inner)
        | st.dictionaries(SCALARS, inner, max_size=5)
        | st.dictionaries(st.integers(), st.floats(), min_size=32, max_size=40)
    ),
    max_leaves=20,
)


def through_a_file(obj, tmp_path):
    path = tmp_path / "state"
    codec.save(path, {"it": codec.encode(obj)})
    return codec.decode(codec.load(path)["it"])


def trained(name, **parameters):
    subject = Subject(builtin()[name], ("amount", "ratio", "age"), parameters)
    rows = structured_rows(subject, 400)
    detector = subject.make(rows.X)
    rows.teach(detector)
    return detector


@settings(derandomize=True, max_examples=80, deadline=None)
@given(VALUES)
def test_plain_values_come_back_exactly(tmp_path_factory, value):
    back = through_a_file(value, tmp_path_factory.mktemp("codec"))
    assert repr(back) == repr(value)  # nan, -0.0, 1 and True, and order: repr tells them apart


def test_shared_objects_stay_shared_and_cycles_close(tmp_path):
    inner = {"x": 1.0}
    outer = [inner, inner, (inner, 2)]
    outer.append(outer)
    back = through_a_file(outer, tmp_path)
    assert back[0] is back[1] is back[2][0]
    assert back[3] is back


def test_every_allowed_container_comes_back_as_its_own_kind(tmp_path):
    generator = random.Random(3)
    generator.gauss(0, 1)
    values = {
        "default": defaultdict(partial(defaultdict, float), {"a": defaultdict(float, {1: 2.0})}),
        "counter": Counter("abca"),
        "ordered": OrderedDict([("b", 1), ("a", 2)]),
        "deque": deque([1, 2, 3], maxlen=3),
        "random": generator,
        "numpy": np.float64(0.1),
        "array": np.arange(6, dtype=np.int32).reshape(2, 3),
        "factory": int,
        "set": {"b", "a", True},
    }
    back = through_a_file(values, tmp_path)
    assert {k: type(v) for k, v in back.items()} == {k: type(v) for k, v in values.items()}
    assert back["default"]["new"]["newer"] == 0.0
    assert back["deque"].maxlen == 3
    assert list(back["ordered"]) == ["b", "a"]
    assert [back["random"].gauss(0, 1) for _ in range(3)] == [
        generator.gauss(0, 1) for _ in range(3)
    ]
    assert back["set"] == values["set"]
    np.testing.assert_array_equal(back["array"], values["array"])


def test_equal_states_are_equal_bytes(tmp_path):
    for name in ("a", "b"):
        codec.save(tmp_path / name, trained("adaptive-tree").state())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_allowed_name_exists_and_keeps_its_state_in_attributes():
    for name in CLASSES:
        assert not any(getattr(base, "__slots__", ()) for base in resolve(name).__mro__)
    assert all(callable(resolve(name)) for name in CALLABLES)


class Impostor:
    """Has the name of an allowed class, and is another."""


Impostor.__module__, Impostor.__qualname__ = "river.stats.mean", "Mean"


@pytest.mark.parametrize(
    ("thing", "name"),
    [
        (print, "builtins.print"),
        (eval, "builtins.eval"),
        (random, "module"),
        (Impostor(), "river.stats.mean.Mean"),
        (lambda: 1, "lambda"),
        (object(), "builtins.object"),
        (b"bytes", "builtins.bytes"),
        (np.array([object()]), "numpy.ndarray"),
        (partial(print, "x"), "builtins.print"),
        (trained("naive-bayes"), "workbench.detectors.bayes.NaiveBayes"),
    ],
)
def test_what_is_not_allowed_is_refused_by_name_when_written(thing, name):
    with pytest.raises(ArtifactError, match=name):
        codec.encode({"deep": [thing]})


@pytest.mark.parametrize(
    "node",
    [
        ["callable", "os.system"],
        ["callable", "builtins.eval"],
        ["callable", "builtins.exec"],
        ["callable", "river.stats.mean.Mean"],
        ["object", "subprocess.Popen", ["args"], ["true"]],
        ["object", "builtins.type", [], []],
        ["object", "collections.defaultdict", [], []],
    ],
)
def test_what_is_not_allowed_is_refused_before_anything_is_made(node, monkeypatch):
    made = []
    monkeypatch.setattr("workbench.detectors.decoding._Decoder", lambda nodes: made.append(nodes))
    with pytest.raises(ArtifactError, match=node[1]):
        codec.decode({"root": [0], "nodes": [["list", [[1]]], node]})
    assert not made


@pytest.mark.parametrize(
    "nodes",
    [
        [["list", [[7]]]],
        [["list"]],
        [["list", [[-1]]]],
        [["list", [{"a": 1}]]],
        [["dict", ["a"], []]],
        [["dict", [[0]], [1]]],
        [["tuple", [[0]]]],
        [["frozenset", []]],
        [["partial", 3, [], [], []]],
        [["random", 3, np.zeros(5, dtype=np.uint32), None]],
        [["deque", [], -1]],
        [["adwin", {"settings": [0.1, 0, 5, 5.0, 10.0]}]],
        [["vector", ["a"], ["b"], None, 3]],
        [[]],
        "nodes",
        None,
    ],
)
def test_what_does_not_fit_is_refused(nodes):
    with pytest.raises(ArtifactError):
        codec.decode({"root": [0], "nodes": nodes})


def parts_of(tree, path=()):
    """Every place in a JSON tree."""
    yield path
    items = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    for key, value in items:
        yield from parts_of(value, (*path, key))


ODD = (None, -1, 10**30, 1.5, "os.system", "builtins.eval", [], [0], [[0]], {}, True, ["object"])


@pytest.mark.parametrize("name", ["adaptive-tree", "adaptive-forest", "additive", "naive-bayes"])
def test_a_file_with_anything_exchanged_is_read_or_refused(name, tmp_path):
    quick = {"adaptive-forest": {"n_models": 1}}
    path, changed = tmp_path / "state", tmp_path / "changed"
    codec.save(path, trained(name, **quick.get(name, {})).state())
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    tree = json.loads(members["state.json"])
    places = [place for place in parts_of(tree) if place]
    rng = random.Random(0)
    refused = 0
    for _ in range(150):
        mutant = copy.deepcopy(tree)
        *parents, last = rng.choice(places)
        holder = mutant
        for key in parents:
            holder = holder[key]
        holder[last] = rng.choice(ODD)
        with zipfile.ZipFile(changed, "w") as archive:
            for member, data in {**members, "state.json": json.dumps(mutant)}.items():
                archive.writestr(member, data)
        try:
            codec.decode(codec.load(changed).get("model"))
        except ArtifactError:
            refused += 1
    assert refused > 30


def test_a_file_with_flipped_or_missing_bytes_is_refused(tmp_path):
    path, damaged = tmp_path / "state", tmp_path / "damaged"
    codec.save(path, trained("additive").state())
    data = path.read_bytes()
    rng = random.Random(0)
    for _ in range(200):
        mutant = bytearray(data)
        if rng.random() < 0.3:
            del mutant[rng.randrange(len(mutant)) :]
        else:
            mutant[rng.randrange(len(mutant))] ^= 1 << rng.randrange(8)
        damaged.write_bytes(mutant)
        # Bytes between members mean nothing to a zip reader; any other change is refused.
        with suppress(ArtifactError):
            assert codec.load(damaged).keys() == {"edges", "model"}


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.unlink(missing_ok=True), "an existing file"),
        (lambda path: path.write_bytes(b""), "not a zip file"),
        (lambda path: path.write_text("PK"), "not a zip file"),
        (lambda path: zipfile.ZipFile(path, "w").close(), "state.json"),
    ],
)
def test_what_is_no_state_file_is_refused_with_its_path(write, message, tmp_path):
    path = tmp_path / "state"
    write(path)
    with pytest.raises(ArtifactError, match=message) as caught:
        codec.load(path)
    assert str(path) in str(caught.value)


def write_members(path, tree, **members):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("state.json", json.dumps(tree))
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)


def test_a_newer_version_is_refused(tmp_path):
    tree = {"format": "workbench-state", "version": VERSION + 1, "state": {}}
    write_members(tmp_path / "s", tree)
    with pytest.raises(ArtifactError, match=f"version {VERSION + 1}"):
        codec.load(tmp_path / "s")


def test_an_array_that_claims_more_than_it_has_is_refused(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
    header = header.ljust(117) + b"\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    tree = {"format": "workbench-state", "version": VERSION, "state": {"a": {"$array": 0}}}
    write_members(tmp_path / "s", tree, **{"0": data})
    with pytest.raises(ArtifactError, match="header"):
        codec.load(tmp_path / "s")


def test_a_member_packed_in_another_way_is_refused_before_it_unfolds(tmp_path):
    tree = {"format": "workbench-state", "version": VERSION, "state": {}}
    with zipfile.ZipFile(tmp_path / "s", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("state.json", json.dumps(tree))
    with pytest.raises(ArtifactError, match="packed"):
        codec.load(tmp_path / "s")


def test_a_pickled_array_is_refused(tmp_path):
    import io

    buffer = io.BytesIO()
    np.save(buffer, np.array([{}], dtype=object), allow_pickle=True)
    tree = {"format": "workbench-state", "version": VERSION, "state": {"a": {"$array": 0}}}
    write_members(tmp_path / "s", tree, **{"0": buffer.getvalue()})
    with pytest.raises(ArtifactError, match="header"):
        codec.load(tmp_path / "s")


@pytest.mark.parametrize(
    "state", [{"a": object()}, {1: 2}, {"$array": 1}, {"a": (1, 2)}, {"a": np.array([None])}]
)
def test_only_plain_data_can_be_written(state, tmp_path):
    with pytest.raises(ArtifactError, match="plain data"):
        codec.save(tmp_path / "s", state)
    assert not list(tmp_path.iterdir())


def test_adaptive_windows_come_back_through_numbers():
    from river.drift import ADWIN

    rng = random.Random(0)
    for length in (0, 1, 6, 33, 700):
        window = ADWIN(delta=0.01)
        for _ in range(length):
            window.update(rng.random() < 0.2)
        back = codec.decode(codec.encode(window))
        for i in range(600):
            value = rng.random() < (0.2 if i < 300 else 0.8)
            window.update(value)
            back.update(value)
            assert back.drift_detected == window.drift_detected
            assert (back.width, back.total, back.variance) == (
                window.width,
                window.total,
                window.variance,
            )
