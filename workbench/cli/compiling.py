"""Says that kernels are being compiled, where somebody would otherwise wonder what takes long."""

from __future__ import annotations

from pathlib import Path

from workbench.cli import output


def announce() -> None:
    """Write a line on stderr if the feature kernel has never been compiled on this machine."""
    if not compiled():
        output.note("compiling the kernels: on first use only, some 20 s")


def compiled() -> bool:
    """Return whether numba's cache has the kernel as it is now."""
    from workbench.features import kernel

    source = Path(kernel.__file__)
    # The index that numba keeps for each function beside, or away from, a source that changed.
    indices = Path(kernel.advance.stats.cache_path).glob(f"{source.stem}.advance-*.nbi")
    return any(index.stat().st_mtime >= source.stat().st_mtime for index in indices)
