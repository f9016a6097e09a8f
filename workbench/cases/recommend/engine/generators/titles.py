"""Items whose titles share words with the session's: what is known of an item that is new."""

from __future__ import annotations

from math import log2, sqrt
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from workbench.cases.recommend.engine.compiled import called
from workbench.cases.recommend.engine.generators.workspace import (
    TITLE,
    Workspace,
    in_session,
    touch,
)
from workbench.cases.recommend.engine.memory.words import COMMON, Words
from workbench.detectors.recommender import WORDS

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.memory.catalogue import Catalogue
    from workbench.cases.recommend.engine.plan import Plan

MOST_WORDS: Final = 256


@called
def score_titles(
    plan: Plan,
    catalogue: Catalogue,
    words: Words,
    ws: Workspace,
    living: int,
    count: int,
    touched: int,
) -> int:
    """Score other items by the words they share with the session's; rare words count more.

    A word that k of the session's items have counts sqrt(k) * log2(1 + items / its items), and
    an item with w words gets the sum of its words' over sqrt(w + 1).
    """
    met = 0
    for k in range(min(count, plan.titled_items)):
        item = ws.context[k]
        for place in range(WORDS):
            word = catalogue.words[item, place]
            if word < 0 or words.items[word] > COMMON or met == MOST_WORDS:
                continue
            if ws.worded[word] != ws.stamp[0]:
                ws.worded[word] = ws.stamp[0]
                ws.word_times[word] = 0
                ws.word[met] = word
                met += 1
            ws.word_times[word] += 1
    for m in range(met):
        word = ws.word[m]
        weight = np.float32(sqrt(ws.word_times[word]) * log2(1.0 + living / words.items[word]))
        for place in range(words.items[word]):
            other: Any = np.uint32(words.item[word, place])
            if in_session(ws, other):
                continue
            touched = touch(ws, other, touched)
            ws.score[other, TITLE] += weight * catalogue.brevity[other]
    return touched
