"""The answer of the current row: its posterior, its doubts, and the card of the model."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from astrogui.viewers.posterior_view import PosteriorView
from astrogui.viewers.turns import turns
from astrogui.window.current_answer import CurrentAnswer
from astrogui.window.drop import let_drops_through

if TYPE_CHECKING:
    from astrogui.records.posterior import Posterior
    from astrogui.session.session import Session


class ResultsPanel(QWidget):
    """One task's answer at a time; the chooser above appears when a row has several."""

    def __init__(
        self,
        session: Session,
        answer: CurrentAnswer,
        compute: Callable[..., Future[Any]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._answer = session, answer
        self._tasks = QComboBox(self)
        self._tasks.setAccessibleName("Analysis shown")
        self._tasks.hide()
        self.view = PosteriorView(compute, self)
        let_drops_through(self.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._tasks)
        column.addWidget(self.view)
        self._tasks.activated.connect(self._on_task_chosen)
        self._next: tuple[dict[str, Any] | None, Posterior | None] = (None, None)
        # A turn after the view of the data has drawn the same answer.
        self._turns, self._is_waiting = turns(), False
        answer.changed.connect(self.show_answer)
        answer.refresh()

    @property
    def is_busy(self) -> bool:
        """Whether an answer is not on screen yet."""
        return self._is_waiting or bool(self.view.awaits())

    def show_answer(self, row: dict[str, Any] | None, posterior: Posterior | None) -> None:
        """Show the current row's answer, or why there is none, in the next turn."""
        self._next = (row, posterior)
        self._ask()

    def _ask(self) -> None:
        if not self._is_waiting:
            self._is_waiting = True
            self._turns.ask(self, self._show)

    def _show(self) -> None:
        self._is_waiting = False
        row, posterior = self._next
        self._list_tasks()
        if row is None:
            self.view.clear()
            return
        task = self._answer.task
        if posterior is None or task is None:
            self.view.show_words(f"No answer: {_doubts(row) or 'no analysis has run yet'}.")
            return
        if not self.view.shows_content:  # its first layout takes as long as all the rest
            self.view.show_content()
            self._ask()
            return
        title = self._answer.title(task)
        names = "; ".join(part.rpartition("/")[2] for part in str(row["file"]).split(";"))
        self.view.show_answer(
            {**row, "file": names},
            posterior,
            title,
            posterior.parameters,
            self._answer.provenance,
        )
        card = self._session.card(task)
        if card is not None:
            self.view.show_card(card)

    def _list_tasks(self) -> None:
        names = self._answer.tasks
        if [self._tasks.itemData(i) for i in range(self._tasks.count())] != list(names):
            self._tasks.clear()
            for name in names:
                self._tasks.addItem(self._answer.title(name), name)
        self._tasks.setVisible(len(names) > 1)
        if self._answer.task in names:
            self._tasks.setCurrentIndex(names.index(self._answer.task))

    def _on_task_chosen(self, index: int) -> None:
        self._answer.choose_task(self._tasks.itemData(index))


def _doubts(row: dict[str, Any]) -> str:
    """The flags of a row, whichever task they are of."""
    words = [str(value) for name, value in row.items() if name.startswith("flags") and value]
    return "; ".join(dict.fromkeys(words)).rstrip(".")
