"""The menu "Interop": what goes to TOPCAT, DS9 and Aladin by SAMP, and what comes from them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QMenu

from astrogui.session.export_process import ExportProcess
from astrogui.session.samp import (
    Client,
    ClientsChanged,
    Connected,
    Disconnected,
    Received,
    Samp,
)
from astrogui.session.samp_files import file_url, taken_file
from astrogui.session.samp_tables import (
    NEAR_ARCSEC,
    SentTable,
    SentTables,
    nearest,
    table_type,
)
from astrogui.session.settings import data_folder
from astrogui.window.reading import read_once
from astrogui.window.samp_actions import FILES, KINDS, LOADS, MENU, SPECS, media_type

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench


class Feature(QObject):
    """Speaks with other programs; nothing of it is loaded before one connects."""

    _heard = Signal(object)

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench, self._session = bench, bench.session
        self._samp: Samp | None = None
        self._sent = SentTables()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._numbers = 0
        self._from_outside: int | None = None  # the row that another program made current
        self._client_menus: list[QMenu] = []
        self._overlaid: dict[str, str] = {}  # names of tables that came, by their id and address
        self.status = QLabel("", bench.window)
        self.status.setAccessibleName("Other programs")
        self.status.hide()
        bench.window.statusBar().addPermanentWidget(self.status)
        self._connect_actions()
        self._heard.connect(self._on_heard, Qt.ConnectionType.QueuedConnection)
        bench.selection.row_changed.connect(self._on_row_changed)
        bench.window.closing.connect(self.close)
        bench.window.notice.acted.connect(self._on_notice_acted)
        self._show_state()

    def _connect_actions(self) -> None:
        actions = self._bench.window.actions_by_name
        actions.add(SPECS)
        actions["samp_connect"].triggered.connect(self.set_connected)
        actions["samp_web"].triggered.connect(self._on_web)
        actions["samp_web"].setChecked(self._session.settings.samp_web)
        for name, _, _ in KINDS:
            actions[name].triggered.connect(partial(self._on_send, name))

    # -- the connection --------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        return self._samp is not None and self._samp.is_connected

    def set_connected(self, wanted: bool, start_hub: bool = False) -> None:
        """Join the hub or leave it; where none runs, starting one is offered."""
        if self._samp is None:
            self._samp = Samp(self._heard.emit)
        self._say("Looking for other programs…" if wanted else "")
        future = self._samp.connect(start_hub) if wanted else self._samp.disconnect()
        self._bench.bridge.after(future, self._on_settled, self._on_not_connected)

    def close(self) -> None:
        """Leave the hub and forget the files that were made for sending."""
        if self._samp is not None:
            self._samp.close()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _on_settled(self, _: object) -> None:
        self._show_state()

    def _on_not_connected(self, words: str) -> None:
        self._show_state()
        notice = self._bench.window.notice
        if "No SAMP hub runs" in words:
            notice.show_notice(words, "Start a hub", ("samp", True))
        else:
            notice.show_notice(words, "Connect again", ("samp", False))

    def _show_state(self) -> None:
        bench, on = self._bench, self.is_connected
        clients = self._samp.clients if self._samp is not None and on else ()
        bench.window.actions_by_name["samp_connect"].setChecked(on)
        for name, _, mtypes in KINDS:
            taken = any(client.takes(mtype) for client in clients for mtype in mtypes)
            bench.window.actions_by_name[name].setEnabled(taken)
        names = ", ".join(client.name for client in clients)
        words = (
            "no other program"
            if not clients
            else f"{len(clients)} program" + ("s" if len(clients) > 1 else "")
        )
        self.status.setText(f"SAMP: {words}")
        self.status.setToolTip(names or "Nobody else is at the hub")
        self.status.setVisible(on)
        self._fill_menu(clients)

    def _fill_menu(self, clients: tuple[Client, ...]) -> None:
        """A submenu for each program with what it takes."""
        for menu in self._client_menus:
            menu.deleteLater()
        self._client_menus = []
        parent = self._bench.window.actions_by_name.menus[MENU]
        for client in clients:
            menu = QMenu(f"To {client.name}", parent)
            for name, words, mtypes in KINDS:
                if any(client.takes(mtype) for mtype in mtypes):
                    action = QAction(f"Send {words}", menu)
                    action.triggered.connect(partial(self._on_send_to, name, client.client_id))
                    menu.addAction(action)
            parent.addMenu(menu)
            self._client_menus.append(menu)

    # -- sending ---------------------------------------------------------------------------

    def send(self, name: str, to: str | None = None) -> None:
        """Send what an action of ``KINDS`` names to one program, or to all that take it."""
        senders: dict[str, Callable[[str | None], None]] = {
            "samp_table": partial(self._send_table, None),
            "samp_rows": self._send_selected,
            "samp_file": self._send_file,
            "samp_point": self._send_point,
            "samp_highlight": self._send_highlight,
        }
        if not self.is_connected:
            self._on_not_connected("Not connected to other programs.")
            return
        senders[name](to)

    def _send_selected(self, to: str | None) -> None:
        rows = self._bench.selection.row_ids
        if not rows:
            self._say("Select rows first.")
            return
        self._send_table(rows, to)

    def _send_table(self, row_ids: tuple[int, ...] | None, to: str | None) -> None:
        """Write the rows as a table, then say where it lies."""
        known = self._bench.model.store.row_ids()
        rows = row_ids if row_ids is not None else tuple(np.sort(known).tolist())
        if not rows:
            self._say("There are no rows to send yet.")
            return
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="astrogui-samp-")
        self._numbers += 1
        mtype = self._table_type(len(rows), to)
        ending = "fits" if mtype == "table.load.fits" else "vot"
        path = os.path.join(
            self._folder.name, f"{self._session.path.stem}-{self._numbers}.{ending}"
        )
        table = SentTable(
            table_id=f"astrogui-{os.getpid()}-{self._numbers}", url=file_url(path), row_ids=rows
        )
        self._say(f"Writing {len(rows):,} rows…")
        future = self._bench.compute(
            ExportProcess().write, self._session.path, self._session.tasks(), path, rows, None, {},
            live=self._bench.model.live,
        )  # fmt: skip
        self._bench.bridge.after(future, partial(self._on_written, mtype, table, to), self._say)

    def _table_type(self, count: int, to: str | None) -> str:
        """FITS for a large table, where whoever is to have it takes that; else VOTable."""
        clients = [c for c in self._clients() if to is None or c.client_id == to]
        found = [
            (c.name, c.takes("table.load.votable"), c.takes("table.load.fits")) for c in clients
        ]
        return table_type([one for one in found if one[1] or one[2]], count)

    def _on_written(self, mtype: str, table: SentTable, to: str | None, count: int) -> None:
        self._sent.add(table)
        name = f"{self._session.path.stem} ({count:,} rows)"
        params = {"url": table.url, "table-id": table.table_id, "name": name}
        self._tell(mtype, params, to, f"{count:,} rows")

    def _send_file(self, to: str | None) -> None:
        item_id = self._bench.selection.item_id
        if item_id is None:
            self._send_item(to, None)
            return
        future = read_once(self._session, self._bench.compute, methodcaller("item", item_id))
        self._bench.bridge.after(future, partial(self._send_item, to))

    def _send_item(self, to: str | None, item: Any) -> None:
        if item is None or item.kind not in FILES:
            self._say("Choose an image or a spectrum first.")
            return
        for path in item.paths if item.kind == "image" else item.paths[:1]:
            url, name = file_url(path), os.path.basename(path)
            params: dict[str, Any] = {"url": url, "name": name, f"{item.kind}-id": url}
            if item.kind == "spectrum":
                params["meta"] = {"Access.Reference": url, "Access.Format": media_type(path)}
            self._tell(FILES[item.kind], params, to, name)

    def _send_point(self, to: str | None, quietly: bool = False) -> None:
        row_id, store = self._bench.selection.row_id, self._bench.model.store
        place = None if row_id is None else store.position(row_id)
        ra, dec = (None if place is None else store.cell(place, name) for name in ("ra", "dec"))
        if ra is None or dec is None:
            if not quietly:
                self._say("Choose a row that has a position first.")
            return
        params = {"ra": repr(float(ra)), "dec": repr(float(dec))}
        words = "" if quietly else f"The position {ra:.5f} {dec:+.5f}"
        self._tell("coord.pointAt.sky", params, to, words)

    def _send_highlight(self, to: str | None, quietly: bool = False) -> None:
        rows = self._bench.selection.row_ids
        message = self._sent.message(rows)
        if message is None:
            if not quietly:
                self._say("Send the table first; then its rows can be highlighted.")
            return
        count = f"{len(rows):,} rows" if len(rows) > 1 else "The highlighted row"
        self._tell(*message, to, "" if quietly else count)

    def _tell(self, mtype: str, params: dict[str, Any], to: str | None, what: str) -> None:
        assert self._samp is not None
        self._bench.bridge.after(
            self._samp.send(mtype, params, to), partial(self._on_told, what), self._say
        )

    def _on_told(self, what: str, count: int) -> None:
        if what:
            programs = (
                "no program takes it"
                if not count
                else f"sent to {count} program" + ("s" if count > 1 else "")
            )
            self._say(f"{what}: {programs}.")

    def _on_row_changed(self, row_id: int | None) -> None:
        """Another row is current: told to the others, but not back to where it came from."""
        linked = self._bench.window.actions_by_name["samp_link"].isChecked()
        came, self._from_outside = self._from_outside, None
        if row_id is None or row_id == came or not linked or not self.is_connected:
            return
        self._send_highlight(None, quietly=True)
        self._send_point(None, quietly=True)

    # -- receiving -------------------------------------------------------------------------

    def _on_heard(self, event: object) -> None:
        match event:
            case Connected(hub=_, is_own=is_own):
                self._say("A SAMP hub runs here now." if is_own else "Connected.")
            case Disconnected(words=words, was_lost=True):
                self._on_not_connected(f"{words} The project is not touched.")
            case ClientsChanged():
                self._show_state()
            case Received(mtype=mtype, params=params, sender=sender):
                self._take(mtype, params, sender)
        self._show_state()

    def _take(self, mtype: str, params: dict[str, Any], sender: str) -> None:
        if mtype in LOADS:
            self._take_file(LOADS[mtype], params, sender)
        elif mtype == "coord.pointAt.sky":
            self._take_point(params, sender)
        else:
            self._take_rows(params, sender)

    def _take_file(self, kind: str, params: dict[str, Any], sender: str) -> None:
        if kind == "table" and self._sent.is_ours(params):
            return
        url = str(params.get("url", ""))
        name = str(params.get("name") or os.path.basename(url))
        self._say(f"{sender} sends the {kind} {name}…")
        future = self._bench.compute(
            taken_file, url, Path(data_folder()) / "received", self._session.settings.samp_web
        )
        self._bench.bridge.after(
            future, partial(self._on_taken, kind, name, sender, params),
            lambda why: self._say(f"{sender} sent the {kind} {name}, which was not taken: {why}"),
        )  # fmt: skip

    def _on_taken(
        self, kind: str, name: str, sender: str, params: dict[str, Any], path: str
    ) -> None:
        overlay = self._bench.features.get("sky_catalogue")
        if kind == "table" and overlay is not None:
            overlay.load(path)
            for key in ("table-id", "url"):
                self._overlaid[str(params.get(key))] = Path(path).name
            self._say(f"{sender} sent the table {name}. It is laid over the image.")
        else:
            self._bench.commands.add([path])
            self._say(f"{sender} sent the {kind} {name}. It is added to the project.")

    def _take_rows(self, params: dict[str, Any], sender: str) -> None:
        rows = self._sent.rows(params)
        if not rows:
            self._take_foreign_row(params, sender)
            return
        self._choose(rows)
        self._say(f"{sender} chose {len(rows):,} row" + ("s." if len(rows) > 1 else "."))

    def _take_foreign_row(self, params: dict[str, Any], sender: str) -> None:
        """A row of a table that came from another program: its source is gone to."""
        names = [self._overlaid.get(str(params.get(key))) for key in ("table-id", "url")]
        overlay = getattr(self._bench.features.get("sky_catalogue"), "overlay", None)
        known = [one for one in getattr(overlay, "catalogues", ()) if one.name in names]
        row = str(params.get("row", ""))
        if overlay is not None and known and row.isdigit():
            overlay.go_to(known[-1], int(row))
            self._say(f"{sender} points at row {int(row) + 1:,} of {known[-1].name}.")
            return
        words = "rows that are not here" if self._sent.is_ours(params) else "another table"
        self._say(f"{sender} points at {words}.")

    def _take_point(self, params: dict[str, Any], sender: str) -> None:
        try:
            ra, dec = float(params["ra"]), float(params["dec"])
        except (KeyError, TypeError, ValueError):
            self._say(f"{sender} sent a position that is none: {params}.")
            return
        store = self._bench.model.store
        if not store.has("ra"):
            return
        future = self._bench.compute(nearest, store.array("ra"), store.array("dec"), ra, dec)
        self._bench.bridge.after(future, partial(self._on_nearest, sender, ra, dec))

    def _on_nearest(
        self, sender: str, ra: float, dec: float, found: tuple[int, float] | None
    ) -> None:
        where = f"{sender} points at {ra:.5f} {dec:+.5f}"
        if found is None or found[1] > NEAR_ARCSEC:
            self._say(f"{where}: no row within {NEAR_ARCSEC:.0f} arcsec of it.")
            return
        self._choose((self._bench.model.store.row_id(found[0]),))
        self._say(f"{where}: the row {found[1]:.2f} arcsec from it is chosen.")

    def _choose(self, rows: tuple[int, ...]) -> None:
        selection, store = self._bench.selection, self._bench.model.store
        self._from_outside = rows[0] if rows[0] != selection.row_id else None
        selection.choose_rows(rows, rows[0], store.item_of(rows[0]))

    # -- actions ---------------------------------------------------------------------------

    def _clients(self) -> tuple[Client, ...]:
        return self._samp.clients if self._samp is not None else ()

    def _on_send(self, name: str, _: bool = False) -> None:
        self.send(name)

    def _on_send_to(self, name: str, client_id: str, _: bool = False) -> None:
        self.send(name, client_id)

    def _on_notice_acted(self, offer: tuple[str, object] | None) -> None:
        if offer is not None and offer[0] == "samp":
            self.set_connected(True, start_hub=bool(offer[1]))

    def _on_web(self, allowed: bool) -> None:
        settings = replace(self._session.settings, samp_web=allowed)
        self._bench.commands.take_settings(settings)

    def _say(self, words: str) -> None:
        if words:
            self._bench.window.notice.show_notice(words)
