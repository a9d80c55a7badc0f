"""What the strain view says in words above its plots."""

from __future__ import annotations

from collections.abc import Collection
from html import escape

from astrogui.records.flags import Flag
from astrogui.records.strain import Network
from astrogui.viewers.colours import Theme
from astrogui.viewers.gps_time import utc_text

SEPARATOR = " &nbsp;·&nbsp; "


def title_of(network: Network, sample_rates_hz: Collection[float]) -> str:
    """Detectors, start, length and rates, as rich text."""
    names = ", ".join(name or "unknown detector" for name in network.detectors)
    shared_s = network.gps_end - network.gps_start
    return SEPARATOR.join(
        [
            f"<b>{escape(names)}</b>",
            f"GPS {network.gps_start:.10g} ({utc_text(network.gps_start)})",
            f"{shared_s:g} s at {', '.join(f'{rate:g}' for rate in sorted(sample_rates_hz))} Hz",
        ]
    )


def flag_words(flags: Flag, theme: Theme) -> str:
    """A warning of an answer's flags, as rich text; "" for none."""
    if not flags:
        return ""
    words = escape("; ".join(flags.words()))
    return f" &nbsp;<span style='color:{theme.warning}'>⚠ {words}</span>"


def notes_of(network: Network) -> tuple[str, ...]:
    """The reader's remarks, each once, with the detector that they are about."""
    notes = [
        f"{strain.detector}: {note}" if strain.detector else note
        for strain in network.strains
        for note in strain.notes
    ]
    return tuple(dict.fromkeys(notes))
