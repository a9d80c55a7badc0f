"""The fields of a judgement, and how what an analyst enters becomes what is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping

from astrogui.errors import UsageProblem

FIELDS: tuple[str, ...] = ("user_class", "user_z", "user_quality", "user_tags", "user_comment")
# The grades of 2dF, OzDES and DESI: 0 no signal, 1 unusable, 2 doubtful, 3 probable, 4 certain,
# 6 a star.
QUALITIES: tuple[int, ...] = (0, 1, 2, 3, 4, 6)

Value = str | int | float | None


def normalised(values: Mapping[str, Value]) -> dict[str, str | None]:
    """Judgements as texts, the way in which they are kept; None and "" take one away.

    Tags are lower-case words, each once, in alphabetical order. Raises ``UsageProblem`` for a
    judgement that does not exist, a grade that is none, or a redshift that is no number above -1.
    """
    if unknown := set(values) - set(FIELDS):
        raise UsageProblem(
            f"There is no judgement {', '.join(sorted(unknown))}. "
            f"The judgements are: {', '.join(FIELDS)}."
        )
    return {name: _text(name, value) for name, value in values.items()}


def cells(judged: Mapping[str, str | None]) -> dict[str, Value]:
    """Kept judgements as cells of the catalogue, every field there, None where not judged."""
    quality, redshift = judged.get("user_quality"), judged.get("user_z")
    return {
        **{name: judged.get(name) for name in FIELDS},
        "user_quality": int(quality) if quality and quality.lstrip("-").isdigit() else None,
        "user_z": float(redshift) if redshift else None,
    }


def tags(text: str) -> tuple[str, ...]:
    """The words of a text of tags: ``"BAL, odd lines,bal"`` gives ``("bal", "odd-lines")``."""
    words = ("-".join(part.casefold().split()) for part in text.replace(";", ",").split(","))
    return tuple(sorted({word for word in words if word}))


def _text(name: str, value: Value) -> str | None:
    if value is None or (text := str(value).strip()) == "":
        return None
    if name == "user_quality":
        return _quality(text)
    if name == "user_z":
        return _redshift(text)
    if name == "user_tags":
        return ",".join(tags(text)) or None
    return text


def _quality(text: str) -> str:
    number = _number(text)
    if number not in QUALITIES:
        raise UsageProblem(
            f"“{text}” is no quality. Give one of {', '.join(map(str, QUALITIES))} "
            "(0 no signal, 1 unusable, 2 doubtful, 3 probable, 4 certain, 6 star)."
        )
    return str(int(number))


def _redshift(text: str) -> str:
    number = _number(text.replace("\u2212", "-"))
    if not (math.isfinite(number) and number > -1):
        raise UsageProblem(f"“{text}” is no redshift. Give a number above -1, such as 0.7321.")
    return repr(number + 0.0)  # -0 is 0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
