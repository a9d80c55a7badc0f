"""Corner plot, comparison, spreads and highest-density table, driven as an analyst does."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import viewer_samples as samples
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest

from astrogui.records.posterior import QUANTILE_LEVELS, GridDensity, Parameter, Posterior
from astrogui.science import prior_change
from astrogui.science.joint_density import enclosed_share
from astrogui.viewers.colours import DARK, LIGHT
from astrogui.viewers.compare_view import compare
from astrogui.viewers.corner_view import corner_of
from astrogui.viewers.interval_table import HIGHEST_DENSITY, regions_of
from astrogui.viewers.posterior_view import PosteriorView


def gaussian_posterior(count=100_000, means=(30.0, 0.2, 400.0), seed=3):
    """Three correlated quantities with as many draws as are kept."""
    random = np.random.default_rng(seed)
    covariance = np.diag([1.0, 0.1, 80.0]) @ [[1, 0.7, 0], [0.7, 1, 0], [0, 0, 1]]
    covariance = covariance @ np.diag([1.0, 0.1, 80.0])
    draws = random.multivariate_normal(means, covariance, count)
    names = ("mass", "spin", "distance")
    units = ("solMass", "", "Mpc")
    return Posterior(
        parameters=tuple(
            Parameter(name=name, title=name, unit=unit)
            for name, unit in zip(names, units, strict=True)
        ),
        quantiles=np.quantile(draws, QUANTILE_LEVELS, axis=0).T,
        draws=draws.astype(np.float32),
        draw_names=names,
    )


@pytest.fixture
def view(qtbot):
    view = PosteriorView()
    qtbot.addWidget(view)
    view.resize(560, 800)
    view.show()
    return view


def show(view, posterior):
    view.show_answer({"object_id": "GW1"}, posterior, "Merger", posterior.parameters)


def settle(view, qtbot):
    plot = view.corner.plot
    qtbot.waitUntil(lambda: not view.awaits() and bool(plot.cells) and not plot.is_drawing)


def drawn(view, qtbot):
    view.show_page("Corner")
    settle(view, qtbot)
    return view.corner.plot


def test_the_contours_hold_their_share_of_a_hundred_thousand_draws():
    posterior = gaussian_posterior()
    data = corner_of(posterior, ("mass", "spin", "distance"))
    assert data.count == 100_000
    assert set(data.contours) == {("mass", "spin"), ("mass", "distance"), ("spin", "distance")}
    fresh = gaussian_posterior(seed=4).draws.astype(float)
    columns = dict(zip(("mass", "spin", "distance"), fresh.T, strict=True))
    for (below, left), contours in data.contours.items():
        for share, loops in contours.items():
            inside = enclosed_share(loops, columns[below], columns[left])
            assert inside == pytest.approx(share, abs=0.01)


def test_medians_and_units_are_in_the_corner(view, qtbot):
    show(view, gaussian_posterior(4000))
    plot = drawn(view, qtbot)
    assert set(plot.cells) == {
        ("mass", "mass"), ("mass", "spin"), ("spin", "spin"), ("mass", "distance"),
        ("spin", "distance"), ("distance", "distance"),
    }  # fmt: skip
    assert "M☉" in plot.cells["mass", "distance"].plot.getAxis("bottom").labelText
    assert "Mpc" in plot.cells["mass", "distance"].plot.getAxis("left").labelText
    assert plot.cells["mass", "mass"].plot.toolTip().startswith("mass = 30.0")


def test_quantities_are_chosen_from_the_menu_and_kept(view, qtbot):
    posterior = gaussian_posterior(4000)
    show(view, posterior)
    plot = drawn(view, qtbot)
    actions = {action.text(): action for action in view.corner.menu.actions()}
    actions["spin"].trigger()
    settle(view, qtbot)
    assert set(plot.cells) == {("mass", "mass"), ("mass", "distance"), ("distance", "distance")}
    show(view, gaussian_posterior(4000, seed=9))  # the next row asks for the same
    settle(view, qtbot)
    assert view.corner.names == ("mass", "distance")


def test_the_last_quantity_cannot_be_taken_away(view, qtbot):
    show(view, samples.redshift_posterior())
    drawn(view, qtbot)
    (action,) = view.corner.menu.actions()
    action.trigger()
    assert view.corner.names == (samples.redshift_posterior().parameters[0].name,)


def test_a_published_value_is_marked_and_said(view, qtbot):
    show(view, gaussian_posterior(4000))
    plot = drawn(view, qtbot)
    view.corner.set_reference({"mass": 30.2, "spin": 0.9, "unknown": 1.0}, "catalogue")
    assert plot.cells["mass", "spin"].reference.x == 30.2
    assert plot.cells["mass", "spin"].reference.y == 0.9
    assert plot.cells["mass", "spin"].plot.viewRange()[1][1] > 0.9  # moved into sight
    words = view.corner.words.text()
    assert "Marked (catalogue): mass 30.20 M☉, inside the 68 % interval" in words
    assert "spin 0.900, outside the 90 % interval" in words


def test_an_answer_with_classes_only_says_there_is_nothing_to_draw(view):
    show(view, samples.class_posterior())
    view.show_page("Corner")
    assert "classes only" in view.corner.words.text()
    assert view.corner.plot.isHidden()


@pytest.mark.parametrize("width", [320, 560])
def test_the_corner_fits_its_page_as_squares(view, qtbot, width):
    view.resize(width, 800)
    show(view, gaussian_posterior(4000))
    plot = drawn(view, qtbot)
    qtbot.waitUntil(lambda: abs(plot.ci.geometry().height() - plot.height()) < 1)
    box = plot.cells["mass", "spin"].plot.getViewBox()
    assert box.width() == pytest.approx(box.height(), rel=0.25)


def test_a_comparison_of_shifted_gaussians_has_the_known_numbers():
    first = gaussian_posterior()
    moved = replace(first, draws=first.draws + np.float32(1.0), quantiles=first.quantiles + 1.0)
    mass = compare(first, moved)[0]
    half = 0.9945  # of a 68 % interval, in standard deviations
    assert mass.separation == pytest.approx(1 / (half * math.sqrt(2)), rel=0.02)
    x = np.linspace(-8, 9, 4001)
    p, q = np.exp(-0.5 * x**2), np.exp(-0.5 * (x - 1) ** 2)
    p, q = p / p.sum(), q / q.sum()
    m = 0.5 * (p + q)
    exact = 0.5 * np.sum(p * np.log(p / m)) + 0.5 * np.sum(q * np.log(q / m))
    assert mass.divergence == pytest.approx(exact, rel=0.05)
    alike = compare(first, first)[0]
    assert alike.separation == 0.0
    assert alike.divergence == pytest.approx(0.0, abs=1e-12)


def test_classes_are_compared_too():
    one = samples.class_posterior()
    other = replace(one, class_probability=one.class_probability[::-1].copy())
    found = compare(one, other)
    assert {item.title for item in found} == {f"P({cls})" for cls in one.classes}
    assert found[0].divergence > 0
    assert found[0].words[0].endswith("%")


def test_the_comparison_is_shown_copied_and_recoloured(view, qtbot):
    first = gaussian_posterior(4000)
    show(view, first)
    view.show_page("Compare")
    view.show_comparison(first, gaussian_posterior(4000, seed=8), ("run 1", "run 2"))
    qtbot.waitUntil(lambda: not view.awaits() and not view.compared.is_drawing)
    assert len(view.compared.plots) == 3
    assert "run 1" in view.compared.words.text()
    view.compared.table.setFocus()
    QTest.keySequence(view.compared.table, "Ctrl+C")
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t")[-1] == "divergence (nat)"
    assert len(lines) == 4
    assert view.as_text().splitlines()[0].split("\t")[1:3] == ["A: run 1", "B: run 2"]
    view.set_theme(DARK)
    assert DARK.series[0] in view.compared.words.text()


def test_answers_without_a_common_quantity_say_so(view, qtbot):
    show(view, samples.mass_posterior())
    view.show_comparison(samples.mass_posterior(), samples.class_posterior(), ("a", "b"))
    qtbot.waitUntil(lambda: not view.awaits())
    assert "no quantity in common" in view.compared.words.text()


def test_the_table_switches_to_highest_density_with_both_peaks(view, qtbot):
    edges = np.linspace(0, 2, 401)
    centres = 0.5 * (edges[1:] + edges[:-1])
    density = np.exp(-0.5 * ((centres - 0.4) / 0.02) ** 2)
    density += 0.8 * np.exp(-0.5 * ((centres - 1.3) / 0.02) ** 2)
    density /= np.sum(density * np.diff(edges))
    cumulative = np.concatenate([[0], np.cumsum(density * np.diff(edges))])
    posterior = Posterior(
        parameters=(Parameter(name="z", title="redshift"),),
        quantiles=np.interp(QUANTILE_LEVELS, cumulative, edges)[None],
        density=GridDensity(parameter="z", edges=edges, classes=("GALAXY",), density=density[None]),
    )
    regions = regions_of(posterior)
    assert len(regions["z", 0.9]) == 2
    show(view, posterior)
    view.set_highest_density(True)
    qtbot.waitUntil(lambda: view._table.kind == HIGHEST_DENSITY)
    assert " or " in view._table.text()
    view.set_highest_density(False)
    assert " or " not in view._table.text()


def test_the_spread_bars_split_the_variance(view):
    posterior = replace(
        gaussian_posterior(4000),
        aleatoric=np.array([3.0, 0.1, np.nan]),
        epistemic=np.array([4.0, 0.0, 1.0]),
    )
    show(view, posterior)
    assert [(name, round(share, 3)) for name, share, _ in view._spread.bars] == [
        ("mass", 0.64), ("spin", 0.0),
    ]  # fmt: skip
    assert "M☉  (64 %)" in view._spread.bars[0][2]
    picture = view._spread.grab().toImage()
    colours = {picture.pixelColor(x, y).name() for x in range(0, picture.width(), 9)
               for y in range(picture.height())}  # fmt: skip
    assert len(colours) > 4


def test_each_figure_of_the_panel_is_saved(view, qtbot, tmp_path):
    first = gaussian_posterior(4000)
    show(view, first)
    drawn(view, qtbot)
    view.show_comparison(first, first, ("a", "b"))
    qtbot.waitUntil(lambda: not view.awaits() and not view.compared.is_drawing)
    view.show_card(samples.card())
    view.show_page("Model card")
    figures = {figure.title: figure for figure in view.figures()}
    assert next(iter(figures)) == "Coverage"  # what is on top comes first
    assert set(figures) == {"Posterior curves", "Corner plot", "Comparison", "Coverage"}
    size = view.corner.plot.size()
    for title, figure in figures.items():
        figure.save(tmp_path / "a.png", figure.as_on_screen())
        picture = QImage(str(tmp_path / "a.png"))
        places = [
            (x, y) for x in range(0, picture.width(), 5) for y in range(0, picture.height(), 5)
        ]
        assert len({picture.pixel(x, y) for x, y in places}) > 8, title
    assert view.corner.plot.size() == size
    assert view.theme is LIGHT


def test_a_narrow_dock_shows_fewer_curves_side_by_side(view, qtbot):
    show(view, gaussian_posterior(4000))
    assert view._columns == 2
    view.resize(200, 800)
    qtbot.waitUntil(lambda: view._columns == 1)
    assert len(view.interval_items) == 3


def merger_posterior(count=3000):
    """Draws under the names of the binary analysis."""
    posterior = gaussian_posterior(count)
    names = ("chirp_mass_det", "chi_eff", "luminosity_distance")
    parameters = tuple(
        replace(parameter, name=name)
        for parameter, name in zip(posterior.parameters, names, strict=True)
    )
    return replace(posterior, parameters=parameters, draw_names=names)


def test_the_diagonal_says_median_unit_and_90_percent_interval(view, qtbot):
    posterior = merger_posterior()
    show(view, posterior)
    plot = drawn(view, qtbot)
    low, high = posterior.interval("chirp_mass_det", 0.9)
    value, errors = plot.cells["chirp_mass_det", "chirp_mass_det"].words.lines
    assert value == f"{posterior.median('chirp_mass_det'):.1f} M☉"
    numbers = [float(word.lstrip("+−± ")) for word in errors.split() if word != "±"]
    assert max(numbers) == pytest.approx(0.5 * (high - low), abs=0.15)


def test_another_prior_weights_the_draws_of_a_merger_and_is_named(view, qtbot):
    show(view, merger_posterior())
    plot = drawn(view, qtbot)
    before = plot.data.values["luminosity_distance"]
    assert view.corner.priors.isVisible()
    actions = {action.data(): action for action in view.corner.priors.menu().actions()}
    assert actions[prior_change.OWN].isChecked()
    actions[prior_change.SOURCE].trigger()
    qtbot.waitUntil(lambda: plot.data.prior == prior_change.SOURCE)
    settle(view, qtbot)
    assert plot.data.values["luminosity_distance"] < before
    assert actions[prior_change.SOURCE].isChecked()
    words = view.corner.words.text()
    assert "uniform in source-frame component masses and in comoving volume" in words
    assert "Dotted" not in words
    actions[prior_change.OWN].trigger()
    qtbot.waitUntil(lambda: not plot.data.prior)
    settle(view, qtbot)
    assert plot.data.values["luminosity_distance"] == before
    show(view, gaussian_posterior(500))
    assert not view.corner.priors.isVisible()


def test_the_prior_stands_dotted_beside_the_posterior_of_a_merger(view, qtbot):
    show(view, merger_posterior())
    plot = drawn(view, qtbot)
    x, y = plot.cells["luminosity_distance", "luminosity_distance"].prior.getData()
    assert np.trapezoid(y, x) == pytest.approx(1.0, abs=1e-3)
    assert y[-1] > y[0]
    assert "Dotted: the prior" in view.corner.words.text()
    show(view, gaussian_posterior(500))
    settle(view, qtbot)
    assert not plot.data.priors
    assert "Dotted" not in view.corner.words.text()
