"""Settings of the shipped recommender, on the time that they were chosen on.

Each is halved or switched off, and doubled, on the first 40 % of Online Retail's time alone; what
comes after has no part in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import shops
from benchmarks.data import BUILD, table
from benchmarks.recommend import CHOSEN_ON
from workbench.cases.recommend.metrics import compare, evaluate
from workbench.replay.replay import replay
from workbench.replay.setup import Setup

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from workbench.streams.recorded import Stream

NEEDS_HANDBOOK = False
TRIED: dict[str, tuple[float, ...]] = {
    "learning_rate": (0.05, 0.2),
    "half_life": (5_000.0, 20_000.0),
    "transitions": (20, 80),
    "transition_decay": (0.2, 0.8),
    "basket": (30, 120),
    "basket_items": (24, 64),
    "basket_ridge": (0.55, 2.2),
    "basket_damping": (0.35, 1.0),
    "pair_decay": (0.15, 0.6),
    "context": (32,),
    "history_items": (10, 40),
    "bought": (20, 64),
    "neighbours": (3, 12),
    "titles": (0, 40),
    "similar": (0, 80),
    "embedding_rate": (0.05, 0.2),
    "drawn": (16, 64),
    "nearest": (40,),
}
"""Settings, and the values that are held against the shipped one."""


def run(file: Path) -> None:
    """Print how much better each other value would have been."""
    del file
    if not shops.ONLINE_RETAIL.exists():
        print(shops.ABSENT, flush=True)
        return
    stream = shops.online_retail()
    shipped = _frame(stream, {})
    defaults = Setup.of("recommend").parameters
    rows: list[tuple[object, ...]] = [
        ("as shipped", "", f"{evaluate(shipped)['hit_rate']}", "", "")
    ]
    for name, values in TRIED.items():
        for value in values:
            other = _frame(stream, {name: value})
            found = compare(other, shipped)
            rows.append(
                (name, f"{defaults[name]:g} → {value:g}", f"{evaluate(other)['hit_rate']}",
                 f"{found['hit_rate']:+.4f}", f"{found['ndcg']:+.4f}")
            )  # fmt: skip
            print(*rows[-1], flush=True)
    table(("setting", "value", "HitRate@20", "better by", "NDCG@20 better by"), rows)


def _frame(stream: Stream, settings: dict[str, Any]) -> pl.DataFrame:
    until = stream.start + CHOSEN_ON * (stream.end - stream.start)
    setup = Setup.of("recommend", parameters=settings)
    name = "-".join(f"{key}-{value:g}" for key, value in settings.items()) or "shipped"
    run = replay(stream, setup, BUILD / "runs" / "settings" / name, until=until)
    return run.frame()
