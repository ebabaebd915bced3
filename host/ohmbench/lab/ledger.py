"""An array by its serial number in the lab's record."""

from __future__ import annotations

from dataclasses import dataclass

from ohmbench.mapping.tile import ArrayInfo
from ohmbench.record.journal import DEFAULT_BUDGET
from ohmbench.record.store import Store


@dataclass(frozen=True)
class Ledgered:
    """An array whose runs are recorded: its serial number, the open record, and a budget from now on if given."""

    store: Store
    serial: str
    budget: int | None = None

    @property
    def is_known(self) -> bool:
        """Whether the record has the array."""
        return self.serial in (array.serial for array in self.store.arrays())

    def recorded_budget(self) -> int | None:
        """Pulses a cell for life of a known array; None: no limit."""
        return self.store.known_array(self.serial).budget

    def register(self, array: ArrayInfo) -> None:
        """Raises:
        StoreError: an array of another type has this serial number.
        """
        budget = DEFAULT_BUDGET if self.budget is None and not self.is_known else self.budget
        self.store.array(self.serial, array.array_type, array.rows, array.columns, budget)
