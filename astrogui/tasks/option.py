"""What an analyst may tell an analysis: options with their unit, their default and their range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from astrogui.errors import UsageProblem

YES_OR_NO = ("yes", "no")
ANY_NUMBER = (-math.inf, math.inf)
ABOVE_ZERO = (0.0, math.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Its value is a number within a range, one of some words, or either."""

    name: str
    description: str  # what it does
    default: str  # what holds without it, in words
    unit: str = ""
    between: tuple[float, float] | None = None  # of its numbers, both ends excluded
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.words and self.between is None:
            raise ValueError(f"the option {self.name} has no value that it may take")

    @property
    def values(self) -> str:
        """What it may be: "a number between 0 and 1", "a number above 0 or the word counted"."""
        if self.between is None:
            return " or ".join(self.words)
        low, high = self.between
        number = f"a number in {self.unit}" if self.unit else "a number"
        if math.isfinite(low) and math.isfinite(high):
            number += f" between {low:g} and {high:g}"
        elif math.isfinite(low):
            number += f" above {low:g}"
        *first, last = (number, *(f"the word {word}" for word in self.words))
        return f"{', '.join(first)} or {last}" if first else last

    @property
    def described(self) -> str:
        """What it does, may be and is without being given, on one line."""
        return f"{self.description}; {self.values}; without it {self.default}"

    def check(self, text: str) -> None:
        """Raises ``UsageProblem`` for a text that is none of its values."""
        if text not in self.words and not self._is_number(text):
            raise UsageProblem(f"{self.name} is {self.values}, got {text!r}.")

    def word(self, options: Mapping[str, str]) -> str:
        """The word given, "" where it is not given or a number; raises ``UsageProblem``."""
        text = options.get(self.name, "")
        if text:
            self.check(text)
        return text if text in self.words else ""

    def number(self, options: Mapping[str, str]) -> float | None:
        """The number given, None where it is not given or a word; raises ``UsageProblem``."""
        text = options.get(self.name, "")
        if not text or self.word(options):
            return None
        return float(text)

    def is_on(self, options: Mapping[str, str]) -> bool:
        """Of an option of yes or no: what is filled with anything else than no is yes."""
        return options.get(self.name, "") not in {"", "no"}

    def _is_number(self, text: str) -> bool:
        if self.between is None:
            return False
        try:
            value = float(text)
        except ValueError:
            return False
        return self.between[0] < value < self.between[1]
