"""Killed ten times at random moments, a replay ends with the same bytes."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.data import BUILD, handbook, table

if TYPE_CHECKING:
    from pathlib import Path

NEEDS_HANDBOOK = True
KILLS = 10


def run(file: Path) -> None:
    """Kill a replay of the whole file with SIGKILL and resume it, again and again."""
    stream = handbook(file)
    whole, killed = BUILD / "runs" / "whole", BUILD / "runs" / "killed"
    begin = time.perf_counter()
    _start(stream.path, whole, resume=False).wait()
    seconds = time.perf_counter() - begin
    moments = random.Random(7)  # noqa: S311 - moments, not secrets
    kills, ends, same = 0, 0, True
    process = _start(stream.path, killed, resume=False)
    while True:
        try:
            process.wait(timeout=moments.uniform(0.2, 0.6) * seconds if kills < KILLS else None)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            process = _start(stream.path, killed, resume=True)
            continue
        ends += 1
        same = same and _hash(whole) == _hash(killed)
        if kills >= KILLS:
            break
        # It came to its end between two kills: the next one begins anew.
        process = _start(stream.path, killed, resume=False)
    table(
        ("kills", "replays that ended", "same bytes as the one that was never stopped"),
        [(kills, ends, "yes" if same else "NO")],
    )
    if not same:
        raise SystemExit(1)


def _start(stream: Path, out: Path, *, resume: bool) -> subprocess.Popen[bytes]:
    code = (
        "import sys; from pathlib import Path;"
        "from workbench.streams.recorded import Stream; from workbench.replay.setup import Setup;"
        "from workbench.replay.replay import replay;"
        "replay(Stream.open(sys.argv[1]), Setup.of('fraud'), Path(sys.argv[2]),"
        " label_delay='7d', resume=sys.argv[3] == 'True', checkpoint_every=0.2, batch=16_384)"
    )
    return subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code, str(stream), str(out), str(resume)]
    )


def _hash(run: Path) -> str:
    return hashlib.sha256((run / "scores.parquet").read_bytes()).hexdigest()
