"""The pages of the user guide: read, ordered, searched. Plain text, no Qt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FIRST = ("index", "first_steps", "window")  # the rest follows by title
EXCERPT = 90  # characters shown of a place that was found
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
_BEGINS = re.compile(r"^\s*([-*+|]|\d+\.)\s?")  # a list item or a row of a table
_MARKS = re.compile(r"[`*_|]|\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class GuidePage:
    """One page: ``name`` is its file's name without the ending."""

    name: str
    text: str  # Markdown

    @property
    def title(self) -> str:
        """The first heading, else the name."""
        return next((words for _, words in headings(self.text)), self.name.replace("_", " "))


@dataclass(frozen=True, slots=True)
class Found:
    """A place of the guide where the words that were looked for stand."""

    page: str
    heading: str
    excerpt: str


def read_pages(folder: Path) -> tuple[GuidePage, ...]:
    """Every ``*.md`` of a folder: the entrance first, then by title."""
    pages = [GuidePage(path.stem, path.read_text("utf-8")) for path in folder.glob("*.md")]

    def place(page: GuidePage) -> tuple[int, str]:
        known = page.name in FIRST
        return (FIRST.index(page.name) if known else len(FIRST), page.title.casefold())

    return tuple(sorted(pages, key=place))


def headings(text: str) -> Iterator[tuple[int, str]]:
    """Level and words of each heading, those inside code blocks left out."""
    for level, words in _lines(text):
        if level:
            yield level, words


def slug(heading: str) -> str:
    """The name by which a link reaches a heading, as in ``window.md#keys``."""
    words = re.sub(r"[^\w\s-]", "", plain(heading).casefold())
    return re.sub(r"\s+", "-", words.strip())


def search(pages: Iterable[GuidePage], words: str) -> list[Found]:
    """The places that hold every word, headings before lines of text."""
    wanted = words.casefold().split()
    if not wanted:
        return []
    in_headings: list[Found] = []
    in_text: list[Found] = []
    for page in pages:
        heading = page.title
        for level, line in _lines(page.text):
            if level:
                heading = line
            shown = plain(line)
            if all(word in f"{heading} {shown}".casefold() for word in wanted) and any(
                word in shown.casefold() for word in wanted
            ):
                found = Found(page.name, plain(heading), _excerpt(shown, wanted))
                (in_headings if level else in_text).append(found)
    return in_headings + in_text


def plain(line: str) -> str:
    """A line of Markdown without its marks."""
    return _MARKS.sub(lambda match: match.group(1) or "", line).strip()


def links(text: str) -> list[str]:
    """The targets of a page's links."""
    return re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", text)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Heading level (0 for text) and words of each heading, list item, table row and paragraph."""
    in_code, open_lines = False, list[str]()
    for line in [*text.splitlines(), ""]:
        is_fence = line.lstrip().startswith("```")
        heading = None if in_code else _HEADING.match(line)
        if open_lines and (is_fence or heading or not line.strip() or _BEGINS.match(line)):
            yield 0, " ".join(open_lines)
            open_lines = []
        if is_fence:
            in_code = not in_code
        elif heading is not None:
            yield len(heading.group(1)), heading.group(2)
        elif line.strip():
            open_lines.append(line.strip())


def _excerpt(line: str, wanted: list[str]) -> str:
    """The part of a line round the first word found."""
    places = [line.casefold().find(word) for word in wanted]
    first = max(min((place for place in places if place >= 0), default=0) - EXCERPT // 3, 0)
    begin = 0 if first == 0 else line.find(" ", first) + 1
    cut = line[begin : begin + EXCERPT]
    return f"{'… ' if begin else ''}{cut}{' …' if begin + EXCERPT < len(line) else ''}"
