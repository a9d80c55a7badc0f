"""How well a line answers to a few typed letters."""

from __future__ import annotations

from collections.abc import Sequence

WHOLE, BEGINNING, INSIDE, SCATTERED = 8.0, 6.0, 3.0, 1.0


def score(query: str, text: str) -> float:
    """0 where some word of ``query`` is not in ``text``; more where it stands more plainly.

    A word counts most as a whole word, less as the beginning of one, less inside one, least as
    letters that follow each other with gaps, the first of them at the beginning of a word.
    """
    lower = text.casefold()
    words = lower.replace("-", " ").replace("›", " ").replace(":", " ").split()
    total = 0.0
    for part in query.casefold().split():
        gained = _score_of(part, lower, words)
        if gained == 0:
            return 0.0
        total += gained
    return total + 1.0 / (1 + len(text)) if total else 0.0


def _score_of(part: str, text: str, words: Sequence[str]) -> float:
    if part in words:
        return WHOLE
    if any(word.startswith(part) for word in words):
        return BEGINNING
    if part in text:
        return INSIDE
    return SCATTERED if _scattered(part, words) else 0.0


def _scattered(part: str, words: Sequence[str]) -> bool:
    """Whether the letters stand in the words in order, each word entered at its beginning."""
    if len(part) < 2:
        return False

    def from_word(first: int, letters: str) -> bool:
        if not letters:
            return True
        for number in range(first, len(words)):
            word = words[number]
            if not word.startswith(letters[0]):
                continue
            place = 0
            for taken, letter in enumerate(letters):
                place = word.find(letter, place)
                if place < 0:
                    if from_word(number + 1, letters[taken:]):
                        return True
                    break
                place += 1
                if taken + 1 == len(letters):
                    return True
        return False

    return from_word(0, part)


def best(query: str, lines: Sequence[str]) -> list[int]:
    """The numbers of the lines that answer, best first; all in their order for no query."""
    if not query.strip():
        return list(range(len(lines)))
    scores = [score(query, line) for line in lines]
    return sorted((n for n, s in enumerate(scores) if s > 0), key=lambda n: (-scores[n], n))
