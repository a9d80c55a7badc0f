"""The strain view: each detector's series and maps over one time, their noise, and comparisons."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from astrogui.records.posterior import Posterior
from astrogui.records.strain import Network, StrainOutline
from astrogui.science.coincidence import Alignment
from astrogui.science.waveform_band import WaveformBand
from astrogui.viewers.colours import Theme
from astrogui.viewers.strain_answer import MergerAnswer
from astrogui.viewers.strain_comparing import StrainComparing
from astrogui.viewers.strain_controls import BandRow, CompareRow, LiveRow
from astrogui.viewers.strain_hearing import StrainHearing
from astrogui.viewers.strain_labels import StrainLabels
from astrogui.viewers.strain_live import joined
from astrogui.viewers.strain_maps import TimeFrequencyMap, density_map, energy_map
from astrogui.viewers.strain_panel import DetectorPanel
from astrogui.viewers.strain_plot import NO_CURVE
from astrogui.viewers.strain_products import (
    FirstLook,
    Products,
    Series,
    asd_between,
    band_series,
    first_look,
    products,
    waveforms_over,
)
from astrogui.viewers.strain_stack import TURN_MS, StrainStack
from astrogui.viewers.strain_tools import SHOWN, add_tools, tool_bar
from astrogui.viewers.viewer import Compute

MAP_COLUMNS = 700
AHEAD, AHEAD_S = 0.5, 1.0  # screens, or seconds on the clock, that maps go beyond a playing record
# Waveforms in the curves "fitted_h1" ... of a posterior start this long before the merger's arrival
# at the detector.
FIT_BEFORE_S = 0.4
FIT_RATE_HZ = 2048.0


class StrainView(StrainStack):
    """Shows the detectors of a network over one time axis."""

    empty_words = "No strain is shown. Choose strain data in the list, or drop a file here."
    menu_title = "St&rain"

    outline_shown = Signal()

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self._outline: StrainOutline | None = None  # shown until the record comes
        self._unmade: set[int] = set()  # slots whose products are asked for after the plots
        self._asking = self._timer(TURN_MS, self._ask_unmade)
        self._near: float | None = None  # the time about which the noise was wanted
        self._build()
        self.set_theme(self.theme)

    def _build(self) -> None:
        self.labels = StrainLabels()
        self.band_row, self.compare_row = BandRow(self), CompareRow(self)
        self.live_row = LiveRow(self.player, self)
        self.comparing, self.hearing = StrainComparing(self), StrainHearing(self)
        add_tools(self)
        self._shown = {product: self.tools[f"show_{product}"] for product, *_ in SHOWN}
        for widget in (self.labels.title, tool_bar(self), self.band_row, self.compare_row,
                       self.live_row, self.labels.notes):  # fmt: skip
            self._body.addWidget(widget)
        self._body.addWidget(self._split, 1)
        self._body.addWidget(self.labels.readout)
        for row in (self.band_row, self.compare_row, self.live_row):
            row.hide()
        self.band_row.changed.connect(self._want_bands)
        self.cursor_tool.words_changed.connect(self.labels.readout.setText)
        self.live_row.newest.connect(self.show_newest)

    # What is shown --------------------------------------------------------------------------

    @property
    def merger_gps(self) -> float | None:
        """When the merger was, from the row."""
        return self.answer.gps

    def show_record(self, record: Network) -> None:
        """Show a network; the answer about an earlier one goes."""
        outline, self._outline = self._outline, None
        if outline is not None and self._goes_on(outline, record):
            return
        self.forget()
        self.player.pause()
        self.player.source = ""
        self.tools["live_row"].setChecked(False)
        self._network, self.answer, self._near = record, MergerAnswer({}, None), None
        self._epoch = math.floor(min(strain.gps_start for strain in record.strains))
        self._spans.clear()
        self._unmade.clear()
        self.grid.empty()
        self._panels = self._slots[: len(record.strains)]
        for panel, strain in zip(self._panels, record.strains, strict=False):
            panel.set_strain(strain, self._epoch)
        self.compare_row.set_detectors([panel.name for panel in self._panels])
        self.cursor_tool.forget()
        self.noise.draw([])
        self._on_answer()
        self._write_notes()
        self.show_content()
        self._making.start()  # plots are made and laid out in turns of their own
        self._ask_looks()

    def show_glimpse(self, outline: Future[Any]) -> None:
        """Show the outline of a series; another result, or a failure, shows nothing.

        The record of the same series then comes into the plots that are there.
        """
        self.ask("glimpse", self._on_glimpse, outline.result)

    def _on_glimpse(self, outline: object) -> None:
        if not isinstance(outline, StrainOutline) or self._network is not None:
            return
        self.show_record(Network(strains=(outline.as_strain(),)))
        self._outline = outline
        self._write_title()
        self.outline_shown.emit()

    def _goes_on(self, outline: StrainOutline, record: Network) -> bool:
        """Put a record into the plots that show its outline; False where it is of another series.

        What is drawn stays until the new is computed, and so does a span that was chosen.
        """
        start = math.floor(min(strain.gps_start for strain in record.strains))
        if outline.detector not in record.detectors or start != self._epoch:
            return False
        shows_all = self.span_gps == self._ends()
        self._take_over(record)
        self.compare_row.set_detectors([panel.name for panel in self._panels])
        self._write_notes()
        if shows_all:
            self._set_span(*self._ends())
        return True

    def extend(self, record: Network, source: str = "") -> None:
        """What came after the record on display: it is joined, and its end shown.

        Raises ``ValueError`` where a detector goes on at another sample rate.
        """
        known = self._network
        is_new = known is None or not set(known.detectors) & set(record.detectors)
        if is_new or self._outline is not None:
            self.show_record(record)
        else:
            assert known is not None
            self._take_over(joined(known, record))
        assert self._network is not None
        self.player.source = source
        self.player.set_range(*self._ends())
        self.tools["live_row"].setChecked(True)

    def _take_over(self, record: Network) -> None:
        """Go on with a record whose detectors have, or get, plots of their own."""
        self._network = record
        self._panels = self._slots[: len(record.strains)]
        for panel, strain in zip(self._panels, record.strains, strict=False):
            if panel.detector == strain.detector:
                panel.replace_strain(strain)
            else:
                panel.set_strain(strain, self._epoch)
        self._write_title()
        if not self._is_laid_out:
            self._make_next()
        self._ask_looks()

    def follow_nothing(self) -> None:
        """No more is to come; what is on display can be played."""
        self.player.source = ""
        self.player.changed.emit()

    def set_answer(self, row: dict[str, Any], posterior: Posterior | None) -> None:
        """Mark the merger, draw its track and waveform, and say the masses in words."""
        self.answer = MergerAnswer(row, posterior)
        self._on_answer()
        gps = self.answer.gps
        if gps is None:
            return
        if not self.player.source:
            self.show_event()
        if gps != self._near:  # whiten by the noise about the merger, the merger left out
            self._near = gps
            for panel in self._panels:
                if panel.products is not None:
                    self._ask_products(panel.slot)

    def set_candidates(self, gps: Sequence[float]) -> None:
        """Mark mergers that a search found, beside that of the answer."""
        for panel in self._panels:
            panel.set_candidates(gps)

    def show_answers(self, answers: list[tuple[dict[str, Any], Posterior | None]]) -> None:
        if answers:
            self.set_answer(*answers[0])

    def clear(self) -> None:
        self._network = self._outline = None
        self._unmade.clear()
        self.player.pause()
        self.grid.empty()
        self._panels = []
        super().clear()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._write_title()

    # Drawing --------------------------------------------------------------------------------

    def on_map_kind(self, *_: object) -> None:
        for panel in self._panels:
            panel.show_map(None)
        self._on_rest()

    def on_noise_now(self, *_: object) -> None:
        self._draw_noise()
        self._on_rest()

    def on_answer_drawn(self, *_: object) -> None:
        self._on_answer()

    def _on_rest(self) -> None:
        """Ask for what is computed of the span on the screen."""
        low, high = self.span_gps
        for panel in self._panels:
            made = panel.products
            if made is None:
                continue
            number, shift = panel.slot, panel.shift_s
            dense = self.tools["spectrogram"].isChecked()
            series = made.highpassed if dense else made.whitened
            if series is not None and "map" in self._wanted(panel):
                draw = density_map if dense else energy_map
                ahead = 0.0
                if self.player.is_playing:
                    ahead = max(AHEAD * (high - low), AHEAD_S * self.player.speed)
                span = low - shift, high - shift + ahead
                columns = round(MAP_COLUMNS * min(1 + ahead / (high - low), 4.0))
                self.ask(
                    f"map:{number}", self._on_map, _numbered, number, draw, series, *span,
                    columns,
                )  # fmt: skip
            if self.tools["noise_now"].isChecked() and self._shown["asd"].isChecked():
                self.ask(
                    f"now:{number}", self._on_noise_now, _numbered, number, asd_between,
                    panel.strain, low, high,
                )  # fmt: skip

    def _on_map(self, result: tuple[int, TimeFrequencyMap | None]) -> None:
        self._slots[result[0]].show_map(result[1])

    def _on_noise_now(self, result: tuple[int, Any]) -> None:
        self.noise.draw_now(self._slots[result[0]].detector, *result[1])

    def _ask_looks(self) -> None:
        for panel in self._panels:
            number = panel.slot
            self.ask(f"look:{number}", self._on_look, _numbered, number, first_look, panel.strain)

    def _on_look(self, result: tuple[int, FirstLook]) -> None:
        number, look = result
        self._slots[number].set_look(look)
        self._draw(self._slots[number])
        if self._outline is None:  # an outline is for looking at
            self._unmade.add(number)
            self._ask_unmade()

    def _ask_unmade(self) -> None:
        """Ask for the products of detectors once their plots stand.

        Computed meanwhile, they would take the interpreter from whoever makes the plots, and a
        plot of fifteen milliseconds would take fifty.
        """
        if self._is_laying_out:
            self._asking.start()
            return
        wanted, self._unmade = self._unmade, set()
        for panel in self._panels:
            if panel.slot in wanted:
                self._ask_products(panel.slot)

    def awaits(self, prefix: str = "") -> int:
        unmade = len(self._unmade) if "products:".startswith(prefix) else 0
        return super().awaits(prefix) + unmade

    def _ask_products(self, number: int) -> None:
        strain = self._slots[number].strain
        self.ask(
            f"products:{number}", self._on_products, _numbered, number, products, strain, self._near
        )

    def _on_products(self, result: tuple[int, Products]) -> None:
        number, made = result
        self._slots[number].set_products(made)
        self._noise_later.start()  # in a turn of its own, once for detectors that come together
        self._want_band(self._slots[number])
        self._want_waveforms(self._slots[number])
        if self.player.source and not self.player.is_playing:
            self.player.newest()
        self._draw(self._slots[number])
        self._rest.start()

    def _want_bands(self) -> None:
        for panel in self._panels:
            self._want_band(panel)

    def _want_band(self, panel: DetectorPanel) -> None:
        if "band" not in self._wanted(panel) or panel.products is None:
            return
        made, number = panel.products, panel.slot
        series = made.whitened if self.band_row.of_whitened else made.highpassed
        if series is not None:
            band = self.band_row.band_hz
            self.ask(f"band:{number}", self._on_band, _numbered, number, band_series, series, *band)

    def _on_band(self, result: tuple[int, Series]) -> None:
        number, series = result
        self._slots[number].set_band(series, self.band_row.words, self.band_row.of_whitened)
        self._draw(self._slots[number])

    # The answer -----------------------------------------------------------------------------

    def _on_answer(self) -> None:
        gps = self.answer.gps
        self.tools["show_merger"].setEnabled(gps is not None)
        track = self.answer.track() if self.tools["track"].isChecked() else (NO_CURVE, NO_CURVE)
        for panel in self._panels:
            panel.set_merger(self.answer.arrival(panel.detector))
            panel.set_track(*track)
            self._want_waveforms(panel)
        self._write_title()

    def _want_waveforms(self, panel: DetectorPanel) -> None:
        """Waveforms of the answer's draws over the data; else the best fit that it carries."""
        at = self.answer.arrival(panel.detector)
        draws = self.answer.draws()
        if not self.tools["waveform"].isChecked() or at is None:
            panel.set_waveforms(None)
        elif draws is None:
            panel.set_fit(self.answer.fitted(panel.detector), at - FIT_BEFORE_S, FIT_RATE_HZ)
        elif panel.products is not None:
            self.ask(
                f"waveforms:{panel.slot}", self._on_waveforms, _numbered, panel.slot,
                waveforms_over, panel.products, at, draws, self.answer.model,
            )  # fmt: skip

    def _on_waveforms(self, result: tuple[int, WaveformBand | str]) -> None:
        number, made = result
        panel = self._slots[number]
        if isinstance(made, str):
            panel.set_waveforms(None, made)
            return
        panel.set_waveforms(made)
        if not self.answer.knows_arrival(panel.detector) and panel.waveforms is not None:
            assert panel.products is not None
            panel.set_merger(panel.products.highpassed.start_gps + made.arrival_s)

    def on_alignment(self, result: tuple[int, Alignment | str]) -> None:
        """An alignment was found."""
        self.comparing.apply(*result)

    def on_saved(self, path: str) -> None:
        """A sound was written."""
        self.hearing.done(path, False)

    def on_played(self, path: str) -> None:
        """A sound was written to be played."""
        self.hearing.done(path, True)

    def on_failed(self, key: str, error: BaseException) -> None:
        """One detector that cannot be whitened does not hide the others, nor a sound the data."""
        kind, _, number = key.partition(":")
        product = {"look": "raw", "products": "whitened", "map": "map", "band": "band"}.get(kind)
        if product is not None:
            self._slots[int(number)].fail(product, f"failed: {error}")
        elif kind == "glimpse":
            return  # what is wrong is said when the file is recognised
        elif kind in {"sound", "align", "now", "waveforms"}:
            self.message.emit(f"The {kind} failed: {error}")
        else:
            super().on_failed(key, error)

    # Words ----------------------------------------------------------------------------------

    def _write_notes(self) -> None:
        assert self._network is not None
        self.labels.write_notes(self._network)

    def _write_title(self) -> None:
        if self._network is None:
            return
        self.labels.write_title(
            self._network, self._outline, self.answer, self.theme, self.is_narrow
        )
        self.count_from_merger()


def _numbered(number: int, function: Callable[..., Any], *args: Any) -> tuple[int, Any]:
    """The result of a function with the number of the detector that it is of."""
    return number, function(*args)
