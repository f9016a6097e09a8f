"""Alarms on simulated wards: episodes found at a third of NEWS2's alarms, and artefacts.

NEWS2 as wards use it calls at every observation that reaches its threshold, and again after six
hours: from 5 points on (urgent review), from 7 on (emergency team), and from the threshold that
gains most utility of those with one alarm per patient-day, chosen on the first two fifths of the
time. The shipped detector with its alarm policy has the lowest threshold at which it raises a third
of those alarms, which takes no labels. All are judged on the stays that began after the two fifths.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks.data import BUILD, table
from workbench.case import get_case
from workbench.cases.vitals.artefacts import LEAPS
from workbench.cases.vitals.bedside import EMERGENCY, MOST, URGENT
from workbench.cases.vitals.sample import Sample
from workbench.cases.vitals.stays import Hours, Stays
from workbench.cases.vitals.threshold import freeze, made
from workbench.replay.estimates import Estimate, bootstrap
from workbench.replay.replay import replay
from workbench.replay.setup import Setup
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from workbench.cases.vitals.alarms import Rule
    from workbench.cases.vitals.threshold import Frozen
    from workbench.replay.estimates import Floats, Weights

NEEDS_HANDBOOK = False
SIZE: Final[dict[str, Any]] = {"days": 60, "seed": 3, "scale": 3.0}
AT_ONCE: Final = {"persistence": "0s"}
"""Every value counts at once."""
PART: Final = 1 / 3
ALARMS, FOUND, ARTEFACTS = (
    "alarms_per_patient_day",
    "sensitivity",
    "artefact_alarms_per_patient_day",
)


def run(_: Path) -> None:
    """Simulate, replay, and print both tables."""
    stream = _stream()
    frames = {name: _frame(stream, name) for name in ("additive", "news2")}
    shared = frames["additive"].select("event_id")
    report(frames["additive"], frames["news2"].join(shared, on="event_id", maintain_order="left"))


def report(frame: pl.DataFrame, chart: pl.DataFrame, replicates: int = 500) -> None:
    """Print what the detector and NEWS2 find and cost on the same stays.

    Parameters
    ----------
    frame, chart
        Evaluation frames of the detector and of NEWS2 on the same observations.
    replicates
        Of the bootstrap over patients.
    """
    detector = Way("shipped detector, its alarm policy", frame)
    # Without the signs nothing is left out as an artefact.
    ward = Way("NEWS2", chart.drop(LEAPS), AT_ONCE)
    points = {
        f"NEWS2 ≥ {URGENT}": URGENT / MOST - 1e-9,
        f"NEWS2 ≥ {EMERGENCY}": EMERGENCY / MOST - 1e-9,
        "NEWS2, tuned to 1 alarm per patient-day": freeze(ward.stays, 1.0, rule=AT_ONCE).threshold,
    }
    rows: list[tuple[object, ...]] = []
    for name, threshold in points.items():
        theirs = ward.judge(threshold)
        ours = detector.judge(detector.lowest(PART * theirs.value(ALARMS)))
        found = theirs.beside(ours, replicates)
        rows.append((name, *found[:4], f"{found[4]:+.3f}", found[5]))
    patients = detector.judge(0.5).sample.patients
    print(f"{patients:,} patients are judged. At a third of NEWS2's alarms per patient-day:\n")
    table(
        ("", "alarms", "sensitivity", "detector: alarms", "sensitivity", "difference",
         "artefact alarms cut by"), rows,
    )  # fmt: skip

    policy = Way("NEWS2 with the alarm policy", chart)
    theirs = ward.judge(points[f"NEWS2 ≥ {URGENT}"])
    others = {
        f"NEWS2 ≥ {URGENT} with the alarm policy": policy.judge(points[f"NEWS2 ≥ {URGENT}"]),
        "shipped detector as evaluated": detector.judge(detector.frozen.threshold),
    }
    rows = [(name, *theirs.beside(ours, replicates)[2:]) for name, ours in others.items()]
    print(f"\nAgainst NEWS2 ≥ {URGENT} as wards use it:\n")
    table(("", "alarms", "sensitivity", "difference", "artefact alarms cut by"), rows)


class Way:
    """Scores, and settings of the alarms that they raise."""

    def __init__(
        self, name: str, frame: pl.DataFrame, settings: dict[str, str] | None = None
    ) -> None:
        self.name = name
        self.settings = settings or {}
        self.stays = Stays(frame)
        self.frozen: Frozen = freeze(self.stays, rule=self.settings)

    def judge(self, threshold: float) -> Judged:
        """Judge a threshold on the stays that began after the freezing."""
        return Judged(self, made(threshold, self.settings))

    def lowest(self, alarms: float) -> float:
        """Return the lowest threshold with so many alarms per patient-day at most."""
        judged = self.frozen.judged[self.stays.stay]
        allowed = alarms * len(Hours(self.stays, judged)) / 24
        levels = np.unique(self.stays.score[judged])
        low, high = 0, len(levels) - 1
        while low < high:
            middle = (low + high) // 2
            rule = made(float(levels[middle]), self.settings)
            if self.stays.alarms(rule)[judged].sum() <= allowed:
                high = middle
            else:
                low = middle + 1
        return float(levels[low])


class Judged:
    """What alarms found and cost."""

    def __init__(self, way: Way, rule: Rule) -> None:
        alarm = way.stays.alarms(rule)
        self.sample = Sample(way.stays, way.frozen.judged, rule.threshold, alarm)

    def __call__(self, weights: Weights) -> dict[str, float]:
        """Return the metrics of a resampled stream by name."""
        found = self.sample.overall(weights).tolist()
        return dict(zip(self.sample.names, found, strict=True))

    def value(self, name: str) -> float:
        """Return a metric."""
        return self(np.ones(self.sample.patients, np.uint8))[name]

    def beside(self, other: Judged, replicates: int) -> list[Estimate]:
        """Estimate alarms and sensitivity of both, the difference, and the artefacts cut."""

        def statistic(weights: Weights) -> Floats:
            own, its = self(weights), other(weights)
            return np.array(
                [
                    *(of[name] for of in (own, its) for name in (ALARMS, FOUND)),
                    its[FOUND] - own[FOUND],
                    1 - its[ARTEFACTS] / own[ARTEFACTS],
                ]
            )

        return bootstrap(statistic, self.sample.patients, replicates=replicates)


def _stream() -> Stream:
    """Simulate the wards, once."""
    folder = BUILD / "vitals-{days}-{seed}-{scale:g}".format(**SIZE)
    if not folder.exists():
        case = get_case("vitals")
        with StreamWriter(folder, case.name, case.schema, {"simulator": case.name}) as writer:
            case.load("simulate")(writer, **SIZE)
    return Stream.open(folder)


def _frame(stream: Stream, detector: str) -> pl.DataFrame:
    out = BUILD / "runs" / f"vitals-simulated-{detector}"
    shutil.rmtree(out, ignore_errors=True)
    return replay(stream, Setup.of("vitals", detector), out, measured=False).frame()
