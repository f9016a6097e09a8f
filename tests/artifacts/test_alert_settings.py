from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from workbench.artifacts.artifact import Artifact
from workbench.errors import ArtifactError
from workbench.replay.alerting import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.artifacts.conftest import Halves


@pytest.fixture
def changed(halves: Halves, tmp_path: Path) -> Callable[[Any], Artifact]:
    """Return the artifact with other alerts in its manifest; ``None`` for none at all."""

    def change(alerts: Any) -> Artifact:
        folder = tmp_path / "artifact"
        shutil.copytree(halves.artifact.path, folder)
        manifest = orjson.loads((folder / "manifest.json").read_bytes())
        manifest.pop("alerts")
        if alerts is not None:
            manifest["alerts"] = alerts
        (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
        return Artifact.open(folder)

    return change


def test_an_artifact_brings_the_levels_of_its_alerts(halves: Halves) -> None:
    alerts = halves.artifact.manifest["alerts"]
    policy = halves.artifact.alert_policy()
    assert list(alerts) == list(SEVERITIES)
    assert policy is not None
    assert policy.threshold == alerts["low"]


def test_what_the_alerts_are_to_be_like_is_said_at_the_export(
    halves: Halves, tmp_path: Path
) -> None:
    few, many = (
        halves.whole.export(tmp_path / str(budget), budget=budget).alert_policy()
        for budget in (1, 10)
    )
    assert few.threshold > many.threshold


def test_its_digest_is_the_beginning_of_the_sha_256_of_the_manifest(halves: Halves) -> None:
    content = (halves.artifact.path / "manifest.json").read_bytes()
    assert halves.artifact.digest == hashlib.sha256(content).hexdigest()[:16]


def test_an_artifact_of_an_earlier_version_opens_and_says_that_it_has_no_settings_for_alerts(
    changed: Callable[[Any], Artifact],
) -> None:
    artifact = changed(None)
    artifact.verify()
    with pytest.raises(ArtifactError, match="has no settings for alerts, cannot be used"):
        artifact.alert_policy()


def test_settings_that_the_policy_refuses_are_an_error_of_the_artifact(
    changed: Callable[[Any], Artifact],
) -> None:
    with pytest.raises(ArtifactError, match=r"manifest\.json .*a finite score"):
        changed({"low": "much"}).alert_policy()
