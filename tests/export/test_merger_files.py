"""Samples and sky maps as other programs read them: names, units, round trips, refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from astrogui.errors import ExportProblem
from astrogui.export.merger_samples import (
    MergerEntry,
    export_samples,
    has_samples,
    read_samples,
    standard_columns,
)
from astrogui.export.sky_map import export_sky_map
from astrogui.records.posterior import Posterior

GPS = 1126259462.423
NAMES = ("chirp_mass_det", "mass_ratio", "ra", "dec", "inclination", "gps_offset", "chi_1")


def entry(label="GW150914", count=50, weights=None, **extras) -> MergerEntry:
    random = np.random.default_rng(1)
    draws = random.uniform(0.1, 1.0, (count, len(NAMES))) * [30, 1, 360, 90, 180, 0.001, 0.5]
    posterior = Posterior(
        draws=draws,
        draw_names=NAMES,
        weights=weights,
        extras={"gps": GPS, "log_evidence": 303.65, "method": "reweighted", **extras},
    )
    words = {"chirp mass": "uniform in component masses"}
    return MergerEntry(
        label=label, posterior=posterior, priors=words, about={"program": "AstroGUI"}
    )


def test_names_and_units_are_those_of_the_field():
    made = entry()
    columns = standard_columns(made.posterior)
    draws = made.posterior.draws.astype(float)
    assert set(columns) == {
        "chirp_mass", "mass_ratio", "ra", "dec", "theta_jn", "iota", "geocent_time", "chi_1",
    }  # fmt: skip
    assert np.allclose(columns["ra"], np.radians(draws[:, 2]))
    assert columns["theta_jn"].max() <= np.pi
    assert np.allclose(columns["geocent_time"] - GPS, draws[:, 5], atol=1e-6)


def test_the_waveform_is_the_one_that_draws_were_weighted_with(tmp_path):
    import h5py

    for number, (extras, name) in enumerate(
        [({}, "IMRPhenomD"), ({"waveform": None}, "IMRPhenomD"),
         ({"waveform": "IMRPhenomXAS"}, "IMRPhenomXAS")]
    ):  # fmt: skip
        bilby, pesummary = tmp_path / f"{number}.json", tmp_path / f"{number}.h5"
        export_samples([entry(**extras)], bilby)
        assert json.loads(bilby.read_text())["meta_data"]["waveform_approximant"] == name
        export_samples([entry(**extras)], pesummary)
        with h5py.File(pesummary) as file:
            assert file["GW150914/approximant"][0] == name.encode()


@pytest.mark.parametrize("ending", [".json", ".h5", ".hdf5"])
def test_samples_come_back_as_they_were(tmp_path, ending):
    made, path = entry(), tmp_path / f"result{ending}"
    assert export_samples([made], path) == 1
    read = read_samples(path)["GW150914"]
    for name, values in standard_columns(made.posterior).items():
        assert np.array_equal(read[name], values), name


def test_a_bilby_result_has_its_keys_and_says_gps_and_utc(tmp_path):
    path = tmp_path / "result.json"
    export_samples([entry(efficiency=float("nan"))], path)
    result = json.loads(path.read_text())
    assert result["posterior"]["__dataframe__"] is True
    assert set(result["search_parameter_keys"]) == set(result["posterior"]["content"])
    assert result["log_bayes_factor"] == result["log_evidence"] == 303.65
    about = result["meta_data"]
    assert about["gps"] == GPS
    assert about["utc"].startswith("2015-09-14T09:50:45.42")
    assert about["priors_in_words"] == {"chirp mass": "uniform in component masses"}
    assert about["efficiency"] == "nan"


def test_a_pesummary_file_holds_several_mergers(tmp_path):
    import h5py

    path = tmp_path / "many.h5"
    assert export_samples([entry("a"), entry("b")], path) == 2
    with h5py.File(path) as file:
        assert set(file) == {"a", "b", "version"}
        assert "chirp_mass" in file["a/posterior_samples"].dtype.names
        assert file["b/meta_data/meta_data/utc"][0].startswith(b"2015-09-14")


def test_draws_of_unequal_weight_are_drawn_again_evenly():
    weights = np.zeros(50)
    weights[[3, 7]] = 0.25, 0.75
    made = entry(weights=weights)
    columns = standard_columns(made.posterior)
    values, counts = np.unique(columns["mass_ratio"], return_counts=True)
    own = made.posterior.draws[:, 1].astype(float)
    assert dict(zip(values, counts, strict=True)) == {own[3]: 13, own[7]: 37}


def test_what_cannot_be_written_is_refused_in_words(tmp_path):
    with pytest.raises(ExportProblem, match="holds one merger, and 2"):
        export_samples([entry("a"), entry("b")], tmp_path / "two.json")
    with pytest.raises(ExportProblem, match=r"\.json .*\.h5"):
        export_samples([entry()], tmp_path / "samples.csv")
    with pytest.raises(ExportProblem, match="no row has draws"):
        export_samples([], tmp_path / "none.h5")
    assert not has_samples(Posterior())
    assert list(tmp_path.iterdir()) == []


def test_a_sky_map_is_read_back_by_astropy_with_its_layout(tmp_path):
    from astropy.io import fits

    probability = np.random.default_rng(2).uniform(size=12 * 16**2)
    probability /= probability.sum()
    path = tmp_path / "map.fits"
    export_sky_map(probability, 16, {"OBJECT": ("GW150914", "merger")}, path, GPS)
    with fits.open(path) as opened:
        header, table = opened[1].header, opened[1].data
        assert np.array_equal(table["PROB"], probability)
        assert table["PROB"].sum() == pytest.approx(1.0, abs=1e-12)
        wanted = {"ORDERING": "NESTED", "COORDSYS": "C", "NSIDE": 16, "PIXTYPE": "HEALPIX",
                  "INDXSCHM": "IMPLICIT", "LASTPIX": 3071, "OBJECT": "GW150914"}  # fmt: skip
        assert {name: header[name] for name in wanted} == wanted
        assert header["DATE-OBS"].startswith("2015-09-14T09:50:45.42")
        assert header["GPS-OBS"] == GPS


def test_what_is_no_map_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="pixels"):
        export_sky_map(np.ones(5) / 5, 16, {}, tmp_path / "map.fits")
    with pytest.raises(ValueError, match="sum to"):
        export_sky_map(np.ones(12), 1, {}, tmp_path / "map.fits")
