"""What the tour (``notebooks/live/tour.ipynb``) does in one line each.

Commands run as processes of their own, as they would in production; what they wrote is watched
and compared with what the replay says.
"""

from __future__ import annotations

import atexit
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from workbench import project
from workbench.errors import CheckFailed, ServiceError
from workbench.live.fields import spell
from workbench.streams.schema import EVENT_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.artifacts.artifact import Artifact
    from workbench.live.starting import Servers
    from workbench.live.tailing import Tail
    from workbench.style import Chart

#: Seconds of silence after which all has arrived, and after which nothing more is waited for.
_SILENCE, _PATIENCE = 2.0, 120.0


class Ended(ServiceError):
    """The tour ends here: in a notebook, one paragraph in place of a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def needs(servers: Servers) -> None:
    """End the tour, and say what to install, if its servers cannot be had.

    Raises
    ------
    Ended
        If one of them is missing.
    """
    if not servers:
        raise Ended(f"The tour ends here, for it needs a server. {servers}")


def after(artifact: Artifact) -> str:
    """Return the time from which on everything is new to an artifact, for ``--from``."""
    return spell(artifact.last_event[0] + 1)


class Command:
    """A command of the workbench that runs as a process; made by :func:`start`."""

    def __init__(self, arguments: tuple[str, ...]) -> None:
        self.name = f"workbench {arguments[0]}"
        # A file and not a pipe: nobody has to read it meanwhile.
        self._log = tempfile.NamedTemporaryFile(prefix="workbench-")  # noqa: SIM115 - as long as self
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
            [sys.executable, "-m", "workbench.cli", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=self._log,
        )
        # Also where nobody stops it: a process must not outlive a notebook.
        atexit.register(self.stop)

    @property
    def runs(self) -> bool:
        """Whether it is still at work.

        Raises
        ------
        CheckFailed
            If it has failed; says what it said.
        """
        code = self._process.poll()
        if code:
            said = Path(self._log.name).read_text(errors="replace").strip()
            raise CheckFailed(f"{self.name} ended with exit code {code}: {said}")
        return code is None

    def stop(self) -> int:
        """Tell it to leave (SIGTERM), and return its exit code when it has."""
        atexit.unregister(self.stop)
        self._process.terminate()
        code = self._process.wait()
        self._log.close()
        return code

    def __repr__(self) -> str:
        return f"<{self.name}>"


def start(*arguments: str | Path) -> Command:
    """Start a command of the workbench as a process, and do not wait for it."""
    return Command(tuple(map(str, arguments)))


def make_topics(case: str) -> None:
    """Make the topics of a case."""
    from workbench.live.settings import Settings
    from workbench.live.topics import Topics, create

    create(Settings.load(), Topics(case))


def score(artifact: Artifact, stream: str | Path) -> pl.DataFrame:
    """Return what ``workbench score ARTIFACT --learn`` says: the replay, never interrupted."""
    from workbench.artifacts.score import score as write
    from workbench.streams.recorded import Stream

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "scores.parquet"
        write(artifact, Stream.open(project.locate(stream)), out, learn=True)
        return pl.read_parquet(out)


@dataclass
class Watched:
    """When scores arrived, and when something was done to the servers (s from the first one)."""

    arrived: list[float] = field(default_factory=list)
    done_at: float | None = None


def watch(
    tail: Tail, publish: Command, live: Command, *, scores: int, at: int, do: Callable[[], Any]
) -> Watched:
    """Go through what arrives, and disturb it in the middle.

    Parameters
    ----------
    tail
        What arrives.
    publish, live
        What writes events, and what scores them.
    scores
        How many are to come; what comes more in the seconds after is seen too. Where nothing
        comes for long, no more are waited for.
    at, do
        After so many scores, what is done once.

    Raises
    ------
    CheckFailed
        If a command fails.
    """
    watched = Watched()
    began = quiet = time.monotonic()
    for arrived in tail.steps():
        now = time.monotonic()
        published, working = not publish.runs, live.runs
        if arrived is None:
            whole = published and (len(watched.arrived) >= scores or not working)
            if now - quiet > (_SILENCE if whole else _PATIENCE):
                tail.close()
            continue
        quiet = now
        if arrived.kind == "score":
            began = began if watched.arrived else now
            watched.arrived.append(now - began)
            if len(watched.arrived) == at:
                watched.done_at = now - began
                do()
    return watched


@dataclass(frozen=True)
class Comparison:
    """Scores that came live beside those of the replay, as counts of what differs.

    Attributes
    ----------
    expected
        Scores of the replay.
    live
        Scores that came.
    missing, twice, unexpected
        Events without a live score, with more than one, and those that the replay has not.
    different
        Events whose two scores differ in at least one bit.
    """

    expected: int
    live: int
    missing: int
    twice: int
    unexpected: int
    different: int

    @classmethod
    def of(cls, live: pl.DataFrame, expected: pl.DataFrame) -> Comparison:
        """Compare frames with ``event_id`` and ``score``.

        Examples
        --------
        >>> expected = pl.DataFrame({"event_id": ["1", "2"], "score": [0.3, 0.5]})
        >>> live = pl.DataFrame({"event_id": ["1", "1"], "score": [0.1 + 0.2, 0.3]})
        >>> Comparison.of(live, expected)
        Comparison(expected=2, live=2, missing=1, twice=1, unexpected=0, different=1)
        """
        both = live.select(EVENT_ID, live=pl.col("score")).join(expected, on=EVENT_ID)
        bits = [both[name].to_numpy().view(np.int64) for name in ("live", "score")]
        return cls(
            expected=expected.height,
            live=live.height,
            missing=expected.join(live, on=EVENT_ID, how="anti").height,
            twice=live.height - live[EVENT_ID].n_unique(),
            unexpected=live.join(expected, on=EVENT_ID, how="anti").height,
            different=both.filter(bits[0] != bits[1])[EVENT_ID].n_unique(),
        )

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.missing or self.twice or self.unexpected or self.different)

    def _repr_html_(self) -> str:
        cell = "padding:.15em 1.2em .15em 0;text-align:left"
        names = {
            "scores of the replay": self.expected,
            "scores from Kafka": self.live,
            "missing": self.missing,
            "twice": self.twice,
            "unexpected": self.unexpected,
            "different in any bit": self.different,
        }
        rows = "".join(
            f'<tr style="background:none"><td style="{cell}">{escape(name)}</td>'
            f'<td style="{cell};text-align:right">{number:,}</td></tr>'
            for name, number in names.items()
        )
        return f'<table style="border-collapse:collapse;color:inherit">{rows}</table>'


def top(alerts: pl.DataFrame, count: int = 5) -> pl.DataFrame:
    """Return the alerts with the highest scores, and the two features that drove each most."""
    names = pl.col("reasons").list.eval(pl.element().struct.field("feature"))
    why = {f"reason {i + 1}": names.list.get(i, null_on_oob=True) for i in range(2)}
    return alerts.sort("score", EVENT_ID, descending=[True, False])[:count].select(
        "event_time", "severity", "entity", "score", **why
    )


def plot(watched: Watched, comparison: Comparison) -> Chart:
    """Draw how scores came, and when a broker was lost; the title says what came of it."""
    from workbench.style import BLUE, VERMILION, Chart, figure_style

    chart = Chart(7.5, 3.0)
    with figure_style():
        axes = chart.subplots()
        axes.plot(watched.arrived, np.arange(1, len(watched.arrived) + 1), color=BLUE)
        if watched.done_at is not None:
            axes.axvline(watched.done_at, color=VERMILION, linestyle="--", linewidth=1)
            axes.annotate(
                " a broker is lost",
                (watched.done_at, 0.05),
                xycoords=("data", "axes fraction"),
                color=VERMILION,
            )
        axes.set_xlabel("seconds since the first score")
        axes.set_ylabel("scores committed")
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        found = "none is lost and none comes twice" if comparison.same else "and scores differ"
        axes.set_title(f"A broker is lost, scores pause; {found}")
    return chart
