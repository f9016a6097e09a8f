"""What was found: how much each side holds, and where they differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.live.fields import spell

if TYPE_CHECKING:
    from workbench.live.reconcile.comparing import Hour
    from workbench.live.reconcile.entries import Window

#: What can be wrong with an id.
FAULTS = ("missing", "different", "surplus", "doubled")
#: How many ids of each fault are named.
NAMED = 20


@dataclass(slots=True)
class Relation:
    """Two sides that should hold the same.

    Attributes
    ----------
    what
        What is compared, for people: ``scores in the index``.
    counted
        How many entries were expected, and how many found.
    hours
        The hours that differ, each with its counts by fault.
    ids
        By fault, the first ids.
    quarantined
        How many are missing because they are in quarantine, which is no difference.
    """

    what: str
    counted: tuple[int, int]
    hours: list[dict[str, Any]] = field(default_factory=list)
    ids: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in FAULTS})
    quarantined: int = 0

    def add(self, found: Hour) -> None:
        """Add an hour that differs, or another piece of the last one."""
        faults = {name: getattr(found, name) for name in FAULTS}
        counts: dict[str, Any] = {"expected": found.left, "found": found.right}
        counts |= {name: len(entries) for name, entries in faults.items()}
        hour = spell(found.hour)
        if self.hours and self.hours[-1]["hour"] == hour:
            for name, count in counts.items():
                self.hours[-1][name] += count
        else:
            self.hours.append({"hour": hour} | counts)
        for name, entries in faults.items():
            room = NAMED - len(self.ids[name])
            self.ids[name] += [entry.id for entry in entries[:room]]

    @property
    def differs(self) -> bool:
        """Whether the sides do not hold the same."""
        return bool(self.hours)

    def count(self, fault: str) -> int:
        """Return how many ids have a fault."""
        return sum(hour[fault] for hour in self.hours)

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {
            "what": self.what,
            "expected": self.counted[0],
            "found": self.counted[1],
            **{name: self.count(name) for name in FAULTS},
            "quarantined": self.quarantined,
            "hours": self.hours,
            "ids": self.ids,
        }


@dataclass(slots=True)
class Report:
    """All that was compared.

    Attributes
    ----------
    window
        Which event times.
    relations
        What was compared.
    notes
        What was left out, and why; in sentences.
    repaired
        By what was compared, how many messages were written or sent again.
    """

    window: Window
    relations: list[Relation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    repaired: dict[str, int] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        """Whether anything differs."""
        return any(relation.differs for relation in self.relations)

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {
            "differs": self.differs,
            "from": spell(self.window.start),
            "until": spell(self.window.until),
            "relations": [relation.to_dict() for relation in self.relations],
            "notes": self.notes,
            "repaired": self.repaired,
        }
