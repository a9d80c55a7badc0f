"""The strain view: no glitch is lost, noise is white, times are right, gaps are gaps."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest
import viewer_samples as samples

from astrogui.records.strain import StrainOutline
from astrogui.science.sidereal import leap_seconds
from astrogui.viewers.colours import DARK
from astrogui.viewers.envelope import Envelope
from astrogui.viewers.gps_time import clock_text, utc_of, utc_text
from astrogui.viewers.strain_axes import FrequencyAxis, PowerAxis, UtcAxis
from astrogui.viewers.strain_maps import energy_map
from astrogui.viewers.strain_products import products
from astrogui.viewers.strain_quality import quality_spans
from astrogui.viewers.strain_view import StrainView


@pytest.mark.parametrize("size", [5_000, 300_000, 3_000_000])
@pytest.mark.parametrize("place", [0.013, 0.5, 0.9999])
def test_a_glitch_of_one_sample_survives_any_zoom(size, place):
    values = np.random.default_rng(1).normal(size=size)
    glitch = int(place * size)
    values[glitch] = 50.0
    envelope = Envelope(values)
    for width in (size, size // 3, 2000):
        first = max(0, min(glitch - width // 2, size - width))
        x, y = envelope.between(first, first + width, 400)
        assert np.nanmax(y) == 50.0
        assert abs(x[np.nanargmax(y)] - glitch) <= 2.2 * width / 400 + 64
        assert x.size <= 2 * (400 + 3)


def test_few_samples_come_back_as_they_are():
    values = np.arange(100.0)
    x, y = Envelope(values).between(10, 30, 400)
    assert np.array_equal(x, np.arange(10.0, 30.0))
    assert np.array_equal(y, values[10:30])


def test_a_gap_stays_a_gap():
    values = np.ones(100_000)
    values[40_000:60_000] = np.nan
    x, y = Envelope(values).between(0, 100_000, 100)
    missing = x[np.isnan(y)]
    assert missing.min() == pytest.approx(40_000, abs=1200)
    assert missing.max() == pytest.approx(60_000, abs=1200)


def test_a_glitch_is_on_the_screen(shown):
    record = samples.strain(seconds=16)
    loud = record.samples.copy()
    loud[30_000] += 3e-19
    view = shown(StrainView, samples.network(samples.strain(samples=loud)))
    made = view.panels[0].products
    _, y = view.panels[0].curves["strain"].getData()
    assert np.nanmax(np.abs(y)) == pytest.approx(
        1e21 * np.nanmax(np.abs(made.highpassed.values)), rel=1e-6
    )
    assert np.nanmax(np.abs(y)) > 30


def test_white_noise_has_the_density_that_it_should():
    made = products(samples.strain(seconds=32, sigma=1e-21))
    band = (made.frequency_hz > 50) & (made.frequency_hz < 1500)
    expected = 1e-21 * np.sqrt(2 / 4096.0)
    assert np.median(made.asd[band]) / expected == pytest.approx(1.0, rel=0.05)


def test_the_whitened_series_has_unit_density_and_no_ringing_ends():
    made = products(samples.strain(seconds=32))
    white = made.whitened.values
    assert np.isnan(white[: int(0.9 * 2048)]).all()
    inner = white[np.isfinite(white)]
    # Between 18 and 960 of 1024 Hz the density is that of unit variance.
    assert np.std(inner) == pytest.approx(np.sqrt((960 - 18) / 1024), rel=0.06)


def test_a_gap_is_never_filtered_across():
    record = samples.strain(seconds=32)
    broken = record.samples.copy()
    broken[60_000:70_000] = np.nan
    made = products(samples.strain(samples=broken))
    gap = slice(30_000, 35_000)  # at 2048 Hz
    assert np.isnan(made.highpassed.values[gap]).all()
    assert np.isnan(made.whitened.values[gap]).all()
    assert np.isfinite(made.highpassed.values[27_900])


def test_strain_too_short_for_a_noise_estimate_is_still_shown(shown):
    view = shown(StrainView, samples.network(samples.strain(seconds=1)))
    assert view.shows_content
    assert view.panels[0].products.whitened is None
    assert "too short" in view.panels[0].corners["whitened"].words


def test_an_odd_sample_rate_is_still_whitened():
    made = products(samples.strain(seconds=32, rate=1000.0))
    assert made.whitened.sample_rate_hz == 1000.0
    assert np.nanstd(made.whitened.values) == pytest.approx(1.0, abs=0.15)


def test_the_energy_map_finds_time_and_frequency_of_a_burst():
    record = samples.strain(seconds=16)
    time = np.arange(record.samples.size) / 4096.0
    burst = 6e-21 * np.exp(-(((time - 9.3) / 0.02) ** 2)) * np.sin(2 * np.pi * 150 * time)
    made = products(samples.strain(samples=record.samples + burst))
    found = energy_map(made.whitened, samples.GPS + 9.0, samples.GPS + 9.6, 600)
    row, column = np.unravel_index(np.nanargmax(found.values), found.values.shape)
    frequencies = np.geomspace(found.low_hz, found.high_hz, found.values.shape[0])
    seconds = np.linspace(found.first_gps, found.last_gps, 600) - samples.GPS
    assert seconds[column] == pytest.approx(9.3, abs=0.02)
    assert frequencies[row] == pytest.approx(150.0, rel=0.1)
    assert found.values.max() > 30


def test_a_gap_has_no_energy():
    broken = samples.strain(seconds=32).samples.copy()
    broken[4096 * 14 : 4096 * 18] = np.nan
    made = products(samples.strain(samples=broken))
    found = energy_map(made.whitened, samples.GPS, samples.GPS + 32.0, 320)
    missing = np.isnan(found.values).all(axis=0)
    assert missing[140:180].all()
    assert not missing[60:120].any()


def test_the_energy_of_noise_has_mean_one():
    made = products(samples.strain(seconds=16))
    found = energy_map(made.whitened, samples.GPS + 4.0, samples.GPS + 12.0, 400)
    middle = found.values[10:-10]  # away from the high-pass and the fall towards 960 Hz
    assert np.median(middle) == pytest.approx(1.0, rel=0.8)
    assert middle.min() >= 0


@pytest.mark.parametrize(
    "gps", [46828801, 1119744018, 1126259462.391, 1167264018, 1267963151.3, 1400000000.5]
)
def test_utc_agrees_with_astropy(gps):
    from astropy.time import Time

    assert utc_text(gps, 3) == f"{Time(gps, format='gps').utc.iso} UTC"


def test_leap_seconds_of_the_first_events():
    assert leap_seconds(1126259462) == 17
    assert leap_seconds(1187008882) == 18
    assert utc_of(1126259462).isoformat() == "2015-09-14T09:50:45+00:00"
    assert clock_text(1126259462.391, 3) == "09:50:45.391"


def test_utc_ticks_are_round_times():
    axis = UtcAxis()
    axis.epoch_gps = int(samples.GPS)
    [(spacing, values)] = axis.tickValues(0.0, 32.0, 800)
    assert len(values) >= 2
    for text in axis.tickStrings(values, 1.0, spacing):
        assert int(text[-2:]) % 5 == 0, text


def test_frequencies_and_powers_are_written_out():
    frequency = FrequencyAxis("bottom")
    texts = [
        text
        for spacing, values in frequency.tickValues(1.0, 3.3, 400)
        for text in frequency.tickStrings(values, 1.0, spacing)
    ]
    assert {"10", "20", "50", "100", "200", "500", "1000"} <= set(texts)
    assert PowerAxis("left").tickStrings([-23.0], 1.0, 1.0) == ["10⁻²³"]


def test_a_narrow_frequency_axis_has_fewer_numbers():
    frequency = FrequencyAxis("bottom")
    [(_, named), _] = frequency.tickValues(1.0, 3.3, 150)
    assert len(named) == 5


def test_titles_are_short_where_there_is_no_room(shown):
    view = shown(StrainView, samples.network(), size=(900, 1000))
    axis = view.panels[0].plots["whitened"].getAxis("left")
    assert axis.labelText == "whitened (σ)"
    view.tools["abreast"].setChecked(False)
    view.set_abreast(False)
    view.resize(900, 500)
    view.grab()
    assert axis.labelText == "σ"


def test_quality_is_good_flagged_missing_or_unknown():
    bits = np.full(16, 127, np.uint32)
    bits[3:5] = 127 & ~2  # CBC_CAT1 not passed
    bits[10] = 0
    names = ("DATA", "CBC_CAT1", "CBC_CAT2", "CBC_CAT3", "BURST_CAT1", "BURST_CAT2", "BURST_CAT3")
    record = samples.strain(quality=bits, quality_names=names)
    spans, words = quality_spans(record)
    kinds = [(low - samples.GPS, high - samples.GPS, kind) for low, high, kind in spans]
    assert kinds == [
        (0, 3, "good"), (3, 5, "flagged"), (5, 10, "good"), (10, 11, "no data"), (11, 16, "good"),
    ]  # fmt: skip
    assert "DATA 15, CBC_CAT1 13" in words
    assert quality_spans(samples.strain())[0][0][2] == "unknown"


def test_unknown_quality_is_said(shown):
    view = shown(StrainView, samples.network(samples.strain()))
    assert "data quality unknown" in view.panels[0].corners["whitened"].words


def test_detectors_share_one_time_axis_from_a_whole_second(shown):
    first = samples.strain(seconds=16)
    view = shown(StrainView, samples.network(first, samples.strain("L1", seed=6)))
    assert view.epoch_gps == int(samples.GPS)
    view._set_span(samples.GPS + 4, samples.GPS + 5)
    ranges = [p.plots[kind].viewRange()[0] for p in view.panels for kind in ("strain", "map")]
    for span in ranges:
        assert span == pytest.approx([4.0, 5.0], abs=1e-6)
    label = view.panels[-1].plots["map"].getAxis("bottom").labelText
    assert label == f"time since GPS {int(samples.GPS)} (2015-09-14 09:50:29 UTC) (s)"


def test_the_merger_is_marked_in_every_plot(shown, settled):
    view = shown(StrainView, samples.network())
    view.set_answer({"gps_found": samples.GPS + 7.25}, samples.mass_posterior())
    settled(view)
    for panel in view.panels:
        for plot in panel.plots.values():
            assert [marker.x for marker in plot.mergers.markers] == [7.25]
    low, high = view.panels[0].plots["strain"].viewRange()[0]
    assert low < 7.25 < high
    assert high - low < 1.0


def test_the_fitted_waveform_lies_over_the_whitened_strain(shown):
    view = shown(StrainView, samples.network())
    wave = np.sin(np.arange(1024) / 9.0).astype(np.float32)
    posterior = replace(
        samples.mass_posterior(),
        curves={"fitted_h1": wave, "fitted_l1": np.full(1024, np.nan, np.float32)},
        extras={"gps": samples.GPS + 7.25, "gps_h1": samples.GPS + 7.253, "gps_l1": None},
    )
    view.set_answer({}, posterior)
    first, second = view.panels
    x, y = first.plots["whitened"].fitted.getData()
    assert np.array_equal(y, wave.astype(float))
    assert x[0] == pytest.approx(7.253 - 0.4)
    assert x[1] - x[0] == pytest.approx(1 / 2048)
    hidden = second.plots["whitened"].fitted.getData()[0]
    assert hidden is None or not hidden.size
    assert [m.x for m in first.plots["map"].mergers.markers] == pytest.approx([7.253])
    assert [m.x for m in second.plots["map"].mergers.markers] == pytest.approx([7.25])


def test_the_title_gives_intervals_with_their_level_and_unit(shown):
    view = shown(StrainView, samples.network())
    view.set_answer({}, samples.mass_posterior())
    words = view.answer.words()
    assert words[0].startswith("chirp mass, detector frame 31.0")
    assert words[0].endswith("M☉ (90 %)")


def test_gaps_are_shaded(shown):
    broken = samples.strain(seconds=16).samples.copy()
    broken[4096 * 5 : 4096 * 6] = np.nan
    view = shown(StrainView, samples.network(samples.strain(samples=broken)))
    [(low, high)] = view.panels[0].plots["strain"].gaps.spans
    assert (low, high) == pytest.approx((5.0, 6.0))


def test_plots_can_be_hidden_one_kind_at_a_time(shown):
    view = shown(StrainView, samples.network())
    view._shown["strain"].setChecked(False)
    view._shown["asd"].setChecked(False)
    scenes = {kind: view.panels[0].plots[kind].scene() for kind in ("strain", "whitened", "map")}
    assert scenes["strain"] is None
    assert scenes["whitened"] is not None
    assert not view._beside.isVisible()
    view._shown["strain"].setChecked(True)
    assert view.panels[0].plots["strain"].scene() is not None


def test_the_noise_of_every_detector_is_drawn_in_order(shown):
    view = shown(StrainView, samples.network())
    assert list(view.noise.noise_curves) == ["H1", "L1"]
    x, y = view.noise.noise_curves["H1"].getData()
    made = view.panels[0].products
    assert (
        10 ** x[100] in made.frequency_hz.round(9)
        or np.isclose(10 ** x[100], made.frequency_hz, rtol=1e-9).any()
    )
    assert 10 ** y.mean() / np.median(made.asd) == pytest.approx(1.0, rel=0.3)


def test_the_names_of_the_curves_of_noise_take_the_colours_of_the_dark(shown):
    view = shown(StrainView, samples.network())
    view.set_theme(DARK)
    texts = [label.item.toHtml() for _, label in view.noise._names.items]
    assert texts
    assert all(DARK.text in text for text in texts)


def test_in_little_room_the_series_stay_and_the_rest_is_in_a_tip(shown, settled):
    view = shown(StrainView, samples.network())
    view.set_answer({}, samples.mass_posterior())
    for width, is_wide in ((1000, True), (340, False), (1000, True)):
        view.resize(width, 600)
        settled(view)
        assert view._beside.isVisible() is is_wide
        words = view.answer.words()[0]
        assert (words in view.labels.title.text()) is is_wide
        assert (words in view.labels.title.toolTip()) is not is_wide
        assert "GPS" in view.labels.title.text()
    view._shown["asd"].setChecked(False)
    view.resize(900, 600)
    assert not view._beside.isVisible()


def test_nine_plots_are_laid_out_in_one_turn_and_painted_in_another(qtbot, pool, settled):
    """Qt painted what was laid out at once: the window stood still for the sum of both."""
    view = StrainView(pool.submit)
    qtbot.addWidget(view)
    view.resize(1200, 800)
    view.show()
    while view.make_plot():
        pass
    page, seen = view.grid.graphics, []
    view._making.timeout.connect(lambda: seen.append(("laid out", len(view.grid.plots))))
    view._showing.timeout.connect(lambda: seen.append(("shown", 0)))

    def painted(event):
        before = page.painted  # which does not count the background alone
        type(page).paintEvent(page, event)
        if page.painted > before:
            seen.append(("painted", len(view.grid.plots)))

    page.paintEvent = painted
    view.show_record(samples.network(*(samples.strain(name) for name in ("H1", "L1", "V1"))))
    settled(view)
    qtbot.waitUntil(lambda: ("painted", 9) in seen)
    order = seen[seen.index(("laid out", 9)) :]
    assert order[:2] == [("laid out", 9), ("shown", 0)]
    assert view.span_gps == pytest.approx((view.network.gps_start, view.network.gps_end))


def test_products_are_computed_once_the_plots_stand(qtbot, settled):
    """Computed beside them, they made a plot of fifteen milliseconds take seventy."""
    plots = []

    def at_once(function, *args) -> Future:
        future: Future = Future()
        future.set_result(function(*args))
        if products in args:
            plots.append(len(view.grid.plots))
        return future

    view = StrainView(at_once)
    qtbot.addWidget(view)
    view.resize(1200, 800)
    view.show()
    view.show_record(samples.network(*(samples.strain(name) for name in ("H1", "L1", "V1"))))
    qtbot.waitUntil(lambda: view.awaits("products:") == 3)
    settled(view)
    assert plots == [9, 9, 9]
    assert all(panel.products is not None for panel in view.panels)


def test_products_of_a_record_that_went_are_not_computed(qtbot, pool, settled):
    view = StrainView(pool.submit)
    qtbot.addWidget(view)
    view.show()
    view.show_record(samples.network(samples.strain("H1"), samples.strain("L1")))
    qtbot.waitUntil(lambda: bool(view._unmade))
    view.clear()
    assert not view.awaits("products:")
    view.show_record(samples.network(samples.strain("V1")))
    settled(view)
    assert [panel.detector for panel in view.panels if panel.products is not None] == ["V1"]


# A first outline ----------------------------------------------------------------------------------


def outline_of(record, samples_each=64) -> Future:
    """What a reader gives of a record before it is read."""
    parts = record.samples.reshape(-1, samples_each)
    future: Future = Future()
    future.set_result(
        StrainOutline(
            lowest=parts.min(axis=1),
            highest=parts.max(axis=1),
            stretch_s=samples_each / record.sample_rate_hz,
            gps_start=record.gps_start,
            sample_rate_hz=record.sample_rate_hz,
            detector=record.detector,
        )
    )
    return future


@pytest.fixture
def outlined(qtbot, pool, settled):
    """A view with the outline of a record of H1, and that record."""
    record = samples.strain("H1")
    view = StrainView(pool.submit)
    qtbot.addWidget(view)
    view.resize(900, 640)
    view.show()
    view.show_glimpse(outline_of(record))
    return settled(view), record


def test_an_outline_is_drawn_as_raw_strain_and_nothing_is_made_of_it(outlined):
    view, record = outlined
    _, y = view.panels[0].curves["strain"].getData()
    assert np.nanmax(y) == pytest.approx(1e21 * record.samples.max())
    assert np.nanmin(y) == pytest.approx(1e21 * record.samples.min())
    assert view.panels[0].products is None
    assert "16 s at 4096 Hz" in view.labels.title.text()
    assert "being filtered" in view.panels[0].corners["strain"].words


def test_the_record_comes_into_the_plots_and_the_span_of_its_outline(outlined, settled):
    view, record = outlined
    plots = list(view.grid.plots)
    view.closer()
    span = view.span_gps
    view.show_record(samples.network(record))
    assert view.panels[0].curves["strain"].getData()[0].size  # until there is better
    settled(view)
    assert view.grid.plots == plots
    assert view.span_gps == pytest.approx(span)
    assert view.panels[0].products.whitened is not None
    assert view.panels[0].series_of("strain").sample_rate_hz > 1000


def test_the_other_detectors_of_the_record_get_plots_beside_those_of_the_outline(outlined, settled):
    view, record = outlined
    view.show_record(samples.network(record, samples.strain("L1", seed=5)))
    settled(view)
    assert [panel.detector for panel in view.panels] == ["H1", "L1"]
    assert all(panel.products is not None for panel in view.panels)
    assert len(view.grid.plots) == 6


def test_another_record_than_the_outline_is_shown_from_its_start(outlined, settled):
    view, record = outlined
    view.closer()
    view.show_record(samples.network(replace(record, gps_start=record.gps_start + 1000)))
    settled(view)
    assert view.span_gps == pytest.approx((samples.GPS + 1000, samples.GPS + 1016))


def test_a_record_that_grows_takes_the_place_of_an_outline(outlined, settled):
    view, record = outlined
    view.extend(samples.network(record), "a folder")
    settled(view)
    assert view.panels[0].products is not None
    assert view.network.strains[0].sample_rate_hz == record.sample_rate_hz
