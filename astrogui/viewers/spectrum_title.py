"""The words round a spectrum: its name, class, redshift and doubts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from astrogui.records.flags import Flag
from astrogui.records.posterior import Posterior
from astrogui.viewers.colours import Theme
from astrogui.viewers.spectrum_redshift import ShownRedshift
from astrogui.viewers.unit_text import interval_text, number_text, percent_text

Row = Mapping[str, Any]


def number_of(value: Any) -> float | None:
    """A cell as a number; None where it is empty or not finite."""
    if value is None or value == "":
        return None
    return float(value) if np.isfinite(float(value)) else None


def redshift_of(row: Row, posterior: Posterior | None) -> float | None:
    """The answer's redshift, from the posterior or else from the row."""
    if posterior is not None:
        names = [parameter.name for parameter in posterior.parameters]
        if "z" in names and np.isfinite(posterior.value("z")):
            return posterior.value("z")
    return number_of(row.get("z"))


def class_of(row: Row, posterior: Posterior | None, state: ShownRedshift) -> str:
    """The class of the peak in use, else the most probable one; "" without any."""
    if 0 < state.peak < len(state.peaks):
        return state.peaks[state.peak].cls
    if posterior is not None and posterior.most_probable_class:
        return posterior.most_probable_class
    return str(row.get("class") or "")


def answer_words(row: Row, posterior: Posterior | None) -> list[str]:
    """Class with its probability, redshift with its interval and that interval's level."""
    words = []
    if posterior is not None and posterior.most_probable_class:
        cls = posterior.most_probable_class
        words.append(f"{escape(cls)} {percent_text(posterior.probability(cls))}")
    elif row.get("class"):
        words.append(escape(str(row["class"])))
    z = redshift_of(row, posterior)
    if z is None:
        return words
    low, high = row.get("z_lo68"), row.get("z_hi68")
    if posterior is not None and "z" in [p.name for p in posterior.parameters]:
        low, high = posterior.interval("z", 0.68)
    if low is None or high is None:
        words.append(f"z = {number_text(z)}")
    else:
        words.append(f"z = {interval_text(z, float(low), float(high))} (68 %)")
    if row.get("confident") is False:
        words.append("not confident")
    return words


def title_html(
    name: str, words: Sequence[str], judged: float | None, flags: Flag, theme: Theme
) -> str:
    """Name and words, the redshift by hand, and what is doubtful."""
    parts = [f"<b>{escape(name)}</b>", *words]
    if judged is not None:
        parts.append(f"<span style='color:{theme.good}'>z by hand = {judged:.5f}</span>")
    text = " &nbsp;·&nbsp; ".join(parts)
    if flags:
        doubts = escape("; ".join(flags.words()))
        text += f" &nbsp;<span style='color:{theme.warning}'>⚠ {doubts}</span>"
    return text


class SpectrumLabels:
    """The words round the plots: title and remarks above, redshift and read-out below."""

    def __init__(self) -> None:
        self.title = _label("Object and answer")
        self.title.setTextFormat(Qt.TextFormat.RichText)
        self.title.setWordWrap(True)
        self.notes = _label("Remarks of the reader")
        self.redshift = _label("Redshift of the lines")
        self.readout = QLabel(" ")
        self.readout.setAccessibleName("Values under the cursor")
        for words in (self.readout, self.redshift, self.notes):
            words.setMinimumWidth(1)  # long words are cut, they never widen the window

    def show_title(
        self, name: str, words: Sequence[str], judged: float | None, flags: Flag, theme: Theme
    ) -> None:
        self.title.setText(title_html(name, words, judged, flags, theme))
        self.title.setToolTip("; ".join(flags.words()))


def _label(name: str) -> QLabel:
    label = QLabel()
    label.setAccessibleName(name)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
