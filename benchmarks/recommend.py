"""Recommenders: quality on Online Retail, speed, memory, and what is in stock.

Every interaction but the first of its session is scored, after the first 5 % of the events; each
is answered before it is learned. The protocol is that of :mod:`workbench.cases.recommend.metrics`.
Settings were chosen on the first 40 % of the time; what came after them has a row of its own.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl

from benchmarks import shops
from benchmarks.data import BUILD, table
from benchmarks.session_knn import SessionKNN
from workbench.case import get_case
from workbench.cases.recommend.foresight import judge
from workbench.cases.recommend.metrics import compare, evaluate
from workbench.cases.recommend.sellout import DEFAULTS, raised
from workbench.cases.recommend.truth import truth_of
from workbench.detectors.recommender import VIEW, WORDS, Interactions
from workbench.replay.replay import replay
from workbench.replay.setup import Setup, find_spec
from workbench.streams.schema import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workbench.replay.evaluation import Evaluation
    from workbench.replay.run import Run
    from workbench.streams.recorded import Stream

NEEDS_HANDBOOK = False
SEEDS = (11, 12, 13)
CATALOGUE = 10_000
PLACES = (60_000, 180_000, 300_000)
TIMED = 5_000
PIECE = 50_000
TIMES = 10
CHOSEN_ON = 0.4
"""Share of Online Retail's time on which settings were chosen."""


def run(file: Path) -> None:
    """Print the tables of quality, speed, memory and stock."""
    del file
    if shops.ONLINE_RETAIL.exists():
        quality(shops.online_retail(), "all lines")
        quality(shops.known_customers(), "known customers")
        speed(shops.online_retail())
        ranking()
        memory(shops.online_retail())
    else:
        print(shops.ABSENT, flush=True)
        ranking()
    for name, stream in shops.others():
        others(stream, name)
    stock()


def _replayed(stream: Stream, detector: str | None = None) -> Run:
    setup = Setup.of("recommend", detector)
    return replay(stream, setup, BUILD / "runs" / f"{stream.path.name}-{setup.detector}")


def quality(stream: Stream, name: str) -> None:
    """Compare the shipped recommender with every other one."""
    case = get_case("recommend")
    shipped = case.default_detector
    best = _replayed(stream)
    frame = best.frame()
    later = stream.start + CHOSEN_ON * (stream.end - stream.start)
    rows: list[tuple[object, ...]] = [
        (shipped, *_metrics(evaluate(frame)), "", f"{best.document['events_per_second']:,.0f}"),
        ("— the last 60 % of the time", *_metrics(evaluate(frame, since=later)), "", ""),
    ]
    for detector in case.load("detectors"):
        if detector == shipped:
            continue
        other = _replayed(stream, detector)
        theirs = other.frame()
        better = f"{compare(frame, theirs)['hit_rate']:+.3f}"
        speed = f"{other.document['events_per_second']:,.0f}"
        rows.append((detector, *_metrics(evaluate(theirs)), better, speed))
    head = ("HitRate@20", "MRR@20", "NDCG@20", "coverage")
    table((f"Online Retail, {name}", *head, f"{shipped} is better by", "events/s"), rows)
    print(flush=True)


def others(stream: Stream, name: str) -> None:
    """Show the shipped recommender, as it is, on a stream that had no part in its settings."""
    found = evaluate(_replayed(stream).frame())
    names = ("hit_rate", "hit_rate_at_10", "mrr", "ndcg")
    head = ("HitRate@20", "HitRate@10", "MRR@20", "NDCG@20")
    table((name, "scored events", *head), [("reranked", found.n, *(str(found[n]) for n in names))])
    print(flush=True)


def _metrics(found: Evaluation) -> list[str]:
    return [str(found[metric]) for metric in ("hit_rate", "mrr", "ndcg", "coverage")]


def speed(stream: Stream) -> None:
    """Compare test-then-learn with a session kNN in plain Python on the same events.

    Both know all events before; what they are timed on lies at several places of the stream.
    """
    events = shops.events_of(stream, stock=False)
    pairs = list(zip(events["session"].to_list(), events["item"].to_list(), strict=True))
    knn, path, labels = SessionKNN(), Setup.of("recommend").build(), pl.DataFrame(schema=LABELS)
    plain, ours, done = [], [], 0
    for place in PLACES:
        for session, item in pairs[done:place]:
            knn.learn(session, item)
        path.process(events[done:place], labels)
        done = place + TIMED
        begin = time.perf_counter()
        for session, item in pairs[place:done]:
            knn.recommend(session)
            knn.learn(session, item)
        plain.append(TIMED / (time.perf_counter() - begin))
        begin = time.perf_counter()
        path.process(events[place:done], labels)
        ours.append(TIMED / (time.perf_counter() - begin))
    times = [a / b for a, b in zip(ours, plain, strict=True)]
    whole = _replayed(stream).document["events_per_second"]
    table(
        ("test, then learn: the best 20 of the catalogue for each event", "events/s", "times"),
        [
            ("session kNN in plain Python", _spread(plain, ",.0f"), 1),
            ("workbench, the same events", _spread(ours, ",.0f"), _spread(times, ".0f")),
            ("workbench, whole replay written to disk", f"{whole:,.0f}", ""),
        ],
    )
    print(flush=True)


def _spread(values: Sequence[float], spec: str) -> str:
    """Return the median and the range."""
    return f"{np.median(values):{spec}} ({min(values):{spec}}–{max(values):{spec}})"


def ranking(events: int = 60_000, timed: int = 20) -> None:
    """Compare with ``rank`` of River's recommenders over a catalogue of 10,000 items."""
    from river import reco

    rng = np.random.default_rng(0)
    item = np.minimum(rng.zipf(1.2, events) - 1, CATALOGUE - 1)
    item[:CATALOGUE] = np.arange(CATALOGUE)
    session = np.arange(events) // 6
    model: Any = reco.BiasedMF()
    catalogue = set(range(CATALOGUE))
    for user, chosen in zip(session[:2_000].tolist(), item[:2_000].tolist(), strict=True):
        model.learn_one(user, chosen, 1.0)
    begin = time.perf_counter()
    for user in range(timed):
        model.rank(user, catalogue)
    theirs = (time.perf_counter() - begin) / timed
    recommender = _recommender()
    recommender.process(_interactions(session, item, 0, events // 2))
    begin = time.perf_counter()
    recommender.process(_interactions(session, item, events // 2, events))
    ours = (time.perf_counter() - begin) / (events - events // 2)
    table(
        (f"the best 20 of {CATALOGUE:,} items", "milliseconds an event", "times"),
        [
            ("river.reco.BiasedMF.rank", f"{theirs * 1e3:.2f}", 1),
            ("workbench: ranked and learned", f"{ours * 1e3:.3f}", f"{theirs / ours:,.0f}"),
        ],
    )
    print(flush=True)


def _recommender() -> Any:
    return find_spec("recommend", None).make(())


def _interactions(session: Any, item: Any, start: int, stop: int) -> Interactions:
    n = stop - start
    unknown = np.full(n, -1, np.int64)
    return Interactions(
        time=np.arange(start, stop) * 1_000_000,
        session=session[start:stop].astype(np.int32),
        visitor=np.full(n, -1, np.int32),
        item=item[start:stop].astype(np.int32),
        kind=np.full(n, VIEW, np.int8),
        quantity=unknown,
        price=unknown,
        on_hand=unknown,
        number=unknown,
        words=np.full((n, WORDS), -1, np.int32),
    )


def memory(stream: Stream) -> None:
    """Replay a stream's beginning, and ten times over; each in a process of its own."""
    peaks = {}
    for times in (1, TIMES):
        part = shops.again(stream, PIECE, times)
        out = BUILD / "runs" / part.path.name
        command = ["replay", "recommend", "--stream", str(part.path), "--out", str(out)]
        # Linux hands a process's peak on to what it starts, but no further than to this shell.
        shell = ["/bin/sh", "-c", '"$@"; exit $?', "sh"]
        subprocess.run(  # noqa: S603 - our own command line
            [*shell, sys.executable, "-m", "workbench.cli", *command],
            check=True,
            capture_output=True,
        )
        document = orjson.loads((out / "run.json").read_bytes())
        peaks[times] = [
            document[name] for name in ("peak_memory_mb", "peak_memory_with_metrics_mb")
        ]
    rows: list[tuple[object, ...]] = [
        (
            f"{times * PIECE:,}",
            *(f"{a:,.0f} ({a / b - 1:+.0%})" for a, b in zip(found, peaks[1], strict=True)),
        )
        for times, found in peaks.items()
    ]
    table(("events over the same catalogue", "peak memory (MB)", "with its metrics"), rows)
    print(flush=True)


def stock() -> None:
    """Hold recommendations and alerts to the truth of simulated shops."""
    shown: list[tuple[object, ...]] = []
    told: list[tuple[object, ...]] = []
    for seed in SEEDS:
        stream = shops.simulated(seed)
        truth = truth_of(stream)
        if truth is None:
            raise RuntimeError(f"{stream.path} has no ground truth")
        blind = _replayed(shops.without_stock(stream)).frame()
        found = evaluate(_replayed(stream).frame(), truth=truth)
        unaware = evaluate(blind, truth=truth)
        out, other = found["truly_out"], unaware["truly_out"]
        shown.append(
            (seed, f"{found['known_out'].value:.4f}", f"{out:.4f}", f"{other:.4f}",
             f"{out.value / other.value:.2f}", f"{found['saved']}", f"{unaware['saved']}")
        )  # fmt: skip
        events = shops.events_of(stream)
        alerts = judge(raised(events, DEFAULTS), truth, days=DEFAULTS["days"],
                       since=events["event_time"][len(events) // 4])  # fmt: skip
        told.append((seed, alerts.n, alerts.positives, *map(str, alerts.overall.values())))
    table(
        ("shop", "slots known to be out", "slots truly out", "without stock levels", "ratio",
         "lost sales with a variant in stock shown", "without stock levels"), shown,
    )  # fmt: skip
    print(flush=True)
    names = [measure.title for measure in alerts.measures.values()]
    table(("shop", "alerts", "sell-outs", *names), told)
    print(flush=True)
