"""Conditions on the catalogue as an analyst writes them: ``z > 0.5 & class == "QSO"``.

An expression is taken apart here and worked out on whole columns; nothing of it is ever run as a
program. A row without a value satisfies no comparison, ``!=`` included; ``is null`` asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Column
from astrogui.session import filter_values as values
from astrogui.session.filter_tokens import KEYWORDS, FilterProblem, Token, tokens_of, unquoted
from astrogui.session.filter_values import FUNCTIONS, Misfit, Rows, Value
from astrogui.session.unit_scale import is_unit

LONGEST = 4000  # characters
DEEPEST = 60  # brackets in brackets
_WORDS = {"and": "&", "or": "|", "not": "!", "&&": "&", "||": "|", "=": "==", "<>": "!="}
_COMPARISONS = {"==", "!=", "<", "<=", ">", ">="}


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition ready to be worked out on rows."""

    text: str
    names: frozenset[str]  # the columns that it looks at
    _condition: Callable[[Rows], Value]

    def mask(self, rows: Rows) -> NDArray[np.bool_]:
        """(n,) which rows satisfy it. Safe in any thread."""
        with np.errstate(all="ignore"):
            found = values.as_mask(self._condition(rows))
        return np.broadcast_to(found.array, (len(rows),))


def parse(text: str, columns: Sequence[Column]) -> Filter:
    """Take an expression apart; raises ``FilterProblem`` naming the place and what is wrong."""
    if len(text) > LONGEST:
        raise FilterProblem(f"An expression has at most {LONGEST} characters.", LONGEST, len(text))
    parser = _Parser(text, {column.name: column for column in columns})
    condition = parser.whole()
    made = Filter(text, frozenset(parser.names), condition)
    made.mask(Rows({}, {column.name: column for column in columns}, 0))  # types and units agree
    return made


class _Parser:
    """Recursive descent; each method returns a function of rows and moves on in the tokens."""

    def __init__(self, text: str, columns: Mapping[str, Column]) -> None:
        self._text, self._columns = text, columns
        self._tokens = tokens_of(text)
        self._at = self._depth = 0
        self.names: set[str] = set()

    def whole(self) -> Callable[[Rows], Value]:
        first = self._tokens[0]
        condition = self._any()
        if self._now.kind != "end":
            raise self._problem(f"“{self._now.text}” was not expected here.", self._now)
        return self._guarded(values.as_mask, first.start, condition)

    # -- conditions ------------------------------------------------------------------------

    def _any(self) -> Callable[[Rows], Value]:
        return self._chain("|", self._all, values.either)

    def _all(self) -> Callable[[Rows], Value]:
        return self._chain("&", self._not, values.both)

    def _chain(
        self, sign: str, part: Callable[[], Callable[[Rows], Value]], join: Callable[..., Value]
    ) -> Callable[[Rows], Value]:
        start = self._now.start
        left = part()
        while self._takes(sign):
            left = self._guarded(join, start, left, part())
        return left

    def _not(self) -> Callable[[Rows], Value]:
        start = self._now.start
        if self._takes("!") or self._takes("~"):
            self._deeper()
            inner = self._guarded(values.opposite, start, self._not())
            self._depth -= 1
            return inner
        return self._comparison()

    def _comparison(self) -> Callable[[Rows], Value]:
        start = self._now.start
        left = self._sum()
        found: Callable[[Rows], Value] | None = None
        while True:
            made = self._compared(left, start)
            if made is None:
                return left if found is None else found
            condition, right = made
            found = (
                condition if found is None else self._guarded(values.both, start, found, condition)
            )
            if right is None:
                return found
            left = right

    def _compared(self, left: Callable[[Rows], Value], start: int) -> tuple[Any, Any] | None:
        """What stands behind a value: the condition, and the right side for ``a < b < c``."""
        token = self._now
        sign = _WORDS.get(token.text, token.text) if token.kind == "operator" else token.text
        if token.kind == "operator" and sign in _COMPARISONS:
            self._step()
            right = self._sum()
            return self._guarded(values.compared(sign), start, left, right), right
        if token.kind == "operator" and sign in {"~", "!~"}:
            self._step()
            return self._matching(left, start, negated=sign == "!~"), None
        negated = token.text == "not" and self._tokens[self._at + 1].text in {"in", "matches"}
        if negated:
            self._step()
        if self._takes_word("matches"):
            return self._matching(left, start, negated), None
        if self._takes_word("in"):
            inside = self._guarded(values.among, start, left, *self._list())
            return (
                self._guarded(values.opposite, start, inside) if negated else inside,
                None,
            )
        if self._takes_word("is"):
            negated = self._takes_word("not")
            if not self._takes_word("null"):
                raise self._problem("“is” is followed by “null” or “not null”.", self._now)
            return self._guarded(values.is_there if negated else values.is_null, start, left), None
        return None

    def _matching(
        self, left: Callable[[Rows], Value], start: int, negated: bool
    ) -> Callable[[Rows], Value]:
        token = self._now
        if token.kind != "text":
            raise self._problem('A pattern in quotes is expected, such as "^J08".', token)
        self._step()
        try:
            pattern = re.compile(unquoted(token.text, keep_escapes=True))
        except re.error as error:
            raise self._problem(f"The pattern is not valid: {error.msg}.", token) from error
        return self._guarded(values.matching(pattern, negated), start, left)

    def _list(self) -> list[Callable[[Rows], Value]]:
        self._needs("(", '“in” is followed by values in brackets, such as ("QSO", "STAR").')
        found = [self._sum()]
        while self._takes(","):
            found.append(self._sum())
        self._needs(")", "A closing bracket “)” is missing.")
        return found

    # -- numbers and texts -----------------------------------------------------------------

    def _sum(self) -> Callable[[Rows], Value]:
        start = self._now.start
        left = self._product()
        while (sign := self._now.text) in {"+", "-"} and self._now.kind == "operator":
            self._step()
            left = self._guarded(values.added(sign), start, left, self._product())
        return left

    def _product(self) -> Callable[[Rows], Value]:
        start = self._now.start
        left = self._signed()
        while (sign := self._now.text) in {"*", "/"} and self._now.kind == "operator":
            self._step()
            left = self._guarded(values.multiplied(sign), start, left, self._signed())
        return left

    def _signed(self) -> Callable[[Rows], Value]:
        start = self._now.start
        if self._takes("-"):
            self._deeper()
            inner = self._guarded(values.negative, start, self._signed())
            self._depth -= 1
            return inner
        if self._takes("+"):
            return self._signed()
        return self._power()

    def _power(self) -> Callable[[Rows], Value]:
        start = self._now.start
        base = self._atom()
        if self._takes("**") or self._takes("^"):
            return self._guarded(values.power, start, base, self._signed())
        return base

    def _atom(self) -> Callable[[Rows], Value]:
        token = self._now
        if token.kind == "number":
            return self._number(token)
        if token.kind == "text":
            self._step()
            return _constant(values.Text(unquoted(token.text)))
        if self._takes("("):
            self._deeper()
            inner = self._any()
            self._depth -= 1
            self._needs(")", "A closing bracket “)” is missing.")
            return inner
        if token.kind == "name":
            return self._name(token)
        if token.kind == "end":
            raise self._problem("Something is missing at the end.", token)
        raise self._problem(f"A column or a value is expected, not “{token.text}”.", token)

    def _number(self, token: Token) -> Callable[[Rows], Value]:
        self._step()
        unit: str | None = None
        behind = self._now
        if behind.kind in {"name", "operator"} and is_unit(behind.text):
            after = self._tokens[self._at + 1]
            if behind.kind == "operator" or after.text != "(":
                unit = behind.text
                self._step()
        return _constant(values.Number(np.float64(token.text), unit))

    def _name(self, token: Token) -> Callable[[Rows], Value]:
        name = token.text
        self._step()
        if self._now.text == "(" and self._now.kind == "operator":
            return self._call(token)
        if name in self._columns:
            self.names.add(name)
            return lambda rows: rows.value(name)
        if name.lower() in {"true", "false"}:
            return _constant(values.Number(np.float64(name.lower() == "true"), None))
        if name in KEYWORDS:
            raise self._problem(f"A column or a value is expected before “{name}”.", token)
        raise self._problem(self._unknown(name), token)

    def _call(self, token: Token) -> Callable[[Rows], Value]:
        if token.text not in FUNCTIONS:
            raise self._problem(
                f"There is no function {token.text}. There are {', '.join(FUNCTIONS)}.", token
            )
        function, least, most, places = FUNCTIONS[token.text]
        self._step()
        self._deeper()
        given: list[Callable[[Rows], Value]] = []
        if self._now.text != ")":
            given.append(self._sum())
            while self._takes(","):
                given.append(self._sum())
        self._depth -= 1
        self._needs(")", "A closing bracket “)” is missing.")
        if not least <= len(given) <= most:
            raise self._problem(f"{token.text} is given as {token.text}({places}).", token)
        taken = [] if token.text != "cone" else [self._place("ra"), self._place("dec")]
        return self._guarded(function, token.start, *taken, *given)

    def _place(self, name: str) -> Callable[[Rows], Value]:
        if name not in self._columns:
            raise self._problem(f"cone needs the column {name}, which is not here.", self._now)
        self.names.add(name)
        return lambda rows: rows.value(name)

    # -- tokens ----------------------------------------------------------------------------

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _step(self) -> None:
        self._at += 1

    def _takes(self, sign: str) -> bool:
        token = self._now
        text = _WORDS.get(token.text.lower(), token.text)
        is_sign = token.kind == "operator" or (token.kind == "name" and text != token.text)
        if is_sign and text == sign and token.kind != "end":
            self._step()
            return True
        return False

    def _takes_word(self, word: str) -> bool:
        if self._now.kind == "name" and self._now.text.lower() == word:
            self._step()
            return True
        return False

    def _needs(self, sign: str, words: str) -> None:
        if not self._takes(sign):
            raise self._problem(words, self._now)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._problem("Too many brackets within each other.", self._now)

    def _problem(self, words: str, token: Token) -> FilterProblem:
        return FilterProblem(words, token.start, max(token.end, token.start + 1))

    def _unknown(self, name: str) -> str:
        import difflib

        near = difflib.get_close_matches(name, self._columns, 3, 0.6)
        hint = f" Perhaps {' or '.join(near)}?" if near else ""
        return f'There is no column {name}.{hint} A text is written in quotes: "{name}".'

    def _guarded(
        self, function: Callable[..., Value], start: int, *parts: Callable[[Rows], Value]
    ) -> Callable[[Rows], Value]:
        """``function`` of the parts' values; what does not fit is told with its place."""
        end = self._tokens[self._at - 1].end if self._at else len(self._text)

        def work_out(rows: Rows) -> Value:
            try:
                return function(*(part(rows) for part in parts))
            except Misfit as misfit:
                raise FilterProblem(str(misfit), start, max(end, start + 1)) from misfit

        return work_out


def _constant(value: Value) -> Callable[[Rows], Value]:
    return lambda rows: value
