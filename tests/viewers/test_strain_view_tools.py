"""The strain view's tools, driven as an analyst does: by keys, mouse and the controls."""

from __future__ import annotations

import wave
from dataclasses import replace

import numpy as np
import pytest
import viewer_samples as samples
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior
from astrogui.science.detector_response import delay_s
from astrogui.science.sidereal import gmst_radians
from astrogui.science.waveform_band import Binaries
from astrogui.science.waveform_models import MODELS
from astrogui.viewers import strain_hearing
from astrogui.viewers.gps_time import clock_text, utc_text
from astrogui.viewers.strain_answer import MergerAnswer
from astrogui.viewers.strain_live import SPEEDS, StrainPlayer, joined
from astrogui.viewers.strain_maps import density_map
from astrogui.viewers.strain_products import (
    alignment,
    asd_between,
    band_series,
    products,
    waveforms_over,
)
from astrogui.viewers.strain_view import StrainView

GPS = samples.GPS


def bursts(shift_s=0.0, sign=1.0, at=8.0, seed=1, size=16):
    """Noise with a loud burst at 120 Hz, of a detector."""
    record = samples.strain(seconds=size, seed=seed)
    time = np.arange(record.samples.size) / 4096.0 - at + shift_s
    burst = 8e-21 * np.exp(-((time / 0.03) ** 2)) * np.sin(2 * np.pi * 120 * time)
    return record.samples + sign * burst


@pytest.fixture
def two(shown):
    """H1 and L1 with one burst, in L1 earlier by 6.9 ms and upside down."""
    first = samples.strain(samples=bursts())
    second = samples.strain("L1", samples=bursts(0.0069, -1.0, seed=2))
    return shown(StrainView, samples.network(first, second), size=(1000, 800))


def merger_posterior(gps=GPS + 8.0, draws=400):
    random = np.random.default_rng(3)
    values = np.stack(
        [
            random.normal(30, 0.5, draws),
            random.uniform(0.7, 1, draws),
            random.normal(0, 0.05, draws),
        ],
        axis=1,
    )
    names = ("chirp_mass_det", "mass_ratio", "chi_eff")
    return Posterior(
        parameters=tuple(Parameter(name=name, title=name) for name in names),
        quantiles=np.quantile(values, QUANTILE_LEVELS, axis=0).T,
        draws=values,
        draw_names=names,
        extras={"gps": gps, "gps_h1": gps, "gps_l1": gps - 0.0069},
    )


def curve(view, product, slot=0):
    x, y = view.panels[slot].plots[product].curve.getData()
    return (np.zeros(0), np.zeros(0)) if x is None else (x, y)


def is_empty(item):
    x, _ = item.getData()
    return x is None or x.size == 0


def place_of(view, plot, x, y):
    """A point of the viewport over a place of a plot."""
    scene = plot.getViewBox().mapViewToScene(QPointF(x, y))
    return view.grid.graphics.mapFromScene(scene)


def test_one_loud_sample_is_on_the_screen_at_every_zoom(shown, settled):
    loud = samples.strain(seconds=64).samples.copy()
    loud[123_457] = 5e-19
    view = shown(StrainView, samples.network(samples.strain(samples=loud)))
    view.tools["show_raw"].trigger()
    settled(view)
    at = 123_457 / 4096
    for number in range(60):
        width = 64 * 0.88**number
        for place in (0.02, 0.37, 0.98):
            low = at - place * width
            view.grid.set_span(low, low + width)
            x, y = curve(view, "raw")
            assert y.max() == pytest.approx(500.0), (number, place)
            assert abs(x[np.argmax(y)] - at) < width / 300


def test_the_curve_stands_still_when_moved_by_less_than_a_step(shown):
    view = shown(StrainView, samples.network(samples.strain(seconds=64)))
    view.grid.set_span(10.0, 40.0)
    x_before, y_before = curve(view, "strain")
    view.grid.set_span(10.001, 40.001)
    x_after, y_after = curve(view, "strain")
    shared, before, after = np.intersect1d(x_before, x_after, return_indices=True)
    assert shared.size > 0.9 * x_before.size
    assert np.mean(y_before[before] == y_after[after]) > 0.95


def test_every_tool_has_words_a_tip_and_a_key_of_its_own(two):
    keys = [key.toString() for action in two.tools.values() for key in action.shortcuts()]
    assert len(keys) == len(set(keys))
    for name, action in two.tools.items():
        assert action.shortcuts(), name
        assert action.statusTip(), name


def test_keys_show_and_hide_kinds_of_plots(two, settled, qtbot):
    two.activateWindow()
    QTest.keyClick(two, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: "raw" in {plot.product for plot in two.grid.plots})
    QTest.keyClick(two, Qt.Key.Key_U)
    settled(two)
    kinds = [plot.product for plot in two.grid.plots if plot in two.panels[0].plots.values()]
    assert kinds == ["raw", "strain", "whitened", "map", "quality"]
    QTest.keyClick(two, Qt.Key.Key_Q)
    settled(two)
    assert "map" not in {plot.product for plot in two.grid.plots}


def test_each_detector_has_plots_of_its_own_choice(two, settled):
    two.set_plot("L1", "strain", False)
    two.set_plot("H1", "raw", True)
    settled(two)
    of = {
        panel.detector: [p for p, plot in panel.plots.items() if plot in two.grid.plots]
        for panel in two.panels
    }
    assert set(of["H1"]) == {"raw", "strain", "whitened", "map"}
    assert set(of["L1"]) == {"whitened", "map"}
    two.tools["detector_2"].trigger()
    settled(two)
    assert all(plot in two.panels[0].plots.values() for plot in two.grid.plots)


def test_side_by_side_every_plot_shows_the_same_time(two, settled):
    two.tools["abreast"].trigger()
    settled(two)
    assert two.grid.columns == 2
    two.grid.set_span(3.0, 4.5)
    two.panels[1].plots["map"].setXRange(5.0, 6.5, padding=0)  # whichever is moved
    for plot in two.grid.plots:
        assert plot.viewRange()[0] == pytest.approx([5.0, 6.5], abs=1e-9)
    x, _ = curve(two, "strain", 0)
    assert x[0] == pytest.approx(5.0, abs=0.01)


def test_a_plot_that_comes_later_shows_the_same_time(two, settled):
    two.grid.set_span(3.0, 4.0)
    two.tools["show_band"].trigger()
    settled(two)
    assert two.panels[0].plots["band"].viewRange()[0] == pytest.approx([3.0, 4.0])
    x, _ = curve(two, "band")
    assert x[0] == pytest.approx(3.0, abs=0.01)


def test_the_band_is_chosen_and_named(two, settled):
    two.tools["show_band"].trigger()
    settled(two)
    assert two.band_row.isVisible()
    two.band_row._high.setValue(100)
    settled(two)
    panel = two.panels[0]
    assert panel.plots["band"].corner.words.startswith("H1  whitened, 35–100 Hz")
    values = panel.band.values[np.isfinite(panel.band.values)]
    power = np.abs(np.fft.rfft(values)) ** 2
    frequency = np.fft.rfftfreq(values.size, 1 / 2048)
    assert power[(frequency > 150)].sum() < 0.02 * power.sum()
    two.band_row._of.setCurrentIndex(1)
    settled(two)
    assert panel.plots["band"].getAxis("left").labelText in {"in the band (10⁻²¹)", "h (10⁻²¹)"}
    assert panel.plots["band"].in_strain


def test_a_band_never_falls(two):
    two.band_row._low.setValue(400)
    low, high = two.band_row.band_hz
    assert high >= low + 5


def test_the_band_makes_up_nothing_at_a_gap():
    broken = samples.strain(seconds=32).samples.copy()
    broken[60_000:70_000] = np.nan
    made = products(samples.strain(samples=broken))
    band = band_series(made.whitened, 35.0, 350.0)
    known = np.isfinite(band.values)
    assert not known[29_000:36_000].any()
    assert np.all(np.isfinite(made.whitened.values[known]))
    assert np.nanstd(band.values) < 1.0


def test_the_cross_hair_is_at_one_time_in_every_plot_with_values(two):
    two.show()
    plot = two.panels[0].plots["whitened"]
    two.grid.set_span(7.0, 9.0)
    QTest.mouseMove(two.grid.graphics.viewport(), place_of(two, plot, 8.25, 1.0))
    two.cursor_tool._on_moved(two.grid.graphics.mapToScene(place_of(two, plot, 8.25, 1.0)))
    two.cursor_tool._move()
    assert {round(p.cross.x, 2) for p in two.grid.plots} == {8.25}
    words = two.labels.readout.text()
    assert f"GPS {GPS + 8.25:.2f}"[:-1] in words
    assert "UTC" in words
    assert "H1 whitened" in words
    assert "L1 whitened" in words
    assert words.rstrip().endswith("σ")
    two.tools["cross"].trigger()
    assert all(np.isnan(p.cross.x) for p in two.grid.plots)


def test_the_read_out_of_a_map_and_of_the_noise_have_units(two):
    plot = two.panels[0].plots["map"]
    two.grid.set_span(7.9, 8.1)
    two.cursor_tool._on_moved(two.grid.graphics.mapToScene(place_of(two, plot, 8.0, 2.0)))
    two.cursor_tool._move()
    parts = two.labels.readout.text().split("  ·  ")
    assert float(parts[2].removesuffix(" Hz")) == pytest.approx(100, rel=0.04)
    assert parts[3].startswith("H1 ")
    assert parts[3].endswith(" × noise")
    words = two.cursor_tool._noise_words(100.0)
    assert words.startswith("100 Hz")
    assert "H1 " in words
    assert "/√Hz" in words


def test_two_clicks_measure_a_time_and_its_inverse(two, qtbot):
    two.show()
    two.grid.set_span(7.9, 8.1)
    two.tools["measure"].trigger()
    plot = two.panels[0].plots["whitened"]
    viewport = two.grid.graphics.viewport()
    for x in (7.95, 8.05):
        QTest.mouseClick(
            viewport, Qt.MouseButton.LeftButton, pos=place_of(two, plot, x, 0.0), delay=300
        )
    first, second = two.cursor_tool.ends
    assert second - first == pytest.approx(0.1, abs=0.002)
    words = two.cursor_tool.measured_words()
    assert words.startswith(f"Δt = {1e3 * (second - first):.3f} ms")
    assert f"1/Δt = {1 / (second - first):.4g} Hz" in words
    assert two.panels[1].plots["map"].measured.spans == ((first, second),)
    two.tools["measure"].trigger()
    assert two.panels[1].plots["map"].measured.spans == ()


def test_aligning_finds_shift_and_sign_within_the_light_travel_time(two, settled):
    said = []
    two.message.connect(said.append)
    two.grid.set_span(7.5, 8.5)
    two.tools["align"].trigger()
    settled(two)
    panel = two.panels[1]
    assert panel.shift_s == pytest.approx(0.0069, abs=5e-4)
    assert panel.flip
    assert "inverted" in panel.plots["whitened"].corner.words
    assert "+6." in panel.plots["whitened"].corner.words or "+7." in panel.plots["map"].corner.words
    assert "light travels 10.0 ms" in said[-1]
    one, other = (two.panels[i].value_at("whitened", 8.002) for i in (0, 1))
    assert one * other > 0
    two.compare_row.reset_wanted.emit()
    assert panel.shift_s == 0
    assert not panel.flip


def test_a_shift_by_hand_moves_all_of_a_detector(two, settled):
    two.compare_row._shifts[1].setValue(250.0)
    two.compare_row._flips[1].setChecked(True)
    two.set_answer({"gps": GPS + 8.0}, None)
    settled(two)
    panel = two.panels[1]
    assert panel.plots["strain"].mergers.markers[0].x == pytest.approx(8.25)
    assert panel.plots["strain"].quality.spans[0][0] == pytest.approx(0.25)
    series = panel.series_of("strain")
    x, y = panel.points(series, 7.0, 7.01, 4000)
    sample = round((x[5] - 0.25) * series.sample_rate_hz)
    assert y[5] == -series.values[sample]
    left = panel.plots["map"].image.mapRectToParent(panel.plots["map"].image.boundingRect()).left()
    assert left == pytest.approx(two.grid.span[0], abs=0.02)


def test_the_first_detector_is_drawn_behind_the_others(two):
    two.tools["overlay"].trigger()
    x, y = two.panels[1].plots["whitened"].other.getData()
    first_x, first_y = curve(two, "whitened", 0)
    assert np.array_equal(x, first_x)
    assert np.array_equal(y, first_y, equal_nan=True)
    assert is_empty(two.panels[0].plots["whitened"].other)


def test_detectors_of_unlike_rates_are_not_aligned():
    one = products(samples.strain(seconds=16)).whitened
    other = products(samples.strain("L1", seconds=16, rate=1000.0)).whitened
    assert "sample rates" in alignment(one, other, GPS + 7, GPS + 8, 0.01)


def test_the_sound_of_two_detectors_is_written_left_and_right(two, settled, tmp_path):
    two.grid.set_span(7.0, 9.0)
    path = tmp_path / "burst.wav"
    two.hearing.write(str(path))
    settled(two)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8192)
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert len(frames) == pytest.approx(2 * 8192, abs=20)
    loudest = np.argmax(np.abs(frames), axis=0) / 8192
    assert loudest == pytest.approx([1.0, 0.993], abs=0.02)


def test_a_raised_pitch_is_heard_higher(two, settled, tmp_path):
    pitches = []
    two.grid.set_span(7.5, 8.5)
    for number in range(2):
        path = tmp_path / f"{number}.wav"
        two.hearing.write(str(path))
        settled(two)
        with wave.open(str(path)) as file:
            frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
        spectrum = np.abs(np.fft.rfft(frames[:, 0].astype(float)))
        pitches.append(np.argmax(spectrum) / (len(frames) / 8192))
        two.tools["raise_pitch"].trigger()
    assert pitches[0] == pytest.approx(120, abs=15)
    assert pitches[1] - pitches[0] == pytest.approx(400, abs=10)


def test_a_sound_is_given_to_the_player_or_its_place_is_said(two, settled, monkeypatch):
    opened, said = [], []
    two.message.connect(said.append)
    monkeypatch.setattr(strain_hearing, "open_in_player", lambda path: opened.append(path) or False)
    two.tools["play_sound"].trigger()
    settled(two)
    assert opened[0].endswith(".wav")
    assert "No program of this system plays sounds" in said[-1]


def test_a_sound_that_cannot_be_written_is_said(two, settled, tmp_path):
    said = []
    two.message.connect(said.append)
    two.hearing.write(str(tmp_path / "missing" / "a.wav"))
    settled(two)
    assert "missing" in said[-1]
    assert two.shows_content


def test_playing_moves_the_right_end_of_the_screen(two):
    player = two.player
    two.grid.set_span(0.0, 2.0)
    two.tools["play"].trigger()
    assert player.is_playing
    assert two.live_row.isVisible()
    start = two.span_gps[1]
    two.tools["faster"].trigger()
    player.advance(0.5)
    assert two.span_gps[1] - start >= 1.0
    assert two.span_gps[1] - two.span_gps[0] == pytest.approx(2.0)
    player.advance(100.0)
    assert not player.is_playing
    assert two.span_gps[1] == pytest.approx(GPS + 16)


def test_speeds_stop_at_their_ends():
    player = StrainPlayer()
    for _ in range(10):
        player.faster()
    assert player.speed == SPEEDS[-1] == 64
    for _ in range(10):
        player.slower()
    assert player.speed == 1
    with pytest.raises(ValueError, match="speed"):
        player.set_speed(3)


def test_joined_strain_goes_on_and_forgets_what_is_old():
    older = samples.strain(seconds=8, quality=np.full(8, 1, np.uint32))
    newer = replace(
        samples.strain(seconds=4, seed=9, quality=np.full(4, 3, np.uint32)), gps_start=GPS + 10
    )
    made = joined(samples.network(older), samples.network(newer)).strains[0]
    assert (made.gps_start, made.gps_end) == (GPS, GPS + 14)
    assert np.array_equal(made.samples[: 8 * 4096], older.samples)
    assert np.isnan(made.samples[8 * 4096 : 10 * 4096]).all()
    assert np.array_equal(made.samples[10 * 4096 :], newer.samples)
    assert made.quality.tolist() == [1] * 8 + [0] * 2 + [3] * 4
    short = joined(samples.network(older), samples.network(newer), 6.0).strains[0]
    assert (short.gps_start, short.gps_end) == (GPS + 8, GPS + 14)
    with pytest.raises(ValueError, match="2048"):
        joined(samples.network(older), samples.network(samples.strain(rate=2048.0)))


def test_what_comes_after_is_joined_and_drawn_before_it_is_computed_anew(two, settled):
    later = replace(samples.strain(seconds=4, seed=8), gps_start=GPS + 16)
    two.extend(samples.network(later), "following test")
    assert not is_empty(two.panels[0].plots["strain"].curve)  # no blank in between
    settled(two)
    assert two.network.strains[0].gps_end == GPS + 20
    assert two.span_gps[1] == pytest.approx(GPS + 20)
    assert two.network.detectors == ("H1", "L1")


def test_times_count_from_the_merger(two, settled):
    two.set_answer({}, merger_posterior())
    settled(two)
    two.tools["merger_time"].trigger()
    axis = two.grid.plots[-1].time_axis
    assert axis.labelText.startswith("time after the merger at GPS")
    [(spacing, values), *_] = axis.tickValues(7.6, 8.15, 600)
    strings = axis.tickStrings(values, 1.0, spacing)
    assert float(strings[values.index(min(values, key=lambda v: abs(v - 8.0)))]) == 0.0
    two.tools["merger_time"].trigger()
    assert axis.labelText.startswith("time since GPS")


def test_an_answer_draws_its_track_and_its_waveforms(two, settled):
    two.set_answer({}, merger_posterior())
    settled(two)
    panel = two.panels[0]
    x, y = panel.plots["map"].track.getData()
    assert x[-1] == pytest.approx(8.0, abs=0.005)
    assert 10 ** y[0] == pytest.approx(20.0)
    assert np.all(np.diff(x) >= 0)
    assert "median waveform and 90 % of 100 draws" in panel.plots["whitened"].corner.words
    assert np.nanmax(np.abs(panel.plots["whitened"].fitted.getData()[1])) > 0.5
    two.tools["waveform"].trigger()
    two.tools["track"].trigger()
    assert is_empty(panel.plots["whitened"].fitted)
    assert is_empty(panel.plots["map"].track)


def test_draws_of_all_of_a_binary_are_shown_as_they_are_and_not_fitted(two, settled):
    """Each draw's own time and distance: in noise alone they stand where they say, as loud."""
    masses = merger_posterior()
    random = np.random.default_rng(4)
    columns = {
        "chi_1": 0.0, "chi_2": 0.0, "luminosity_distance": 60.0, "ra": 100.0, "dec": -60.0,
        "inclination": 20.0, "psi": 0.3, "phase": 1.0, "gps_offset": 0.0,
    }  # fmt: skip
    extra = np.array(list(columns.values())) * (1 + 1e-3 * random.normal(size=(400, 9)))
    whole = replace(
        masses,
        draws=np.column_stack([masses.draws, extra]),
        draw_names=(*masses.draw_names, *columns),
    )
    draws = MergerAnswer({}, whole).draws()
    assert isinstance(draws, Binaries)
    made = [waveforms_over(panel.products, GPS + 8, draws) for panel in two.panels]
    turned = np.array([np.radians(100.0) - gmst_radians(GPS + 8)])
    delays = [delay_s(name, turned, np.radians([-60.0]))[0] for name in ("H1", "L1")]
    starts = [panel.products.whitened.start_gps for panel in two.panels]
    times = [band.arrival_s + start - GPS - 8 for band, start in zip(made, starts, strict=True)]
    assert times == pytest.approx(delays, abs=1e-4)
    farther = draws._replace(distance_mpc=2 * draws.distance_mpc)
    fainter = waveforms_over(two.panels[0].products, GPS + 8, farther)
    assert np.allclose(2 * fainter.median, made[0].median)


def test_waveforms_are_those_that_the_answer_was_weighted_with():
    masses = merger_posterior()
    assert MergerAnswer({}, None).model is MODELS["IMRPhenomD"]
    assert MergerAnswer({}, masses).model is MODELS["IMRPhenomD"]
    weighted = replace(masses, extras={**masses.extras, "waveform": "IMRPhenomXAS"})
    assert MergerAnswer({}, weighted).model is MODELS["IMRPhenomXAS"]


def test_a_waveform_lost_in_noise_is_not_drawn(shown, settled):
    view = shown(StrainView, samples.network(samples.strain(seconds=16)))
    view.set_answer({}, merger_posterior(GPS + 8.0))
    settled(view)
    panel = view.panels[0]
    assert "no waveform drawn: its signal-to-noise ratio is" in panel.plots["whitened"].corner.words
    assert is_empty(panel.plots["whitened"].fitted)


def test_the_noise_is_taken_about_the_merger_without_it():
    loud = bursts(at=200.0, size=300)
    record = samples.strain(samples=loud)
    middle = products(record)
    near = products(record, GPS + 200.0)
    assert middle.noise_gps == pytest.approx((GPS + 86, GPS + 214))
    assert near.noise_gps == pytest.approx((GPS + 136, GPS + 264))


def test_the_density_on_the_screen_is_drawn_beside(two, settled):
    two.tools["noise_now"].trigger()
    settled(two)
    assert set(two.noise.now_curves) == {"H1", "L1"}
    frequency, asd = asd_between(two.panels[0].strain, GPS + 1, GPS + 5)
    band = (frequency > 200) & (frequency < 1500)
    assert np.median(asd[band]) == pytest.approx(1e-21 * np.sqrt(2 / 4096), rel=0.2)
    assert not asd_between(two.panels[0].strain, GPS + 1, GPS + 1.05)[0].size


def test_design_curves_are_those_of_the_detectors_shown(two):
    assert list(two.noise.design_curves) == ["Advanced LIGO design"]
    two.tools["einstein"].trigger()
    assert list(two.noise.design_curves) == ["Advanced LIGO design", "Einstein Telescope design"]
    two.tools["design"].trigger()
    assert list(two.noise.design_curves) == ["Einstein Telescope design"]


def test_the_map_says_its_q_and_its_colours(two, settled):
    two.grid.set_span(7.5, 8.5)
    settled(two)
    plot = two.panels[0].plots["map"]
    assert "energy / noise, Q = " in plot.corner.words
    assert (plot.scale.low_words, plot.scale.high_words) == ("0", "25")
    two.tools["spectrogram"].trigger()
    settled(two)
    assert "amplitude density" in plot.corner.words
    assert plot.scale.high_words.endswith("/√Hz")


def test_a_spectrogram_has_no_columns_in_a_gap():
    broken = samples.strain(seconds=32).samples.copy()
    broken[4096 * 14 : 4096 * 18] = np.nan
    made = products(samples.strain(samples=broken))
    found = density_map(made.highpassed, GPS, GPS + 32, 320)
    times = np.linspace(GPS, GPS + 32, found.values.shape[1])
    missing = np.isnan(found.values).all(axis=0)
    assert missing[(times > GPS + 14) & (times < GPS + 18)].all()
    assert not missing[(times > GPS + 5) & (times < GPS + 12)].any()


def test_quality_bits_are_named_bars_with_words(shown, settled):
    bits = np.full(16, 3, np.uint32)
    bits[5:8] = 1
    names = ("DATA", "CBC_CAT1")
    view = shown(StrainView, samples.network(samples.strain(quality=bits, quality_names=names)))
    view.tools["show_quality"].trigger()
    settled(view)
    bars = view.panels[0].plots["quality"].bars
    assert [name for name, _ in bars.bits] == ["DATA", "CBC_CAT1"]
    assert bars.bits[1][1] == ((0.0, 5.0), (8.0, 16.0))
    assert bars.words_at(2.0, 0.5) == "DATA: set (good) for 16 s"
    assert bars.words_at(6.0, 1.5) == "CBC_CAT1: not set here"
    assert bars.words_at(6.0, 7.0) == ""


def test_heights_are_kept_when_asked(two):
    two.tools["keep_heights"].trigger()
    plot = two.panels[0].plots["whitened"]
    plot.setYRange(-3, 3, padding=0)
    two.grid.set_span(7.9, 8.1)
    assert plot.viewRange()[1] == pytest.approx([-3, 3])
    two.tools["keep_heights"].trigger()
    assert plot.viewRange()[1][1] > 3


def test_a_span_can_be_gone_back_to(two):
    two.grid.set_span(3.0, 5.0)
    two.tools["show_all"].trigger()
    assert two.grid.span == pytest.approx((0.0, 16.0))
    two.tools["back"].trigger()
    assert two.grid.span == pytest.approx((3.0, 5.0))
    two.tools["later"].trigger()
    assert two.grid.span == pytest.approx((4.0, 6.0))
    two.tools["closer"].trigger()
    assert two.grid.span == pytest.approx((4.5, 5.5))


def test_a_leap_second_is_written_as_such():
    assert clock_text(1167264016, 0) == "23:59:59"
    assert clock_text(1167264017, 0) == "23:59:60"
    assert clock_text(1167264017.25, 2) == "23:59:60.25"
    assert utc_text(1167264017) == "2016-12-31 23:59:60 UTC"
    assert utc_text(1167264018) == "2017-01-01 00:00:00 UTC"
