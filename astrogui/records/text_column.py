"""A column of text as numbers: each row holds the code of its word in a list of words.

A million rows of five classes are then a million small integers, and a million distinct names lie
in one block of bytes that can be mapped from a file without making a million objects.
"""

from __future__ import annotations

import threading
import time
import weakref
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]
FEW_WORDS = 200_000  # as many may be kept as objects, for the sake of speed
MANY_WORDS = 2_000  # objects looked at together: other threads run between two pieces
FIRST_CODES = 40_000  # words in the one dictionary that is asked first
BOOKS = 64  # dictionaries among which the codes of all further words are dealt out
PAUSE_S = 0.005  # between two pieces that are freed, which nobody waits for
MOST_BYTES = 200_000_000  # texts of one column laid side by side, to be sorted


def no_pause() -> None:
    """Nobody else is to go first."""


class Words:
    """Distinct texts by code. Code 0 is "", the null; codes only ever grow in number.

    The first ones may lie in a block of UTF-8 bytes, in the order of ``key``; those added later
    are kept as objects. One thread adds, any may read.

    A dictionary of half a million words stops every thread for 140 ms when it has to grow, so the
    words beyond the first lie in many small ones; and nothing goes through all words in one call
    that does not let other threads run.
    """

    def __init__(
        self, blob: NDArray[np.uint8] | None = None, ends: NDArray[np.int64] | None = None
    ) -> None:
        """``ends`` (m,) are where the words of ``blob`` end, "" being the first word."""
        self._blob = np.zeros(0, np.uint8) if blob is None else blob
        self._ends = np.zeros(1, np.int64) if ends is None else ends
        self._added: list[str] = []
        self._codes: dict[str, int] = {"": 0}
        self._books: tuple[dict[str, int], ...] = tuple({} for _ in range(BOOKS))
        self._texts: NDArray[Any] | None = None
        self._ranks: Codes | None = None
        self._ranking = threading.Lock()  # who asks while they are found waits for them
        self._seekers: list[None] = []  # one for each who asks now
        books = (self._codes, *self._books)
        weakref.finalize(self, _let_go, self._added, books).atexit = False

    def __len__(self) -> int:
        return len(self._ends) + len(self._added)

    def __getitem__(self, code: int) -> str:
        mapped = len(self._ends)
        return self._added[code - mapped] if code >= mapped else self._mapped_bytes(code).decode()

    def __iter__(self) -> Iterator[str]:
        """The words there are now, by code."""
        for first in range(0, len(self), MANY_WORDS):
            yield from self._some(first, min(first + MANY_WORDS, len(self)))

    def code(self, text: str) -> int | None:
        """The code of a text; None where no row ever had it."""
        found = self._codes.get(text)
        if found is None:
            found = self._book(text).get(text)
        if found is None and len(self._ends) > 1:
            found = self._mapped_code(text)
        return found

    def encode(self, cells: Sequence[Any]) -> Codes:
        """Codes (n,) of these cells as texts, None as ""; new ones are added."""
        known = self._codes
        codes: list[int | None]
        try:
            codes = [known.get("" if cell is None else cell) for cell in cells]
        except TypeError:  # a cell that is no text, and cannot be looked for as it is
            codes = [None] * len(cells)
        if None in codes:
            codes = [
                self._new_code(cell) if code is None else code
                for cell, code in zip(cells, codes, strict=True)
            ]
        return np.array(codes, np.int32)

    def _new_code(self, cell: Any) -> int:
        text = "" if cell is None else str(cell)
        found = self.code(text)
        if found is None:
            found = len(self)
            self._added.append(text)
        book = self._codes if len(self._codes) < FIRST_CODES else self._book(text)
        book[text] = found
        return found

    def _book(self, text: str) -> dict[str, int]:
        return self._books[hash(text) % BOOKS]

    def texts(self) -> NDArray[Any]:
        """(m,) all words as objects, by code; kept while no word is added."""
        if self._texts is None or len(self._texts) != len(self):
            texts = np.empty(len(self), object)
            for first in range(0, len(texts), MANY_WORDS):
                end = min(first + MANY_WORDS, len(texts))
                texts[first:end] = self._some(first, end)
            if len(texts) > FEW_WORDS:
                return texts
            self._texts = texts
        return self._texts

    def _some(self, first: int, end: int) -> list[str]:
        """The words whose codes are ``first`` to ``end`` - 1."""
        mapped, words = len(self._ends), [""] if first == 0 < end else []
        if first < mapped:
            ends = self._ends[max(first - 1, 0) : min(end, mapped)].tolist()
            data = self._blob[ends[0] : ends[-1]].tobytes()
            words += [data[a - ends[0] : b - ends[0]].decode() for a, b in pairwise(ends)]
        return words + self._added[max(first - mapped, 0) : max(end - mapped, 0)]

    def ranks(self, pause: Callable[[], None] = no_pause) -> Codes:
        """(m,) the place of each word in the order of ``key``: rows are sorted by them.

        ``pause`` is called between the pieces while nobody else waits for them.
        """
        self._seekers.append(None)  # a list: one of several threads would lose count of a number
        try:
            with self._ranking:
                count = len(self)
                if self._ranks is None or len(self._ranks) != count:
                    self._ranks = self._found_ranks(count, partial(self._pause_alone, pause))
                return self._ranks
        finally:
            self._seekers.pop()

    def _pause_alone(self, pause: Callable[[], None]) -> None:
        if len(self._seekers) == 1:
            pause()

    def _found_ranks(self, count: int, pause: Callable[[], None]) -> Codes:
        mapped = len(self._ends)
        order = _order(self._added, count - mapped, pause)
        before = np.ones(len(order), np.int64)
        if mapped > 1:
            places = (self._mapped_place(self._added[place]) for place in order)
            before = np.fromiter(places, np.int64, len(order))
        ranks = np.empty(count, np.int32)
        ranks[:mapped] = np.arange(mapped) + np.searchsorted(before, np.arange(mapped), "right")
        ranks[mapped + order] = before + np.arange(len(order))
        return ranks

    def packed(
        self, used: NDArray[np.bool_], pause: Callable[[], None] = no_pause
    ) -> tuple[NDArray[Any], NDArray[Any], Codes]:
        """Block, ends and new codes of the words that are ``used`` (m,), in the order of ``key``.

        What the constructor takes, and for each present code the one that it becomes. ``pause``
        is called between the pieces: a million words are half a second in which other threads
        would have to win the interpreter back again and again.
        """
        wanted = used.copy()
        wanted[0] = True
        ranks = self.ranks(pause)[: len(used)]
        codes = np.flatnonzero(wanted)
        codes = codes[np.argsort(ranks[codes], kind="stable")]
        data = bytearray()
        ends = np.empty(len(codes), np.int64)
        for first in range(0, len(codes), MANY_WORDS):
            some = [self._bytes(code) for code in codes[first : first + MANY_WORDS].tolist()]
            lengths = np.fromiter(map(len, some), np.int64, len(some))
            ends[first : first + len(some)] = len(data) + np.cumsum(lengths)
            data += b"".join(some)
            pause()
        became = np.zeros(len(used), np.int32)
        became[codes] = np.arange(len(codes))
        return np.frombuffer(data, np.uint8), ends, became

    def _bytes(self, code: int) -> bytes:
        """A word in UTF-8."""
        mapped = len(self._ends)
        return self._added[code - mapped].encode() if code >= mapped else self._mapped_bytes(code)

    def _mapped_bytes(self, code: int) -> bytes:
        first, end = int(self._ends[code - 1]) if code else 0, int(self._ends[code])
        return self._blob[first:end].tobytes()

    def _mapped_code(self, text: str) -> int | None:
        place = self._mapped_place(text)
        return place if place < len(self._ends) and self[place] == text else None

    def _mapped_place(self, text: str) -> int:
        """Where a text stands, or would stand, among the mapped words."""
        if len(self._ends) == 1:
            return 1
        wanted = key(text)
        return bisect_left(range(len(self._ends)), wanted, key=lambda code: key(self[code]))


def _let_go(added: list[str], books: Sequence[dict[str, int]]) -> None:
    """Free the words of a column that nobody has any more; very many in a thread of their own.

    Freed at once, a million stop every thread for 60 ms.
    """
    if len(added) > FEW_WORDS:
        freeing = threading.Thread(target=free_in_pieces, args=(added, books), name="free")
        freeing.daemon = True
        freeing.start()


def free_in_pieces(added: list[str], books: Sequence[dict[str, int]]) -> None:
    """Empty them all, letting other threads run between the pieces."""
    while added:
        del added[-MANY_WORDS:]
        time.sleep(PAUSE_S)
    for book in books:
        while book:
            for _ in range(min(MANY_WORDS, len(book))):
                book.popitem()
            time.sleep(PAUSE_S)


def key(text: str) -> tuple[str, str]:
    """The order of texts: upper and lower case side by side."""
    return text.casefold(), text


def _order(
    texts: Sequence[str], count: int, pause: Callable[[], None] = no_pause
) -> NDArray[np.int64]:
    """Places in the order of ``key`` of the first ``count``; of many as bytes, letting others run.

    ``texts`` may grow meanwhile.
    """
    if count >= MANY_WORDS:
        widths = _most_bytes(texts, count, pause)
        if count * sum(widths) <= MOST_BYTES:
            exact, folded = _as_bytes(texts, count, widths, pause)
            return np.lexsort((exact, folded)).astype(np.int64)
    return np.array(sorted(range(count), key=lambda i: key(texts[i])), np.int64)


def _most_bytes(
    texts: Sequence[str], count: int, pause: Callable[[], None] = no_pause
) -> tuple[int, int]:
    """The bytes of the longest in UTF-8, at least 1: as they are, and with their case folded."""
    exact = folded = 1
    for first in range(0, count, MANY_WORDS):
        some = texts[first : min(first + MANY_WORDS, count)]
        longest = max(map(len, some))
        if "".join(some).isascii():
            exact, folded = max(exact, longest), max(folded, longest)
        else:
            exact = max(exact, *(len(text.encode()) for text in some))
            folded = max(folded, *(len(text.casefold().encode()) for text in some))
        pause()
    return exact, folded


def _as_bytes(
    texts: Sequence[str],
    count: int,
    widths: tuple[int, int],
    pause: Callable[[], None] = no_pause,
) -> tuple[NDArray[np.bytes_], NDArray[np.bytes_]]:
    """The first ``count`` texts as UTF-8 of these widths: as they are, and with their case folded.

    Filled in pieces: making an array of objects stops every other thread, and a list of all of
    them would take more memory than the array.
    """
    exact, folded = (np.empty(count, f"S{width}") for width in widths)
    for first in range(0, count, MANY_WORDS):
        some = texts[first : min(first + MANY_WORDS, count)]
        part = slice(first, first + len(some))
        if "".join(some).isascii():
            exact[part] = np.array(some, exact.dtype)
            folded[part] = exact[part]
            letters = folded[part].view(np.uint8)
            capital = (letters >= ord("A")) & (letters <= ord("Z"))
            np.add(letters, ord("a") - ord("A"), out=letters, where=capital)
        else:
            exact[part] = [text.encode() for text in some]
            folded[part] = [text.casefold().encode() for text in some]
        pause()
    return exact, folded


class TextColumn:
    """Codes of the rows (n,) beside the words that they stand for."""

    __slots__ = ("codes", "words")

    def __init__(self, codes: Codes, words: Words) -> None:
        self.codes, self.words = codes, words

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, place: int) -> str:
        return self.words[int(self.codes[place])]

    def take(self, places: NDArray[Any] | slice) -> TextColumn:
        """These rows, over the same words."""
        return TextColumn(self.codes[places], self.words)

    def texts(self) -> NDArray[Any]:
        """(n,) objects of str; equal texts are one object."""
        codes: NDArray[Any] = self.codes
        if len(self) * 4 < len(self.words):
            used, codes = np.unique(codes, return_inverse=True)
            words = np.empty(len(used), object)
            words[:] = [self.words[int(code)] for code in used]
        else:
            words = self.words.texts()
        texts = np.empty(len(codes), object)
        for first in range(0, len(codes), MANY_WORDS):
            texts[first : first + MANY_WORDS] = words[codes[first : first + MANY_WORDS]]
        return texts

    def ranks(self) -> Codes:
        """(n,) numbers that sort as the texts do; 0 is null."""
        return self.words.ranks()[self.codes]

    def counts(self) -> list[tuple[str, int]]:
        """The texts there are and how many rows have each, the commonest first, without null."""
        counts = np.bincount(self.codes, minlength=1)
        counts[0] = 0
        there = np.flatnonzero(counts)
        there = there[np.argsort(-counts[there], kind="stable")]
        return [(self.words[int(code)], int(counts[code])) for code in there]


def text_column(texts: Iterable[str]) -> TextColumn:
    """A column of these texts with words of its own."""
    words = Words()
    return TextColumn(words.encode(list(texts)), words)
