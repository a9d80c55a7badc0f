"""The search for mergers: a dock with its candidates over time, which moves as strain is played."""

from __future__ import annotations

from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from astrogui.records.strain import Network
from astrogui.window.actions import Spec
from astrogui.window.docks import DockSpec
from astrogui.window.lazy_dock import LazyDock
from astrogui.window.reading import read_once
from astrogui.window.theme_follower import ThemeFollower

if TYPE_CHECKING:
    from astrogui.records.posterior import Posterior
    from astrogui.viewers.search_view import SearchView
    from astrogui.viewers.strain_view import StrainView
    from astrogui.window.workbench import Workbench

TASK = "gw_search"
STATISTIC = "search_statistic"  # the column that the search fills, and nothing else does
TOGETHER_S = 12 * 3600.0  # candidates farther than this from what is shown belong elsewhere
SPECS = (
    Spec("search_strain", "&Results", "Search strain for &mergers", ("Ctrl+Alt+2",),
         "Run matched filters over the strain on screen, however short it is", starts_group=True),
)  # fmt: skip


class Feature(QObject):
    """Collects the rows of the search, and keeps dock, strain view and selection together."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.view: SearchView | None = None
        self._rows: dict[int, dict[str, Any]] = {}  # answered by the search
        self._record: Network | None = None
        bench.window.actions_by_name.add(SPECS)
        bench.window.actions_by_name["search_strain"].triggered.connect(self.search)
        self.dock = LazyDock(bench, DockSpec("search", "Search"), "catalogue", self._make)
        bench.model.rows_read.connect(self._on_rows_read)
        bench.selection.row_changed.connect(self._on_row_chosen)
        bench.area.record_shown.connect(self._on_record)
        bench.bridge.project_changed.connect(self._on_project)
        self._strain.player.moved.connect(self._on_played)
        self._strain.player.changed.connect(self._on_player)

    @property
    def panel_views(self) -> dict[str, SearchView]:
        """The view, once there is one, whose tools the keyboard map lists."""
        return {} if self.view is None else {"search": self.view}

    def search(self, _: bool = False) -> None:
        """Search the strain on screen, whatever was found in it before."""
        bench = self._bench
        item_id = bench.selection.item_id
        if item_id is None or bench.area.current is not self._strain:
            bench.window.notice.show_notice("Choose strain first; the search reads no other files.")
            return
        self.dock.show()
        bench.session.run((item_id,), TASK)
        bench.window.statusBar().showMessage("Searching; candidates appear as they are found")

    @property
    def _strain(self) -> StrainView:
        view: Any = self._bench.area.view("strain")
        return view

    def _make(self) -> QWidget:
        from astrogui.viewers.search_view import SearchView

        self.view = SearchView(self._bench.compute)
        self.view.setAccessibleName("Search")
        self.view.place_clicked.connect(self._on_candidate)
        ThemeFollower(self.view, self._bench.results.view)
        if self._record is not None:
            self.view.show_record(self._record)
        self._fill()
        return self.view

    # What comes -----------------------------------------------------------------------------

    def _on_rows_read(self, row_ids: tuple[int, ...]) -> None:
        """The catalogue knows which of them were searched: no others are read from the project."""
        bench, store = self._bench, self._bench.model.store
        if not store.has(STATISTIC):
            return
        statistic = store.numbers(STATISTIC)
        places = store.positions(row_ids) if row_ids else np.arange(len(statistic))
        places = places[(places >= 0) & (places < len(statistic))]
        searched = places[~np.isnan(np.take(statistic, places))]
        if searched.size:
            ids = tuple(store.row_ids(searched).tolist())
            read = read_once(bench.session, bench.compute, partial(_searched, ids))
            bench.bridge.after(read, self._on_rows)

    def _on_rows(self, rows: list[dict[str, Any]] | None) -> None:
        if rows:
            self._rows |= {row["row_id"]: row for row in rows}
            self._fill()

    def _on_record(self, kind: str, record: Any) -> None:
        if kind != "strain":
            return
        self._record = record
        if self.view is not None:
            self.view.show_record(record)
        item_id = self._bench.selection.item_id
        if item_id is not None:
            bench = self._bench
            read = read_once(bench.session, bench.compute, partial(_searched_of, item_id))
            bench.bridge.after(read, self._on_rows)
        self._fill()

    def _on_project(self) -> None:
        self._rows.clear()
        self._record = None
        if self.view is not None:
            self.view.clear()

    def _fill(self) -> None:
        """The candidates about what is on screen, in the dock and on the strain."""
        record = self._record
        rows = [
            row
            for row in self._rows.values()
            if record is None or abs(row["gps"] - record.gps_start) < TOGETHER_S
        ]
        self._strain.set_candidates([row["gps"] for row in rows if row.get("above_threshold")])
        if self.view is None:
            return
        self.view.set_candidates(rows)
        self.view.choose(self._bench.selection.row_id)
        for row in rows:
            if self.view.lacks_track(row["row_id"]):
                future = self._bench.session.posterior(row["row_id"], TASK)
                self._bench.bridge.after(future, partial(self._on_posterior, row))

    def _on_posterior(self, row: dict[str, Any], posterior: Posterior | None) -> None:
        if self.view is not None and row["row_id"] in self._rows:
            self.view.show_answers([(row, posterior)])

    # What is chosen, what is played ---------------------------------------------------------

    def _on_candidate(self, row_id: int) -> None:
        bench = self._bench
        bench.selection.choose_rows((row_id,), row_id, bench.model.store.item_of(row_id))

    def _on_row_chosen(self, row_id: int | None) -> None:
        if self.view is not None:
            self.view.choose(row_id)

    def _on_played(self, gps: float) -> None:
        player = self._strain.player
        if self.view is not None and (player.is_playing or player.source):
            self.view.set_place(gps)

    def _on_player(self) -> None:
        player = self._strain.player
        if self.view is not None and not player.is_playing and not player.source:
            self.view.set_place(None)


def _searched(row_ids: tuple[int, ...], view: Any) -> list[dict[str, Any]]:
    """Runs in the pool: of these rows, those that the search answered."""
    rows = methodcaller("rows", row_ids)(view)
    return [row for row in rows if row.get(STATISTIC) is not None]


def _searched_of(item_id: int, view: Any) -> list[dict[str, Any]]:
    return _searched(tuple(view.row_ids(item_id)), view)
