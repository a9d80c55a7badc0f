"""The user guide in a window of its own: contents, search, pages that lead to each other."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, QUrl, Signal
from PySide6.QtGui import QKeySequence, QShortcut, QTextCursor, QTextDocument
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTextBrowser,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from astrogui.window.guide_pages import Found, GuidePage, headings, plain, search, slug
from astrogui.window.resource import resource

PAGE = Qt.ItemDataRole.UserRole
HEADING = Qt.ItemDataRole.UserRole + 1
MOST_FOUND = 200


class GuideBrowser(QTextBrowser):
    """Shows Markdown pages by name; a link to ``name.md#heading`` asks for that page."""

    wanted = Signal(str, str)  # page, slug of a heading or ""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Page of the user guide")
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.setOpenLinks(False)
        self.setSearchPaths([str(resource("guide"))])
        self.anchorClicked.connect(self._on_link)

    def show_page(self, page: GuidePage, heading: str = "") -> None:
        """Show a page, from a heading on where one is given by its slug."""
        self.document().setDefaultStyleSheet("")
        self.setMarkdown(page.text)
        self._loosen()
        if heading:
            self._go_to(heading)

    def _loosen(self) -> None:
        """Space between paragraphs and inside tables: Markdown as Qt reads it stands tight."""
        self.document().setDocumentMargin(14)
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        block = self.document().begin()
        while block.isValid():
            cursor.setPosition(block.position())
            table = cursor.currentTable()
            if table is not None and table.format().cellPadding() < 4:
                layout = table.format()
                layout.setCellPadding(4)
                layout.setCellSpacing(0)
                layout.setBorderCollapse(True)
                table.setFormat(layout)
            block = block.next()
        cursor.endEditBlock()
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def _go_to(self, heading: str) -> None:
        block = self.document().begin()
        while block.isValid():
            if block.blockFormat().headingLevel() and slug(block.text()) == heading:
                self.setTextCursor(QTextCursor(block))
                top = self.document().documentLayout().blockBoundingRect(block).top()
                self.verticalScrollBar().setValue(round(top) - 6)
                return
            block = block.next()

    def mark(self, words: Sequence[str]) -> None:
        """Select the first of the words, so that it is seen."""
        for word in words:
            if self.find(word, QTextDocument.FindFlag(0)):
                return

    def _on_link(self, url: QUrl) -> None:
        name = url.path().rpartition("/")[2]
        if url.isRelative() and (name.endswith(".md") or not name):
            self.wanted.emit(name.removesuffix(".md"), url.fragment())


class GuideWindow(QDialog):
    """Stands beside the main window; F1 brings it to the page of what has the focus."""

    def __init__(self, pages: Sequence[GuidePage], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowFlag(Qt.WindowType.WindowMinMaxButtonsHint)
        self.setWindowTitle("User guide")
        self._pages = {page.name: page for page in pages}
        self._past: list[tuple[str, str]] = []
        self._here: tuple[str, str] = ("", "")
        self.browser = GuideBrowser(self)
        self.browser.wanted.connect(self._on_wanted)
        self.search = QLineEdit(self)
        self.search.setPlaceholderText("Search the guide (Ctrl+F)")
        self.search.setAccessibleName("Search the guide")
        self.search.setClearButtonEnabled(True)
        self.search.setAcceptDrops(False)
        self.search.textChanged.connect(self._on_search)
        self.contents = QTreeWidget(self)
        self.contents.setHeaderHidden(True)
        self.contents.setAccessibleName("Contents")
        self.contents.currentItemChanged.connect(self._on_chapter)
        self.found = QListWidget(self)
        self.found.setAccessibleName("Places found")
        self.found.setWordWrap(True)
        self.found.currentItemChanged.connect(self._on_found)
        self._none = QLabel("", self)
        self._none.setWordWrap(True)
        self._none.setMargin(8)
        self._none.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.back = QPushButton("&Back", self)
        self.back.setAutoDefault(False)
        self.back.setEnabled(False)
        self.back.clicked.connect(self.go_back)
        self._lay_out()
        for keys, slot in (("Ctrl+F", self._on_search_key), ("Alt+Left", self.go_back)):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)
        self._fill_contents(pages)

    def sizeHint(self) -> QSize:
        return QSize(980, 680)

    def _lay_out(self) -> None:
        self._left = QStackedWidget(self)
        for widget in (self.contents, self.found, self._none):
            self._left.addWidget(widget)
        side = QWidget(self)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        top = QHBoxLayout()
        top.addWidget(self.back)
        top.addWidget(self.search, 1)
        column.addLayout(top)
        column.addWidget(self._left, 1)
        splitter = QSplitter(self)
        splitter.addWidget(side)
        splitter.addWidget(self.browser)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([290, 690])
        QVBoxLayout(self).addWidget(splitter)

    def _fill_contents(self, pages: Sequence[GuidePage]) -> None:
        for page in pages:
            chapter = QTreeWidgetItem(self.contents, [plain(page.title)])
            chapter.setData(0, PAGE, page.name)
            for level, words in headings(page.text):
                if level == 2:
                    section = QTreeWidgetItem(chapter, [plain(words)])
                    section.setData(0, PAGE, page.name)
                    section.setData(0, HEADING, slug(words))

    # -- going from page to page -----------------------------------------------------------

    @property
    def page(self) -> str:
        """The name of the page shown."""
        return self._here[0]

    def has(self, name: str) -> bool:
        return name in self._pages

    def open_page(self, name: str, heading: str = "") -> None:
        """Show a page by its name; a name that there is not shows the entrance."""
        name = name if name in self._pages else next(iter(self._pages), "")
        if not name or (name, heading) == self._here:
            return
        if self._here[0]:
            self._past.append(self._here)
        self._show(name, heading)

    def go_back(self) -> None:
        """The page that was shown before."""
        if self._past:
            self._show(*self._past.pop())

    def _show(self, name: str, heading: str) -> None:
        self._here = (name, heading)
        self.browser.show_page(self._pages[name], heading)
        self.back.setEnabled(bool(self._past))
        for row in range(self.contents.topLevelItemCount()):
            chapter = self.contents.topLevelItem(row)
            if chapter is not None and chapter.data(0, PAGE) == name:
                chapter.setExpanded(True)
                if self.contents.currentItem() is None or not heading:
                    before = self.contents.blockSignals(True)
                    self.contents.setCurrentItem(chapter)
                    self.contents.blockSignals(before)

    def _on_wanted(self, name: str, heading: str) -> None:
        self.open_page(name or self.page, heading)

    def _on_chapter(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self.open_page(item.data(0, PAGE), item.data(0, HEADING) or "")

    # -- search ----------------------------------------------------------------------------

    def _on_search_key(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def _on_search(self, words: str) -> None:
        if not words.strip():
            self._left.setCurrentWidget(self.contents)
            return
        places = search(self._pages.values(), words)[:MOST_FOUND]
        self.found.clear()
        for place in places:
            self.found.addItem(self._entry(place))
        self._none.setText(f"The guide has no place with “{words.strip()}”. Try fewer words.")
        self._left.setCurrentWidget(self.found if places else self._none)

    def _entry(self, place: Found) -> QListWidgetItem:
        title = plain(self._pages[place.page].title)
        where = title if place.heading == title else f"{title} › {place.heading}"
        entry = QListWidgetItem(f"{where}\n{place.excerpt}")
        entry.setData(PAGE, place.page)
        entry.setData(HEADING, slug(place.heading))
        return entry

    def _on_found(self, entry: QListWidgetItem | None) -> None:
        if entry is not None:
            self.open_page(entry.data(PAGE), entry.data(HEADING))
            self.browser.mark(self.search.text().split())
