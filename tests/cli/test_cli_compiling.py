"""What is said while kernels are compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba import njit
from numba.core import event

from workbench.cli.compiling import Compiling

if TYPE_CHECKING:
    import pytest


def test_compiling_is_told_once_however_many_kernels_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kernels = [njit(lambda x: x + 1), njit(lambda x: x + 2)]

    with event.install_listener("numba:compile", Compiling()):
        total = sum(kernel(1) for kernel in kernels)

    assert total == 5
    assert capsys.readouterr().err.count("compiling the kernels") == 1


def test_what_is_compiled_already_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    kernel = njit(lambda x: x + 1)
    kernel(1)

    with event.install_listener("numba:compile", Compiling()):
        kernel(2)

    assert capsys.readouterr().err == ""
