"""What a model of latent factors tells and is told, and its parameters as plain data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.detectors.protocol import State

F64 = npt.NDArray[np.float64]
#: What a parameter may belong to.
USER, ITEM, LAST = "user", "item", "last"
KINDS: Final = (USER, ITEM, LAST)
Key = tuple[str, int]


class Factors(ABC):
    """One of River's models, whose score of an item is a constant, a bias and an inner product.

    Users and items go by slots; -1 is none.

    Attributes
    ----------
    model
        River's model.
    size
        Numbers in a vector.
    """

    model: Any
    size: int

    @abstractmethod
    def learn(self, user: int, last: int, item: int, y: float) -> None:
        """Learn whether a user, after a last item, chose an item (1) or did not (0)."""

    @abstractmethod
    def item(self, item: int) -> tuple[float, F64]:
        """Return an item's bias, and its vector of shape (size,)."""

    @abstractmethod
    def query(self, user: int, last: int) -> tuple[float, F64]:
        """Return what all items have in common, and what their vectors are multiplied with."""

    @abstractmethod
    def reference_score(self, user: int, last: int, item: int) -> float:
        """Return the score by River's own call."""

    @abstractmethod
    def tables(self) -> Mapping[str, dict[Any, Any]]:
        """Return the model's parameters, each a dict of :data:`Key` or of what stands for it."""

    @abstractmethod
    def keys(self, table: str, kind: str, slot: int) -> Any:
        """Return the key of a user's or an item's parameter in a table, None if it has none."""

    @abstractmethod
    def key(self, table: str, key: Any) -> Key:
        """Return what a parameter belongs to."""

    def scalars(self) -> list[float]:
        """Return what else was learned."""
        return []

    def set_scalars(self, values: list[float]) -> None:
        """Take over what :meth:`scalars` returned."""
        if values:
            raise ValueError(f"{type(self).__name__} has learned nothing else")

    def random(self) -> np.random.RandomState | None:
        """Return what draws first vectors, if anything does."""
        return None

    def forget(self, kind: str, slot: int) -> None:
        """Forget a user or an item."""
        for name, table in self.tables().items():
            for each in (kind, LAST) if kind == ITEM else (kind,):
                table.pop(self.keys(name, each, slot), None)

    def state(self) -> State:
        """Return the parameters and the state of what draws first vectors."""
        tables = {}
        for name, table in self.tables().items():
            keys = [self.key(name, key) for key in table]
            tables[name] = {
                "kind": np.array([KINDS.index(kind) for kind, _ in keys], np.int8),
                "slot": np.array([slot for _, slot in keys], np.int64),
                "value": np.array(list(table.values()), float),
            }
        random = self.random()
        return {
            "tables": tables,
            "scalars": self.scalars(),
            "random": None if random is None else _plain(random),
        }

    def restore(self, state: State) -> None:
        """Take over what :meth:`state` returned."""
        for name, table in self.tables().items():
            kept = state["tables"][name]
            table.clear()
            for kind, slot, value in zip(
                kept["kind"].tolist(), kept["slot"].tolist(), kept["value"], strict=True
            ):
                plain = value.copy() if value.ndim else float(value)
                table[self.keys(name, KINDS[kind], slot)] = plain
        self.set_scalars(state["scalars"])
        random = self.random()
        if random is not None:
            random.set_state(_legacy(state["random"]))


def _plain(random: np.random.RandomState) -> State:
    name, key, place, has_gauss, gauss = random.get_state(legacy=True)
    return {"name": name, "key": key, "place": place, "has_gauss": has_gauss, "gauss": gauss}


def _legacy(state: State) -> tuple[str, npt.NDArray[np.uint32], int, int, float]:
    return (
        state["name"],
        state["key"],
        int(state["place"]),
        int(state["has_gauss"]),
        float(state["gauss"]),
    )
