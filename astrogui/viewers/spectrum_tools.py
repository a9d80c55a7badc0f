"""The tools of the spectrum view with their keys, and the bar above the plots."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QLabel,
    QMenu,
    QSpinBox,
    QToolBar,
    QToolButton,
)

from astrogui.science.line_lists import LISTS
from astrogui.viewers.spectrum_redshift import FINE_STEP_KM_S, LOWEST, STEP_KM_S
from astrogui.viewers.spectrum_units import FLUX_UNITS

if TYPE_CHECKING:
    from astrogui.viewers.spectrum_view import SpectrumView

NO_REDSHIFT = LOWEST - 0.01
BINS = (1, 2, 4, 8, 16)
ZOOM, PAN = 1.5, 0.2
_SHOW, _AXES, _REDSHIFT = "&Show", "&Axes", "&Redshift"
_SMOOTH, _MOVE, _MEASURE, _COMPARE = "S&mooth", "&Zoom and pan", "M&easure", "&Compare"
_LISTS = "Line &lists"


def add_tools(view: SpectrumView) -> None:
    """Everything the view can do, in the order of its menu."""
    _add_switches(view)
    _add_axes(view)
    _add_redshift(view)
    _add_smoothing(view)
    _add_moves(view)
    _add_measuring(view)
    _add_comparing(view)


def weakly(function: Callable[..., Any], owner: Any, *args: Any) -> Callable[..., Any]:
    """``function(owner, *args, ...)`` as a slot that does not keep ``owner`` alive."""
    ref = weakref.ref(owner)

    def call(*more: Any) -> Any:
        there = ref()
        return function(there, *args, *more) if there is not None else None

    return call


def _add_switches(view: SpectrumView) -> None:
    shown = view._on_shown
    for name, text, key, tip, on in (
        ("errors", "&Errors", "E", "1 σ error band around the flux", True),
        ("masks", "&Masks", "M", "Shade samples that must not be used", True),
        ("lines", "&Lines", "L", "Spectral lines at the redshift", True),
        ("sky", "S&ky", "K", "Night-sky lines and bands of the atmosphere", False),
        ("model", "Mo&del", "D", "Fitted template with its residuals", True),
        ("panel", "&p(z)", "J", "Probability of redshift and class", True),
        ("image", "&2-D image", "I", "Two-dimensional spectrum, where the file has one", True),
    ):
        view.add_tool(name, text, shown, (key,), tip, _SHOW, checked=on)
    for letter, line_list in zip("EAQK", LISTS, strict=True):
        view.add_tool(
            f"list_{line_list.name}", line_list.title, weakly(_choose_list, view),
            (f"Shift+{letter}",), f"Draw the list: {line_list.title.lower()}", _LISTS,
            checked=False,
        )  # fmt: skip
    view.add_tool(
        "list_own", "Those of the &class", weakly(_own_lists, view), ("Shift+L",),
        "Lines of the class that the answer or the chosen peak has", _LISTS,
    )  # fmt: skip


def _choose_list(view: SpectrumView, _: bool) -> None:
    chosen = tuple(one.name for one in LISTS if view.tools[f"list_{one.name}"].isChecked())
    view.choose_lists(chosen or None)


def _own_lists(view: SpectrumView) -> None:
    for one in LISTS:
        tool = view.tools[f"list_{one.name}"]
        tool.blockSignals(True)
        tool.setChecked(False)
        tool.blockSignals(False)
        tool.changed.emit()
    view.choose_lists(None)


def _add_axes(view: SpectrumView) -> None:
    def add(name: str, text: str, slot: Callable[[], None], key: str, tip: str) -> None:
        view.add_tool(name, text, slot, (key,), tip, _AXES)

    add("unit", "&Wavelength unit", weakly(_next_unit, view), "U", "Å, nm, µm in turn")
    add(
        "flux_unit", "&Flux unit", weakly(_next_flux, view), "Shift+U",
        "As in the file, per wavelength, per frequency in turn",
    )  # fmt: skip
    view.add_tool(
        "air", "&Air wavelengths", weakly(_set_air, view), ("A",),
        "Label the axes with wavelengths in air", _AXES, checked=False,
    )  # fmt: skip
    view.add_tool(
        "rest", "&Rest wavelengths below", weakly(_set_rest, view), ("W",),
        "Rest wavelengths on the lower axis, observed on the upper one", _AXES, checked=False,
    )  # fmt: skip
    view.add_tool(
        "follow", "Flux axis f&ollows", view._on_shown, ("Shift+Y",),
        "Fit the flux axis to what is visible; off, the mouse moves it", _AXES, checked=True,
    )  # fmt: skip
    view._full_range = view.add_tool(
        "full_range", "F&ull range", weakly(_full_range, view), ("Y",),
        "Flux axis from the lowest to the highest sample", _AXES, checked=False,
    )  # fmt: skip


def _next_unit(view: SpectrumView) -> None:
    view.set_display(view.display.next_wavelength())


def _next_flux(view: SpectrumView) -> None:
    at = FLUX_UNITS.index(view.display.flux)
    view.set_display(replace(view.display, flux=FLUX_UNITS[(at + 1) % len(FLUX_UNITS)]))


def _set_air(view: SpectrumView, on: bool) -> None:
    view.set_display(replace(view.display, air=on))


def _set_rest(view: SpectrumView, on: bool) -> None:
    view.set_display(replace(view.display, rest=on))


def _full_range(view: SpectrumView, _: bool) -> None:
    view.follow_flux(always=True)


def _add_redshift(view: SpectrumView) -> None:
    state = view.shown_redshift

    def add(
        name: str, text: str, slot: Callable[[], object], keys: tuple[str, ...], tip: str
    ) -> None:
        view.add_tool(name, text, slot, keys, tip, _REDSHIFT)

    add("next_peak", "&Next peak", weakly(_peak, view, 1), ("T",), "Lines at the next best z")
    add("previous_peak", "&Previous peak", weakly(_peak, view, -1), ("Shift+T",), "And back")
    add("reset_z", "&Reset z", state.reset, ("X",), "Lines back to the answer's redshift")
    add("type_z", "&Type a redshift", weakly(_type, view), ("Z",), "Go to the box for z")
    for sign, key, word in ((-1, "Left", "lower"), (1, "Right", "higher")):
        add(
            f"z_{word}", f"z {word}", weakly(_move_z, view, sign * STEP_KM_S), (f"Alt+{key}",),
            f"Move the lines by {STEP_KM_S:.0f} km/s",
        )  # fmt: skip
        add(
            f"z_little_{word}", f"z a little {word}", weakly(_move_z, view, sign * FINE_STEP_KM_S),
            (f"Alt+Shift+{key}",), f"Move the lines by {FINE_STEP_KM_S:.0f} km/s",
        )  # fmt: skip
    view.add_tool(
        "pick", "&Two lines", view.mouse.pick_features, ("F",),
        "Click two features; the redshifts that fit both are proposed", _REDSHIFT, checked=False,
    )  # fmt: skip
    add("accept_z", "&Accept z", view.accept_redshift, ("H",), "This redshift is my judgement")


def _move_z(view: SpectrumView, km_s: float) -> None:
    view.shown_redshift.step(km_s)


def _peak(view: SpectrumView, by: int) -> None:
    if not view.shown_redshift.next_peak(by):
        view.message.emit("The answer has no other peak.")


def _type(view: SpectrumView) -> None:
    view.bar.redshift.setFocus()
    view.bar.redshift.selectAll()


def _add_smoothing(view: SpectrumView) -> None:
    def add(name: str, text: str, slot: Callable[[], object], key: str, tip: str) -> None:
        view.add_tool(name, text, slot, (key,), tip, _SMOOTH)

    add("smoother", "&Smoother", weakly(_step, view, 1), ".", "Average over more samples")
    add("rougher", "&Rougher", weakly(_step, view, -1), ",", "Average over fewer samples")
    view.add_tool(
        "gaussian", "&Gaussian", weakly(_gaussian, view), ("G",),
        "Smooth with a Gaussian of that full width at half maximum, not a box", _SMOOTH,
        checked=False,
    )  # fmt: skip
    add("bins", "&Bins", weakly(_next_bins, view), "Shift+B", "Bins of 1, 2, 4, 8, 16 samples")


def _step(view: SpectrumView, by: int) -> None:
    view.bar.smoothing.stepBy(by)


def _gaussian(view: SpectrumView, on: bool) -> None:
    view.set_smoothing(replace(view.smoothing_used, gaussian=on))


def _next_bins(view: SpectrumView) -> None:
    at = BINS.index(view.smoothing_used.bins)
    view.set_smoothing(replace(view.smoothing_used, bins=BINS[(at + 1) % len(BINS)]))
    view.message.emit(f"Bins of {view.smoothing_used.bins} samples.")


def _add_moves(view: SpectrumView) -> None:
    def add(
        name: str, text: str, slot: Callable[[], object], key: str, tip: str, local: bool = False
    ) -> None:
        tool = view.add_tool(name, text, slot, (key,), tip, _MOVE)
        if local:  # the arrow keys belong to tables and lists while these have the focus
            tool.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    add("reset", "&Reset view", view.reset_range, "R", "Show the whole spectrum")
    add("zoom_in", "Zoom &in", weakly(_zoom, view, 1 / ZOOM), "+", "Fewer wavelengths")
    add("zoom_out", "Zoom &out", weakly(_zoom, view, ZOOM), "-", "More wavelengths")
    add("pan_blue", "Pan to the &blue", weakly(_pan, view, -PAN), "Left", "Shorter", local=True)
    add("pan_red", "Pan to the re&d", weakly(_pan, view, PAN), "Right", "Longer", local=True)
    add("taller", "&Taller", weakly(_flux_zoom, view, 1 / 1.3), "Up", "Less flux", local=True)
    add("flatter", "&Flatter", weakly(_flux_zoom, view, 1.3), "Down", "More flux", local=True)


def _zoom(view: SpectrumView, factor: float) -> None:
    low, high = view.flux_plot.viewRange()[0]
    middle, half = 0.5 * (low + high), 0.5 * (high - low) * factor
    view.show_wavelengths(middle - half, middle + half)


def _pan(view: SpectrumView, share: float) -> None:
    low, high = view.flux_plot.viewRange()[0]
    view.show_wavelengths(low + share * (high - low), high + share * (high - low))


def _flux_zoom(view: SpectrumView, factor: float) -> None:
    """About the lower end; the axis no longer follows what is visible."""
    view.tools["follow"].setChecked(False)
    low, high = view.flux_plot.viewRange()[1]
    view.flux_plot.setYRange(low, low + (high - low) * factor, padding=0)


def _add_measuring(view: SpectrumView) -> None:
    view.add_tool(
        "measure", "&Measure", view.mouse.pick_range, ("V",),
        "Drag a range over a line: flux, place, width, equivalent width (also Shift and drag)",
        _MEASURE, checked=False,
    )  # fmt: skip
    view.add_tool(
        "clear_measurements", "&Clear measurements", view.measurements.clear, ("Shift+V",),
        "Take the table and the ranges away", _MEASURE,
    )  # fmt: skip
    stop = view.add_tool(
        "stop", "&End picking and measuring", view.mouse.stop, ("Esc",), "Back to panning", _MEASURE
    )
    stop.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)


def _add_comparing(view: SpectrumView) -> None:
    view.add_tool(
        "overlay", "&Other spectra…", weakly(_want_overlays, view), ("O",),
        "Choose spectra of the project to lay over this one", _COMPARE,
    )  # fmt: skip
    view.add_tool(
        "no_overlays", "&Take them away", weakly(_no_overlays, view), ("Shift+O",),
        "This spectrum alone", _COMPARE,
    )  # fmt: skip
    for name, text, key, tip, on in (
        (
            "normalised",
            "&Normalised",
            "Shift+N",
            "To the same median over common wavelengths",
            True,
        ),
        ("stacked", "&Stacked", "S", "Each lifted above the one before", False),
        ("at_rest", "At the same &redshift", "Shift+W", "Each moved by its own redshift", False),
    ):
        view.add_tool(name, text, weakly(_style, view, name), (key,), tip, _COMPARE, checked=on)


def _want_overlays(view: SpectrumView) -> None:
    view.overlays_wanted.emit()


def _no_overlays(view: SpectrumView) -> None:
    view.set_overlays(())


def _style(view: SpectrumView, name: str, on: bool) -> None:
    changes = {name: on}
    view.set_overlay_style(replace(view.overlay_style, **changes))


class SpectrumBar(QToolBar):
    """What is used most: smoothing, switches, the redshift, picking and measuring."""

    def __init__(self, view: SpectrumView) -> None:
        super().__init__(view)
        self._ref = weakref.ref(view)  # the view must not hold itself alive
        label = QLabel(" Smooth ")
        self.smoothing = QSpinBox()
        self.smoothing.setRange(1, 101)
        self.smoothing.setSingleStep(2)
        self.smoothing.setSuffix(" px")
        self.smoothing.setToolTip(
            "Average over this many samples (, and .); noisy spectra start averaged"
        )
        self.smoothing.setAccessibleName("Smoothing in samples")
        self.smoothing.valueChanged.connect(self._on_smoothing)
        label.setBuddy(self.smoothing)
        self.redshift = QDoubleSpinBox()
        self.redshift.setRange(NO_REDSHIFT, 20.0)
        self.redshift.setSpecialValueText("none")
        self.redshift.setDecimals(5)
        self.redshift.setSingleStep(0.0005)
        self.redshift.setKeyboardTracking(False)
        self.redshift.setAccessibleName("Redshift of the lines")
        self.redshift.setToolTip("Redshift at which the lines are drawn (Z)")
        self.redshift.valueChanged.connect(self._on_typed)
        view.smoothing = self.smoothing
        self.addWidget(label)
        self.addWidget(self.smoothing)
        self.addSeparator()
        for name in ("errors", "lines", "sky", "model"):
            self.addAction(view.tools[name])
        self.addSeparator()
        self.addWidget(QLabel(" z "))
        self.addWidget(self.redshift)
        for name in ("reset_z", "accept_z", "pick", "measure", "reset"):
            self.addAction(view.tools[name])
        self.addWidget(self._more())

    @property
    def _view(self) -> SpectrumView:
        view = self._ref()
        assert view is not None
        return view

    def set_smoothing(self, samples: int) -> None:
        """Show a width that the view has chosen."""
        self.smoothing.blockSignals(True)
        self.smoothing.setValue(samples)
        self.smoothing.blockSignals(False)

    def show_redshift(self, z: float | None) -> None:
        self.redshift.blockSignals(True)
        self.redshift.setValue(z if z is not None else NO_REDSHIFT)
        self.redshift.blockSignals(False)

    def _on_smoothing(self, samples: int) -> None:
        self._view.set_smoothing(replace(self._view.smoothing_used, samples=samples))

    def _on_typed(self, z: float) -> None:
        self._view.shown_redshift.set_by_hand(z if z > LOWEST else 0.0)

    def _more(self) -> QToolButton:
        """All tools, for those who look for them here and not in the menu."""
        button = QToolButton()
        button.setText("More")
        button.setAccessibleName("All tools of the spectrum")
        button.setToolTip("Every tool with its key")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        menu.setToolTipsVisible(True)
        below: dict[str, QMenu] = {}
        for tool in self._view.tools.values():
            title = tool.property("submenu")
            if title not in below:
                below[title] = menu.addMenu(title)
            below[title].addAction(tool)
        button.setMenu(menu)
        return button
