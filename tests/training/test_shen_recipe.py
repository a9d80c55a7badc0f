"""The recipes of Shen & Huerta's networks: a card that says what they are, and their scores."""

from __future__ import annotations

import csv
import dataclasses

import numpy as np
import pytest

pytest.importorskip("keras")

from astrogui.training import shen_recipe, strain_networks
from astrogui.training.package import run_network
from astrogui.training.recipes import bbh_masses_shen, bbh_remnant_shen


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """What a quick training hands to the packaging, which other tests cover."""
    place, told = tmp_path_factory.mktemp("shen"), {}

    def keep(folder, **given):
        told.update(given)
        return folder

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shen_recipe, "write_model_folder", keep)
        patch.setattr(shen_recipe, "QUICK_HELD_OUT", 8)
        patch.setattr(strain_networks, "VALIDATION", 8)
        patch.setattr(shen_recipe, "small", one_stage)
        patch.setattr(shen_recipe, "CompiledRun", Eager)  # eight examples are not worth compiling
        folder = bbh_remnant_shen.RECIPE.train(place, True, 1, lambda words: None)
    return folder, told


class Eager:
    def __init__(self, model, card, assets):
        self.model, self.card, self.assets = model, card, assets

    def __call__(self, prepared):
        return run_network(self.model, prepared)


def one_stage(system, small=shen_recipe.small):
    shrunk = small(system)
    return dataclasses.replace(shrunk, stages=shrunk.stages[:1], steps=1)


def test_the_card_says_what_the_network_is_and_is_not(written):
    folder, told = written
    card = told["card"]
    assert folder.name == card.task == "bbh_remnant_shen"
    assert card.network == "shen_huerta:model_1"
    assert "hardly" not in card.limits[0]
    assert "Trained in seconds" in card.limits[0]
    assert list(card.parameters) == list(card.coverage["parameters"])
    assert card.training["examples"] == 8
    shapes = {spec.name: spec.shape for spec in card.inputs}
    for name, values in told["golden_inputs"].items():
        assert values.shape == (3, *shapes[name])
    assert set(told["assets"]) == {"bank_log_chirp_mass", "bank_ratio", "bank_spin"}
    words = told["readme"]
    assert "8192 of one" in words
    assert "| f_220_det |" in words
    assert "1,024 nodes" in words


def test_published_masses_are_brought_to_the_detectors_frame():
    event = {"mass_1_source": "30", "mass_1_source_lo": "27", "mass_1_source_hi": "33",
             "redshift": "0.1", "final_spin": "0.7", "final_spin_lo": "0.6",
             "final_spin_hi": "0.8", "mass_2_source": ""}  # fmt: skip
    assert shen_recipe.published(event, "mass_1_det") == pytest.approx([33.0, 29.7, 36.3])
    assert shen_recipe.published(event, "final_spin") == [0.7, 0.6, 0.8]
    assert shen_recipe.published(event, "mass_2_det") is None
    assert shen_recipe.published(event, "f_220_det") is None


def test_real_events_are_scored_both_ways(tmp_path):
    for name in ("H.hdf5", "L.hdf5"):
        (tmp_path / name).write_bytes(b"")
    event = {"event": "GW1", "gps": "100.0", "gps_2ogc": "", "redshift": "0.0"}
    for name in ("mass_1_source", "mass_2_source"):
        event |= {name: "30", f"{name}_lo": "25", f"{name}_hi": "35"}
    heavy = event | {"event": "GW2", "mass_1_source": "150", "mass_2_source": "90"}  # not counted
    files = [{"file": f"{name[0]}.hdf5", "detector": name, "event": which,
              "format": "hdf5-gwosc", "sample_rate": "4096"}
             for which in ("GW1", "GW2") for name in ("H1", "L1")]  # fmt: skip
    for name, rows in (("events.csv", [event, heavy]), ("files.csv", files)):
        with (tmp_path / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)

    def answer(groups, options):
        row = {"mass_1_det": 33.0, "mass_1_det_lo90": 20.0, "mass_1_det_hi90": 45.0}
        return [row | {"mass_2_det": 40.0, "mass_2_det_lo90": 38.0, "mass_2_det_hi90": 42.0}]

    told = bbh_masses_shen.RECIPE.real(tmp_path, answer)
    assert told["n"] == 2
    assert told["pairs"] == 2
    assert told["inside_90"] == 0.5
    assert told["published_inside_90"] == 0.5
    assert np.isfinite(told["events"]["GW1"]["mass_1_det"]["ours"]).all()
