"""What the fraud case says about a transaction."""

from __future__ import annotations

from workbench.features.vocabulary import (
    Count,
    Distinct,
    Feature,
    HighestPast,
    HourOfDay,
    KnownCount,
    KnownRate,
    LastLabels,
    Max,
    Mean,
    New,
    Night,
    Quiet,
    Ratio,
    RobustMean,
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
    Std,
    Sum,
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

#: Bursts, places and hours that are new to the card: patterns that the Handbook's data lacks.
BEHAVIOUR: tuple[Feature, ...] = (
    Count("card", "10m"),
    Count("card", "1h"),
    Count("card", "1d"),
    SinceLast("card"),
    Distinct("terminal", "card", "1h"),
    Distinct("area", "card", "1d"),
    New("terminal", "card", "30d"),
    New("area", "card", "30d"),
    Night(),
    KnownCount("card", "30d"),
    KnownRate("terminal", "7d"),
)

#: What the shipped detector reads.
SHIPPED: tuple[Feature, ...] = (AMOUNT, *ADDITIONAL, *BEHAVIOUR)

#: Further words on the same past, for detectors that choose among features themselves.
FURTHER: tuple[Feature, ...] = (
    Ratio("amount", "card", "30d"),
    ZScore("amount", "card", "30d"),
    Std("amount", "card", "30d"),
    Sum("amount", "card", "1d"),
    Max("amount", "card", "1d"),
    RobustMean("amount", "card"),
    KnownCount("terminal", "30d"),
    SinceLabel("card"),
    LastLabels("terminal", 3),
    HourOfDay(),
)

FEATURES: dict[str, tuple[Feature, ...]] = {
    "handbook": HANDBOOK,
    "shipped": SHIPPED,
    "all": tuple(dict.fromkeys((*HANDBOOK, *SHIPPED, *FURTHER))),
}
