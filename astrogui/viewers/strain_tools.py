"""The tools of the strain view: what each does, its key, and the bar that shows the usual ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolBar

if TYPE_CHECKING:
    from astrogui.viewers.strain_view import StrainView

SHOWN = (  # product, words, key, tip, whether it is shown at first
    ("raw", "&Raw strain", "R", "Strain as it was recorded", False),
    ("strain", "S&train", "T", "Strain without what lies below 13 Hz", True),
    ("whitened", "&Whitened", "W", "Strain divided by its noise, in standard deviations", True),
    ("band", "In the &band", "F", "Whitened strain between two frequencies", False),
    ("map", "Energy &map", "Q", "Energy over time and frequency, per mean energy of noise", True),
    ("quality", "&Quality bits", "U", "Every bit of data quality and injections by name", False),
    ("asd", "&Noise", "D", "Amplitude spectral density of each detector", True),
)

SHORT = {  # words on the buttons
    "raw": "Raw", "strain": "Strain", "whitened": "Whitened", "band": "Band", "map": "Map",
    "quality": "Quality", "asd": "Noise",
}  # fmt: skip


def add_tools(view: StrainView) -> None:
    """Make the tools, in the order of the menu."""
    for product, text, key, tip, checked in SHOWN:
        view.add_tool(f"show_{product}", text, view.on_shown, (key,), tip, checked=checked)
    _add_times(view)
    _add_cursor(view)
    _add_answer(view)
    _add_noise(view)
    _add_detectors(view)
    _add_sound(view)
    _add_live(view)


def tool_bar(view: StrainView) -> QToolBar:
    """The usual tools as buttons, in words."""
    bar = QToolBar(view)
    bar.setAccessibleName("Strain tools")
    bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    for product, *_ in SHOWN:
        bar.addAction(view.tools[f"show_{product}"])
        view.tools[f"show_{product}"].setIconText(SHORT[product])
    bar.addSeparator()
    for name in ("show_all", "show_merger", "closer", "farther"):
        bar.addAction(view.tools[name])
    bar.addSeparator()
    for name in ("measure", "align", "overlay", "spectrogram", "play"):
        bar.addAction(view.tools[name])
    for name, text in (("closer", "+"), ("farther", "−"), ("show_all", "All"),
                       ("show_merger", "Merger"), ("play", "Play")):  # fmt: skip
        view.tools[name].setIconText(text)
    return bar


def _add_times(view: StrainView) -> None:
    add, below = view.add_tool, "&Time"
    add("show_all", "&All the time there is", view.show_all, ("A",), submenu=below)
    tip = "Half a second about the merger"
    add("show_merger", "The mer&ger", view.show_event, ("G",), tip, below).setEnabled(False)
    add("closer", "&Shorter time", view.closer, ("+", "="), submenu=below)
    add("farther", "&Longer time", view.farther, ("-",), submenu=below)
    add("earlier", "&Earlier", view.earlier, ("[",), "Half a screen back", below)
    add("later", "La&ter", view.later, ("]",), "Half a screen on", below)
    add("back", "&Back to the span before", view.back, ("Backspace",), submenu=below)
    add(
        "merger_time", "Count from the &merger", view.count_from_merger, ("Y",),
        "Write times as seconds after the merger instead of GPS", below, checked=False,
    )  # fmt: skip
    add(
        "keep_heights", "&Keep heights", view.keep_heights, ("Shift+H",),
        "Leave the vertical axes as they are; the wheel scales them too", below, checked=False,
    )  # fmt: skip


def _add_cursor(view: StrainView) -> None:
    cursor = view.cursor_tool
    view.add_tool(
        "cross", "&Cross-hair", cursor.show_cross, ("H",),
        "A line at the mouse's time in every plot, with values", checked=True,
    )  # fmt: skip
    view.add_tool(
        "measure", "M&easure", cursor.measure, ("M",),
        "Click at two times: Δt and 1/Δt", checked=False,
    )  # fmt: skip


def _add_answer(view: StrainView) -> None:
    below = "&Answer"
    view.add_tool(
        "waveform", "&Waveform over the data", view.on_answer_drawn, ("E",),
        "The answer's median waveform and its 90 % over the whitened strain", below, checked=True,
    )  # fmt: skip
    view.add_tool(
        "track", "&Track on the map", view.on_answer_drawn, ("J",),
        "Time and frequency of the answer's median binary", below, checked=True,
    )  # fmt: skip


def _add_noise(view: StrainView) -> None:
    for name, text, slot, key, tip, checked in (
        ("spectrogram", "Spectro&gram", view.on_map_kind, "X",
         "Amplitude density over time instead of energy in tiles of constant Q", False),
        ("design", "&Design curves", view.noise.show_design, "Shift+D",
         "Design sensitivities of the detectors shown, from published fits", True),
        ("einstein", "&Einstein Telescope", view.noise.show_einstein, "Shift+E",
         "The design of a detector to come, beside the others", False),
        ("noise_now", "Noise &on the screen", view.on_noise_now, "Shift+N",
         "Also the density of the stretch on the screen, pale", False),
        ("band_row", "&Band…", view.band_row.setVisible, "Shift+F",
         "Choose the frequencies of the band-passed strain", False),
    ):  # fmt: skip
        view.add_tool(name, text, slot, (key,), tip, "&Noise and map", checked=checked)


def _add_detectors(view: StrainView) -> None:
    below = "&Detectors"
    for number, words in ((1, "&First"), (2, "&Second"), (3, "&Third")):
        view.add_tool(
            f"detector_{number}", f"{words} detector", view.on_shown, (f"Alt+Shift+{number}",),
            "Show or hide all plots of this detector", below, checked=True,
        )  # fmt: skip
    for name, text, slot, key, tip, checked in (
        ("plots", "&Plots of each detector…", view.choose_plots, "Shift+P",
         "Choose for each detector which plots are stacked", None),
        ("abreast", "Side by si&de", view.set_abreast, "Shift+S",
         "Detectors in columns instead of one below the other", False),
        ("align", "&Align", view.comparing.align, "L",
         "Find the shift, within the light-travel time, and the sign that lay each detector on "
         "the first", None),
        ("overlay", "&Overlay", view.on_overlay, "O",
         "Draw the first detector behind the others, in grey", False),
        ("compare_row", "Shift and in&vert…", view.compare_row.setVisible, "Shift+L",
         "Shift and sign of each detector by hand", False),
    ):  # fmt: skip
        view.add_tool(name, text, slot, (key,), tip, below, checked=checked)


def _add_sound(view: StrainView) -> None:
    below = "So&und"
    view.add_tool(
        "save_sound", "&Save as WAV…", view.hearing.save, ("K",),
        "What is on the screen, whitened and in the band; first detectors left and right", below,
    )  # fmt: skip
    view.add_tool(
        "play_sound", "Open in &player", view.hearing.play, ("Shift+K",),
        "The same in the system's player of sounds", below,
    )  # fmt: skip
    view.add_tool(
        "raise_pitch", "&Raise by 400 Hz", view.hearing.raise_pitch, ("Shift+J",),
        "Every frequency 400 Hz higher, where small loudspeakers hear it", below, checked=False,
    )  # fmt: skip


def _add_live(view: StrainView) -> None:
    below, player = "&Live", view.player
    view.add_tool(
        "play", "&Play or pause", view.toggle_play, ("V",),
        "Let the record pass at the speed of the detector, or faster", below,
    )  # fmt: skip
    view.add_tool("faster", "&Faster", player.faster, (".",), "Up to 64 times", below)
    view.add_tool("slower", "&Slower", player.slower, (",",), "Down to real time", below)
    view.add_tool(
        "live_row", "&Controls", view.live_row.setVisible, ("Shift+V",),
        "Play, pause, speed and place", below, checked=False,
    )  # fmt: skip
    view.add_tool(
        "newest", "To the &newest", view.show_newest, ("Z",), "The end of the record", below
    )
