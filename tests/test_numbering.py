"""Numbers by fingerprint do what a dict does."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from workbench.fingerprints import fingerprint, fingerprints
from workbench.numbering import ABSENT, Numbering

# Few ids, so that they meet; and fingerprints that all want the same rows of the table.
IDS = st.lists(st.integers(0, 40).map(str), max_size=30)
CROWDED = st.lists(st.integers(0, 40), max_size=30)


def prints_of(ids: list[str]) -> np.ndarray:
    return fingerprints(pl.Series(ids, dtype=pl.String))


def crowded(keys: list[int]) -> np.ndarray:
    """Fingerprints whose first rows are the last two of a table, and the first."""
    return np.array([[k % 3 + 2**32 - 2, k] for k in keys], np.uint64).reshape(-1, 2)


def add_one_by_one(known: dict, keys: list, numbers: list[int]) -> int:
    for i, (key, number) in enumerate(zip(keys, numbers, strict=True)):
        if key in known:
            return i
        known[key] = number
    return len(keys)


def assign_one_by_one(known: dict, keys: list, fresh: list[int]) -> tuple[list[int], int]:
    unused, before = iter(fresh), len(known)
    for key in keys:
        if key not in known:
            known[key] = next(unused)
    return [known[key] for key in keys], len(known) - before


@given(st.data())
def test_it_does_what_a_dict_does(data: st.DataObject) -> None:
    ids, make = data.draw(st.sampled_from([(IDS, prints_of), (CROWDED, crowded)]))
    numbering, known = Numbering(), {}
    for step in range(data.draw(st.integers(1, 12))):
        keys = data.draw(ids)
        numbers = list(range(100 * step, 100 * step + len(keys)))
        match data.draw(st.sampled_from(["add", "assign", "remove"])):
            case "add":
                added = numbering.add(make(keys), np.array(numbers, np.int64))
                assert added == add_one_by_one(known, keys, numbers)
            case "assign":
                found, used = numbering.assign(make(keys), np.array(numbers, np.int64))
                assert (found.tolist(), used) == assign_one_by_one(known, keys, numbers)
            case "remove":
                removed = numbering.remove(make(keys)).tolist()
                assert removed == [known.pop(key, ABSENT) for key in keys]
        asked = data.draw(ids)
        assert numbering.find(make(asked)).tolist() == [known.get(key, ABSENT) for key in asked]
        assert [p in numbering for p in make(asked)] == [key in known for key in asked]
        assert len(numbering) == len(known)
        prints, found = numbering.items()
        assert sorted(found.tolist()) == sorted(known.values())
        assert numbering.find(prints).tolist() == found.tolist()


def test_a_table_in_which_ids_come_and_go_does_not_grow() -> None:
    numbering = Numbering()
    for day in range(200):
        numbering.add(prints_of([f"{day}-{i}" for i in range(100)]), np.arange(100))
        if day:
            numbering.remove(prints_of([f"{day - 1}-{i}" for i in range(100)]))
    assert len(numbering) == 100
    assert numbering._table.nbytes < 64_000


def test_many_ids_are_found_again() -> None:
    numbering, ids = Numbering(), [str(i) for i in range(100_000)]
    assert numbering.add(prints_of(ids), np.arange(100_000)) == 100_000
    assert (numbering.find(prints_of(ids)) == np.arange(100_000)).all()
    assert fingerprint("99999") in numbering
    assert fingerprint("100000") not in numbering
