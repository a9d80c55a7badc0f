"""The spectrum view in the analyst's hands: keys and mouse on the real widget."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
import viewer_samples as samples
from dragging import drag_over
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from astrogui.records.spectrum import SpectralImage
from astrogui.science.lines import wavelength_of
from astrogui.viewers.spectrum_overlay import Overlay
from astrogui.viewers.spectrum_view import SpectrumView

LEFT, NONE, SHIFT = (
    Qt.MouseButton.LeftButton,
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
ALT = Qt.KeyboardModifier.AltModifier


def with_lines(z=0.1, names=("Hβ", "[O III] 5008", "Hα"), heights=(25.0, 45.0, 60.0), noise=0.5):
    """A flat continuum of 10 with Gaussian lines of a sigma of 3 Å at rest."""
    record = samples.spectrum(noise=noise, bad=slice(0, 0))
    x = record.wavelength_angstrom
    flux = 10.0 + np.random.default_rng(7).normal(0.0, noise, x.size)
    for name, height in zip(names, heights, strict=True):
        centre = wavelength_of(name) * (1 + z)
        flux += height * np.exp(-0.5 * ((x - centre) / (3.0 * (1 + z))) ** 2)
    return replace(record, flux=flux.astype(np.float32))


@pytest.fixture
def view(shown, settled, qtbot):
    made = shown(SpectrumView, with_lines())
    made.set_answer({"row_id": 1, "object_id": "J2226-0054"}, samples.redshift_posterior(0.1))
    settled(made)
    qtbot.waitExposed(made)
    made.activateWindow()
    made.setFocus()
    made.grab()
    steady(made, qtbot)
    return made


def steady(view, qtbot):
    """Wait until the axes have the width of their labels: a paint widens them for the next."""
    seen = []

    def is_steady():
        view.grab()
        seen.append(view.panel.overview.getViewBox().sceneBoundingRect())
        return seen[-2:].count(seen[-1]) == 2 and not view._later.isActive()

    qtbot.waitUntil(is_steady)


def at(view, wavelength, share=0.5) -> QPoint:
    """The pixel of the plots' widget at a wavelength and a share of the plot's height."""
    box = view.plots.box
    rect = box.sceneBoundingRect()
    scene = QPointF(box.scene_x(wavelength), rect.top() + share * rect.height())
    return view.plots.widget.mapFromScene(scene)


def drag(view, start: QPoint, end: QPoint, keys=NONE) -> None:
    drag_over(view.plots.widget.viewport(), start, end, keys)


def click(view, where: QPoint) -> None:
    port = view.plots.widget.viewport()
    QTest.mouseMove(port, where)
    QTest.mouseClick(port, LEFT, NONE, where)
    QTest.qWait(20)


def press(view, key, keys=NONE) -> None:
    QTest.keyClick(view, key, keys)


# Redshift by hand ---------------------------------------------------------------------------


def test_dragging_a_line_moves_the_whole_comb(view):
    centre = wavelength_of("Hα") * 1.1
    drag(view, at(view, centre, 0.7), at(view, centre + 300, 0.7))
    z = view.shown_redshift.value
    per_pixel = view.plots.box.angstrom_per_pixel()
    assert z == pytest.approx((centre + 300) / wavelength_of("Hα") - 1, abs=2 * per_pixel / 6564)
    assert view.shown_redshift.by_hand
    places = {marker.name: marker.x for marker in view._lines.markers}
    assert places["[O III] 5008"] == pytest.approx(wavelength_of("[O III] 5008") * (1 + z))
    assert "by hand" in view.redshift_words.text()
    assert "km/s from the answer" in view.redshift_words.text()
    assert len(view.plots.answer_lines.markers) == len(view.lines)


def test_dragging_beside_a_line_pans_and_leaves_the_redshift(view):
    before = view.flux_plot.viewRange()[0][0]
    drag(view, at(view, 8500), at(view, 8200))
    assert view.shown_redshift.value == pytest.approx(0.1)
    assert view.flux_plot.viewRange()[0][0] > before


def test_the_keys_move_lines_by_a_velocity_and_x_goes_back(view):
    press(view, Qt.Key.Key_Right, ALT)
    assert view.shown_redshift.offset_km_s == pytest.approx(50.0, abs=0.01)
    press(view, Qt.Key.Key_Left, ALT | SHIFT)
    assert view.shown_redshift.offset_km_s == pytest.approx(45.0, abs=0.01)
    press(view, Qt.Key.Key_X)
    assert view.shown_redshift.value == pytest.approx(0.1)
    assert not view.shown_redshift.by_hand
    assert not view.plots.answer_lines.markers


def test_a_redshift_can_be_typed(view):
    press(view, Qt.Key.Key_Z)
    assert view.bar.redshift.hasFocus()
    QTest.keyClicks(view.bar.redshift, "0.25")
    QTest.keyClick(view.bar.redshift, Qt.Key.Key_Return)
    assert view.shown_redshift.value == pytest.approx(0.25)
    assert view.plots.top.scale == pytest.approx(1 / 1.25)


def test_t_steps_through_the_peaks_and_shows_each(view):
    assert [round(peak.z, 2) for peak in view.shown_redshift.peaks] == [0.1, 0.6]
    press(view, Qt.Key.Key_T)
    assert view.shown_redshift.value == pytest.approx(0.6, abs=0.002)
    assert "peak 2 of 2: QSO 10.0 %" in view.redshift_words.text()
    assert view.panel.shown_peak == 1
    low, high = view.panel.interval_item.intervals[0.68]
    assert low < 0.6 < high
    assert high - low == pytest.approx(2 * 2e-3, rel=0.15)  # two sigma of that peak
    assert "C III]" not in {marker.name for marker in view._lines.markers if marker.x > 9500}
    assert "Mg II" in {marker.name for marker in view._lines.markers}  # lines of the peak's class
    press(view, Qt.Key.Key_T)
    assert view.shown_redshift.value == pytest.approx(0.1)
    press(view, Qt.Key.Key_T, SHIFT)
    assert view.shown_redshift.peak == 1


def test_a_click_in_p_of_z_takes_the_peak_there(view):
    box = view.panel.overview.getViewBox()
    scene = box.mapViewToScene(QPointF(0.6, -2.0))
    click(view, view.plots.widget.mapFromScene(scene))
    assert view.shown_redshift.peak == 1
    scene = box.mapViewToScene(QPointF(0.35, -2.0))
    click(view, view.plots.widget.mapFromScene(scene))
    assert view.shown_redshift.by_hand
    assert view.shown_redshift.value == pytest.approx(0.35, abs=0.005)


def test_two_clicks_give_the_redshift_that_fits_both(view):
    view.shown_redshift.set_by_hand(0.4)
    press(view, Qt.Key.Key_F)
    assert view.identify.isVisible()
    for name in ("Hβ", "[O III] 5008"):
        click(view, at(view, wavelength_of(name) * 1.1, 0.6))
    names = [line.name for line in view.identify.proposals[0].lines]
    assert names == ["Hβ", "[O III] 5008"]
    assert view.shown_redshift.value == pytest.approx(0.1, abs=2e-4)
    assert view.shown_redshift.line_names == ("Hβ", "[O III] 5008")
    press(view, Qt.Key.Key_Escape)
    assert not view.identify.isVisible()
    assert not view.tools["pick"].isChecked()
    assert view.shown_redshift.value == pytest.approx(0.1, abs=2e-4)


def test_the_analyst_can_say_which_line_a_feature_is(view):
    press(view, Qt.Key.Key_F)
    click(view, at(view, wavelength_of("Hα") * 1.1, 0.6))
    combo = view.identify.identities[0]
    index = next(i for i in range(combo.count()) if combo.itemText(i).startswith("[O II] "))
    combo.setCurrentIndex(index)
    combo.activated.emit(index)
    expected = wavelength_of("Hα") * 1.1 / wavelength_of("[O II]") - 1
    assert view.shown_redshift.value == pytest.approx(expected, abs=3e-4)


def test_h_accepts_the_redshift_in_use(view, qtbot):
    view.shown_redshift.set_by_hand(0.2345, ("Hα",))
    with qtbot.waitSignal(view.redshift_judged) as judged:
        press(view, Qt.Key.Key_H)
    assert judged.args == [0.2345, ("Hα",)]


def test_nothing_is_accepted_without_a_redshift(shown, qtbot):
    view = shown(SpectrumView, with_lines())
    with qtbot.assertNotEmitted(view.redshift_judged), qtbot.waitSignal(view.message) as said:
        view.tools["accept_z"].trigger()
    assert "no redshift to accept" in said.args[0]


def test_an_accepted_redshift_is_shown_and_its_lines_are_drawn(view, settled):
    view.set_answer({"row_id": 1, "user_z": 0.3}, samples.redshift_posterior(0.1))
    settled(view)
    assert view.shown_redshift.value == 0.3
    assert "z by hand = 0.30000" in view._labels.title.text()
    assert "accepted" in view.redshift_words.text()
    press(view, Qt.Key.Key_X)
    assert view.shown_redshift.value == pytest.approx(0.1)


def test_the_same_answer_again_leaves_the_lines_where_the_analyst_put_them(view, settled):
    view.shown_redshift.set_by_hand(0.2)
    view.set_answer({"row_id": 1}, samples.redshift_posterior(0.1))
    settled(view)
    assert view.shown_redshift.value == 0.2
    view.set_answer({"row_id": 1}, samples.redshift_posterior(0.15))
    settled(view)
    assert view.shown_redshift.value == pytest.approx(0.15)


# Measuring ----------------------------------------------------------------------------------


def measure_line(view, settled, name="Hα", half=30.0, keys=NONE):
    centre = wavelength_of(name) * 1.1
    view.show_wavelengths(centre - 300, centre + 300)
    view.grab()
    drag(view, at(view, centre - half, 0.6), at(view, centre + half, 0.6), keys)
    settled(view)


def test_a_dragged_range_measures_the_line_beneath(view, settled):
    press(view, Qt.Key.Key_V)
    measure_line(view, settled)
    direct, gaussian = (entry.measurement for entry in view.measurements.entries)
    true_flux = 60.0 * 3.3 * np.sqrt(2 * np.pi)
    for one in (direct, gaussian):
        assert one.flux.value == pytest.approx(true_flux, abs=4 * one.flux.error)
        error = one.centroid.error
        assert one.centroid.value == pytest.approx(wavelength_of("Hα") * 1.1, abs=4 * error)
        assert error < 0.25
    assert gaussian.fwhm.value == pytest.approx(3.3 * 2.3548, rel=0.03)
    titles, first, second = view.measurements.rows()
    assert titles[2] == "flux (10⁻¹⁶ erg s⁻¹ cm⁻²)" or titles[2] == "flux (10⁻¹⁷ erg s⁻¹ cm⁻²)"
    assert first[:2] == ["Hα", "direct"]
    assert second[1] == "Gaussian"
    assert view.measurements.isVisible()
    x, y = view.regions.curves[1].getData()
    assert y.max() == pytest.approx(70.0, rel=0.05)  # drawn on the axis of the plot
    assert x[np.argmax(y)] == pytest.approx(gaussian.centroid.value, abs=1)
    press(view, Qt.Key.Key_Escape)
    assert not view.plots.box.takes_ranges


def test_shift_and_drag_measures_without_a_mode(view, settled):
    measure_line(view, settled, keys=SHIFT)
    assert len(view.measurements.entries) == 2
    before = view.flux_plot.viewRange()[0]
    assert before[1] - before[0] == pytest.approx(600, rel=0.01)


def test_moving_a_side_band_measures_anew_in_place(view, settled):
    measure_line(view, settled, keys=SHIFT)
    first = view.measurements.entries[0].measurement
    low, high = view.regions.bands[0].getRegion()
    view.regions.bands[0].setRegion((low - 40, high - 40))
    settled(view)
    assert len(view.measurements.entries) == 2
    again = view.measurements.entries[0].measurement
    assert again.bands != first.bands
    assert again.flux.value == pytest.approx(first.flux.value, rel=0.05)


def test_a_second_line_is_added_and_the_table_can_be_copied_and_saved(
    view, settled, qapp, tmp_path
):
    measure_line(view, settled, keys=SHIFT)
    measure_line(view, settled, "[O III] 5008", keys=SHIFT)
    assert [entry.context.line_name for entry in view.measurements.entries] == [
        "Hα", "Hα", "[O III] 5008", "[O III] 5008",
    ]  # fmt: skip
    view.measurements.copy()
    lines = qapp.clipboard().text().splitlines()
    assert len(lines) == 5
    assert lines[0].split("\t")[3] == "centroid (Å, vacuum)"
    path = tmp_path / "lines.csv"
    view.measurements.save(path)
    import csv

    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["method"] for row in rows] == ["direct", "Gaussian"] * 2
    kept = view.measurements.entries[3].measurement
    assert float(rows[3]["flux"]) == kept.flux.value
    assert float(rows[3]["ew_rest_angstrom"]) == pytest.approx(kept.equivalent_width.value / 1.1)
    assert rows[0]["flux_unit"].endswith("erg s⁻¹ cm⁻²")
    press(view, Qt.Key.Key_V, SHIFT)
    assert not view.measurements.isVisible()
    assert not view.regions.shown
    assert not view.regions.curves[1].x.size


def test_a_range_outside_the_spectrum_is_refused_in_words(view, settled):
    view.plots.box.range_dragged.emit(20_000.0, 20_010.0, True)
    settled(view)
    assert not view.measurements.entries
    assert "fewer than three good samples" in view.measurements.words.text()


# Looking ------------------------------------------------------------------------------------


def test_a_click_on_a_name_zooms_to_the_line(view):
    view.grab()
    box = dict(zip(view._lines.labelled, view._lines.boxes, strict=True))["Hα"]
    click(view, view.plots.widget.mapFromScene(box.center()))
    low, high = view.flux_plot.viewRange()[0]
    assert low < wavelength_of("Hα") * 1.1 < high
    assert high - low < 300


def test_keys_zoom_pan_and_reset(view):
    whole = view.flux_plot.viewRange()[0]
    press(view, Qt.Key.Key_Plus)
    low, high = view.flux_plot.viewRange()[0]
    assert high - low == pytest.approx((whole[1] - whole[0]) / 1.5)
    press(view, Qt.Key.Key_Right)
    assert view.flux_plot.viewRange()[0][0] > low
    press(view, Qt.Key.Key_Up)
    assert not view.tools["follow"].isChecked()
    press(view, Qt.Key.Key_R)
    assert view.flux_plot.viewRange()[0] == pytest.approx(whole)
    assert view.tools["follow"].isChecked()


def test_the_flux_axis_follows_what_is_visible(view):
    quiet = view.flux_plot.viewRange()[1][1]
    view.show_wavelengths(8000, 8600)  # continuum of 10 alone
    assert view.flux_plot.viewRange()[1][1] < 0.5 * quiet
    centre = wavelength_of("Hα") * 1.1
    view.show_wavelengths(centre - 50, centre + 50)
    assert view.flux_plot.viewRange()[1][1] > 70


def test_the_flux_axis_takes_no_notice_of_masked_samples_and_cosmic_rays(shown):
    record = with_lines()
    flux, mask = record.flux.copy(), record.mask.copy()
    flux[3000:3003], mask[3000:3003] = 1e6, True
    flux[3500] = 1e5
    view = shown(SpectrumView, replace(record, flux=flux, mask=mask))
    assert view.flux_plot.viewRange()[1][1] < 150
    view.tools["full_range"].setChecked(True)
    assert 1e5 < view.flux_plot.viewRange()[1][1] < 1.5e5


def test_the_read_out_names_wavelengths_flux_and_line(view):
    centre = wavelength_of("Hα") * 1.1
    port = view.plots.widget.viewport()
    for wavelength in (5000, centre):
        QTest.mouseMove(port, at(view, wavelength))
        QTest.qWait(20)
    words = view.readout.text()
    assert "Å observed" in words
    assert "Å rest" in words
    assert "± 0.5 10⁻¹⁷ erg s⁻¹ cm⁻² Å⁻¹" in words
    assert "Hα" in words
    assert view.mouse.words_at(centre).startswith("7221.09 Å observed · 6564.63 Å rest")
    press(view, Qt.Key.Key_U)
    assert view.mouse.words_at(centre).startswith("722.109 nm observed · 656.463 nm rest")


def test_units_are_changed_on_axes_and_title(view):
    press(view, Qt.Key.Key_U)
    assert view.plots.bottom.labelText == "wavelength, vacuum, heliocentric (nm)"
    assert view.plots.bottom.scale == pytest.approx(0.1)
    press(view, Qt.Key.Key_U)
    assert view.plots.bottom.labelText.endswith("(µm)")
    press(view, Qt.Key.Key_U, SHIFT)
    press(view, Qt.Key.Key_U, SHIFT)
    assert view.flux_plot.getAxis("left").labelText == "flux (µJy)"
    x, y = view.flux_curve.getData()
    # 1e-17 erg/s/cm2/A at 7000 Å is 1e-17 * 7000^2 * 3.33564e4 Jy
    index = int(np.searchsorted(x, 7000.0))
    expected = view.record.flux[index] * 1e-17 * x[index] ** 2 * 3.33564095e4 * 1e6
    assert y[index] == pytest.approx(expected, rel=1e-5)


def test_relative_flux_cannot_be_shown_per_frequency_and_says_so(shown, qtbot):
    view = shown(SpectrumView, replace(with_lines(), flux_unit=""))
    with qtbot.waitSignal(view.message) as said:
        view.tools["flux_unit"].trigger()
    assert "relative flux, which cannot be shown per wavelength" in said.args[0]
    assert view.display.flux == "file"


def test_the_rest_wavelengths_can_stand_below(view):
    press(view, Qt.Key.Key_W)
    assert view.plots.bottom.labelText == "rest wavelength at z = 0.1 (Å)"
    assert view.plots.bottom.scale == pytest.approx(1 / 1.1)
    assert view.plots.top.labelText.startswith("wavelength, vacuum")
    assert view.plots.top.scale == pytest.approx(1.0)


def test_air_wavelengths_are_those_of_the_tables(view):
    press(view, Qt.Key.Key_A)
    assert "wavelength, air" in view.plots.bottom.labelText
    axis = view.plots.bottom
    levels = axis.tickValues(6564.0, 6566.0, 800)
    values = [value for _, level in levels for value in level]
    texts = [text for gap, level in levels for text in axis.tickStrings(level, 1.0, gap)]
    place = dict(zip(texts, values, strict=True))
    # Hα: 6564.61 in vacuum is 6562.80 in air.
    assert place["6563.0"] == pytest.approx(6563.0 + 1.81, abs=0.01)


def test_lists_of_lines_can_be_chosen(view):
    own = len(view.lines)
    press(view, Qt.Key.Key_Q, SHIFT)
    assert view.line_lists == ("quasar",)
    assert "C IV" in {line.name for line in view.lines}
    press(view, Qt.Key.Key_K, SHIFT)
    assert view.line_lists == ("quasar", "star")
    press(view, Qt.Key.Key_L, SHIFT)
    assert len(view.lines) == own
    assert not view.tools["list_quasar"].isChecked()


def test_weak_lines_are_named_when_there_is_room(view):
    assert "[N I] 5201" not in {marker.name for marker in view._lines.markers}
    view.show_wavelengths(5400, 6000)
    assert "[N I] 5201" in {marker.name for marker in view._lines.markers}


@pytest.mark.parametrize("width", [500, 900, 1500])
def test_no_two_names_of_lines_overlap_at_any_zoom(view, width):
    view.resize(width, 500)
    for low, high in ((3500, 9500), (5000, 7600), (7100, 7500)):
        view.show_wavelengths(low, high)
        view.grab()
        boxes = view._lines.boxes
        assert boxes
        for i, box in enumerate(boxes):
            assert not any(box.intersects(other) for other in boxes[:i])


def test_smoothing_and_bins_have_keys(view):
    rough = np.nanstd(view.curve.flux[:400])
    press(view, Qt.Key.Key_Period)
    assert view.smoothing.value() == 3
    assert np.nanstd(view.curve.flux[:400]) < 0.75 * rough
    press(view, Qt.Key.Key_G)
    assert view.smoothing_used.words == "3 px Gaussian"
    press(view, Qt.Key.Key_B, SHIFT)
    assert view.curve.flux.size == view.record.flux.size // 2
    x, low, high = view._error_band.band
    assert x.size == view.curve.flux.size
    assert np.nanmedian(high - low) < 2 * 0.5 * 0.8


def test_the_fit_has_residuals_and_a_gain_over_a_smooth_continuum(view, settled):
    record = view.record
    model = record.flux - np.random.default_rng(7).normal(0.0, 0.5, record.flux.size)
    posterior = replace(
        samples.redshift_posterior(), curves={"model_flux": model.astype(np.float32)}
    )
    view.set_answer({"row_id": 1}, posterior)
    settled(view)
    assert view.plots.residual.isVisible()
    assert np.nanstd(view.fit.residual) == pytest.approx(1.0, rel=0.1)
    assert view.fit.chi_square / view.fit.pixels == pytest.approx(1.0, rel=0.1)
    assert view.fit.gain > 1e4
    assert "χ²/pixel" in view.plots.residual.titleLabel.text
    press(view, Qt.Key.Key_D)
    assert not view.plots.residual.isVisible()
    assert not view._curve_of_model.isVisible()


def test_stepping_to_an_alternative_shows_its_own_fit_and_what_it_is_worse(view, settled):
    flux = view.record.flux
    curves = {"model_flux": flux, "model_flux_2": np.full_like(flux, 10.0)}
    view.set_answer({"row_id": 1}, replace(samples.redshift_posterior(0.1), curves=curves))
    settled(view)
    assert view.fit.number == 1
    press(view, Qt.Key.Key_T)
    assert view.fit.number == 2
    worse = np.sum((flux - 10.0) ** 2 * view.record.ivar)
    assert view.fit.loss == pytest.approx(worse, rel=1e-3)
    assert "worse than the answer's" in view.plots.residual.titleLabel.text
    assert np.nanmax(view._curve_of_model.getData()[1]) == 10.0
    press(view, Qt.Key.Key_X)
    assert view.fit.number == 1


def test_sky_is_named_and_shaded(view):
    press(view, Qt.Key.Key_K)
    view.show_wavelengths(5500, 6400)
    view.grab()
    assert "[O I] sky" in view.plots.sky_names.labelled
    assert any(low < 5578.9 < high for low, high in view.plots.sky.spans)
    assert any(low < 7600 < high for low, high in view.plots.telluric.spans)


# A spike, a frame, a life --------------------------------------------------------------------


def long_spectrum(spike=None):
    record = samples.spectrum(pixels=4000, bad=slice(0, 0))
    x = np.linspace(3600.0, 9800.0, 100_000)
    flux = 10.0 + np.random.default_rng(3).normal(0, 1, x.size)
    if spike is not None:
        flux[spike] = 400.0
    return replace(
        record, wavelength_angstrom=x, flux=flux.astype(np.float32),
        ivar=np.ones(x.size, np.float32), mask=np.zeros(x.size, bool),
    )  # fmt: skip


def dark_pixels_above(view, flux) -> int:
    """Pixels of the curve's colour where only a spike can be."""
    for name in ("lines", "errors"):
        view.tools[name].setChecked(False)
    view.flux_plot.setYRange(0, 450, padding=0)
    picture = view.plots.widget.grab().toImage()
    box = view.plots.box
    rect = box.sceneBoundingRect()
    top, bottom = rect.top() + 4, box.mapViewToScene(QPointF(5000, flux)).y()
    rows = range(int(top), int(bottom))
    columns = range(int(rect.left()) + 12, int(rect.right()) - 4)
    return sum(picture.pixelColor(x, y).lightness() < 100 for y in rows for x in columns)


@pytest.mark.parametrize("spike", [12_345, 50_000, 99_990])
def test_a_cosmic_ray_of_one_sample_does_not_vanish(shown, spike):
    view = shown(SpectrumView, long_spectrum(spike), (700, 500))
    view.tools["follow"].setChecked(False)
    assert dark_pixels_above(view, 200) > 20
    assert view.flux_curve.painted < 5 * view.plots.box.width()


def test_without_a_spike_nothing_is_painted_there(shown):
    view = shown(SpectrumView, long_spectrum(), (700, 500))
    view.tools["follow"].setChecked(False)
    assert dark_pixels_above(view, 200) == 0


def test_a_view_is_freed_at_once_without_the_garbage_collector(qtbot, pool, settled):
    gc.collect()
    gc.disable()
    try:
        view = SpectrumView(pool.submit)
        view.show()
        view.show_record(with_lines())
        view.set_answer({"row_id": 1}, samples.redshift_posterior(0.1))
        settled(view)
        gone = weakref.ref(view)
        del view
        assert gone() is None
    finally:
        gc.enable()


# Two dimensions, several spectra -------------------------------------------------------------


def with_image(step=2.0):
    """A trace along row 5 of 12 with a bright place at 6000 Å."""
    wavelength = np.cumsum(np.full(300, step)) + 5500.0
    if step > 2:
        wavelength = 5500.0 * 1.0008 ** np.arange(300)
    pixels = np.zeros((12, 300), np.float32)
    pixels[5] = 1.0
    pixels[5, np.abs(wavelength - 6000.0) < 6] = 30.0
    image = SpectralImage(
        pixels=pixels, wavelength_angstrom=wavelength, arcsec_per_row=0.5, name="SPEC2D"
    )
    return replace(with_lines(), image=image)


@pytest.mark.parametrize("step", [2.0, 4.0], ids=["even", "logarithmic"])
def test_the_two_dimensional_spectrum_stands_above_on_the_same_wavelengths(shown, qtbot, step):
    view = shown(SpectrumView, with_image(step))
    plot = view.plots.image
    assert plot.isVisible()
    view.show_wavelengths(5900, 6100)
    assert plot.viewRange()[0] == pytest.approx(view.flux_plot.viewRange()[0])

    def ends(box):
        rect = box.sceneBoundingRect()
        return pytest.approx((rect.left(), rect.right()), abs=1)

    def stands_above():
        view.grab()
        rect = plot.getViewBox().sceneBoundingRect()
        return (rect.left(), rect.right()) == ends(view.plots.box)

    qtbot.waitUntil(stands_above, timeout=10_000)
    place = plot.item.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(6000.0, 0.0)))
    column = int(place.x())
    assert plot.item.image[5, column] == 30.0
    qtbot.waitUntil(lambda: plot.getAxis("left").labelText == "along slit (″)", timeout=10_000)
    press(view, Qt.Key.Key_I)
    assert not plot.isVisible()


def test_a_spectrum_without_an_image_has_no_empty_plot(view):
    assert not view.plots.image.isVisible()


def other(unit, scale=1.0, z=0.3):
    return replace(with_lines(z), flux=(with_lines(z).flux * scale).astype(np.float32),
                   flux_unit=unit)  # fmt: skip


def test_overlays_of_another_flux_density_are_converted(view):
    """The same flux in Jy lies on that in erg/s/cm2/A."""
    record = view.record
    factor = 1e-17 * record.wavelength_angstrom**2 * 3.33564095e4
    jansky = replace(
        record, flux=(record.flux * factor).astype(np.float32),
        ivar=(record.ivar / factor**2).astype(np.float32), flux_unit="Jy",
    )  # fmt: skip
    press(view, Qt.Key.Key_N, SHIFT)  # not normalised
    view.set_overlays([Overlay(name="in Jy", record=jansky)])
    assert view.plots.overlays[0].y == pytest.approx(record.flux, rel=1e-4)
    assert "converted from Jy" in view.plots.names.names[1][0]
    view.set_display(replace(view.display, flux="per frequency"))
    assert view.plots.overlays[0].y == pytest.approx(view.curve.flux, rel=1e-4)


def test_counts_are_refused_in_words_unless_normalised(view, qtbot):
    press(view, Qt.Key.Key_N, SHIFT)
    with qtbot.waitSignal(view.message) as said:
        view.set_overlays([Overlay(name="B", record=other("count", 1000.0))])
    assert "B: its flux is in count, which cannot be converted" in said.args[0]
    assert not view.plots.overlays
    press(view, Qt.Key.Key_N, SHIFT)
    median = np.nanmedian(view.plots.overlays[0].y)
    assert median == pytest.approx(np.nanmedian(view.curve.flux), rel=0.02)


def test_spectra_are_stacked_and_moved_to_one_redshift(view):
    view.set_overlays(
        [Overlay(name="B", record=other(view.record.flux_unit), redshift=0.3),
         Overlay(name="C", record=other(view.record.flux_unit))]
    )  # fmt: skip
    press(view, Qt.Key.Key_S)
    levels = [np.nanmedian(curve.y) for curve in view.plots.overlays]
    assert levels[1] > levels[0] > np.nanmedian(view.curve.flux)
    press(view, Qt.Key.Key_W, SHIFT)
    first = view.plots.overlays[0]
    assert first.x[np.argmax(first.y)] == pytest.approx(wavelength_of("Hα") * 1.1, abs=3)
    assert "not moved: no redshift" in view.plots.names.names[2][0]
    view.grab()
    press(view, Qt.Key.Key_O, SHIFT)
    assert not view.plots.overlays
    assert not view.plots.names.names


def test_the_next_spectrum_has_no_overlays_and_no_regions(view, settled):
    view.set_overlays([Overlay(name="B", record=other(view.record.flux_unit))])
    measure_line(view, settled, keys=SHIFT)
    view.show_record(with_lines(0.2))
    assert not view.plots.overlays
    assert not view.regions.shown


@pytest.mark.parametrize("pixels", [1, 2, 5, 30])
def test_every_tool_works_on_a_tiny_spectrum(shown, settled, pixels):
    view = shown(SpectrumView, samples.spectrum(pixels=pixels, bad=slice(0, 1)))
    for tool in list(view.tools.values()):
        tool.trigger()
    view.mouse.add_feature(3801.0)
    view.plots.box.range_dragged.emit(3800.0, 3802.0, True)
    settled(view)
    view.grab()
    assert view.shows_content
    assert view.mouse.words_at(3801.0)
