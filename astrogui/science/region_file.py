"""DS9 region files: read into regions, written so that nothing of what was read is lost.

Format: the chapter "Regions" of the SAOImage DS9 reference manual. A line that we do not draw (a
shape or frame beyond ours, a comment) is kept as it is and written again where it stood; a region
that nobody changed is written in its own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from astrogui.science.region_numbers import (
    NumberProblem,
    angle,
    length,
    length_text,
    position,
    position_text,
)
from astrogui.science.regions import (
    NUMBER_OF_SIZES,
    SKY_FRAMES,
    Entry,
    KeptLine,
    Properties,
    Region,
)

HEADING = "# Region file format: DS9 version 4.1"
DEFAULT_FRAME = "physical"  # of a file that names none
MOST_CHARACTERS = 50_000_000
_FRAMES = {
    "image": "image", "physical": "physical", "icrs": "icrs", "fk5": "fk5", "j2000": "fk5",
    "galactic": "galactic", "ecliptic": "ecliptic",
}  # fmt: skip
_OTHER_FRAMES = re.compile(r"(fk4|b1950|linear|amplifier|detector|wcs[a-z]?|supergalactic)$", re.I)
_COMMANDS = re.compile(r"(global|tile)\b", re.I)
_OTHER_SHAPES = frozenset(
    {
        "text", "vector", "ruler", "compass", "projection", "segment", "panda", "epanda", "bpanda",
        "composite", "rotbox", "rotellipse", "pie", "field", "circle3d",
    }
)  # fmt: skip
_SHAPE = re.compile(r"\s*(?P<sign>[-+!]?)\s*(?P<name>[A-Za-z][A-Za-z0-9]*(?:\s+point\b)?)\s*")
_PROPERTY = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*")


@dataclass(frozen=True, slots=True)
class RegionFile:
    """The content of a file in its order."""

    entries: tuple[Entry, ...]

    @property
    def regions(self) -> tuple[Region, ...]:
        return tuple(entry for entry in self.entries if isinstance(entry, Region))

    @property
    def refused(self) -> tuple[str, ...]:
        """In words, with the number of the line: what is kept but not drawn."""
        lines = [e for e in self.entries if isinstance(e, KeptLine) and e.reason]
        return tuple(f"line {entry.line}: {entry.reason}" for entry in lines)


def read_regions(text: str) -> RegionFile:
    """The regions of a DS9 file; raises ``ValueError`` for a text that cannot be one."""
    if len(text) > MOST_CHARACTERS or "\x00" in text:
        raise ValueError("this is no region file: it is too long, or no text")
    reader = _Reader()
    for number, line in enumerate(text.splitlines(), start=1):
        reader.take(number, line)
    return RegionFile(tuple(reader.entries))


def written_regions(entries: Sequence[Entry]) -> str:
    """The text of a file with these entries; reading it gives equal ones."""
    return "\n".join([HEADING, *_Writer().lines(entries)]) + "\n"


class _Reader:
    """Goes through the lines, remembering frame and global properties."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.frame = DEFAULT_FRAME
        self.word = ""  # the frame as the file names it; "" before it does
        self.inherited: Properties = ()

    def take(self, number: int, line: str) -> None:
        if not line.strip() or line.strip() == HEADING:
            return
        if line.lstrip().startswith("#"):
            self._take_comment(number, line)
            return
        statements, comment = _parted(line)
        if len(statements) == 1 and _COMMANDS.match(statements[0].strip()):
            self._take_command(number, line, statements[0].strip(), comment)
            return
        for index, statement in enumerate(statements):
            own = comment if index == len(statements) - 1 else ""
            self._take_statement(number, statement.strip(), own)

    def _take_comment(self, number: int, line: str) -> None:
        """DS9 writes shapes without an area behind a "#": "# text(...)", "# vector(...)"."""
        shape = re.match(r"\s*#\s*([A-Za-z]+)\s*\(", line)
        known = shape is not None and shape[1].lower() in _OTHER_SHAPES
        reason = f"{shape[1].lower()} is no shape that can be drawn here" if shape and known else ""
        self._keep(number, line, reason, self.word if known else "")

    def _take_command(self, number: int, line: str, statement: str, comment: str) -> None:
        if statement.lower().startswith("global"):
            words = statement[len("global") :] + (f" {comment}" if comment else "")
            named = dict(self.inherited)
            named.update(properties_of(words))
            self.inherited = tuple(named.items())
        else:
            self._keep(number, line, "")

    def _take_statement(self, number: int, statement: str, comment: str) -> None:
        if not statement:
            if comment:
                self._keep(number, f"# {comment}", "")
            return
        word = statement.lower()
        if word in _FRAMES or _OTHER_FRAMES.match(word):
            self.word, self.frame = statement, _FRAMES.get(word, "")
            return
        text = f"{statement} # {comment}" if comment else statement
        try:
            self.entries.append(self._region(statement, comment, text))
        except (NumberProblem, ValueError) as error:
            self._keep(number, text, str(error), self.word)

    def _region(self, statement: str, comment: str, text: str) -> Region:
        """Raises ``ValueError`` saying what of the statement is not understood."""
        match = _SHAPE.match(statement)
        if match is None:
            raise ValueError(f'"{_short(statement)}" is no region')
        name = match["name"].lower()
        kind, _, is_point = name.partition(" ")
        properties = properties_of(comment)
        if is_point and not any(key == "point" for key, _ in properties):
            properties = (("point", kind), *properties)
        shape = "point" if is_point else {"rotbox": "box", "rotellipse": "ellipse"}.get(kind, kind)
        if not self.frame:
            raise ValueError(f'positions in the frame "{self.word}" cannot be placed here')
        if shape not in _BUILDERS:
            raise ValueError(f'"{_short(name)}" is no shape that can be drawn here')
        arguments, joined = _arguments(statement[match.end() :], shape)
        region = _BUILDERS[shape](shape, self.frame, arguments)
        return replace(
            region,
            include=match["sign"] not in {"-", "!"},
            properties=properties,
            inherited=self.inherited,
            joined=joined,
            text=text,
        )

    def _keep(self, number: int, text: str, reason: str, frame: str = "") -> None:
        self.entries.append(KeptLine(text=text, line=number, frame=frame, reason=reason))


def _parted(line: str) -> tuple[list[str], str]:
    """The statements of a line, which ";" separates, and what stands behind "#"."""
    statements: list[str] = []
    start = depth = 0
    for index, letter in enumerate(line):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "#":
            return [*statements, line[start:index]], line[index + 1 :].strip()
        if letter == ";" and depth <= 0:
            statements.append(line[start:index])
            start = index + 1
    return [*statements, line[start:]], ""


def _arguments(words: str, shape: str) -> tuple[list[str], bool]:
    """The numbers of a shape as text, and whether "||" follows them."""
    inside, joined = words.strip(), False
    if inside.endswith("||"):
        inside, joined = inside[:-2].strip(), True
    if inside.startswith("("):
        if not inside.endswith(")"):
            raise ValueError(f"the {shape} has no closing bracket")
        inside = inside[1:-1]
    arguments = [part for part in re.split(r"[\s,]+", inside.strip()) if part]
    if not arguments:
        raise ValueError(f"the {shape} has no numbers")
    return arguments, joined


def _centred(shape: str, frame: str, arguments: list[str]) -> Region:
    """Circle, annulus, ellipse, box: a centre, sizes, and an angle where it can turn."""
    turns = shape in {"ellipse", "box"}
    if len(arguments) < 3:
        raise ValueError(f"a {shape} needs a position and a size")
    middle = position(arguments[0], arguments[1], frame)
    rest, angle_deg = arguments[2:], 0.0
    if turns and len(rest) % 2:
        rest, angle_deg = rest[:-1], angle(rest[-1])
    wanted = NUMBER_OF_SIZES.get(shape, len(rest))
    if len(rest) > wanted:
        raise ValueError(f"{shape} regions of several rings are not drawn here")
    if len(rest) < max(wanted, 1):
        raise ValueError(f"a {shape} has {wanted} size(s), got {len(rest)}")
    sizes, unit = _sizes(rest, frame)
    return Region(
        shape=shape, frame=frame, points=(middle,), sizes=sizes, size_unit=unit, angle_deg=angle_deg
    )


def _sizes(arguments: list[str], frame: str) -> tuple[tuple[float, ...], str]:
    parsed = [length(argument, frame) for argument in arguments]
    units = {unit for _, unit in parsed}
    if len(units) > 1:
        raise ValueError(f"sizes in {' and '.join(sorted(units))} are mixed")
    return tuple(value for value, _ in parsed), units.pop()


def _cornered(shape: str, frame: str, arguments: list[str]) -> Region:
    """Polygon, line, point: positions alone."""
    if len(arguments) % 2:
        raise ValueError(f"a {shape} needs pairs of numbers, got {len(arguments)}")
    pairs = zip(arguments[::2], arguments[1::2], strict=True)
    points = tuple(position(first, second, frame) for first, second in pairs)
    unit = "arcsec" if frame in SKY_FRAMES else "pixel"
    return Region(shape=shape, frame=frame, points=points, size_unit=unit)


_BUILDERS = {
    "circle": _centred, "annulus": _centred, "ellipse": _centred, "box": _centred,
    "polygon": _cornered, "line": _cornered, "point": _cornered,
}  # fmt: skip


def properties_of(words: str) -> Properties:
    """The properties behind a "#": key=value, with {}, "" or '' around text; bare words as such."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(words):
        match = _PROPERTY.match(words, at)
        if match is None:
            bare = re.compile(r"\s*(\S+)").match(words, at)
            if bare is None:
                break
            found.append((bare[1], ""))
            at = bare.end()
            continue
        value, at = _value(words, match.end())
        found.append((match[1], value))
    return tuple(found)


_CLOSING = {"{": "}", '"': '"', "'": "'"}


def _value(words: str, at: int) -> tuple[str, int]:
    """A value and where it ends: up to its closing mark, else up to the next key."""
    if at < len(words) and words[at] in _CLOSING:
        end = words.find(_CLOSING[words[at]], at + 1)
        if end >= 0:
            return words[at + 1 : end], end + 1
    following = re.compile(r"\s+[A-Za-z_]\w*\s*=").search(words, at)
    end = following.start() if following else len(words)
    return words[at:end].strip(), end


class _Writer:
    """Writes entries one after another, naming frame and global properties where they change."""

    def __init__(self) -> None:
        self._frame = ""
        self._global: Properties = ()

    def lines(self, entries: Iterable[Entry]) -> Iterator[str]:
        for entry in entries:
            if isinstance(entry, KeptLine):
                if entry.frame and entry.frame != self._frame:
                    self._frame = entry.frame
                    yield entry.frame
                yield entry.text
                continue
            if entry.inherited != self._global:
                self._global = entry.inherited
                yield f"global {' '.join(property_text(*pair) for pair in entry.inherited)}"
            if entry.frame != self._frame:
                self._frame = entry.frame
                yield entry.frame
            yield region_text(entry)


def region_text(region: Region) -> str:
    """One region as a line in its frame: its own words where it is what they say."""
    if region.text and _read_again(region) == region:
        return region.text
    numbers = [part for point in region.points for part in position_text(*point, region.frame)]
    numbers += [length_text(size, region.size_unit) for size in region.sizes]
    if region.shape in {"ellipse", "box"}:
        numbers.append(f"{region.angle_deg:.10g}")
    sign = "" if region.include else "-"
    joined = " ||" if region.joined else ""
    words = " ".join(property_text(*pair) for pair in region.properties)
    comment = f" # {words}" if words else ""
    return f"{sign}{region.shape}({','.join(numbers)}){joined}{comment}"


def _read_again(region: Region) -> Region | None:
    reader = _Reader()
    reader.frame = reader.word = region.frame
    reader.inherited = region.inherited
    reader.take(1, region.text)
    entry = reader.entries[0] if reader.entries else None
    return entry if isinstance(entry, Region) else None


def property_text(key: str, value: str) -> str:
    """One property; text gets the marks that it does not itself contain."""
    if not value and key not in {"text", "tag", "font"}:
        return key
    if key not in {"text", "tag", "font"} and not re.search(r"[{}\"'=]", value):
        return f"{key}={value}"
    marks = sorted(_CLOSING.items(), key=lambda pair: pair[0] != '"') if key == "font" else None
    for opening, closing in marks or _CLOSING.items():
        if opening not in value and closing not in value:
            return f"{key}={opening}{value}{closing}"
    return f"{key}={{{value.replace('{', '(').replace('}', ')')}}}"


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
