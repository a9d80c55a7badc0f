"""The networks of Shen & Huerta as analyses: what they are given and how they answer."""

from __future__ import annotations

from types import SimpleNamespace

import merger
import numpy as np
import pytest

from astrogui.records.flags import Flag
from astrogui.records.strain import Network
from astrogui.science import strain_labels, strain_window
from astrogui.tasks import bbh, bbh_answer, bbh_shen

DRAWS = 16
SPECS = (SimpleNamespace(name="strain"), SimpleNamespace(name="noise", shape=(DRAWS, 5)))
CARD = SimpleNamespace(inputs=SPECS, network_config={})
MODEL = SimpleNamespace(**{**vars(merger.model()), "card": CARD})


def asked(record: Network):
    (places,) = bbh_shen.MASSES.find(record, MODEL, {})
    return places, bbh_shen.MASSES.prepare(record, places, MODEL, {})


@pytest.fixture(scope="module")
def both():
    record = merger.network()
    return record, *asked(record)


def density(labels: int, mean: float, width: float) -> np.ndarray:
    """Draws of the weights that disagree a little about the mean."""
    means = mean + 0.05 * np.linspace(-1, 1, DRAWS)
    each = np.stack([means, np.full(DRAWS, width)], axis=-1)
    return np.repeat(each[None, :, None, :], labels, axis=2).astype(np.float32)


def test_the_merger_stands_at_its_place_in_the_second_that_is_given(both):
    _, _, prepared = both
    strain = prepared["strain"][0]
    assert strain.shape == (strain_window.LENGTH, 2)
    assert prepared["noise"].shape == (1, DRAWS, 5)
    quiet = strain[:512].std(axis=0)
    assert quiet == pytest.approx(np.sqrt(440 / 512) * np.ones(2), rel=0.15)  # whitened
    place = np.abs(strain).argmax(axis=0) / strain_window.RATE_HZ
    assert place == pytest.approx(strain_window.BEFORE_S * np.ones(2), abs=0.05)


def test_they_stand_in_the_row_of_our_own_answer(both):
    record, places, _ = both
    (ours,) = bbh.find(record, MODEL, {})
    assert [place.gps for place in places] == [place.gps for place in ours]


def test_an_answer_holds_the_likelihoods_width_and_the_weights_doubt(both):
    record, places, prepared = both
    given = {"density": density(2, 0.1, 0.2)}
    (posterior,) = bbh_shen.MASSES.decode(given, prepared, record, places, MODEL)
    assert [p.name for p in posterior.parameters] == list(strain_labels.MASSES)
    expected = strain_labels.physical(np.array([0.1, 0.1]), strain_labels.MASSES)
    for number, name in enumerate(strain_labels.MASSES):
        assert posterior.quantile(name, 0.5) == pytest.approx(expected[number], rel=0.2)
    assert posterior.aleatoric is not None
    assert np.all(posterior.aleatoric > 2 * posterior.epistemic)
    assert not posterior.flags & (Flag.EDGE_OF_PRIOR | Flag.ONE_DETECTOR)
    again = bbh_shen.MASSES.decode(given, prepared, record, places, MODEL)[0]
    assert np.array_equal(posterior.quantiles, again.quantiles)


def test_an_answer_beyond_what_was_simulated_is_flagged(both):
    record, places, prepared = both
    given = {"density": density(3, 0.95, 0.1)}
    (posterior,) = bbh_shen.REMNANT.decode(given, prepared, record, places, MODEL)
    assert Flag.EDGE_OF_PRIOR in posterior.flags
    low = bbh_shen.MASSES.decode(
        {"density": density(2, -1.0, 0.5)}, prepared, record, places, MODEL
    )[0]
    assert low.quantile("mass_2_det", 0.0005) > 0
    assert [p.name for p in posterior.parameters] == list(strain_labels.REMNANT)


def test_one_detector_is_answered_with_doubt():
    record = Network(strains=(merger.strain("L1"),))
    places, prepared = asked(record)
    assert not prepared["strain"][0, :, 0].any()
    given = {"density": density(2, 0.0, 0.2)}
    (posterior,) = bbh_shen.MASSES.decode(given, prepared, record, places, MODEL)
    assert Flag.ONE_DETECTOR in posterior.flags
    assert Flag.NOVEL in posterior.flags
    assert "one is missing" in posterior.note


def test_they_are_run_only_when_asked_for():
    for task in (bbh_shen.MASSES, bbh_shen.REMNANT):
        assert task.wanted is not None
        assert not task.wanted(SimpleNamespace(kind="strain", duration_s=32.0))  # type: ignore[arg-type]
        assert set(task.parameters) <= set(bbh_answer.PARAMETERS)
