"""Fingerprints of ids: the same for ever, wherever the text lies."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.fingerprints import fingerprint, fingerprints

TEXT = st.text(max_size=40)


def spelled(ids: pl.Series) -> list[str]:
    return [f"{first:016x}{second:016x}" for first, second in fingerprints(ids)]


def by_hand(text: str) -> str:
    """The definition, written plainly."""

    def fmix64(z: int) -> int:
        z = (z ^ (z >> 33)) * 0xFF51AFD7ED558CCD % 2**64
        z = (z ^ (z >> 33)) * 0xC4CEB9FE1A85EC53 % 2**64
        return z ^ (z >> 33)

    def mix13(z: int) -> int:
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    data, first, second = text.encode(), 0, 0
    words = [data[i : i + 8] for i in range(0, len(data), 8)]
    for word in [*(int.from_bytes(w, "little") for w in words), len(data)]:
        first, second = fmix64(first ^ word), mix13(second ^ word)
    return f"{first:016x}{second:016x}"


PINNED = {
    "": "00000000000000000000000000000000",
    "\0": "b456bcfc34c2cb2c5692161d100b05e5",
    "a": "247f1eaecb8be39a4cd3b69d188e71bd",
    "é": "8e4a9e09af81b46bdd620dfe9e76dd62",
    "🙂": "e1f2e13f6eae92267983907e3bb89609",
    "12345678": "7d52a777527dac9795a8cf534c586ae8",
    "123456789": "4af27c7f9514799f56efb705f25f77c7",
    "πελάτης": "24a1e0584054492c9f5bfac118b88afd",
    "6f9619ff-8b86-d011-b42d-00c04fc964ff": "f1302d92df63efacad6c49c3bee04414",
    "x" * 1000: "f44b406a8035bcd887e44fdbf77f20ff",
}


@pytest.mark.parametrize(("text", "expected"), PINNED.items(), ids=range(len(PINNED)))
def test_the_definition_never_changes(text: str, expected: str) -> None:
    assert spelled(pl.Series([text])) == [expected]


@given(st.lists(TEXT, max_size=20))
def test_the_compiled_code_does_what_the_definition_says(texts: list[str]) -> None:
    assert spelled(pl.Series(texts, dtype=pl.String)) == [by_hand(text) for text in texts]


@given(st.lists(TEXT, min_size=1, max_size=20), st.integers(0, 19), st.integers(0, 19))
def test_it_does_not_matter_where_in_a_column_an_id_lies(
    texts: list[str], begin: int, cut: int
) -> None:
    column = pl.Series(texts)
    whole = spelled(column)
    assert spelled(column[begin:]) == whole[begin:]
    pieces = pl.concat([column[:cut], column[cut:]], rechunk=False)
    assert spelled(pieces) == whole


@given(TEXT)
def test_one_id_has_the_fingerprint_that_it_has_in_a_column(text: str) -> None:
    assert fingerprint(text).tolist() == fingerprints(pl.Series([text]))[0].tolist()


@given(TEXT)
def test_zero_bytes_at_the_end_count(text: str) -> None:
    assert spelled(pl.Series([text])) != spelled(pl.Series([text + "\0"]))


@pytest.mark.parametrize("form", ["{}", "{:08d}", "event-of-a-long-name-{}", "{}\0"])
def test_ids_as_sources_number_them_differ_in_either_half(form: str) -> None:
    prints = fingerprints(pl.Series([form.format(i) for i in range(200_000)]))
    assert [len(np.unique(lane)) for lane in prints.T] == [200_000, 200_000]
    assert abs(np.unpackbits(prints.view(np.uint8)).mean() - 0.5) < 0.001


def test_what_is_missing_has_no_fingerprint() -> None:
    with pytest.raises(ValueError, match="1 missing value"):
        fingerprints(pl.Series("event_id", ["a", None]))


def test_no_ids_have_no_fingerprints() -> None:
    assert fingerprints(pl.Series([], dtype=pl.String)).shape == (0, 2)


def test_categories_are_as_good_as_text() -> None:
    texts = pl.Series(["card", "terminal", "card"])
    assert spelled(texts.cast(pl.Categorical)) == spelled(texts)
