from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from workbench.tuning.confirm import BASELINE, BEST, REJECTED, _keep_baseline

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_choice_that_is_certainly_worse_is_put_aside_and_the_default_is_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (BEST, BASELINE):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_bytes(orjson.dumps({"detector": name}))
    monkeypatch.setattr("workbench.tuning.confirm.Run.open", lambda _: _Recorded())

    _keep_baseline(tmp_path)

    kept, aside = (orjson.loads((tmp_path / n / "run.json").read_bytes()) for n in (BEST, REJECTED))
    assert kept == {"detector": BASELINE}
    assert aside == {"detector": BEST}


class _Recorded:
    def record(self) -> None:
        """Write no metrics."""
