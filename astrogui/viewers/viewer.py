"""What all views share: a theme, words where there is nothing to show, and work done elsewhere.

Heavy work goes to ``compute(function, *args)``, which returns a future; its result comes back
through a queued signal, so that it arrives in the GUI thread whichever thread finished it. Each
request has a key and a number: a result whose number is no longer the latest is dropped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from pathlib import Path
from types import MethodType
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QLabel, QStackedLayout, QVBoxLayout, QWidget

from astrogui.errors import AstroguiError
from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.courier import courier

if TYPE_CHECKING:
    from astrogui.viewers.figure import Figure, FigureSpec

Compute = Callable[..., "Future[Any]"]
_log = logging.getLogger(__name__)


def at_once(function: Callable[..., Any], *args: Any) -> Future[Any]:
    """A ``Compute`` without threads: the work is done before the future is returned."""
    future: Future[Any] = Future()
    try:
        future.set_result(function(*args))
    except Exception as error:
        future.set_exception(error)
    return future


class Viewer(QWidget):
    """A view of one kind of record or answer. It holds no session and opens no file."""

    place_clicked = Signal(object)  # the row id of what was clicked
    message = Signal(str)  # words for a status bar

    tools_changed = Signal()  # a tool was added after the view was made

    empty_words = "Nothing to show yet."
    menu_title = ""  # of the window's menu that lists the view's tools; "" for none

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._compute = compute or at_once
        self._theme = LIGHT
        self._numbers: dict[str, int] = {}
        self._handlers: dict[str, str] = {}
        self._futures: dict[str, Future[Any]] = {}
        self._counter = 0
        self.tools: dict[str, QAction] = {}
        self._courier = courier()

        self._words = QLabel(self.empty_words)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._content = QWidget()
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(self._words)
        self._stack.addWidget(self._content)
        self._body = QVBoxLayout(self._content)
        self._body.setContentsMargins(4, 4, 4, 4)
        self._body.setSpacing(3)

    @property
    def theme(self) -> Theme:
        return self._theme

    def set_theme(self, theme: Theme) -> None:
        """Show everything in these colours; subclasses recolour what they drew."""
        self._theme = theme

    def show_record(self, record: Any) -> None:
        """Show an observation."""
        raise NotImplementedError

    def show_answers(self, answers: list[tuple[dict[str, Any], Any]]) -> None:
        """Show the rows of this observation with their posteriors, as far as they are loaded."""

    def clear(self) -> None:
        """Forget the record; work under way is dropped."""
        self.forget()
        self.show_words(self.empty_words)

    def show_words(self, words: str) -> None:
        """Words in place of the view: what is missing, or what went wrong."""
        self._words.setText(words)
        self._stack.setCurrentWidget(self._words)

    def show_content(self) -> None:
        self._stack.setCurrentWidget(self._content)

    @property
    def shows_content(self) -> bool:
        return self._stack.currentWidget() is self._content

    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    def figures(self) -> list[Figure]:
        """What can be saved as a figure: the plots on screen, without the controls around them."""
        from astrogui.viewers.figure import figure_of, plots_in

        if not self.shows_content:
            return []
        title = self.menu_title.replace("&", "") or "View"
        plots = plots_in(self._content) or [self._content]
        found = figure_of(title, plots, self.set_theme, self.theme)
        return [found] if found is not None else []

    def save_figure(self, path: str | Path, spec: FigureSpec | None = None) -> None:
        """The view's first figure as .png, .svg or .pdf; by default as large as on screen.

        Raises ``ValueError`` for another ending or where there is nothing to save, or ``OSError``.
        """
        found = self.figures()
        if not found:
            raise ValueError("there is no figure to save: the view is empty")
        found[0].save(path, spec or found[0].as_on_screen())

    def ask(
        self, key: str, then: Callable[[Any], None], function: Callable[..., Any], *args: Any
    ) -> None:
        """Have ``function(*args)`` computed; ``then``, a method of this view, gets the result.

        A later request of the same key, or ``forget``, makes the result of this one unwanted.
        """
        self._counter += 1
        number = self._counter
        earlier = self._futures.pop(key, None)
        if earlier is not None:
            earlier.cancel()
        self._numbers[key] = number
        self._handlers[key] = then.__name__
        future = self._compute(function, *args)
        self._futures[key] = future
        self._courier.bring(future, self._on_arrived, key, number)

    def forget(self, prefix: str = "") -> None:
        """Want no results any more of the requests whose key starts with ``prefix``."""
        for key in [key for key in self._numbers if key.startswith(prefix)]:
            del self._numbers[key]
            self._handlers.pop(key, None)
            future = self._futures.pop(key, None)
            if future is not None:
                future.cancel()

    def awaits(self, prefix: str = "") -> int:
        """How many results are under way whose key starts with ``prefix``."""
        return sum(key.startswith(prefix) for key in self._numbers)

    def on_failed(self, key: str, error: BaseException) -> None:
        """What to do when the work of ``key`` failed; by default it is said in words."""
        del key
        self.show_words(str(error) if isinstance(error, AstroguiError) else _bug_words(error))

    def _on_arrived(self, key: str, number: int, future: Future[Any]) -> None:
        if self._numbers.get(key) != number:
            return
        del self._numbers[key]
        self._futures.pop(key, None)
        handler = getattr(self, self._handlers.pop(key))
        try:
            result = future.result(timeout=0)
        except CancelledError:
            return
        except AstroguiError as error:
            self.on_failed(key, error)
        except Exception as error:
            _log.exception("the view's work %r failed", key)
            self.on_failed(key, error)
        else:
            handler(result)

    def add_tool(
        self,
        name: str,
        text: str,
        slot: Callable[..., Any],
        keys: tuple[str, ...] = (),
        tip: str = "",
        submenu: str = "",
        checked: bool | None = None,
    ) -> QAction:
        """Something that the view can do: an action with its keys, listed in the view's menu.

        The window puts the tools, in the order of their making, into the menu ``menu_title``, into
        the keyboard map and into the command list; ``submenu`` groups them there. A tool with
        ``checked`` can be switched, and ``slot`` gets its state. Keys work while the view is on
        screen. A method is held weakly; another kind of slot must not hold the view, which would
        never be freed. Raises ``ValueError`` for a name that is taken.
        """
        if name in self.tools:
            raise ValueError(f"the view has a tool {name!r} already")
        action = QAction(text, self)
        action.setObjectName(name)
        action.setShortcuts([QKeySequence(key) for key in keys])
        words = tip or text.replace("&", "")
        action.setToolTip(f"{words} ({keys[0]})" if keys else words)
        action.setStatusTip(words)
        action.setProperty("submenu", submenu)
        if checked is None:
            call = _loosely(slot)
            action.triggered.connect(lambda _=False: call())
        else:
            action.setCheckable(True)
            action.setChecked(checked)
            action.toggled.connect(slot)
        self.addAction(action)
        self.tools[name] = action
        self.tools_changed.emit()
        return action

    def add_shortcut(self, keys: str, slot: Callable[..., Any]) -> QShortcut:
        """A key that works while the view or a child has the focus."""
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(slot)
        return shortcut


def show_notes(label: QLabel, notes: Sequence[str]) -> None:
    """A reader's remarks in one line, one below the other in its tip; none hides the label."""
    label.setText("  ·  ".join(notes))
    label.setToolTip("\n".join(notes))
    label.setVisible(bool(notes))


def _loosely(slot: Callable[..., Any]) -> Callable[[], Any]:
    """A call of ``slot`` that does not keep the object alive whose method it is."""
    if not isinstance(slot, MethodType):
        return slot
    weak = WeakMethod(slot)

    def call() -> Any:
        method = weak()
        return method() if method is not None else None

    return call


def _bug_words(error: BaseException) -> str:
    return (
        f"This view failed ({type(error).__name__}: {error}). "
        "The details are in the log; please report them."
    )
