"""What the fraud case says about a transaction."""

from __future__ import annotations

from workbench.features.vocabulary import (
    Count,
    Distinct,
    Feature,
    HighestPast,
    KnownCount,
    KnownRate,
    LastLabels,
    Mean,
    Night,
    Quiet,
    Ratio,
    RobustRatio,
    RunAge,
    RunGap,
    RunLength,
    RunLowest,
    RunOnly,
    RunRival,
    RunSpan,
    SinceLabel,
    SinceLast,
    Value,
    Weekend,
    ZScore,
)

_WINDOWS = ("1d", "7d", "30d")
AMOUNT = Value("amount", doc="Amount of the transaction in minor units")

#: The 15 features of the Fraud Detection Handbook; the terminals' risk comes from labels as
#: they become known, in place of a fixed delay.
HANDBOOK: tuple[Feature, ...] = (
    AMOUNT,
    Weekend(),
    Night(),
    *(Count("card", w) for w in _WINDOWS),
    *(Mean("amount", "card", w) for w in _WINDOWS),
    *(Count("terminal", w) for w in _WINDOWS),
    *(KnownRate("terminal", w) for w in _WINDOWS),
)

RATIO = RobustRatio("amount", "card", name="ratio")
RUN = "terminal"

#: A card's robust habit, and runs of known frauds at a terminal.
ADDITIONAL: tuple[Feature, ...] = (
    RATIO,
    HighestPast(RATIO, "7d", name="highest_ratio"),
    RunAge(RUN, name="run_age"),
    RunGap(RUN, name="run_gap"),
    RunSpan(RUN, name="run_span"),
    RunLength(RUN, name="run_length"),
    Quiet(RUN, name="quiet"),
    RunLowest(RATIO, RUN, name="run_lowest"),
    RunOnly(RATIO, RUN, name="run_only"),
    RunRival(RATIO, RUN, name="run_rival"),
)

#: Bursts, far places and what is known of the card: patterns that the Handbook's data lacks.
BEHAVIOUR: tuple[Feature, ...] = (
    Count("card", "10m"),
    Count("card", "1h"),
    SinceLast("card"),
    Ratio("amount", "card", "30d"),
    ZScore("amount", "card", "30d"),
    Distinct("terminal", "card", "1d"),
    Distinct("area", "card", "1d"),
    Distinct("area", "card", "30d"),
    KnownCount("card", "30d"),
    KnownCount("terminal", "30d"),
    SinceLabel("card"),
    LastLabels("terminal", 3),
)

FEATURES: dict[str, tuple[Feature, ...]] = {
    "handbook": HANDBOOK,
    "robust": (AMOUNT, *ADDITIONAL),
    "all": (*HANDBOOK, *ADDITIONAL, *BEHAVIOUR),
}
