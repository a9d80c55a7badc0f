"""What the results view says of an answer in words: head, doubts, bars, provenance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from astrogui.records.flags import Flag
from astrogui.records.posterior import Posterior
from astrogui.records.provenance import AnswerProvenance
from astrogui.viewers.colours import Theme
from astrogui.viewers.unit_text import percent_text


def head_html(name: str, task_title: str, posterior: Posterior) -> str:
    """Object, analysis and the most probable class."""
    parts = [f"<b>{escape(name)}</b>"]
    if task_title:
        parts.append(escape(task_title))
    cls = posterior.most_probable_class
    if cls:
        parts.append(f"{escape(cls)} {percent_text(posterior.probability(cls))}")
    return " &nbsp;·&nbsp; ".join(parts)


def doubts_html(posterior: Posterior, theme: Theme) -> str:
    """Each flag with what to do about it, the novelty, and the task's own note."""
    lines = []
    for words, advice in zip(posterior.flags.words(), posterior.flags.advice(), strict=True):
        warned = f"<span style='color:{theme.warning}'>⚠ {escape(words)}.</span>"
        lines.append(f"{warned} {escape(advice)}")
    if posterior.flags == Flag.NONE:
        lines.append(f"<span style='color:{theme.good}'>✓ no doubts raised</span>")
    if math.isfinite(posterior.novelty):
        lines.append(f"novelty {posterior.novelty:.2f} (doubtful above 1)")
    if posterior.note:
        lines.append(escape(posterior.note))
    return "<br>".join(lines)


def bars_words(posterior: Posterior) -> str:
    """What the bars of the classes mean."""
    if posterior.class_quantiles is None:
        return "Probability of each class."
    return (
        "Probability of each class. Line and brackets: the middle 90 % of equally good networks "
        "(epistemic interval)."
    )


def provenance_html(row: Mapping[str, Any], provenance: AnswerProvenance | None) -> str:
    """Where an answer comes from, a line for each fact; of a row alone what the row tells."""
    lines: list[tuple[str, str]] = []
    if provenance is not None:
        versions = ", ".join(f"{name} {version}" for name, version in provenance.versions)
        options = ", ".join(f"{name} = {value}" for name, value in provenance.options)
        lines = [
            ("model", f"{provenance.model} (SHA-256 {provenance.model_sha256[:12]}…)"),
            ("method", f"{provenance.method}, preparation {provenance.preparation or '1'}"),
            ("computed", f"{provenance.computed_at} in {provenance.duration_s:.2f} s"),
            ("by", f"{provenance.backend} on {provenance.device}, seed {provenance.seed}"),
            ("with", f"application {provenance.application}" + (f", {versions}" * bool(versions))),
            ("options", options),
        ]
    else:
        model = str(row.get("model") or "")
        digest = str(row.get("model_sha256") or "")
        lines = [("model", f"{model} (SHA-256 {digest[:12]}…)" if digest else model)]
    lines.append(("file", str(row.get("file") or "")))
    shown = [f"<b>{name}</b>&nbsp; {escape(text)}" for name, text in lines if text]
    return "<br>".join(shown)
