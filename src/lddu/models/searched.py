"""Settings that a search may try: ranges and choices."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Range:
    """A setting that takes any number from `low` to `high`; `log` where the order of magnitude is what matters."""

    setting: str
    low: float
    high: float
    log: bool = False

    def holds(self, value: Any) -> bool:
        """Whether the value lies in it."""
        return isinstance(value, int | float) and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """A setting that takes one of some values."""

    setting: str
    values: tuple[str | int | float, ...]

    def holds(self, value: Any) -> bool:
        """Whether the value is one of them."""
        return value in self.values


Space = tuple[Range | Choice, ...]
