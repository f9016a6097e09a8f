"""State as one file: a zip archive with a JSON tree and numpy arrays, the same bytes each time.

``state.json`` holds the tree, where ``{"$array": 3}`` stands for the member ``3.npy`` and
``{"$float": "nan"}`` for a number that JSON cannot write. Members are stored without a
time. Reading never unpickles; whatever does not fit gives an ArtifactError.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.atomic import atomic_file
from workbench.detectors.decoding import damaged
from workbench.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.detectors.protocol import State

VERSION = 2
"""Rises when a reader of the version before would read a file wrongly."""


LARGEST = 1 << 32
"""The most bytes that a member may unfold to."""

KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PLAIN = {type(None), bool, int, str}


def save(path: Path, state: State, *, compress: bool = False) -> None:
    """Write plain data to one file; the same data give the same bytes.

    Parameters
    ----------
    path
        Where to; an existing file is replaced at once, never left half-written.
    state
        Dicts with text keys, lists, text, numbers, booleans, None and numpy arrays.
    compress
        Whether members are deflated: several times smaller, and slower to write.

    Raises
    ------
    ArtifactError
        If there is something else in it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "state.npz"
    >>> save(path, {"weights": np.array([0.5, np.nan]), "bias": -np.inf})
    >>> load(path)
    {'weights': array([0.5, nan]), 'bias': -inf}
    """
    arrays: list[np.ndarray] = []
    tree = {"format": "workbench-state", "version": VERSION, "state": _plain(state, arrays)}
    text = json.dumps(tree, separators=(",", ":"), allow_nan=False)
    kind = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with atomic_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        archive.writestr(zipfile.ZipInfo("state.json"), text, kind)
        for number, array in enumerate(arrays):
            member = zipfile.ZipInfo(f"{number}.npy")
            member.compress_type, member.file_size = kind, array.nbytes
            with archive.open(member, "w") as file:
                # Not write_array, which copies what it does not write to a file of its own.
                header = np.lib.format.header_data_from_array_1_0(array)
                np.lib.format.write_array_header_1_0(file, header)
                file.write(array.data if array.nbytes else b"")


def load(path: Path) -> State:
    """Read what :func:`save` wrote.

    Raises
    ------
    ArtifactError
        If there is no such file, it is damaged, or a newer version wrote it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(path, archive)
    except FileNotFoundError as error:
        raise ArtifactError.of(
            str(path), allowed="an existing file", hint="check the path"
        ) from error
    except ArtifactError:
        raise
    # Zip, JSON and numpy readers raise a dozen kinds of errors on damaged files; all mean that.
    except Exception as error:
        raise damaged(f"{path}: {error}") from error


def _read(path: Path, archive: zipfile.ZipFile) -> State:
    tree = json.loads(_member(archive, "state.json"))
    if tree["format"] != "workbench-state":
        raise ValueError(f"the format is {tree['format']!r}")
    if tree["version"] != VERSION:
        raise ArtifactError.of(
            f"{path}, written in version {tree['version']} of the format,",
            allowed=f"version {VERSION}",
            hint="use the version of the workbench that wrote it, or a newer one",
        )
    state: State = _tree(tree["state"], archive)
    if type(state) is not dict:
        raise ValueError("the state is no dict")
    return state


def _plain(value: Any, arrays: list[np.ndarray]) -> Any:
    kind = type(value)
    if kind is dict:
        if any(type(key) is not str or key.startswith("$") for key in value):
            raise _unwritable(f"a dict with the keys {list(value)[:5]}")
        return {key: _plain(v, arrays) for key, v in value.items()}
    if kind is list:
        return value if set(map(type, value)) <= _PLAIN else [_plain(v, arrays) for v in value]
    if kind is float:
        return value if math.isfinite(value) else {"$float": repr(value)}
    if kind in _PLAIN:
        return value
    if kind is np.ndarray and value.dtype.kind in "biufUS":
        arrays.append(np.ascontiguousarray(value) if value.ndim else value)
        return {"$array": len(arrays) - 1}
    raise _unwritable(f"{kind.__module__}.{kind.__qualname__}")


def _unwritable(what: str) -> ArtifactError:
    return ArtifactError.of(
        f"{what} in a state",
        allowed="plain data: dicts with text keys, lists, text, numbers, arrays",
        hint="encode objects with workbench.detectors.codec.encode first",
    )


def _tree(value: Any, archive: zipfile.ZipFile) -> Any:
    if type(value) is list:
        return [_tree(v, archive) for v in value]
    if type(value) is not dict:
        return value
    if "$array" in value:
        return _array(_member(archive, f"{int(value['$array'])}.npy"))
    if "$float" in value:
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[value["$float"]]
    return {key: _tree(v, archive) for key, v in value.items()}


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    # A small deflated member could unfold to any size; no more is read than it claims.
    if info.compress_type not in KINDS or info.file_size > LARGEST:
        raise ValueError(f"{name} is packed in a way that is not ours")
    return archive.read(info)


def _array(data: bytes) -> np.ndarray:
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("an array of another numpy format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    body = data[stream.tell() :]
    # Checked before anything of the claimed size is allocated.
    if dtype.kind not in "biufUS" or math.prod(shape) * dtype.itemsize != len(body):
        raise ValueError("an array that is not as its header says")
    if fortran:
        raise ValueError("an array in another order")
    return np.frombuffer(body, dtype=dtype).reshape(shape).copy()
