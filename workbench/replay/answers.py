"""What a path answers for each event: a score, or the items that it would show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import polars as pl

if TYPE_CHECKING:
    import pyarrow as pa

AnswerName = Literal["score", "items"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A kind of answer, and how it is written.

    Parameters
    ----------
    name
        Its column in files and its field in messages.
    dtype
        The Polars type of the column.
    file
        Name of the file that holds a run's answers.
    group
        Rows of a row group.
    dictionary
        Whether values come again and again, so that a dictionary makes the file smaller.
    encoding
        Parquet's encoding of the column where there is no dictionary.
    """

    name: AnswerName
    dtype: pl.DataType
    file: str
    group: int
    dictionary: bool = False
    encoding: str | None = None

    @property
    def kept(self) -> pl.DataType:
        """The type of the column where a whole run's answers are in memory."""
        return pl.List(pl.Categorical()) if self.dictionary else self.dtype

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type of the column."""
        import pyarrow as pa

        return pa.float64() if self.name == "score" else pa.large_list(pa.large_string())


SCORE: Final = Answer(
    "score", pl.Float64(), "scores.parquet", 131_072, encoding="BYTE_STREAM_SPLIT"
)
ITEMS: Final = Answer(
    "items", pl.List(pl.String()), "recommendations.parquet", 16_384, dictionary=True
)
ANSWERS: Final = {answer.name: answer for answer in (SCORE, ITEMS)}
