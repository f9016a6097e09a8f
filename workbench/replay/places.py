"""Where runs lie when nobody says where: the same replay, the same folder."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from workbench.project import output

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from workbench.replay.setup import Setup
    from workbench.streams.recorded import Stream


def run_folder(
    stream: Stream,
    setup: Setup,
    label_delay: str | int | None = None,
    start: datetime | None = None,
    until: datetime | None = None,
) -> Path:
    """Return ``runs/STREAM-DETECTOR-DIGEST`` below the project's folder."""
    key = "/".join(map(str, (setup.digest, stream.hash, label_delay, start, until)))
    digest = hashlib.sha256(key.encode()).hexdigest()[:12]
    return output(f"runs/{stream.path.resolve().name}-{setup.detector}-{digest}")
