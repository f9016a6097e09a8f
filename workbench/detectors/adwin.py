"""The state of River's compiled ADWIN as numbers, instead of the bytes of its Rust library.

River 0.26 gives that state as bytes which its library reads back without checking; damaged ones
abort the process. Here they are taken apart into numbers, and put together only from numbers
that fit each other.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from workbench.errors import ArtifactError

if TYPE_CHECKING:
    from river._river_rust.drift import AdaptiveWindowing

# The settings: delta, clock, buckets per row, shortest window, grace period. Then the moments:
# total, variance, width, sum of widths.
_HEAD = struct.Struct("<diqdd4d")
_COUNTS = struct.Struct("<4i")  # tick, total, elements seen, detections
_TAIL = struct.Struct("<diqii")  # the five settings again
_LENGTH = struct.Struct("<Q")


def _row(size: int) -> struct.Struct:
    """Return the layout of a row of buckets: its size, how many are used, totals, variances."""
    return struct.Struct(f"<QQQ{size + 1}dQ{size + 1}d")


def _bytes(numbers: dict[str, list[Any]]) -> bytes:
    delta, clock, size, shortest, grace = numbers["settings"]
    parts = [
        _HEAD.pack(delta, clock, size, shortest, grace, *numbers["moments"]),
        _COUNTS.pack(*numbers["counts"]),
        _LENGTH.pack(len(numbers["used"])),
    ]
    width = 2 * (size + 1)
    for i, used in enumerate(numbers["used"]):
        values = numbers["buckets"][i * width : (i + 1) * width]
        half = values[: size + 1], values[size + 1 :]
        parts.append(_row(size).pack(size, used, size + 1, *half[0], size + 1, *half[1]))
    parts.append(_TAIL.pack(delta, clock, size, int(shortest), int(grace)))
    return b"".join(parts)


def numbers_of(window: AdaptiveWindowing) -> dict[str, list[Any]]:
    """Return settings, moments, counts and buckets of one adaptive window.

    Raises
    ------
    ArtifactError
        If River's layout is not the one known here.
    """
    data = window.__getstate__()
    head = _HEAD.unpack_from(data, 0)
    size, at = head[2], _HEAD.size
    counts = _COUNTS.unpack_from(data, at)
    (rows,) = _LENGTH.unpack_from(data, at + _COUNTS.size)
    at += _COUNTS.size + _LENGTH.size
    used, buckets, row = [], [], _row(size)
    for i in range(rows):
        _, filled, _, *values = row.unpack_from(data, at + i * row.size)
        used.append(filled)
        buckets += values[: size + 1] + values[size + 2 :]
    numbers = {
        "settings": list(head[:5]),
        "moments": list(head[5:]),
        "counts": list(counts),
        "used": used,
        "buckets": buckets,
    }
    if _bytes(numbers) != data:
        raise ArtifactError.of(
            "the state of river's ADWIN",
            allowed="the layout of River 0.26",
            hint="install a River version that pyproject.toml allows",
        )
    return numbers


def check(numbers: dict[str, Any]) -> None:
    """Refuse numbers that cannot be an adaptive window's; raises ValueError."""
    _, clock, size, shortest, grace = numbers["settings"]
    integers = [clock, size, *numbers["counts"], *numbers["used"]]
    floats = [shortest, grace, *numbers["moments"], *numbers["buckets"], numbers["settings"][0]]
    if not all(type(i) is int and 0 <= i < 2**31 for i in integers):
        raise ValueError("a count is not a whole number from 0")
    if not all(type(f) is float for f in floats) or not all(0 <= f < 2**31 for f in floats[:2]):
        raise ValueError("a moment is not a number")
    if not (clock > 0 and 0 < size < 1000 and numbers["used"]):
        raise ValueError("impossible settings")
    if max(numbers["used"]) > size + 1:
        raise ValueError("more buckets are used than there are")
    if len(numbers["moments"]) != 4 or len(numbers["counts"]) != 4:
        raise ValueError("moments or counts are incomplete")
    if len(numbers["buckets"]) != len(numbers["used"]) * 2 * (size + 1):
        raise ValueError("buckets are incomplete")


def window_of(numbers: dict[str, Any]) -> AdaptiveWindowing:
    """Build an adaptive window from numbers that passed :func:`check`."""
    from river._river_rust.drift import AdaptiveWindowing

    delta, clock, size, shortest, grace = numbers["settings"]
    window = AdaptiveWindowing(delta, clock, size, int(shortest), int(grace))
    window.__setstate__(_bytes(numbers))
    return window
