"""Settings that a search may try: ranges and choices."""

from dataclasses import dataclass, replace
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

    def widened(self, value: float) -> "Range":
        """The same as far as this number."""
        return replace(self, low=min(self.low, value), high=max(self.high, value))


@dataclass(frozen=True)
class Choice:
    """A setting that takes one of some values."""

    setting: str
    values: tuple[str | int | float, ...]

    def holds(self, value: Any) -> bool:
        """Whether the value is one of them."""
        return value in self.values

    def widened(self, value: str | int | float) -> "Choice":
        """The same with this value too."""
        return self if self.holds(value) else replace(self, values=(*self.values, value))


Space = tuple[Range | Choice, ...]
