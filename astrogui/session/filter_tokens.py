"""The words and signs of a filter expression, and how texts and names are written in one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from astrogui.errors import UsageProblem

KEYWORDS = {"in", "is", "null", "matches", "true", "false", "and", "or", "not"}
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
  | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<quoted>`[^`]+`)
  | (?P<name>[^\W\d]\w*)
  | (?P<operator>&&|\|\||\*\*|==|!=|<>|<=|>=|!~|[-+*/^<>=!~&|(),%°″′])
    )""",
    re.VERBOSE,
)


class FilterProblem(UsageProblem):
    """An expression that cannot be used; ``start`` and ``end`` are the place in its text."""

    def __init__(self, words: str, start: int, end: int) -> None:
        super().__init__(words, start, end)
        self.words, self.start, self.end = words, start, end

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # number, text, name, operator, end
    text: str
    start: int
    end: int


def tokens_of(text: str) -> list[Token]:
    """The words and signs of an expression, an "end" last; raises ``FilterProblem``."""
    found: list[Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            place = at + len(text[at:]) - len(text[at:].lstrip())
            if text[place] in "\"'`":
                raise FilterProblem("The closing quote is missing.", place, len(text))
            raise FilterProblem(f"“{text[place]}” means nothing here.", place, place + 1)
        kind = str(match.lastgroup)
        word, start, end = match[kind], match.start(kind), match.end(kind)
        if kind == "quoted":
            kind, word = "name", word[1:-1]
        found.append(Token(kind, word, start, end))
        at = match.end()
    return [*found, Token("end", "", len(text), len(text))]


def quoted(text: str) -> str:
    """A text as it stands in an expression."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def name_text(name: str) -> str:
    """A column's name as it stands in an expression."""
    is_plain = re.fullmatch(r"[^\W\d]\w*", name) and name.lower() not in KEYWORDS
    return name if is_plain else f"`{name}`"


def unquoted(text: str, keep_escapes: bool = False) -> str:
    """What stands between the quotes; a pattern keeps the escapes of its own."""
    inner = text[1:-1]
    if keep_escapes:
        return inner.replace('\\"', '"')
    return re.sub(r"\\(.)", r"\1", inner)
