"""The results view and the model card: what is written is what was inferred."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import viewer_samples as samples
from scipy import stats

from astrogui.records.flags import Flag
from astrogui.records.posterior import QUANTILE_LEVELS
from astrogui.records.provenance import AnswerProvenance
from astrogui.viewers.card_view import CardView, binomial_band
from astrogui.viewers.class_bars import ClassBars
from astrogui.viewers.interval_table import HEADINGS, IntervalTable
from astrogui.viewers.posterior_curve import curve_of, from_draws, from_quantiles
from astrogui.viewers.posterior_view import PosteriorView
from astrogui.viewers.result_text import axis_title


@pytest.fixture
def view(qtbot):
    made = PosteriorView()
    qtbot.addWidget(made)
    made.resize(760, 900)
    made.show()
    return made


def answer(view, posterior, **row):
    view.show_answer({"row_id": 1, "object_id": "GW150914", **row}, posterior, "Merger")
    view.grab()
    return view


def test_the_curve_of_draws_is_their_density():
    draws = np.random.default_rng(1).normal(31.0, 1.0, 20_000)
    x, y = from_draws(draws, None)
    assert np.sum(y) * (x[1] - x[0]) == pytest.approx(1.0, abs=1e-6)
    assert np.interp([30.0, 31.0, 32.5], x, y) == pytest.approx(
        stats.norm.pdf([30.0, 31.0, 32.5], 31.0, 1.0), rel=0.08
    )


def test_weights_of_draws_count():
    random = np.random.default_rng(2)
    draws = random.uniform(0.0, 10.0, 50_000)
    weights = stats.norm.pdf(draws, 4.0, 0.8).astype(np.float32)
    x, y = from_draws(draws, weights)
    assert x[np.argmax(y)] == pytest.approx(4.0, abs=0.15)
    assert np.interp(4.0, x, y) == pytest.approx(stats.norm.pdf(4.0, 4.0, 0.8), rel=0.1)


def test_a_hard_edge_does_not_sink():
    draws = np.random.default_rng(3).exponential(1.0, 50_000)
    _, y = from_draws(draws, None)
    assert y[0] > 0.8


def test_the_curve_of_quantiles_is_the_density_they_came_from():
    x, y = from_quantiles(stats.norm.ppf(QUANTILE_LEVELS, 5.0, 2.0))
    assert np.sum(y) * (x[1] - x[0]) == pytest.approx(1.0, abs=0.02)
    inner = (x > 2) & (x < 8)
    assert y[inner] == pytest.approx(stats.norm.pdf(x[inner], 5.0, 2.0), rel=0.12)


def test_a_parameter_without_an_answer_has_no_curve():
    posterior = samples.mass_posterior()
    quantiles = posterior.quantiles.copy()
    quantiles[0] = np.nan
    x, _ = curve_of(replace(posterior, quantiles=quantiles), "chirp_mass_det")
    assert x.size == 0


def test_the_shaded_intervals_are_those_of_the_posterior(view):
    posterior = samples.mass_posterior()
    answer(view, posterior)
    assert set(view.interval_items) == {"chirp_mass_det", "final_mass_det"}
    for name, item in view.interval_items.items():
        for level in (0.68, 0.9):
            assert item.intervals[level] == posterior.interval(name, level)


def test_the_axes_carry_the_unit(view):
    answer(view, samples.mass_posterior())
    # A long title stands in two lines, so that neighbours do not touch.
    labels = [plot.getAxis("bottom").labelText.replace("<br>", " ") for plot in view._plots]
    assert labels == ["chirp mass, detector frame (M☉)", "final mass, detector frame (M☉)"]


def test_the_table_holds_median_and_every_interval(qtbot):
    posterior = samples.mass_posterior()
    table = IntervalTable()
    qtbot.addWidget(table)
    table.show_posterior(posterior)
    cells = [table.item(0, column).text() for column in range(table.columnCount())]
    assert cells[:2] == ["chirp mass, detector frame", "M☉"]
    assert float(cells[3]) == pytest.approx(posterior.median("chirp_mass_det"), abs=0.01)
    for column, level in zip(range(4, 8), (0.5, 0.68, 0.9, 0.95), strict=True):
        assert HEADINGS[column] == f"{100 * level:.0f} %"
        ends = [float(end) for end in cells[column].split(" to ")]
        assert ends == pytest.approx(posterior.interval("chirp_mass_det", level), abs=0.01)
    assert cells[8:] == ["0.80", "0.60"]


def test_the_table_is_copied_as_text(qtbot):
    table = IntervalTable()
    qtbot.addWidget(table)
    table.show_posterior(samples.mass_posterior())
    lines = table.text().split("\n")
    assert lines[0].startswith("quantity\tunit\tmedian\t50 %\t68 %\t90 %\t95 %")
    assert len(lines) == 3


def test_class_bars_show_probability_and_epistemic_interval(qtbot):
    posterior = samples.class_posterior()
    bars = ClassBars()
    qtbot.addWidget(bars)
    bars.show_posterior(posterior)
    cls, probability, low, high = bars.bars[0]
    assert (cls, probability) == ("galaxy", 0.9)
    assert (low, high) == posterior.probability_interval("galaxy", 0.9)
    assert "galaxy 90.0 %" in bars.accessibleDescription()


def test_an_answer_without_numbers_is_shown_as_such(view):
    nothing = replace(
        samples.redshift_posterior(),
        quantiles=np.full((1, 25), np.nan),
        best=None,
        density=None,
        class_probability=np.full(3, np.nan),
        flags=Flag.NOT_ANSWERED,
        note="No good sample lies between 3388 and 10423 Å.",
    )
    answer(view, nothing)
    assert not view.interval_items
    assert view._table.item(0, HEADINGS.index("median")).text() == "no answer"
    assert "No good sample" in view._doubts.text()


def test_flags_and_novelty_are_said_in_words(view):
    doubtful = replace(samples.class_posterior(), flags=Flag.BLENDED | Flag.NOVEL)
    answer(view, doubtful)
    assert "blended with a neighbour" in view._doubts.text()
    assert "unlike anything the network was trained on" in view._doubts.text()
    assert "novelty 0.40 (doubtful above 1)" in view._doubts.text()


def test_an_answer_without_flags_says_so(view):
    answer(view, samples.mass_posterior())
    assert "no doubts raised" in view._doubts.text()


def test_the_variance_is_split_as_the_posterior_says(view):
    answer(view, samples.mass_posterior())
    name, share, words = view._spread.bars[0]
    assert name == "chirp mass, detector frame"
    assert share == pytest.approx(0.36)  # 0.6² of 0.8² + 0.6²
    assert words.startswith("data 0.8")
    assert words.endswith("(36 %)")


def test_provenance_is_complete(view):
    provenance = AnswerProvenance(
        task="bbh", model="bbh 1", model_sha256="ab" * 32, backend="onnx", device="CPU", seed=7,
        application="0.1.0", versions=(("onnxruntime", "1.31.1"),),
        computed_at="2026-11-21T09:00:00Z", duration_s=0.5,
    )  # fmt: skip
    view.show_answer({"file": "a.hdf5"}, samples.mass_posterior(), "Merger", (), provenance)
    text = view._provenance.text()
    for part in ("bbh 1", "abababababab", "onnx on CPU, seed 7", "onnxruntime 1.31.1", "a.hdf5"):
        assert part in text


def test_parameters_choose_what_is_drawn(view):
    posterior = samples.mass_posterior()
    view.show_answer({}, posterior, "Merger", posterior.parameters[1:])
    assert list(view.interval_items) == ["final_mass_det"]


def test_no_answer_is_said(view):
    view.show_answer({"object_id": "J1"}, None)
    assert "no answer for J1" in view._words.text()


def test_the_next_answer_replaces_the_last(view):
    answer(view, samples.mass_posterior())
    answer(view, samples.class_posterior())
    assert not view.interval_items
    assert view._table.rowCount() == 0
    assert not view._table.isVisible()
    assert view._bars.isVisible()


# Model card -------------------------------------------------------------------------------------


@pytest.fixture
def card_view(qtbot):
    made = CardView()
    qtbot.addWidget(made)
    made.show_card(samples.card())
    return made


def test_the_card_can_be_read(card_view):
    text = card_view._text.text() + card_view._details.text()
    for part in (
        "Masses of merging black holes",
        "aligned spins only",
        "5 to 100 solar masses",
        "2 × 8192",
        "cost: hours",
        "M☉",
    ):
        assert part in text


def test_real_and_simulated_scores_stand_side_by_side(card_view):
    text = card_view._text.text()
    assert "<th>real files</th><th>simulations</th>" in text
    assert "inside 90" in text
    assert "coverage 90" in text


def test_measured_coverage_is_drawn_against_nominal(card_view):
    curve = card_view.curves["chirp_mass_det"]
    assert np.allclose(curve.xData, [50, 68, 90])
    assert np.allclose(curve.yData, [51, 69, 91])
    assert "5000 of them" in card_view._coverage_words.text()


def test_the_band_holds_what_binomial_scatter_allows():
    for count, off in ((20, 0.9), (2000, 3.0)):
        nominal, low, high = binomial_band(count)
        for share in (0.1, 0.5, 0.9):
            at = int(np.argmin(abs(nominal - share)))
            exact = stats.binom.interval(0.95, count, share)
            assert (count * low[at], count * high[at]) == pytest.approx(exact, abs=off)


def test_a_card_without_coverage_has_no_plot(card_view):
    card_view.show_card(replace(samples.card(), coverage={}))
    assert not card_view.curves
    assert card_view.graphics.isHidden()


def test_text_from_a_card_is_never_markup(card_view):
    card_view.show_card(replace(samples.card(), summary="<img src='x'> & <b>"))
    assert "&lt;img src=" in card_view._text.text()


def test_the_card_is_one_click_from_the_answer(view):
    answer(view, samples.mass_posterior())
    view.show_card(samples.card())
    pages = [view._tabs.tabText(i) for i in range(view._tabs.count())]
    assert pages == ["Answer", "Corner", "Compare", "Model card"]
    view.show_page("Model card")
    assert view.page == "Model card"
    view.show_card(None)
    assert view._tabs.count() == 3


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("redshift", "redshift"),
        ("mass ratio m2/m1", "mass ratio m2/m1"),
        ("effective aligned spin", "effective<br>aligned spin"),
        ("chirp mass (detector frame)", "chirp mass<br>(detector frame)"),
    ],
)
def test_a_long_title_takes_several_lines_below_its_curve(title, expected):
    assert axis_title(title, "") == expected


def test_a_prepared_view_still_says_that_there_is_no_answer(qtbot):
    view = PosteriorView()
    qtbot.addWidget(view)
    view.resize(460, 700)
    view.show()
    view.prepare()
    assert not view.shows_content
    assert view._content.size() == view.size()  # laid out before the first answer comes
    view.show_answer({"row_id": 1}, samples.redshift_posterior(0.1))
    assert view.shows_content


def test_bars_of_classes_keep_their_numbers_whole_in_little_room(qtbot):
    bars = ClassBars()
    qtbot.addWidget(bars)
    bars.show_posterior(samples.class_posterior())
    bars.resize(600, bars.sizeHint().height())
    assert " to " in bars.labels()[0]
    bars.resize(bars.minimumSizeHint())
    assert bars.labels()[0] == "90.0 %"


def test_the_card_of_an_analysis_without_a_network_names_none(qtbot):
    made = CardView()
    qtbot.addWidget(made)
    card = replace(samples.card(), network="", hashes={"assets.npz": "ab" * 32})
    made.show_card(card)
    assert "Network" not in made._details.text()
    assert "assets.npz" in made._details.text()
