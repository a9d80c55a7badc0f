"""Results as text and as LaTeX, rounded as papers round: 30.7 +1.2 −1.1 M☉."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from astrogui.records.posterior import Parameter, Posterior
from astrogui.viewers.unit_text import unit_powers, unit_text

LEVEL = 0.68
DIGITS = 2  # of the smaller error
LARGEST_PLAIN, SMALLEST_PLAIN = 1e6, 1e-4
_LATEX_SYMBOLS = {
    "M☉": r"M_\odot",
    "L☉": r"L_\odot",
    "Å": r"\mathrm{\AA}",
    "°": r"\mathrm{deg}",
    "″": r"\mathrm{arcsec}",
    "′": r"\mathrm{arcmin}",
    "µm": r"\mu\mathrm{m}",
    "Ω": r"\Omega",
    "%": r"\%",
}


def rounded(value: float, minus: float, plus: float) -> tuple[str, str, str, int]:
    """(value, minus, plus, power of ten): all to one decimal place, set by the smaller error.

    That error keeps two significant digits. The power is zero unless the number would be longer
    than is readable; then the texts are to be multiplied by ten to it.
    """
    size = max(abs(value), minus, plus)
    power = 0
    if size >= LARGEST_PLAIN or 0 < size < SMALLEST_PLAIN:
        power = math.floor(math.log10(size))
    value, minus, plus = (number / 10.0**power for number in (value, minus, plus))
    places = _places(min(error for error in (minus, plus) if error > 0) if minus + plus else 0.0)
    return _fixed(value, places), _fixed(minus, places), _fixed(plus, places), power


def latex_value(value: float, low: float, high: float, unit: str = "") -> str:
    """ "$30.7^{+1.2}_{-1.1}\\,M_\\odot$": a value with its errors; "--" without an answer."""
    if not all(map(math.isfinite, (value, low, high))):
        return "--"
    text, minus, plus, power = rounded(value, max(value - low, 0.0), max(high - value, 0.0))
    if minus == plus:
        body = rf"{text} \pm {plus}" if float(plus) else text
        body = f"({body})" if (power or unit) and float(plus) else body
    else:
        body = f"{text}^{{+{plus}}}_{{-{minus}}}"
        body = f"({body})" if power else body
    if power:
        body += rf" \times 10^{{{power}}}"
    words = latex_unit(unit)
    return f"${body}" + (rf"\,{words}" if words else "") + "$"


def plain_value(value: float, low: float, high: float, unit: str = "") -> str:
    """ "30.7 +1.2 −1.1 M☉"; "no answer" without one."""
    if not all(map(math.isfinite, (value, low, high))):
        return "no answer"
    text, minus, plus, power = rounded(value, max(value - low, 0.0), max(high - value, 0.0))
    errors = f"± {plus}" if minus == plus else f"+{plus} −{minus}"
    body = f"{text} {errors}" if float(plus) or float(minus) else text
    body = f"({body}) × 10^{power}" if power else body
    return f"{body} {unit_text(unit)}".rstrip()


def latex_unit(unit: str) -> str:
    """A unit in LaTeX, without packages: "\\mathrm{erg}\\,\\mathrm{s}^{-1}"; "" for none."""
    try:
        scale, powers = unit_powers(unit)
    except ValueError:
        return rf"\mathrm{{{_escaped(unit.strip())}}}"
    parts = []
    if scale != 1.0:
        exponent = math.log10(scale) if scale > 0 else math.nan
        whole = math.isfinite(exponent) and abs(exponent - round(exponent)) < 1e-9
        parts.append(f"10^{{{round(exponent)}}}" if whole else f"{scale:g}")
    for name, power in sorted(powers.items(), key=lambda item: item[1] < 0):
        if not name or not power:
            continue
        symbol = _LATEX_SYMBOLS.get(name, rf"\mathrm{{{_escaped(name)}}}")
        parts.append(symbol if power == 1 else f"{symbol}^{{{power:g}}}")
    return r"\,".join(parts)


def axis_title(title: str, unit: str, longest: int = 16) -> str:
    """A title with its unit for an axis, as HTML, in lines of at most ``longest`` characters.

    The unit stays in one piece; a word that is longer stays whole.
    """
    words = unit_text(unit)
    pieces = [*title.split(), *([f"({words})".replace(" ", "\u00a0")] if words else [])]
    lines: list[str] = []
    for piece in pieces:
        if lines and len(lines[-1]) + 1 + len(piece) <= longest:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return "<br>".join(escape(line) for line in lines)


def answer_text(name: str, title: str, posterior: Posterior) -> str:
    """The answer in lines: object, each quantity with its 68 % interval, classes, doubts."""
    lines = [f"{name}: {title}".strip(": ")]
    lines += [
        f"{parameter.title or parameter.name} = {plain_value(*_with_errors(posterior, parameter))}"
        for parameter in posterior.parameters
    ]
    if posterior.class_probability is not None:
        shares = sorted(zip(posterior.class_probability, posterior.classes, strict=True))[::-1]
        lines += [f"P({cls}) = {100 * share:.1f} %" for share, cls in shares]
    if posterior.parameters:
        lines.append("Errors: 68 % equal-tailed interval.")
    lines += [f"Doubt: {words}" for words in posterior.flags.words()]
    return "\n".join(lines)


def answer_latex(posterior: Posterior) -> str:
    """Lines "name & $value$ \\\\" to be pasted into a table of a paper."""
    lines = [
        f"{_escaped(parameter.title or parameter.name)} & "
        f"{latex_value(*_with_errors(posterior, parameter))} \\\\"
        for parameter in posterior.parameters
    ]
    if posterior.class_probability is not None:
        lines += [
            f"$P(\\mathrm{{{_escaped(cls)}}})$ & ${share:.3f}$ \\\\"
            for cls, share in zip(posterior.classes, posterior.class_probability, strict=True)
        ]
    return "\n".join(lines)


def table_text(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows as tab-separated lines under their heads."""
    return "\n".join("\t".join(cells) for cells in (heads, *rows))


def _with_errors(posterior: Posterior, parameter: Parameter) -> tuple[float, float, float, str]:
    """The value to quote with its interval; the median where the value lies outside it."""
    low, high = posterior.interval(parameter.name, LEVEL)
    value = posterior.value(parameter.name)
    if not low <= value <= high:
        value = posterior.median(parameter.name)
    return value, low, high, parameter.unit


def _places(error: float) -> int:
    """Decimal places that leave two significant digits of an error, after its own rounding."""
    if not error > 0:
        return 4
    places = DIGITS - 1 - math.floor(math.log10(error))
    again = DIGITS - 1 - math.floor(math.log10(round(error, places)))
    return min(places, again)


def _fixed(value: float, places: int) -> str:
    text = f"{round(value, places):.{max(places, 0)}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _escaped(text: str) -> str:
    for sign in "&%$#_{}":
        text = text.replace(sign, f"\\{sign}")
    return text
