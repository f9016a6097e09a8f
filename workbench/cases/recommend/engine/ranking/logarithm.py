"""A binary logarithm that compiles to a few vector instructions.

The library's own is called for one number at a time; features need thousands for each event.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped] # it ships no types
from numba import types
from numba.extending import intrinsic

from workbench.cases.recommend.engine.compiled import inlined

__all__ = ["log2"]


@intrinsic
def _bits(_: Any, x: Any) -> Any:  # noqa: ARG001 - numba looks at the signature
    """Return the bits of a float32 as an int32."""

    def codegen(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), codegen


@intrinsic
def _float(_: Any, bits: Any) -> Any:  # noqa: ARG001 - numba looks at the signature
    """Return the float32 that has the bits of an int32."""

    def codegen(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), codegen


@inlined
def log2(x: float) -> float:
    """Return the binary logarithm of a normal float32 above 0, within 3e-5.

    The exponent is read from the bits; of the rest m in [1, 2), log2(m) = 2/ln 2 * artanh(t) with
    t = (m - 1) / (m + 1), whose series in t ends after t**7 (the next term is below 2e-5).
    """
    bits: Any = _bits(np.float32(x))  # type: ignore[call-arg] # numba gives the first one
    exponent = np.float32((bits >> np.int32(23)) - np.int32(127))
    mantissa = (bits & np.int32(0x7FFFFF)) | np.int32(0x3F800000)
    m: Any = _float(mantissa)
    t = (m - np.float32(1.0)) / (m + np.float32(1.0))
    s = t * t
    series = np.float32(1 / 7)
    series = series * s + np.float32(1 / 5)
    series = series * s + np.float32(1 / 3)
    series = series * s + np.float32(1.0)
    result: float = exponent + np.float32(2.8853900817779268) * t * series
    return result
