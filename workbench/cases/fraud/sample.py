"""Evaluated transactions, prepared to be measured again and again with other weights of the cards.

What does not depend on the weights is found once, so that each of the bootstrap's resampled
streams costs milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from workbench.cases.fraud.costs import CostModel, episodes, money
from workbench.errors import ParameterError
from workbench.replay import metrics
from workbench.replay.budget import DailyTop
from workbench.replay.ranking import Ranking, descending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.replay.estimates import Floats, Weights
    from workbench.replay.ranking import Indices

OVERALL: Final = (
    "roc_auc",
    "average_precision",
    "card_precision_at_k",
    "precision_at_budget",
    "recall_at_budget",
    "episodes_caught",
    "detection_delay_hours",
    "money_lost",
    "money_saved",
    "money_net",
    "brier",
    "calibration_error",
)
DAILY: Final = (
    "roc_auc",
    "average_precision",
    "card_precision_at_k",
    "precision_at_budget",
    "recall_at_budget",
    "money_net",
)
BY_PATTERN: Final = ("recall_at_budget", "average_precision")
UNNAMED: Final = "no named pattern"


class Cards:
    """The cards of each day, and which of them have the k highest scores.

    Parameters
    ----------
    frame
        ``event_time``, ``score``, ``label`` and ``card``.
    k
        Cards a day.
    once
        Whether a card that was detected is left out on later days.
    """

    def __init__(self, frame: pl.DataFrame, k: int, *, once: bool = True) -> None:
        check_budget(k)
        day, self.days = metrics.day_codes(frame["event_time"])
        code, cards = metrics.codes(frame["card"])
        keys, place = np.unique(day * len(cards) + code, return_inverse=True)
        score, label = np.full(len(keys), -np.inf), np.zeros(len(keys), np.int64)
        np.maximum.at(score, place, frame["score"].to_numpy())
        np.maximum.at(label, place, frame["label"].fill_null(0).to_numpy())
        day, code = np.divmod(keys, max(len(cards), 1))
        self.rows = pl.DataFrame({"day": day, "code": code, "score": score, "label": label})
        self.top = DailyTop(day, score, code, label, budget=k, kinds=2, once=once)

    @property
    def detected(self) -> pl.DataFrame:
        """The rows of cards that were taken and are compromised."""
        return self.rows.filter(pl.Series(self.top.taken) & (pl.col("label") == 1))


class Sample:
    """Metrics of evaluated transactions for any weights of the cards.

    Parameters
    ----------
    rows
        What :func:`workbench.replay.metrics.evaluable` returned.
    budget
        Alerts a day, and k of Card Precision@k.
    cost
        What alerts cost and save.
    patterns
        Patterns to tell apart; all that ``rows`` name where it is left out.
    """

    def __init__(
        self,
        rows: pl.DataFrame,
        budget: int,
        cost: CostModel,
        patterns: Sequence[str] | None = None,
    ) -> None:
        check_budget(budget)
        score, label = rows["score"].to_numpy(), rows["label"].to_numpy()
        card, cards = metrics.codes(rows["card"])
        day, self.days = metrics.day_codes(rows["event_time"])
        kind, self.patterns = _kinds(rows, patterns)
        kinds = 1 + max(len(self.patterns), 1)
        self.cards, self.budget, self._day = len(cards), budget, day

        # Sorted here, the scores need not be sorted again by what ranks them below.
        order = descending(score)
        s, y, c, d, k = score[order], label[order], card[order], day[order], kind[order]
        self._ranking = Ranking(s, y, c, parts=1)
        self._daily = Ranking(s, y, c, d, parts=len(self.days))
        self._by_pattern = Ranking(s, y, c, part=k, parts=kinds)
        self._top = DailyTop(d, s, c, k, budget=budget, kinds=kinds)
        self._card_top = Cards(rows, budget).top
        self._calibration = metrics.Calibration(score, label, card, self.cards)

        self.alerted = np.zeros(len(rows), np.bool_)
        self.alerted[order] = self._top.taken
        fraud = label == 1
        self._fraud = card[fraud], day[fraud], kind[fraud]
        ledger = money(rows, card, self.alerted, cost)
        totals = ledger.with_columns(pl.Series("card", card)).group_by("card").sum().sort("card")
        self._money = totals.select("lost", "saved", "net").to_numpy().T
        by_day = ledger.group_by(pl.Series("day", day)).sum().sort("day")
        self._ledger = by_day.select(
            pl.col("lost").alias("money_lost"), pl.col("saved").alias("money_saved"), "review_cost"
        )
        moved = fraud | self.alerted
        self._moved = card[moved], day[moved], ledger["net"].to_numpy()[moved]
        found = episodes(rows, card, self.alerted)
        self._episode_card = found["card"].to_numpy()
        caught = found.drop_nulls("delay_hours").sort("delay_hours")
        self._delay_card, self._delay = caught["card"].to_numpy(), caught["delay_hours"].to_numpy()

    def overall(self, weights: Weights) -> Floats:
        """Return the metrics of :data:`OVERALL`."""
        roc_auc, average_precision = self._ranking(weights)
        alerts = self._top(weights)
        caught, taken = alerts[:, 1:].sum(), alerts.sum()
        cards = self._card_top(weights)[:, 1] / self.budget
        delayed = weights[self._delay_card]
        shares = metrics.ratio(
            np.array([caught, caught, delayed.sum()]),
            np.array([taken, weights[self._fraud[0]].sum(), weights[self._episode_card].sum()]),
        )
        return np.concatenate(
            (
                roc_auc,
                average_precision,
                [cards.mean() if len(cards) else np.nan],
                shares,
                [metrics.weighted_median(self._delay, delayed)],
                (self._money * weights).sum(axis=1),
                self._calibration(weights),
            )
        )

    def daily(self, weights: Weights) -> Floats:
        """Return the metrics of :data:`DAILY`, each for all days."""
        alerts = self._top(weights)
        caught = alerts[:, 1:].sum(axis=1)
        card, day, _ = self._fraud
        frauds = np.bincount(day, weights[card], len(self.days))
        card, day, net = self._moved
        return np.concatenate(
            (
                *self._daily(weights),
                self._card_top(weights)[:, 1] / self.budget,
                metrics.ratio(caught, alerts.sum(axis=1)),
                metrics.ratio(caught, frauds),
                np.bincount(day, weights[card] * net, len(self.days)),
            )
        )

    def by_pattern(self, weights: Weights) -> Floats:
        """Return the metrics of :data:`BY_PATTERN`, each for all patterns."""
        if not self.patterns:
            return np.empty(0)
        card, _, kind = self._fraud
        frauds = np.bincount(kind, weights[card], 1 + len(self.patterns))[1:]
        caught = self._top(weights)[:, 1:].sum(axis=0)
        return np.concatenate((metrics.ratio(caught, frauds), self._by_pattern(weights)[1][1:]))

    def days_table(self) -> pl.DataFrame:
        """Return what does not depend on weights by day: counts and the money of the alerts."""
        events, frauds, alerts = (
            np.bincount(day, minlength=len(self.days)).astype(np.int64)
            for day in (self._day, self._fraud[1], self._day[self.alerted])
        )
        return pl.DataFrame(
            {"day": self.days, "events": events, "positives": frauds, "alerts": alerts}
        ).with_columns(self._ledger)

    def patterns_table(self) -> pl.DataFrame:
        """Return the number of frauds of each pattern; empty where none is named."""
        if not self.patterns:
            return pl.DataFrame()
        counts = np.bincount(self._fraud[2], minlength=1 + len(self.patterns))[1:]
        return pl.DataFrame({"pattern": self.patterns, "events": counts.astype(np.int64)})


def check_budget(budget: int) -> None:
    """Raise :class:`ParameterError` if a budget is not positive."""
    if budget < 1:
        raise ParameterError.of(
            f"an alert budget of {budget}",
            allowed="one alert a day or more",
            hint="give how many alerts a day can be reviewed",
        )


def _kinds(rows: pl.DataFrame, patterns: Sequence[str] | None) -> tuple[Indices, list[str]]:
    """Return 0 for genuine rows and 1 upwards for frauds by pattern, and the patterns' names."""
    fraud = pl.col("label") == 1
    if "pattern" not in rows.columns or (patterns is not None and not patterns):
        return rows.select(fraud.cast(pl.Int64))["label"].to_numpy(), []
    named = rows.filter(fraud)["pattern"]
    if patterns is None:
        counts = (
            named.drop_nulls()
            .value_counts(name="n")
            .sort(["n", "pattern"], descending=[True, False])
        )
        patterns = counts["pattern"].to_list()
    names = list(patterns)
    place = {name: i + 1 for i, name in enumerate(names)}
    if not named.is_in(names).fill_null(value=False).all():
        names.append(UNNAMED)
    kind = pl.col("pattern").replace_strict(place, default=len(names), return_dtype=pl.Int64)
    return (
        rows.select(pl.when(fraud).then(kind.fill_null(len(names))).otherwise(0).alias("kind"))[
            "kind"
        ].to_numpy(),
        names,
    )
