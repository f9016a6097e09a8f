"""Scores on their way to ``scores.parquet``: the same bytes however often one was stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from workbench.atomic import atomic_file
from workbench.streams.schema import EVENT_ID, EVENT_TIME, TIME

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.detectors.protocol import Vector

SCORES = pl.Schema({EVENT_ID: pl.String(), EVENT_TIME: TIME, "score": pl.Float64()})
GROUP = 131_072


class ScoreSink:
    """Gathers scores in groups of a fixed size, which do not depend on batches or stops.

    Parameters
    ----------
    folder
        Where whole groups are kept until the run is finished.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.groups = 0
        self._tail: list[pl.DataFrame] = []
        self._rows = 0

    def add(self, events: pl.DataFrame, scores: Vector) -> None:
        """Append a batch's scores."""
        frame = events.select(EVENT_ID, EVENT_TIME).with_columns(score=pl.Series(scores))
        self._tail.append(frame)
        self._rows += frame.height
        while self._rows >= GROUP:
            tail = pl.concat(self._tail, rechunk=True)
            tail[:GROUP].write_ipc(self._group(self.groups))
            self.groups += 1
            self._tail = [tail[GROUP:]]
            self._rows -= GROUP

    def _group(self, number: int) -> Path:
        return self.folder / f"scores-{number:05d}.arrow"

    def finish(self, path: Path) -> None:
        """Write all scores to one Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema(
            [
                (EVENT_ID, pa.large_string()),
                (EVENT_TIME, pa.timestamp("us", "UTC")),
                ("score", pa.float64()),
            ]
        )
        with (
            atomic_file(path) as temporary,
            pq.ParquetWriter(
                temporary,
                schema,
                compression="zstd",
                use_dictionary=False,
                column_encoding={
                    EVENT_ID: "DELTA_BYTE_ARRAY",
                    EVENT_TIME: "DELTA_BINARY_PACKED",
                    "score": "BYTE_STREAM_SPLIT",
                },
            ) as writer,
        ):
            for number in range(self.groups):
                frame = pl.read_ipc(self._group(number))
                writer.write_table(frame.to_arrow().cast(schema), row_group_size=GROUP)
            if self._rows:
                tail = pl.concat(self._tail, rechunk=True)
                writer.write_table(tail.to_arrow().cast(schema), row_group_size=GROUP)

    def clear(self) -> None:
        """Remove the groups."""
        for number in range(self.groups):
            self._group(number).unlink()

    def state(self) -> dict[str, Any]:
        """Return what is not in whole groups, as plain data."""
        tail = pl.concat([pl.DataFrame(schema=SCORES), *self._tail])
        return {
            "groups": self.groups,
            "ids": tail[EVENT_ID].to_list(),
            "times": tail[EVENT_TIME].to_physical().to_numpy().copy(),
            "scores": tail["score"].to_numpy().copy(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned; later groups are written again."""
        self.groups = int(state["groups"])
        tail = pl.DataFrame(
            {
                EVENT_ID: pl.Series(state["ids"], dtype=pl.String),
                EVENT_TIME: pl.Series(np.asarray(state["times"], np.int64)).cast(TIME),
                "score": pl.Series(np.asarray(state["scores"], np.float64)),
            }
        )
        self._tail = [tail]
        self._rows = tail.height
