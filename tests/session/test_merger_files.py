"""Mergers as files of other programs, from the rows of a project and from the command line."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from astrogui.cli import main
from astrogui.errors import ExportProblem
from astrogui.export.merger_samples import read_samples
from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior
from astrogui.session import merger_files


def merger(count=200, with_place=True) -> Posterior:
    random = np.random.default_rng(3)
    mass, distance = random.normal(30, 1, count), random.normal(400, 50, count)
    columns = {"chirp_mass_det": mass, "luminosity_distance": distance}
    if with_place:
        columns |= {"ra": random.normal(80, 3, count), "dec": random.normal(-40, 3, count)}
    names = ("chirp_mass_det", "luminosity_distance")
    return Posterior(
        parameters=tuple(Parameter(name=name, title=name) for name in names),
        quantiles=np.quantile(np.stack([mass, distance]), QUANTILE_LEVELS, axis=1).T,
        draws=np.column_stack(list(columns.values())),
        draw_names=tuple(columns),
        extras={"gps": 1126259462.4, "detectors": "H1,L1", "log_evidence": 300.0},
    )


class View:
    """Two mergers, the second without a place, and a star."""

    def __init__(self, path, tasks) -> None:
        del path, tasks
        self.posteriors = {1: merger(), 2: merger(with_place=False), 3: Posterior()}

    def rows(self, row_ids):
        return [
            {"row_id": i, "task": "bbh", "file": "/data/H1.hdf5;/data/L1.hdf5",
             "object_id": f"GPS 1126259462.4/{i}"}
            for i in row_ids
        ]  # fmt: skip

    def posterior(self, row_id, task):
        assert task == "bbh"
        return self.posteriors[row_id]

    def close(self) -> None:
        pass


@pytest.fixture
def write(monkeypatch, tmp_path):
    monkeypatch.setattr(merger_files, "ProjectView", View)
    card = SimpleNamespace(name="bbh", version="2", prior={"spins": "isotropic, aligned part"})
    cards = SimpleNamespace(card=lambda task: card)

    def call(name, *row_ids):
        path = tmp_path / name
        return merger_files.write(Path("p.astrogui"), (), cards, str(path), row_ids), path

    return call


def test_a_row_becomes_a_bilby_result_with_its_model_and_priors(write):
    import json

    count, path = write("result.json", 1)
    assert count == 1
    about = json.loads(path.read_text())["meta_data"]
    assert about["model"] == "bbh 2"
    assert about["files"] == "H1.hdf5; L1.hdf5"
    assert about["priors_in_words"] == {"spins": "isotropic, aligned part"}


def test_rows_that_are_no_mergers_are_left_out(write):
    count, path = write("many.h5", 1, 2, 3)
    assert count == 2
    assert set(read_samples(path)) == {"GPS_1126259462.4_1_row_1", "GPS_1126259462.4_2_row_2"}


def test_a_sky_map_says_area_time_and_distance(write):
    from astropy.io import fits

    _, path = write("map.fits", 1)
    header = fits.getheader(path, 1)
    assert fits.getdata(path, 1)["PROB"].sum() == pytest.approx(1.0)
    known = 2 * np.pi * 9 * np.cos(np.radians(40)) * np.log(10)
    assert header["AREA90"] == pytest.approx(known, rel=0.25)
    assert header["DISTMEAN"] == pytest.approx(400, abs=15)
    assert header["GPS-OBS"] == 1126259462.4
    assert header["INSTRUME"] == "H1,L1"


def test_what_has_no_place_or_too_many_is_refused_in_words(write):
    with pytest.raises(ExportProblem, match="has no place on the sky"):
        write("map.fits", 2)
    with pytest.raises(ExportProblem, match="is of one merger, not 2"):
        write("map.fits", 1, 2)
    with pytest.raises(ExportProblem, match=r"\.json .*\.h5 .*\.fits"):
        write("map.txt", 1)


def test_the_command_line_refuses_another_ending_before_it_computes(capsys):
    assert main(["analyze", "nothing.hdf5", "--samples", "out.csv"]) == 2
    assert ".json (bilby)" in capsys.readouterr().err
