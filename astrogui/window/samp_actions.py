"""The actions of the menu "Interop", and the messages that each of them sends."""

from __future__ import annotations

from pathlib import Path

from astrogui.window.actions import Spec

MENU = "&Interop"
SPECS = (
    Spec("samp_connect", MENU, "&Connect to other programs", ("Ctrl+Alt+Shift+C",),
         "Join the SAMP hub that TOPCAT, DS9 and Aladin talk through", is_checkable=True),
    Spec("samp_table", MENU, "Send &table", ("Ctrl+Alt+T",),
         "All rows of the catalogue, to every program that takes tables", starts_group=True),
    Spec("samp_rows", MENU, "Send &selected rows", ("Ctrl+Alt+Shift+T",),
         "A table of the selected rows, to every program that takes tables"),
    Spec("samp_file", MENU, "Send image or spect&rum", ("Ctrl+Alt+Shift+I",),
         "The file that is shown, to every program that takes its kind"),
    Spec("samp_point", MENU, "Send &position", ("Ctrl+Alt+Shift+P",),
         "Point every program at the position of the current row"),
    Spec("samp_highlight", MENU, "Send &highlight", ("Ctrl+Alt+Shift+H",),
         "Highlight the selected rows in the table that was sent last"),
    Spec("samp_link", MENU, "&Link the current row", ("Ctrl+Alt+Shift+K",),
         "Send highlight and position whenever another row becomes current", starts_group=True,
         is_checkable=True),
    Spec("samp_web", MENU, "Take files from the &network", ("Ctrl+Alt+Shift+W",),
         "Fetch what other programs offer from other computers; else this computer alone",
         is_checkable=True),
)  # fmt: skip
# What is sent, the action, and the messages that a program must take one of.
KINDS = (
    ("samp_table", "table", ("table.load.votable", "table.load.fits")),
    ("samp_rows", "selected rows", ("table.load.votable", "table.load.fits")),
    ("samp_file", "image or spectrum", ("image.load.fits", "spectrum.load.ssa-generic")),
    ("samp_point", "position", ("coord.pointAt.sky",)),
    ("samp_highlight", "highlight", ("table.highlight.row", "table.select.rowList")),
)
FILES = {"image": "image.load.fits", "spectrum": "spectrum.load.ssa-generic"}
LOADS = {
    "table.load.votable": "table", "table.load.fits": "table", "image.load.fits": "image",
    "spectrum.load.ssa-generic": "spectrum",
}  # fmt: skip


def media_type(path: str) -> str:
    ending = Path(path).suffix.lower()
    return {".vot": "application/x-votable+xml", ".xml": "application/x-votable+xml",
            ".csv": "text/csv", ".txt": "text/plain"}.get(ending, "application/fits")  # fmt: skip
