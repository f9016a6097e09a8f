"""The manifest of an artifact, version 1.

``manifest.json`` is one JSON object::

    format      1; rises when a reader of the version before would read an artifact wrongly
    kind        "workbench-artifact"
    setup       case, detector, parameters, declared features, pace
    schema      version of the case's schema, and the columns that are read
    stream      hash and number of events of the stream that was replayed
    last_event  time (µs since 1970, UTC) and id of the last event that the detector has seen
    label_delay_us  delay of labels that carry no known_at, as it was replayed
    counts      events, labels and learned labels up to then
    metrics     of the run, with intervals
    alerts      settings of the case's alert policy, fitted to the run; may be missing
    versions    of the libraries that made it
    files       SHA-256 and size in bytes of every other file of the folder

Readers ignore keys that they do not know, so that later versions may add some (a signature, a
form for other languages) without a new format number.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from workbench.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

NAME = "manifest.json"
FORMAT = 1
KIND = "workbench-artifact"


class FileEntry(BaseModel):
    """A file of the artifact."""

    sha256: str
    bytes: int


class Manifest(BaseModel):
    """What an artifact says of itself; see the module for each key."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: int
    kind: str
    setup: dict[str, Any]
    columns: dict[str, Any]
    stream: dict[str, Any]
    last_event: tuple[int, str]
    label_delay_us: int
    counts: dict[str, int]
    metrics: dict[str, Any]
    alerts: dict[str, Any] = {}
    versions: dict[str, str]
    files: dict[str, FileEntry]

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read and check a manifest.

        Raises
        ------
        ArtifactError
            If there is none, it is damaged, or a newer version wrote it.
        """
        path = folder / NAME
        try:
            document = orjson.loads(path.read_bytes())
        except OSError as error:
            raise ArtifactError.of(
                f"{folder} as an artifact",
                allowed=f"a folder with a {NAME}",
                hint="make one with workbench export RUN --out ARTIFACT",
            ) from error
        except orjson.JSONDecodeError as error:
            raise ArtifactError.of(
                f"{path} ({error})", allowed="a JSON object", hint="export the artifact again"
            ) from error
        if isinstance(document, dict) and document.get("kind") == KIND:
            found = document.get("format")
            if isinstance(found, int) and found > FORMAT:
                raise ArtifactError.of(
                    f"{path}: format {found}",
                    allowed=f"a format up to {FORMAT}",
                    hint="install the newer workbench that wrote it",
                )
            try:
                return cls.model_validate(document)
            except ValidationError as error:
                first = error.errors()[0]
                reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
                raise ArtifactError.of(
                    f"{path} ({reason})",
                    allowed="a manifest as workbench export writes it",
                    hint="export the artifact again",
                ) from error
        raise ArtifactError.of(
            f"{path}, which is no artifact's manifest",
            allowed=f"a JSON object of the kind {KIND}",
            hint="make one with workbench export RUN --out ARTIFACT",
        )

    def write(self, folder: Path) -> None:
        """Write the manifest."""
        document = orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_INDENT_2)
        (folder / NAME).write_bytes(document + b"\n")


def describe(folder: Path) -> dict[str, FileEntry]:
    """Return hash and size of every file below a folder but the manifest, by relative name."""
    return {
        path.relative_to(folder).as_posix(): FileEntry(
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(), bytes=path.stat().st_size
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / NAME
    }
