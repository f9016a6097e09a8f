"""What an item's id and title tell by themselves: its article number and its words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from zlib import crc32

import numpy as np
import polars as pl

from workbench.detectors.recommender import I32, I64, NONE, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable

BUCKETS: Final = 1 << 16
"""Words share so many codes, so that no list of words grows with the catalogue."""

_LETTERS: Final = 27
_WORD: Final = re.compile(r"[^\W\d_]{2,}")


def article_numbers(ids: pl.Series) -> I64:
    """Return item ids as whole numbers in the order of a printed catalogue.

    An article number is one to twelve digits and up to two letters after them (a variant's);
    ids of another form have none (-1).

    Examples
    --------
    >>> numbers = article_numbers(pl.Series(["85123A", "85123B", "85123", "POST"]))
    >>> (numbers - numbers[2]).tolist()[:3], int(numbers[3])
    ([27, 54, 0], -1)
    """
    frame = pl.DataFrame({"id": ids.cast(pl.String)}).with_columns(
        parts=pl.col("id").str.to_uppercase().str.extract_groups(r"^(\d{1,12})([A-Z]?)([A-Z]?)$")
    )
    digits, first, second = (pl.col("parts").struct.field(k) for k in ("1", "2", "3"))
    number = digits.cast(pl.Int64) * _LETTERS**2 + _letter(first) * _LETTERS + _letter(second)
    return frame.select(number=number.fill_null(NONE))["number"].to_numpy().astype(np.int64)


def _letter(text: pl.Expr) -> pl.Expr:
    place = text.replace_strict(
        {"": 0, **{chr(ord("A") + i): i + 1 for i in range(26)}}, return_dtype=pl.Int64
    )
    return place.fill_null(0)


def title_words(titles: Iterable[str | None]) -> I32:
    """Return the codes of the first eight different words of each title, shape (n, 8).

    A word is two letters or more; its code is a hash of it in capitals, so the same word has
    the same code everywhere and for ever.

    Examples
    --------
    >>> words = title_words(["White lantern", "LANTERN, large", None])
    >>> bool(words[0, 1] == words[1, 0]), words[2].tolist()
    (True, [-1, -1, -1, -1, -1, -1, -1, -1])
    """
    known: dict[str | None, list[int]] = {None: [NONE] * WORDS}
    rows = []
    for title in titles:
        row = known.get(title)
        if row is None:
            row = known[title] = _codes(title or "")
        rows.append(row)
    return np.array(rows, np.int32).reshape(-1, WORDS)


def _codes(title: str) -> list[int]:
    different = dict.fromkeys(crc32(w.encode()) % BUCKETS for w in _WORD.findall(title.upper()))
    codes = list(different)[:WORDS]
    return codes + [NONE] * (WORDS - len(codes))
