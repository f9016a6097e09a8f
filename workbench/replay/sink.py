"""Answers on their way to a run's file: the same bytes however often one was stopped."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from workbench.atomic import atomic_file
from workbench.streams.schema import EVENT_ID, EVENT_TIME, TIME

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.detectors.protocol import Vector
    from workbench.replay.answers import Answer


class AnswerSink:
    """Gathers answers in groups of a fixed size, which do not depend on batches or stops.

    Parameters
    ----------
    folder
        Where whole groups are kept until the run is finished.
    answer
        The kind of answer.
    """

    def __init__(self, folder: Path, answer: Answer) -> None:
        self.folder = folder
        self.answer = answer
        self.groups = 0
        self._schema = pl.Schema(
            {EVENT_ID: pl.String(), EVENT_TIME: TIME, answer.name: answer.dtype}
        )
        self._tail: list[pl.DataFrame] = []
        self._rows = 0

    def add(self, events: pl.DataFrame, answers: Vector | pl.Series) -> None:
        """Append a batch's answers."""
        name = self.answer.name
        frame = events.select(EVENT_ID, EVENT_TIME).with_columns(pl.Series(name, answers))
        self._tail.append(frame)
        self._rows += frame.height
        group = self.answer.group
        while self._rows >= group:
            tail = pl.concat(self._tail, rechunk=True)
            tail[:group].write_ipc(self._group(self.groups))
            self.groups += 1
            self._tail = [tail[group:]]
            self._rows -= group

    def _group(self, number: int) -> Path:
        return self.folder / f"answers-{number:05d}.arrow"

    def finish(self, path: Path) -> None:
        """Write all answers to one Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        answer = self.answer
        schema = pa.schema(
            [
                (EVENT_ID, pa.large_string()),
                (EVENT_TIME, pa.timestamp("us", "UTC")),
                (answer.name, answer.arrow),
            ]
        )
        encodings = {EVENT_ID: "DELTA_BYTE_ARRAY", EVENT_TIME: "DELTA_BINARY_PACKED"}
        if answer.encoding is not None:
            encodings[answer.name] = answer.encoding
        with (
            atomic_file(path) as temporary,
            pq.ParquetWriter(
                temporary,
                schema,
                compression="zstd",
                use_dictionary=[f"{answer.name}.list.element"] if answer.dictionary else False,
                column_encoding=encodings,
            ) as writer,
        ):
            for number in range(self.groups):
                frame = pl.read_ipc(self._group(number))
                writer.write_table(frame.to_arrow().cast(schema), row_group_size=answer.group)
            if self._rows:
                tail = pl.concat(self._tail, rechunk=True)
                writer.write_table(tail.to_arrow().cast(schema), row_group_size=answer.group)

    def clear(self) -> None:
        """Remove the groups."""
        for number in range(self.groups):
            self._group(number).unlink()

    def state(self) -> dict[str, Any]:
        """Return what is not in whole groups, as plain data."""
        tail = pl.concat([pl.DataFrame(schema=self._schema), *self._tail])
        arrow = io.BytesIO()
        tail.write_ipc(arrow)
        return {"groups": self.groups, "tail": np.frombuffer(arrow.getvalue(), np.uint8)}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned; later groups are written again."""
        self.groups = int(state["groups"])
        tail = pl.read_ipc(io.BytesIO(np.asarray(state["tail"], np.uint8).tobytes()))
        self._tail = [tail]
        self._rows = tail.height
