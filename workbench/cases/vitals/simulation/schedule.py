"""What changes during the stream, and what the ground truth says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from workbench.cases.vitals.simulation.artefacts import ARTEFACTS
from workbench.cases.vitals.simulation.draws import HOUR, MINUTE
from workbench.cases.vitals.simulation.episodes import KINDS, RISES
from workbench.cases.vitals.simulation.hospital import LEAD

if TYPE_CHECKING:
    from workbench.cases.vitals.simulation.hospital import Hospital, Ward

NEW_MONITORS: Final = (0.4, "medical", 10 * MINUTE)
"""From this part of the stream on, new patients of this ward are measured this often."""


def interval(ward: Ward, part: float) -> int:
    """Return the seconds between two values of a monitor for a patient who comes then.

    Parameters
    ----------
    ward
        The ward.
    part
        How much of the stream has passed when the patient comes, from 0 to 1.
    """
    since, name, seconds = NEW_MONITORS
    return seconds if ward.name == name and part >= since else ward.monitor


def ground_truth(start: datetime, days: int, hospital: Hospital) -> dict[str, Any]:
    """Return what ``truth.json`` keeps.

    Returns
    -------
    dict
        ``drift``: changes within the stream (``time``, ``what``). ``patterns``: ``name``,
        ``description`` and ``kind`` (``episode`` or ``artefact``). ``label``: what 1 means.
        ``clocks``: device → seconds by which its clock is ahead, of those that are wrong.
    """

    def moment(part: float) -> str:
        time = start + timedelta(hours=round(part * days * 24))
        return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    since, ward, seconds = NEW_MONITORS
    begins, rising, times = RISES
    wrong = hospital.skew != 0
    return {
        "drift": [
            {
                "time": moment(since),
                "what": f"new monitors on the ward {ward!r}: every {seconds // MINUTE} minutes",
            },
            {
                "time": moment(begins),
                "what": f"a wave of influenza: {rising} is {times:g} times as frequent",
            },
        ],
        "patterns": [
            *({"name": k.name, "description": k.description, "kind": "episode"} for k in KINDS),
            *(
                {"name": a.name, "description": a.description, "kind": "artefact"}
                for a in ARTEFACTS
            ),
        ],
        "label": f"the patient deteriorates within {LEAD // HOUR} hours, or did in the last hour",
        "clocks": dict(
            zip(
                hospital.devices.filter(wrong).to_list(),
                hospital.skew[wrong].tolist(),
                strict=True,
            )
        ),
    }
