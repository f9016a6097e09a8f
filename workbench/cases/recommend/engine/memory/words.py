"""Which items have a word in their title."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from workbench.cases.recommend.engine.compiled import I32, U8, called
from workbench.detectors.articles import BUCKETS
from workbench.detectors.recommender import WORDS

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.memory.catalogue import Catalogue

COMMON: Final = 128
"""A word that more items have says little about them, and is left out for good."""


class Words(NamedTuple):
    """Items by word.

    Attributes
    ----------
    item
        Items that have each word, in the order of their coming, int32 (words, 128).
    items
        How many have it, int32 (words,); more than 128 is common.
    """

    item: I32
    items: I32


def empty_words() -> Words:
    """Return an index of nothing."""
    return Words(np.zeros((BUCKETS, COMMON), np.int32), np.zeros(BUCKETS, np.int32))


@called
def learn_title(words: Words, catalogue: Catalogue, slot: int, title: I32) -> None:
    """Note the words of an item that had no title yet."""
    if title[0] < 0 or catalogue.words[slot, 0] >= 0:
        return
    length = 0
    for place in range(WORDS):
        word = title[place]
        catalogue.words[slot, place] = word
        if word < 0:
            continue
        length += 1
        if words.items[word] < COMMON:
            words.item[word, words.items[word]] = slot
        if words.items[word] <= COMMON:
            words.items[word] += 1
    catalogue.brevity[slot] = np.float32(1.0 / sqrt(length + 1.0))


@called
def forget_titles(words: Words, gone: U8) -> None:
    """Take items that are gone out of the index."""
    for word in range(BUCKETS):
        if words.items[word] == 0 or words.items[word] > COMMON:
            continue
        kept = 0
        for place in range(words.items[word]):
            item = words.item[word, place]
            if not gone[item]:
                words.item[word, kept] = item
                kept += 1
        words.items[word] = kept
