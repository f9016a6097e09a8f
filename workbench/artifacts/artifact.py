"""An exported detector: opened without trusting it, verified, and set going again."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from workbench.artifacts.manifest import NAME, Manifest, describe
from workbench.case import get_case
from workbench.detectors import codec
from workbench.errors import ArtifactError, BadInput, CheckFailed
from workbench.project import locate, shown

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.replay.alerting import AlertPolicy
    from workbench.replay.along import EventPath

STATE = "state.npz"


class Artifact:
    """A folder that holds a detector as it was after a run's last event.

    Made by :func:`workbench.artifacts.export.export` or :meth:`open`. Nothing in it is
    executed: its state is plain data, and objects are built from a fixed list of kinds.

    Attributes
    ----------
    path
        The folder.
    """

    def __init__(self, path: Path, content: Manifest) -> None:
        self.path = path
        self._content = content

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open an artifact's folder.

        Raises
        ------
        ArtifactError
            If there is none, its manifest is damaged, or a newer version wrote it.
        """
        path = locate(path)
        return cls(path, Manifest.read(path))

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest as plain data."""
        return self._content.model_dump(mode="json")

    @property
    def case(self) -> str:
        """Name of the case."""
        return str(self._content.setup["case"])

    @property
    def last_event(self) -> tuple[int, str]:
        """Time (µs since 1970, UTC) and id of the last event that the detector has seen."""
        return self._content.last_event

    @property
    def label_delay(self) -> int:
        """Delay (µs) of labels that carry no ``known_at``, as it was replayed."""
        return self._content.label_delay_us

    @cached_property
    def digest(self) -> str:
        """The beginning of the manifest's SHA-256 (16 hexadecimal digits): names it in scores."""
        return hashlib.sha256((self.path / NAME).read_bytes()).hexdigest()[:16]

    def alert_policy(self) -> AlertPolicy | None:
        """Return the policy that chooses its alerts; ``None`` where its case raises none.

        Raises
        ------
        ArtifactError
            If the artifact has no settings for it, or none that can be used.
        """
        case = get_case(self.case)
        if not case.alerts:
            return None
        settings = self._content.alerts
        try:
            if settings:
                policy: AlertPolicy = case.load("policy")(settings)
                return policy
        except (BadInput, KeyError, TypeError, ValueError) as error:
            reason = f"the alerts of {self.path / NAME} ({error})"
        else:
            reason = f"{self.path / NAME}, which has no settings for alerts,"
        raise ArtifactError.of(
            reason,
            allowed=f"settings that the case {self.case} fitted to a run",
            hint="export again, from a run that goes on after its warm-up",
        )

    def verify(self) -> None:
        """Compare every file with the manifest.

        Raises
        ------
        CheckFailed
            If a file is missing, has changed, or was added; the message names it.
        """
        found, stated = describe(self.path), self._content.files
        for name in sorted(found.keys() | stated.keys()):
            if name not in found:
                what = "is missing"
            elif name not in stated:
                what = "is not in the manifest"
            elif found[name] != stated[name]:
                what = "is not what was exported: its SHA-256 differs"
            else:
                continue
            raise CheckFailed(
                f"{self.path / name} {what}. An artifact holds exactly the files of its manifest; "
                "export it again, or fetch it again from where it came."
            )

    def restore(self, *, learning: bool) -> EventPath:
        """Verify the artifact and return its path, ready for the event after its last one.

        Parameters
        ----------
        learning
            Whether labels go on being learned. They reach the features in any case.

        Raises
        ------
        CheckFailed
            If a file is not what the manifest says.
        ArtifactError
            If this version of the workbench cannot set the detector going.
        """
        from workbench.replay.setup import Setup

        self.verify()
        setup = Setup.from_data(self._content.setup)
        path = setup.build(learning=learning)
        state = codec.load(self.path / STATE)
        try:
            path.restore(state)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise ArtifactError.of(
                f"{self.path / STATE} ({type(error).__name__}: {error})",
                allowed=f"the state of the detector {setup.detector!r} of this version",
                hint="use the version of the workbench that exported it: "
                f"{self._content.versions.get('event-workbench', 'unknown')}",
            ) from error
        return path

    def __repr__(self) -> str:
        setup = self._content.setup
        return (
            f"<Artifact {shown(self.path)}: {setup['detector']} ({setup['case']}) after "
            f"{self._content.counts['events']:,} events>"
        )

    def _repr_html_(self) -> str:
        from workbench.artifacts.display import artifact_html

        return artifact_html(self)
