"""The spectrum view: the record's own numbers, lines where they belong, intervals as computed."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import viewer_samples as samples
from PySide6.QtWidgets import QApplication

from astrogui.records.flags import Flag
from astrogui.science.lines import wavelength_of
from astrogui.viewers import redshift_panel
from astrogui.viewers.colours import DARK
from astrogui.viewers.posterior_curve import curve_of
from astrogui.viewers.redshift_panel import alternatives_of
from astrogui.viewers.spectrum_curve import box_for, lines_for, masked_spans, robust_range, smoothed
from astrogui.viewers.spectrum_view import SpectrumView


@pytest.fixture
def view(shown):
    return shown(SpectrumView, samples.spectrum())


@pytest.fixture
def answered(view, settled):
    view.set_answer({"row_id": 1, "object_id": "J2226-0054"}, samples.redshift_posterior(0.1))
    settled(view)
    view.grab()
    return view


def test_the_curve_is_the_record_except_where_it_is_masked(view):
    record = view.record
    x, y = view.flux_curve.getData()
    assert np.array_equal(x, record.wavelength_angstrom)
    assert np.array_equal(y[record.good], record.flux[record.good].astype(float))
    assert np.isnan(y[~record.good]).all()
    assert (~record.good).sum() == 20


def test_the_error_of_a_mean_falls_with_the_root_of_the_number():
    record = samples.spectrum(noise=2.0, bad=slice(0, 0))
    flux, error = smoothed(record, 9)
    middle = slice(10, -10)
    assert error[middle] == pytest.approx(2.0 / 3.0, rel=1e-3)
    assert flux[500] == pytest.approx(record.flux[496:505].mean(), rel=1e-6)


def test_a_noisy_spectrum_starts_averaged_until_the_analyst_chooses(shown):
    assert box_for(samples.spectrum(noise=1.0)) == 1
    view = shown(SpectrumView, samples.spectrum(noise=20.0))
    assert view.smoothing.value() == 11
    view.smoothing.setValue(3)
    view.show_record(samples.spectrum(noise=20.0))
    assert view.smoothing.value() == 3


def test_the_medium_of_the_file_is_named(shown):
    record = replace(samples.spectrum(), medium_in_file="air", frame="unknown")
    label = shown(SpectrumView, record).flux_plot.getAxis("bottom").labelText
    assert label == "wavelength, vacuum (the file has air), frame unknown (Å)"


def test_the_error_band_is_one_sigma_on_either_side(view):
    x, low, high = view._error_band.band
    good = view.record.good
    flux = view.record.flux[good].astype(float)
    error = 1 / np.sqrt(view.record.ivar[good].astype(float))
    assert low[good] == pytest.approx(flux - error)
    assert high[good] == pytest.approx(flux + error)
    assert np.isnan(low[~good]).all()
    assert np.array_equal(x, view.record.wavelength_angstrom)


def test_a_long_spectrum_is_painted_within_a_frame(shown):
    import time

    view = shown(SpectrumView, samples.spectrum(pixels=8000))
    took = []
    for _ in range(5):
        begin = time.thread_time()
        view._graphics.grab()
        took.append(time.thread_time() - begin)
    assert min(took) < 0.033


def test_smoothing_takes_nothing_from_masked_samples():
    record = samples.spectrum(bad=slice(1000, 1020))
    poisoned = record.flux.copy()
    poisoned[1000:1020] = 1e6
    flux, _ = smoothed(replace(record, flux=poisoned), 11)
    assert np.nanmax(flux) < 100


def test_masked_stretches_are_shaded_where_they_are(view):
    wavelength = view.record.wavelength_angstrom
    [(low, high)] = masked_spans(view.record)
    assert wavelength[999] < low < wavelength[1000]
    assert wavelength[1019] < high < wavelength[1020]
    assert view._masks.spans == ((low, high),)


def test_the_axes_name_quantity_frame_and_unit(view):
    assert view.flux_plot.getAxis("bottom").labelText == "wavelength, vacuum, heliocentric (Å)"
    assert view.flux_plot.getAxis("left").labelText == "flux (10⁻¹⁷ erg s⁻¹ cm⁻² Å⁻¹)"


def test_flux_without_a_unit_is_called_relative(shown):
    view = shown(SpectrumView, replace(samples.spectrum(), flux_unit=""))
    assert view.flux_plot.getAxis("left").labelText == "flux (relative)"


def test_the_range_shows_a_line_and_ignores_a_spike():
    record = samples.spectrum()
    spiky = record.flux.copy()
    spiky[2000], spiky[2500] = 1e5, -1e5
    low, high = robust_range(replace(record, flux=spiky))
    assert 45 < high < 70  # the line reaches 50
    assert -10 < low <= 0


def test_the_full_range_holds_every_sample(view):
    view._full_range.setChecked(True)
    low, high = view.flux_plot.viewRange()[1]
    assert low <= view.record.flux.min()
    assert high >= view.record.flux.max()


def test_lines_stand_at_the_redshift(answered):
    places = {marker.name: marker.x for marker in answered._lines.markers}
    assert places["Hα"] == pytest.approx(wavelength_of("Hα") * 1.1)
    assert places["Ca K"] == pytest.approx(wavelength_of("Ca K") * 1.1)


def test_line_labels_do_not_overlap_and_the_heavy_ones_are_there(answered):
    boxes = answered._lines.boxes
    assert len(boxes) > 8
    for i, box in enumerate(boxes):
        assert not any(box.intersects(other) for other in boxes[:i])
    assert {"Hα", "Hβ", "[O III] 5008"} <= set(answered._lines.labelled)


def test_a_quasar_gets_broad_lines_and_a_star_none_of_them():
    assert "C IV" in {line.name for line in lines_for("QSO")}
    stellar = {line.name for line in lines_for("STAR")}
    assert "Hα" in stellar
    assert "[O III] 5008" not in stellar


def test_the_rest_axis_divides_by_one_plus_z(answered):
    axis = answered.flux_plot.getAxis("top")
    assert axis.scale == pytest.approx(1 / 1.1)
    assert axis.labelText == "rest wavelength at z = 0.1 (Å)"
    values = [value for _, level in axis.tickValues(4000, 9000, 800) for value in level]
    texts = axis.tickStrings(values[:1], axis.scale, 1000)
    assert float(texts[0]) == pytest.approx(values[0] / 1.1, rel=1e-3)


def test_the_shaded_intervals_are_those_of_the_posterior(answered):
    posterior = samples.redshift_posterior(0.1)
    item = answered.panel.interval_item
    assert set(item.intervals) == {0.68, 0.9}
    for level, ends in item.intervals.items():
        assert ends == posterior.interval("z", level)
        x, y = item.shaded(level)
        assert (x[0], x[-1]) == ends
        assert (y >= 0).all()
    assert item.value == posterior.value("z")


def test_the_peak_is_the_density_of_the_best_class():
    posterior = samples.redshift_posterior(0.1, sigma=1e-3)
    x, y = curve_of(posterior, "z")
    assert x[np.argmax(y)] == pytest.approx(0.1, abs=3e-4)
    assert np.sum(y[:-1] * np.diff(x)) == pytest.approx(0.9, abs=0.01)  # the class's share


def test_the_overview_holds_the_probability_of_each_class(answered):
    posterior = samples.redshift_posterior(0.1)
    for cls, curve in answered.panel._curves:
        mass = 10 ** np.asarray(curve.yData)
        total = mass[mass > 1.01e-4].sum()
        assert total == pytest.approx(posterior.probability(cls), abs=0.01)


def test_alternatives_are_named_with_their_probability(answered):
    assert alternatives_of({"z_2": 0.6, "prob_z_2": 0.1, "class_2": "QSO"})[0].cls == "QSO"
    names = [marker.name for marker in answered.panel.markers.markers]
    assert "z = 0.1" in names
    assert "0.6 (10.0 %)" in names


def test_alternatives_that_an_analysis_keeps_apart_are_found_by_their_common_ending():
    cells = {"z_2_euclid": 1.6, "prob_z_2_euclid": 0.3, "z_3_euclid": 1.1, "prob_z_3_euclid": 0.1}
    found = alternatives_of(cells)
    assert [(other.z, other.probability) for other in found] == [(1.6, 0.3), (1.1, 0.1)]
    both = alternatives_of({**cells, "z_2": 0.6, "prob_z_2": 0.1})
    assert [other.z for other in both] == [0.6]


def test_the_title_names_object_class_and_level(answered):
    words = answered.answer_words()
    assert words[0] == "GALAXY 90.0 %"
    assert words[1].startswith("z = 0.1000")
    assert words[1].endswith("(68 %)")
    assert "J2226-0054" in answered._labels.title.text()


def test_flags_are_said_in_words(view, settled):
    doubtful = replace(samples.redshift_posterior(0.1), flags=Flag.LOW_SIGNAL | Flag.AMBIGUOUS)
    view.set_answer({}, doubtful)
    settled(view)
    assert "low signal-to-noise; the second-best answer" in view._labels.title.text()


def test_a_row_without_posterior_still_gives_lines(view):
    view.set_answer({"z": 0.2, "class": "GALAXY", "z_lo68": 0.199, "z_hi68": 0.201}, None)
    places = {marker.name: marker.x for marker in view._lines.markers}
    assert places["Hα"] == pytest.approx(wavelength_of("Hα") * 1.2)
    assert view.answer_words() == ["GALAXY", "z = 0.2000 +0.0010 −0.0010 (68 %)"]


def test_the_next_record_forgets_the_answer(answered):
    answered.show_record(samples.spectrum(z=0.2))
    assert answered.redshift is None
    assert not answered._lines.markers
    assert not answered.panel.peak.isVisible()


def test_a_spectrum_that_could_not_be_answered_says_so(view, settled):
    nothing = replace(
        samples.redshift_posterior(),
        quantiles=np.full((1, 25), np.nan),
        best=None,
        density=None,
        class_probability=np.full(3, np.nan),
        extras={},
        flags=Flag.NOT_ANSWERED,
    )
    view.set_answer({}, nothing)
    settled(view)
    assert view.redshift is None
    assert view.answer_words() == []
    assert not view.panel.peak.isVisible()
    assert "no answer" in view._labels.title.text()


def test_an_answer_is_worked_out_away_from_the_screen(view, settled, monkeypatch):
    threads = {}
    for module, name in ((np.linalg, "lstsq"), (redshift_panel, "find_peaks")):
        original = getattr(module, name)

        def noted(*args, _name=name, _original=original, **words):
            threads.setdefault(_name, set()).add(threading.get_ident())
            return _original(*args, **words)

        monkeypatch.setattr(module, name, noted)
    model = np.full(view.record.flux.size, 9.0, np.float32)
    curves = {"model_flux": model, "model_flux_2": model + 1}
    view.set_answer({}, replace(samples.redshift_posterior(), curves=curves))
    settled(view)
    view.shown_redshift.next_peak()
    assert view.fit.number == 2
    assert set(threads) == {"lstsq", "find_peaks"}
    assert threading.get_ident() not in set.union(*threads.values())


def test_an_answer_that_comes_after_the_next_record_is_not_shown(view, settled):
    view.set_answer({"row_id": 1}, samples.redshift_posterior(0.1))
    view.show_record(samples.spectrum(z=0.2))
    settled(view)
    QApplication.processEvents()
    assert view.shown_redshift.value is None
    assert not view._lines.markers
    assert not view.panel.peak.isVisible()


def test_a_fitted_model_is_drawn_over_the_data(view, settled):
    record = view.record
    model = np.full(record.flux.size, 9.0, np.float32)
    view.set_answer({}, replace(samples.redshift_posterior(), curves={"model_flux": model}))
    settled(view)
    x, y = view._curve_of_model.getData()
    assert np.array_equal(x, record.wavelength_angstrom)
    assert (y == 9.0).all()


def test_a_spectrum_without_any_good_sample_is_shown(shown):
    record = samples.spectrum(pixels=100, bad=slice(0, 100))
    view = shown(SpectrumView, record)
    view.set_theme(DARK)
    assert view.shows_content
    assert len(masked_spans(record)) == 1


def test_in_little_room_the_spectrum_stays_and_p_of_z_gives_way(answered, settled):
    plots = answered.plots
    for size, is_there in (((1000, 700), True), ((340, 330), False), ((1000, 700), True)):
        answered.resize(*size)
        settled(answered)
        answered.grab()
        assert plots.panel.peak.isVisible() is is_there
        page = plots.widget.viewport().rect().toRectF()
        assert page.contains(plots.flux.sceneBoundingRect())
        assert plots.flux.getViewBox().height() > 60
