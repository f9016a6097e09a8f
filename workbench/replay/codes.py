"""Codes for ids: small numbers that stand for text, and are given anew when no longer needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl

    from workbench.detectors.recommender import I32

NONE = -1
#: From this many rows on, a column's different ids are looked up once each.
_MANY = 64


class Codes:
    """Codes from 0 for the ids of one kind.

    Examples
    --------
    >>> import polars as pl
    >>> codes = Codes()
    >>> codes.of(pl.Series(["x", None, "y", "x"])).tolist()
    [0, -1, 1, 0]
    >>> codes.release([0])
    >>> codes.of(pl.Series(["z", "x"])).tolist()
    [0, 2]
    """

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._free: list[int] = []
        #: The id of each code; what was given up keeps its text until the code is given anew.
        self.texts: list[str] = []

    def __len__(self) -> int:
        return len(self._codes)

    def of(self, ids: pl.Series, *, new: bool = True) -> I32:
        """Return the codes of ids, shape (n,); -1 for none, and for unknown ones unless ``new``."""
        code = self._code if new else self._known
        if len(ids) <= _MANY:
            return np.array([code(key) for key in ids.to_list()], np.int32)
        encoded = ids.to_arrow().dictionary_encode()
        found = np.array([code(key) for key in encoded.dictionary.to_pylist()] + [NONE], np.int32)
        places = encoded.indices.fill_null(len(found) - 1).to_numpy(zero_copy_only=False)
        codes: I32 = found[places]
        return codes

    def _known(self, key: str | None) -> int:
        return NONE if key is None else self._codes.get(key, NONE)

    def _code(self, key: str | None) -> int:
        if key is None:
            return NONE
        code = self._codes.get(key)
        if code is None:
            if self._free:
                code = self._free.pop()
                self.texts[code] = key
            else:
                code = len(self.texts)
                self.texts.append(key)
            self._codes[key] = code
        return code

    def release(self, codes: I32 | list[int]) -> None:
        """Give codes back whose ids nobody remembers any more."""
        for code in np.asarray(codes).tolist():
            if self._codes.pop(self.texts[code], None) is not None:
                self._free.append(code)

    def state(self) -> dict[str, Any]:
        """Return the codes as plain data."""
        return {
            "ids": list(self._codes),
            "codes": np.array(list(self._codes.values()), np.int64),
            "free": np.array(self._free, np.int64),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        codes = np.asarray(state["codes"], np.int64).tolist()
        self._codes = dict(zip(state["ids"], codes, strict=True))
        self._free = np.asarray(state["free"], np.int64).tolist()
        self.texts = [""] * (len(codes) + len(self._free))
        for key, code in self._codes.items():
            self.texts[code] = key
