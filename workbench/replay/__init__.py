"""Driving a detector over a stream in event time: score first, learn when the label is known.

- :mod:`~workbench.replay.setup`: what is replayed, as one value.
- :mod:`~workbench.replay.replay`: the driver of recorded streams.
- :mod:`~workbench.replay.path`: the one path that every driver takes.
- :mod:`~workbench.replay.run`: a finished replay, its metrics and plots.

The package can be called: ``workbench.replay(stream, ...)`` is :func:`workbench.face.replay`.
"""

from __future__ import annotations

import inspect
import sys
from types import ModuleType
from typing import Any

from workbench import face


class _Callable(ModuleType):
    """A module that is also the function of its name.

    Importing a package's part binds the package in its parent, so ``workbench.replay`` is this
    module as soon as anything of it is imported, whatever else had that name.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return face.replay(*args, **kwargs)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(face.replay)


_Callable.__call__.__doc__ = face.replay.__doc__
sys.modules[__name__].__class__ = _Callable
