"""Import presets that need more than a mapping of columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from workbench.streams.sources import RawBatch, read

if TYPE_CHECKING:
    from workbench.streams.mapping import Mapping

Read = Callable[[Path, str], Iterator[RawBatch]]
Refuse = Callable[[pl.DataFrame], dict[str, pl.Series]]
Arrange = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Preset:
    """How files of a known layout are read.

    A layout for which the mapping alone is enough needs none: a case may name a
    :class:`~workbench.streams.mapping.Mapping` in its place.

    Parameters
    ----------
    mapping
        Which column becomes what.
    read
        Reads a file, or a folder, given its path and the mapping's delimiter; may be called
        more than once. By the file's suffix if not given.
    refuse
        Of raw rows, shape (n, columns): reason → where (Boolean, shape (n,); null counts as
        false). These rows go to quarantine, for the first reason that applies.
    arrange
        Is given all good rows, as :func:`~workbench.streams.validation.validate` returns them,
        in the order of the file and before they are sorted. Returns them with the same columns
        in the same order; it may set ``event_time`` and ``known_at``.

    Examples
    --------
    >>> from workbench.streams.mapping import Mapping
    >>> mapping = Mapping(event_time={"column": "t", "format": "unix_s"}, columns={"item": "i"})
    >>> best = Preset(mapping, refuse=lambda raw: {"rating: below 5": raw["r"] < 5})
    >>> best.refuse(pl.DataFrame({"r": [5, 3]}))["rating: below 5"].to_list()
    [False, True]
    """

    mapping: Mapping
    read: Read = read
    refuse: Refuse | None = None
    arrange: Arrange | None = None

    @classmethod
    def of(cls, given: Preset | Mapping) -> Preset:
        """Return what a case gave, a mapping alone as a preset."""
        return given if isinstance(given, Preset) else cls(given)
