"""Units and numbers as text for axes and tables: "10⁻¹⁷ erg s⁻¹ cm⁻² Å⁻¹", "0.1234 ± 0.0005"."""

from __future__ import annotations

import math
import re

_SUPERSCRIPT = str.maketrans("-+0123456789./", "⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹·ᐟ")
_SYMBOL = {
    "angstrom": "Å",
    "angstroms": "Å",
    "aa": "Å",
    "ang": "Å",
    "a": "Å",
    "um": "µm",
    "micron": "µm",
    "microns": "µm",
    "arcsec": "″",
    "arcmin": "′",
    "deg": "°",
    "degree": "°",
    "solmass": "M☉",
    "msun": "M☉",
    "m_sun": "M☉",
    "sollum": "L☉",
    "ohm": "Ω",
    "jy": "Jy",
    "beam": "beam",
    "adu": "ADU",
    "nmgy": "nanomaggy",
    "maggy": "maggy",
    "electron": "e⁻",
    "percent": "%",
    "dimensionless": "",
    "pixel": "px",
    "pix": "px",
}
_ORDER = ("erg", "W", "J", "Jy", "s", "m", "cm", "m²", "Å", "nm", "µm", "Hz")
_TOKEN = re.compile(
    r"\s*(?:(?P<scale>[0-9.]+(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<name>[A-Za-zµΩÅ%_]+)|(?P<op>\*\*|[*/^().·,])|(?P<sign>[-+][0-9]+))"
)


def unit_text(unit: str) -> str:
    """A unit in the notation of papers, from astropy's or a file's way of writing it.

    "1e-17 erg / (Angstrom cm2 s)" becomes "10⁻¹⁷ erg s⁻¹ cm⁻² Å⁻¹". What cannot be taken apart
    comes back unchanged: better the file's own words than a wrong unit.
    """
    try:
        scale, powers = unit_powers(unit)
    except ValueError:
        return unit.strip()
    parts = [_scale_text(scale)] if scale != 1.0 else []
    ranked = sorted(powers.items(), key=lambda item: (item[1] < 0, _rank(item[0])))
    parts += [name + _power_text(power) for name, power in ranked if power]
    return " ".join(part for part in parts if part)


def with_unit(title: str, unit: str) -> str:
    """An axis label: "flux (10⁻¹⁷ erg s⁻¹ cm⁻² Å⁻¹)", or the title alone without a unit."""
    text = unit_text(unit)
    return f"{title} ({text})" if text else title


def _rank(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else -1


def power_of_ten_text(exponent: int) -> str:
    """ "10⁻¹⁷"."""
    return "10" + str(exponent).translate(_SUPERSCRIPT)


def _scale_text(scale: float) -> str:
    exponent = math.log10(scale) if scale > 0 else math.nan
    if math.isfinite(exponent) and abs(exponent - round(exponent)) < 1e-9:
        return power_of_ten_text(round(exponent))
    return f"{scale:g}"


def _power_text(power: float) -> str:
    return "" if power == 1 else f"{power:g}".translate(_SUPERSCRIPT)


def _tokens(unit: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    place = 0
    text = unit.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"no unit: {unit!r}")
        kind = match.lastgroup or ""
        found.append((kind, match.group(kind)))
        place = match.end()
    return found


def unit_powers(unit: str) -> tuple[float, dict[str, float]]:
    """Scale and power of each unit of a product or quotient, by the symbols of papers ("Å").

    Raises ``ValueError`` for what cannot be taken apart.
    """
    tokens = _tokens(unit)
    scale, sign, i = 1.0, 1, 0
    powers: dict[str, float] = {}
    depth: list[int] = []
    while i < len(tokens):
        kind, text = tokens[i]
        i += 1
        if kind == "op":
            if text == "/":
                sign = -_outer(depth)
            elif text == "(":
                depth.append(sign)
            elif text == ")":
                if not depth:
                    raise ValueError(unit)
                depth.pop()
                sign = _outer(depth)
            elif text in {"*", ".", "·", ","}:
                # "a / b * c" means (a / b) c, but a space keeps "a / (b c)" together by brackets.
                sign = _outer(depth)
            else:
                raise ValueError(unit)
            continue
        power, i = _power(tokens, i, kind)
        if kind == "scale":
            scale *= float(text) ** (power * sign)
        elif kind == "name":
            name = _SYMBOL.get(text.lower(), text)
            if name:
                powers[name] = powers.get(name, 0.0) + sign * power
        else:
            raise ValueError(unit)
        sign = _outer(depth)
    if depth:
        raise ValueError(unit)
    return scale, powers


def _outer(depth: list[int]) -> int:
    return depth[-1] if depth else 1


def _power(tokens: list[tuple[str, str]], i: int, kind: str) -> tuple[float, int]:
    """The exponent that follows token i - 1 (1 where there is none) and the next place."""
    explicit = i < len(tokens) and tokens[i][1] in {"**", "^"}
    i += int(explicit)
    bracketed = _bracketed_number(tokens, i) if explicit or kind == "name" else None
    if bracketed is not None:
        return bracketed
    if i < len(tokens) and (tokens[i][0] == "sign" or (explicit and tokens[i][0] == "scale")):
        return float(tokens[i][1]), i + 1
    follows = kind == "name" and i < len(tokens) and tokens[i][0] == "scale"
    if follows and re.fullmatch(r"[0-9]", tokens[i][1]):
        return float(tokens[i][1]), i + 1
    if explicit:
        raise ValueError("exponent")
    return 1.0, i


def _bracketed_number(tokens: list[tuple[str, str]], i: int) -> tuple[float, int] | None:
    """The number in "(-2)" or "(1/2)" from token i, and the next place; None for anything else."""
    inside = [text for _, text in tokens[i : i + 5]]
    if len(inside) < 3 or inside[0] != "(" or tokens[i + 1][0] not in {"sign", "scale"}:
        return None
    if inside[2] == ")":
        return float(inside[1]), i + 3
    if len(inside) == 5 and inside[2] == "/" and inside[4] == ")" and tokens[i + 3][0] == "scale":
        return float(inside[1]) / float(inside[3]), i + 5
    return None


def number_text(value: float, uncertainty: float = math.nan) -> str:
    """A value to two digits of its uncertainty, or to five digits where there is none."""
    if not math.isfinite(value):
        return "–"
    if not math.isfinite(uncertainty) or uncertainty <= 0:
        return _minus(f"{value:.5g}")
    digits = decimals(uncertainty)
    if digits > 12 or abs(value) >= 1e7:
        return _minus(f"{value:.5g}")
    return _minus(f"{value:.{max(digits, 0)}f}")


def decimals(uncertainty: float) -> int:
    """Decimal places that keep two digits of an uncertainty."""
    return 1 - math.floor(math.log10(uncertainty))


def interval_text(value: float, low: float, high: float) -> str:
    """ "0.1234 +0.0005 −0.0004": the value with the distances to the ends of an interval."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return number_text(value)
    up, down = high - value, value - low
    if up < 0 or down < 0:
        return f"{number_text(value)} [{number_text(low)}, {number_text(high)}]"
    smallest = min((width for width in (up, down) if width > 0), default=math.nan)
    if not math.isfinite(smallest):
        return number_text(value)
    places = min(max(decimals(smallest), 0), 12)
    return _minus(f"{value:.{places}f}") + f" +{up:.{places}f} −{down:.{places}f}"


def percent_text(probability: float) -> str:
    """ "98.2 %", "> 99.9 %", "< 0.1 %"; a probability is never shown as certainty."""
    if not math.isfinite(probability):
        return "–"
    if probability > 0.999:
        return "> 99.9 %"
    if probability < 0.001:
        return "< 0.1 %"
    return f"{100 * probability:.1f} %"


def _minus(text: str) -> str:
    return text.replace("-", "−")
