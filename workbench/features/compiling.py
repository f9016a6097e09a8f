"""How the kernel's functions are compiled, and when compiled code is too old to be used.

They change arrays in place and allocate nothing, so they are compiled without numba's reference
counting (``_nrt=False``), which costs several times the work itself here.
"""

from __future__ import annotations

import hashlib
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from numba import njit
from numba.core.caching import FunctionCache

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")


class Decorator(Protocol):
    """What leaves a function's type as it is."""

    def __call__(self, function: Function, /) -> Function:
        """Return the compiled function."""


# Numba's annotations do not know _nrt. Without wrappers for callers from Python and C, which a
# part does not have, all compiles in half the time.
_compile: Any = partial(njit, _nrt=False, no_cfunc_wrapper=True)
#: A part of an entry point, compiled into it wherever it is called.
inlined: Decorator = _compile(no_cpython_wrapper=True, forceinline=True)
#: A part that is seldom called, and compiled once.
called: Decorator = _compile(no_cpython_wrapper=True)


def entry_of(folder: Path) -> Callable[[Callable[..., Any]], Any]:
    """Return what compiles a function that Python calls; the code is kept, other threads run on.

    Numba asks only whether the function's own file has changed. The code holds parts from
    several files here, so it is kept with a hash of all that lie below ``folder``.
    """

    def entry(function: Callable[..., Any]) -> Any:
        dispatcher = _compile(nogil=True)(function)
        dispatcher._cache = _Cache(function, folder)
        return dispatcher

    return entry


#: Compiles an entry point of the feature kernel.
entry = entry_of(Path(__file__).parent)


def is_stored(dispatcher: Any) -> bool:
    """Return whether compiled code of an entry point, as its sources are now, lies on disk."""
    return bool(dispatcher._cache._cache_file._load_index())


class _Cache(FunctionCache):
    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]  # half of numba is typed
        self._cache_file._source_stamp = _sources(folder)


@cache
def _sources(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
