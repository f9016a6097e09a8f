"""What is said while kernels are compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba import njit
from numba.core import event

from workbench.compiling import Compiling

if TYPE_CHECKING:
    import pytest


def test_compiling_is_told_once_however_many_kernels_there_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORKBENCH_PROGRESS", raising=False)
    listener = Compiling()

    for _ in range(3):
        listener.on_start(None)
        listener.on_end(None)

    assert capsys.readouterr().err.count("compiling the kernels") == 1


def test_numba_reports_a_kernel_that_it_compiles_and_no_other() -> None:
    kernel = njit(lambda x: x + 1)

    with event.install_recorder("numba:compile") as compiled:
        kernel(1)
    with event.install_recorder("numba:compile") as reused:
        kernel(2)

    assert compiled.buffer
    assert not reused.buffer
