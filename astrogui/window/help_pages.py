"""The pages of the Help menu."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, qVersion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

import astrogui
from astrogui.window.directory import Entry, keyboard_map
from astrogui.window.resource import resource


class Page(QDialog):
    """A text in a window of its own, beside the main window."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.browser = QTextBrowser(self)
        self.browser.setAcceptDrops(False)
        self.browser.viewport().setAcceptDrops(False)
        self.browser.setOpenExternalLinks(False)
        self.browser.setAccessibleName(title)
        self.browser.document().setDocumentMargin(14)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.addWidget(self.browser)
        column.addWidget(buttons)
        self.resize(640, 560)


def formats_page(parent: QWidget) -> Page:
    """What can be dropped on the window."""
    page = Page("File formats", parent)
    page.browser.setHtml(resource("text/formats.html").read_text("utf-8"))
    return page


def keyboard_page(found: Iterable[Entry], parent: QWidget) -> Page:
    """Every key, made from the actions and tools themselves."""
    page = Page("Keyboard", parent)
    page.browser.setHtml(keyboard_map(found))
    return page


def news_page(parent: QWidget) -> Page:
    """The changelog."""
    page = Page("What is new", parent)
    page.browser.setMarkdown(changes())
    return page


def about_page(parent: QWidget) -> Page:
    """Version, versions of what it stands on, licence."""
    page = Page("About AstroGUI", parent)
    name = QCoreApplication.translate("about", "AstroGUI")
    page.resize(560, 330)
    page.browser.setHtml(
        f"<h2>{name} {astrogui.__version__}</h2>"
        "<p>One window for survey images, spectra and gravitational-wave strain, with calibrated "
        "answers.</p>"
        f"<p>Python {platform.python_version()}, Qt {qVersion()}. BSD 3-Clause licence.</p>"
        "<p>Answers come from networks trained on simulations. Every answer shows its interval, "
        "its doubts, and a model card that says what it was tested on.</p>"
    )
    return page


def changes() -> str:
    """The text of CHANGELOG.md, from the checkout or the installation."""
    for folder in (Path(astrogui.__file__).parents[1], resource("text")):
        path = folder / "CHANGELOG.md"
        if path.is_file():
            return path.read_text("utf-8")
    return f"Version {astrogui.__version__}"
