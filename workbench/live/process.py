"""One worker process, as its supervisor starts it: ``python -m workbench.live.process OPTIONS``.

``OPTIONS`` is one JSON object without secrets; those come by the environment, as everywhere.
Exit codes: 0 left as it was told; 2 bad input, said in one paragraph; 3 a successor goes on.
"""

from __future__ import annotations

import gc
import logging
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from workbench.artifacts.artifact import Artifact
from workbench.errors import WorkbenchError
from workbench.live import logs
from workbench.live.clients import LEAVE, Denied, LiveError, denied
from workbench.live.options import Options
from workbench.live.outbox import Fenced
from workbench.live.settings import Settings
from workbench.live.stopping import stoppable
from workbench.live.telemetry import Telemetry, serve
from workbench.live.topics import Topics
from workbench.live.worker import work

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG = logging.getLogger(__name__)


def main(document: dict[str, Any]) -> int:
    """Work, and return the exit code."""
    try:
        settings = Settings.load()
        logs.set_up("worker", document["log_level"], settings)
        telemetry = Telemetry("worker", document["topics"])
        telemetry.count("restarts", document["restarts"])
        options = Options(
            artifact=Artifact.open(document["artifact"]),
            state=Path(document["state"]),
            topics=Topics(document["topics"]),
            owner=document["owner"],
            supervisor=document["supervisor"],
            successor=document["restarts"] > 0,
            lateness=document["lateness"],
            until_idle=document["until_idle"],
            checkpoint_every=document["checkpoint_every"],
        )
        _collect_seldom()
        with (
            stoppable() as stop,
            serve(telemetry, document["metrics_port"]),
            _refusals(settings, f"work on the topics {document['topics']}.*"),
        ):
            work(options, settings, telemetry, stop)
    except Fenced as error:
        LOG.warning("leaving to a successor: %s", error)
        return LEAVE
    except WorkbenchError as error:
        passing = isinstance(error, LiveError) and not isinstance(error, Denied)
        if passing and document["restarts"]:
            LOG.warning("the brokers cannot be reached: leaving to a successor")
            return LEAVE
        sys.stderr.write(f"{' '.join(str(error).split())}\n")
        # 1 is what Python says of a fault, after which a successor goes on.
        return max(error.exit_code, 2)
    except OSError as error:
        place = error.filename or document["state"]
        sys.stderr.write(
            f"{place}: {error.strerror or error}; make room, or correct the path or its rights. "
            "Nothing is half-written: the same command goes on.\n"
        )
        return 2
    return 0


@contextmanager
def _refusals(settings: Settings, what: str) -> Iterator[None]:
    """Tell an error of the brokers that waits for a person from one that a successor outlives."""
    from kafka.errors import KafkaError

    try:
        yield
    except KafkaError as error:
        name = type(error).__name__
        raise denied(settings, what, error) or Fenced(f"the brokers failed ({name})") from error


def _collect_seldom() -> None:
    """Look for garbage in cycles less often: messages have none, and looking takes a third."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


if __name__ == "__main__":
    code = main(orjson.loads(sys.argv[1]))
    logging.shutdown()
    # A producer that was fenced may wait for ever at the end of the interpreter.
    sys.stderr.flush()
    import os

    os._exit(code)
