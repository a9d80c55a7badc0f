"""The ringdown view: a mode put into noise is found, the start is dragged, theory stands beside."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import viewer_samples as samples
from dragging import drag_over
from PySide6.QtCore import QPointF

from astrogui.records.posterior import Posterior
from astrogui.science.ringdown import damped
from astrogui.viewers.colours import DARK
from astrogui.viewers.ringdown_view import RingdownView

MERGER = samples.GPS + 8.0
F_HZ, TAU_S = 250.0, 0.004


def ringing(detector, seed, loud=8e-21):
    quiet = samples.strain(detector, seed=seed)
    wave = damped(quiet.times() - MERGER, F_HZ, TAU_S, loud, 0.0)
    return samples.strain(detector, samples=quiet.samples + wave)


def posterior(mass=68.0, spin=0.7) -> Posterior:
    random = np.random.default_rng(2)
    draws = np.column_stack([random.normal(mass, 1.5, 500), random.normal(spin, 0.02, 500)])
    return Posterior(draws=draws, draw_names=("final_mass_det", "final_spin"))


@pytest.fixture
def view(qtbot, pool, settled):
    view = RingdownView(pool.submit)
    qtbot.addWidget(view)
    view.resize(620, 620)
    view.show()
    view.start.setValue(0.0)
    record = samples.network(ringing("H1", 4), ringing("L1", 5))
    view.show_merger(record, {"gps": MERGER}, posterior())
    return settled(view)


def test_the_mode_in_the_strain_is_found_and_said_with_units(view):
    frequency, damping = view.rung.found.quantiles((0.005, 0.995))
    assert frequency[0] < F_HZ < frequency[1]
    assert damping[0] < TAU_S < damping[1]
    words = view.title.text()
    assert "frequency 25" in words or "frequency 24" in words
    assert " Hz, damping time " in words
    assert " ms, signal-to-noise ratio " in words
    assert "M☉ (detector frame), spin" in words
    assert "Expected: " in words


def test_the_start_is_dragged_with_the_mouse_and_the_fit_follows(view, settled):
    before = view.rung.found.snr
    line, port = view.lines[0], view._page.viewport()
    box = view.plots[0].getViewBox()

    def pixel(ms):
        return view._page.mapFromScene(box.mapViewToScene(QPointF(ms, 0.0)))

    drag_over(port, pixel(line.value()), pixel(12.0))
    settled(view)
    assert view.start_ms == pytest.approx(12.0, abs=1.0)
    assert view.lines[1].value() == pytest.approx(line.value(), abs=0.06)
    assert view.rung.start_s == pytest.approx(1e-3 * view.start_ms)
    assert view.rung.found.snr < before / 2, "after three damping times little is left"


def test_the_tools_move_the_start(view, settled):
    view.tools["ring_later"].trigger()
    assert view.start_ms == 0.5
    view.tools["ring_earlier"].trigger()
    view.tools["ring_earlier"].trigger()
    assert view.start_ms == -0.5
    view.tools["ring_first"].trigger()
    assert settled(view).rung.start_s == pytest.approx(0.003)


def test_a_start_after_the_end_of_the_data_says_so(qtbot, pool, settled):
    view = RingdownView(pool.submit)
    qtbot.addWidget(view)
    view.show_merger(samples.network(), {"gps": samples.GPS + 14.97}, None)
    settled(view)
    assert "No fit: H1: there are no 0.1 s of strain" in view.title.text()


def test_without_an_answer_the_loudest_moment_is_taken_and_said(shown):
    view = shown(RingdownView, samples.network(ringing("H1", 4, 3e-20), ringing("L1", 5, 3e-20)))
    assert abs(view.heard[0].arrival - MERGER) < 0.003
    assert "the loudest moment is taken" in view.title.text()
    assert "Expected" not in view.title.text()


def test_theory_is_drawn_over_the_kerr_lines_in_either_theme(view):
    assert view._theory.paths
    assert any(label.isVisible() for label in view._labels)
    view.set_theme(DARK)
    assert view._theory.theme is DARK
    assert "general relativity" in view.legend.text()


def test_a_mode_is_sought_about_what_is_expected(view):
    low, high = view.rung.between_hz
    assert low == pytest.approx(view.expected.frequency_hz[0] / 2)
    assert high == pytest.approx(view.expected.frequency_hz[2] * 2)
    assert f"sought between {low:.0f} and {high:.0f} Hz" in view.legend.text()


def test_noise_alone_is_said_to_be_no_mode(qtbot, pool, settled):
    view = RingdownView(pool.submit)
    qtbot.addWidget(view)
    view.show_merger(samples.network(), {"gps": MERGER}, posterior())
    settled(view)
    assert view.rung.found.snr < 4.4
    assert "Noise alone reaches 4.4 once in twenty: no mode is heard." in view.title.text()


def test_names_of_spins_neither_meet_nor_leave_the_picture(view, qtbot):
    for height in (900, 620):
        view.resize(600, height)
        qtbot.wait(50)
        view.plane.setXRange(270.0, 320.0, padding=0)
        view.plane.setYRange(0.0, 30.0, padding=0)
        qtbot.wait(50)
        wide, tall = view.plane.getViewBox().viewPixelSize()
        names = [label.pos() for label in view._labels if label.isVisible()]
        assert names
        assert all(name.y() >= 18 * tall for name in names)
        for one, other in combinations(names, 2):
            assert abs(one.x() - other.x()) > 64 * wide or abs(one.y() - other.y()) > 18 * tall
