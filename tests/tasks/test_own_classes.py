"""How the analysis of an analyst's own classes takes pictures: in colour, grey, or from FITS."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui import readers
from astrogui.records.image import Field, Image
from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.tasks.own_classes import light_values, task_of_card
from astrogui.tasks.task import Model

CARD = ModelCard(
    task="own_lobes", name="Lobes 1", version="1", title="Lobes", summary="",
    network="transfer:classifier", network_config={}, inputs=(ArraySpec(name="a", shape=(1,)),),
    outputs=(), training={"classes": ["no", "lobes"], "cut": "light"},
)  # fmt: skip


def _map():
    """Two lobes of a radio source in jansky a beam."""
    row, column = np.indices((120, 120)) - 59.5
    plane = 1e-4 * np.random.default_rng(1).normal(size=(120, 120))
    for x in (-14, 14):
        plane += 0.02 * np.exp(-0.5 * ((column - x) ** 2 + row**2) / 3.0**2)
    return plane.astype(np.float32)


@pytest.mark.parametrize("kind", ["array", "fits"])
def test_a_map_is_cut_from_memory_and_from_a_file_alike(kind, tmp_path):
    image = Image(pixels=_map())
    if kind == "fits":
        fits = pytest.importorskip("astropy.io.fits")
        path = tmp_path / "map.fits"
        fits.PrimaryHDU(_map()).writeto(path)
        source = readers.recognise(str(path))[0]
        assert task_of_card(CARD).accepts(source)
        image = readers.read(source)
    task = task_of_card(CARD)
    record, model = Field(images=(image,)), Model(card=CARD, assets={})
    places = next(iter(task.find(record, model, {})))
    prepared = task.prepare(record, places, model, {})
    assert prepared["picture"].shape == (1, 64, 64, 3)
    assert prepared["picture"].max() == pytest.approx(1.0, abs=0.05)
    assert prepared["_seen"].all()
    lobes = prepared["picture"][0, 30:34, :, 0].mean(axis=0)
    assert lobes[28:36].max() < 0.2 < lobes[8:28].max()


def test_a_colour_picture_keeps_its_colours():
    colours = np.repeat(_map()[..., None], 3, axis=-1) * np.array([9000, 6000, 3000])
    colours = np.clip(colours, 0, 255).astype(np.float32)
    values, found = light_values(Image(pixels=colours))
    np.testing.assert_allclose(values, colours / 255, rtol=1e-6)
    assert found.radius == pytest.approx(2 * np.hypot(14, 3), rel=0.25)
