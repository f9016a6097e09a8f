"""Calling Python out of compiled code, for the one step of an event that is not compiled.

Calling the compiled code once for each event instead would hand it some hundred arrays each time,
which takes longer than the step.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from llvmlite import ir  # type: ignore[import-untyped] # it ships no types
from numba import types
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Callback", "call"]


class Callback:
    """A function of Python without arguments, under an address that :func:`call` calls.

    Examples
    --------
    >>> called = []
    >>> callback = Callback(lambda: called.append(1))
    >>> callback.pointer()
    >>> callback.check(), called
    (None, [1])
    """

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._error: BaseException | None = None
        self.pointer = ctypes.CFUNCTYPE(None)(self._call)
        self.address: int = ctypes.cast(self.pointer, ctypes.c_void_p).value or 0

    def _call(self) -> None:
        # What is raised here would be written to stderr and lost; after a first error, and an
        # interrupt is one, nothing more is done until check() raises it.
        if self._error is None:
            try:
                self._function()
            except BaseException as error:
                self._error = error

    def check(self) -> None:
        """Raise what the function raised."""
        error, self._error = self._error, None
        if error is not None:
            raise error


@intrinsic
def call(_: Any, address: Any) -> Any:  # noqa: ARG001 - numba looks at the signature
    """Call the function without arguments that lies at an address (int64)."""

    def codegen(context: Any, builder: Any, _: Any, args: Any) -> Any:
        function = ir.FunctionType(ir.VoidType(), [])
        builder.call(builder.inttoptr(args[0], function.as_pointer()), [])
        return context.get_dummy_value()

    return types.void(types.int64), codegen
