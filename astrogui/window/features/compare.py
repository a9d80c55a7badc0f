"""Two answers beside each other: of a row's history, or of any two rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QComboBox, QFormLayout, QPushButton, QVBoxLayout, QWidget

from astrogui.window.actions import Spec

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

MENU = "&Results"
SPECS = (
    Spec("keep_answer", MENU, "&Keep for comparison", ("Ctrl+F9",),
         "Offer the answer shown for comparison with those of other rows", starts_group=True),
    Spec("compare_selected", MENU, "Compare &two selected rows", ("Ctrl+F10",),
         "The newest answers of the first two rows selected in the catalogue"),
)  # fmt: skip
MOST_KEPT = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer that can be compared."""

    answer_id: int
    task: str
    words: str


class Feature(QObject):
    """The choosers above the comparison, and what they offer."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._kept: list[Choice] = []
        self._pair: tuple[int, int] | None = None
        self._wanted: tuple[int, int] | None = None
        actions = bench.window.actions_by_name
        actions.add(SPECS)
        actions["keep_answer"].triggered.connect(self.keep)
        actions["compare_selected"].triggered.connect(self.compare_selected)
        bench.catalogue.table.addAction(actions["compare_selected"])
        self._page = bench.results.view.compare_page
        self._is_stale = True  # what the choosers list
        self._build(self._page)
        self._page.installEventFilter(self)
        bench.answer.changed.connect(self._on_answer)
        bench.bridge.project_changed.connect(self._on_project)

    def keep(self) -> None:
        """Offer the answer shown from now on, whatever row is chosen."""
        row_id, task = self._bench.selection.row_id, self._bench.answer.task
        if row_id is None or task is None:
            self._bench.window.notice.show_notice("There is no answer to keep: choose a row.")
            return
        choice = _newest(self._own(), task)
        if choice is not None and choice not in self._kept:
            self._kept = [choice, *self._kept][:MOST_KEPT]
        self._fill()
        self._bench.window.notice.show_notice(
            "Kept. Choose another row, then the page Compare of the results."
        )

    def compare_selected(self) -> None:
        """Compare the newest answers of the first two rows selected, of one analysis."""
        rows = self._bench.selection.ids[:2].tolist()
        if len(rows) < 2:
            self._bench.window.notice.show_notice("Select two rows of the catalogue first.")
            return
        bench = self._bench
        future = bench.compute(_read_histories, bench.session.view, rows)
        bench.bridge.after(future, self._on_two_rows)

    def _on_two_rows(self, histories: list[list[Choice]]) -> None:
        tasks = [dict.fromkeys(choice.task for choice in history) for history in histories]
        common = [task for task in tasks[0] if task in tasks[1]]
        if not common:
            words = "No analysis has answered both of these rows."
            self._bench.window.notice.show_notice(words)
            return
        task = self._bench.answer.task if self._bench.answer.task in common else common[0]
        pair = [choice for history in histories if (choice := _newest(history, str(task)))]
        new = [choice for choice in pair if choice not in self._kept]
        self._kept = [*new, *self._kept][:MOST_KEPT]
        self._wanted = (pair[0].answer_id, pair[1].answer_id)
        self._fill()
        self._bench.window.docks["results"].show()
        self._bench.window.docks["results"].raise_()
        self._bench.results.view.show_page("Compare")

    # -- the choosers ------------------------------------------------------------------------

    def _build(self, page: QWidget) -> None:
        layout = page.layout()
        assert isinstance(layout, QVBoxLayout)
        self.first, self.second = QComboBox(page), QComboBox(page)
        form = QFormLayout()
        form.setContentsMargins(8, 6, 8, 0)
        for letter, combo in (("&A", self.first), ("&B", self.second)):
            combo.setAccessibleName(f"Answer {letter[1:]} of the comparison")
            combo.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            combo.setMinimumContentsLength(18)
            combo.activated.connect(self._on_chosen)
            form.addRow(letter, combo)
        keep = QPushButton("&Keep the answer shown for other rows", page)
        keep.clicked.connect(self.keep)
        form.addRow("", keep)
        layout.insertLayout(0, form)

    def _fill(self) -> None:
        """List what can be compared with the current row's answers."""
        self._is_stale = False
        task, own = self._bench.answer.task, self._own()
        own.sort(key=lambda choice: (choice.task != task, -choice.answer_id))
        ids = {choice.answer_id for choice in own}
        choices = [*own, *(choice for choice in self._kept if choice.answer_id not in ids)]
        wanted = self._wanted or self._pair
        self._wanted = None
        for combo in (self.first, self.second):
            combo.clear()
            for choice in choices:
                combo.addItem(choice.words, choice)
        known = [choice.answer_id for choice in choices]
        if wanted is not None and all(number in known for number in wanted):
            at = (known.index(wanted[0]), known.index(wanted[1]))
        else:
            like = [i for i, c in enumerate(choices) if choices and c.task == choices[0].task]
            at = (0, like[1] if len(like) > 1 else 0)
        for combo, index in zip((self.first, self.second), at, strict=True):
            combo.setCurrentIndex(index if choices else -1)
        self._on_chosen()

    def _on_chosen(self, _: int = 0) -> None:
        """Fetch both answers and compare them."""
        first, second = self.first.currentData(), self.second.currentData()
        compared = self._bench.results.view.compared
        if first is None or second is None:
            compared.say("There is no answer to compare.")
            return
        if first.answer_id == second.answer_id:
            compared.say(
                "Choose the other answer above: an earlier one of this row, or one that was kept."
            )
            return
        self._pair = (first.answer_id, second.answer_id)
        session, after = self._bench.session, self._bench.bridge.after
        future = session.answer_posterior(first.answer_id)
        after(future, partial(self._on_first, first, second))

    def _on_first(self, first: Choice, second: Choice, posterior: Any) -> None:
        future = self._bench.session.answer_posterior(second.answer_id)
        self._bench.bridge.after(future, partial(self._on_both, first, second, posterior))

    def _on_both(self, first: Choice, second: Choice, one: Any, other: Any) -> None:
        if self._pair == (first.answer_id, second.answer_id) and one is not None:
            view = self._bench.results.view
            view.show_comparison(one, other, (first.words, second.words))

    # -- answers -----------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The page comes on top: what it offers is that of the row shown."""
        if event.type() == QEvent.Type.Show and self._is_stale:
            self._fill()
        return super().eventFilter(watched, event)

    def _on_answer(self, row: Any, _: Any) -> None:
        """Nothing is compared for a page that nobody sees."""
        del row
        self._is_stale = True
        if self._page.isVisible():
            self._fill()

    def _on_project(self) -> None:
        self._kept.clear()
        self._pair = None

    def _own(self) -> list[Choice]:
        """Every answer that the current row ever got, oldest first."""
        answer = self._bench.answer
        return [] if answer.row is None else _history(answer.row, answer.answers)


def _newest(history: list[Choice], task: str) -> Choice | None:
    found = [choice for choice in history if choice.task == task]
    return found[-1] if found else None


def _history(row: Mapping[str, Any], infos: Sequence[Any]) -> list[Choice]:
    name = str(row.get("object_id") or f"row {row['row_id']}")
    found = []
    for info in infos:
        origin = info.provenance
        moment = origin.computed_at[:16].replace("T", " ")
        words = f"{name}, {origin.model}, {origin.method}, {moment}".rstrip(", ")
        found.append(Choice(info.answer_id, info.task, words))
    return found


def _read_histories(view: Any, row_ids: Sequence[int]) -> list[list[Choice]]:
    """Every answer that each of these rows ever got. Runs in the pool."""
    return [_history(view.row(row_id), view.answers(row_id)) for row_id in row_ids]
