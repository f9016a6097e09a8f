"""How the engine's functions are compiled."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from workbench.features.compiling import called, entry_of, inlined

__all__ = ["F32", "F64", "I8", "I16", "I32", "I64", "U8", "U32", "called", "entry", "inlined"]

F32 = np.ndarray[Any, np.dtype[np.float32]]
F64 = np.ndarray[Any, np.dtype[np.float64]]
I8 = np.ndarray[Any, np.dtype[np.int8]]
I16 = np.ndarray[Any, np.dtype[np.int16]]
I32 = np.ndarray[Any, np.dtype[np.int32]]
I64 = np.ndarray[Any, np.dtype[np.int64]]
U8 = np.ndarray[Any, np.dtype[np.uint8]]
U32 = np.ndarray[Any, np.dtype[np.uint32]]

#: Compiles an entry point; its code is kept until a file of the engine changes.
entry: Final = entry_of(Path(__file__).parent)
