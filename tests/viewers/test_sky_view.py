"""The sky map in its view: areas in words, the place under the mouse, the tools, both themes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import viewer_samples as samples
from PySide6.QtCore import QPointF

from astrogui.viewers.colours import DARK
from astrogui.viewers.sky_view import SkyView


@pytest.fixture
def view(shown):
    return shown(SkyView, samples.sky_posterior())


def test_the_areas_are_said_with_their_unit(view):
    areas = view.picture.areas_deg2
    assert f"50 % within {areas[0.5]:,.0f} deg²" in view.title.text()
    assert f"90 % within {areas[0.9]:,.0f} deg²" in view.title.text()
    assert 190 < areas[0.9] < 300  # 8 by 2 degrees on the sky: 2 pi 8 2 ln 10 = 231


def test_the_place_under_the_mouse_is_read_in_hours_or_degrees(view):
    x, y = view._peak.getData()
    words = view.words_at(x[0], y[0])
    assert words.startswith("RA 0")
    assert "on the edge of the 0 % area" in words
    view.tools["sky_hours"].trigger()
    assert "°" in view.words_at(x[0], y[0]).split(",")[0]
    assert view.words_at(1.9, 0.95) == ""


def test_the_mouse_over_the_map_fills_the_line_below(view, qtbot):
    x, y = view._peak.getData()
    view._on_mouse(view.plot.getViewBox().mapViewToScene(QPointF(x[0], y[0])))
    assert view.readout.text().startswith("RA ")


def test_centred_on_the_place_the_peak_is_in_the_middle(view, settled):
    view.tools["sky_turned"].trigger()
    settled(view)
    assert view._peak.getData()[0][0] == pytest.approx(0.0, abs=1e-6)


def test_coming_closer_shows_the_90_percent_area_and_back_the_whole_sky(view):
    view.tools["sky_closer"].trigger()
    seen = view.plot.getViewBox().viewRect()
    corners = np.vstack(view.picture.drawn.contours[0.9])
    assert seen.height() < 1
    assert seen.left() < corners[:, 0].min() < corners[:, 0].max() < seen.right()
    assert view._labels, "the lines have labels there too"
    view.tools["sky_all"].trigger()
    assert view.plot.getViewBox().viewRect().height() >= 2


def test_a_region_that_the_edge_cuts_is_turned_to_the_middle_first(shown, settled):
    whole = samples.sky_posterior()
    draws = whole.draws.copy()
    draws[:, 2] = (draws[:, 2] - 120.0) % 360.0
    view = shown(SkyView, replace(whole, draws=draws))
    view.tools["sky_closer"].trigger()
    settled(view)
    assert view.tools["sky_turned"].isChecked()
    assert view.plot.getViewBox().viewRect().width() < 2.5


def test_an_answer_without_places_says_why_there_is_no_map(view):
    view.show_answer({}, samples.mass_posterior())
    assert not view.shows_content
    assert "no place on the sky" in view._words.text()


def test_an_answer_about_something_else_asks_for_a_merger(view):
    view.show_answer({}, samples.redshift_posterior())
    assert view._words.text() == view.empty_words


def test_draws_at_one_place_are_refused_in_words(shown):
    view = shown(SkyView, samples.sky_posterior(draws=3))
    assert view._words.text() == "No sky map: a sky map needs 8 different places or more, got 3."


def test_in_the_dark_the_ground_is_dark_and_the_map_stays(view):
    view.set_theme(DARK)
    assert view._sky.brush().color().name() == DARK.ground
    assert view.picture is not None


def test_a_map_that_comes_has_its_lines_drawn_once_and_in_a_turn_of_their_own(
    qtbot, pool, settled, monkeypatch
):
    """Lines and labels were drawn twice in the turn that showed the map, which took it twice."""
    drawn, draw, take = [], SkyView._draw_grid, SkyView._on_picture

    def _on_picture(view, made):
        drawn.append("begin")
        take(view, made)
        drawn.append("end")

    monkeypatch.setattr(SkyView, "_draw_grid", lambda view: (drawn.append("lines"), draw(view)))
    monkeypatch.setattr(SkyView, "_on_picture", _on_picture)
    view = SkyView(pool.submit)
    qtbot.addWidget(view)
    view.resize(900, 560)
    view.show()
    settled(view)
    del drawn[:]
    view.show_answer({}, samples.sky_posterior())
    settled(view)
    assert drawn == ["begin", "end", "lines"]
    assert len(view._labels) > 8


def test_saving_is_asked_of_whoever_shows_the_view(view, qtbot):
    with qtbot.waitSignal(view.save_wanted):
        view.tools["sky_save"].trigger()
