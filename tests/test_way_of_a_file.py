"""The way of a file: one of each kind from path to exported row, and each kind of bad file."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from astrogui.inference.reading import ReaderProcess
from astrogui.inference.supervisor import SupervisedRunner
from astrogui.session.session import Session
from astrogui.session.settings import Settings, shipped

SAMPLES = shipped("resources") / "samples"


def samples(kind: str) -> list[Path]:
    found = sorted(SAMPLES.glob(f"{kind}_*"))
    assert found, kind
    return found


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = tmp_path_factory.mktemp("way")
    made = Session(
        folder / "way.astrogui", runner=SupervisedRunner(), reader=ReaderProcess(),
        settings=Settings(author="Cecilia"),
    )  # fmt: skip
    yield made
    made.close()


def rows_of(session: Session, paths: list[Path], **options) -> list[dict]:
    items = session.add(paths, **options).result(120)
    session.idle().result(300)
    ids = [row for item in dict.fromkeys(items) for row in session.view.row_ids(item)]
    return session.view.rows(ids)


def test_a_spectrum_becomes_a_row_with_the_redshift_that_was_simulated(session):
    (row,) = rows_of(session, samples("spectrum"))
    assert row["class"] == "QSO"
    assert row["z"] == pytest.approx(1.37, abs=0.02)
    assert row["z_lo90"] < row["z"] < row["z_hi90"]
    assert row["prob_qso"] + row["prob_galaxy"] + row["prob_star"] == pytest.approx(1, abs=1e-6)
    assert len(row["model_sha256_redshift"] if "model_sha256_redshift" in row else
               row["model_sha256"]) == 64  # fmt: skip


def test_the_bands_of_a_field_become_one_row_a_source(session):
    rows = rows_of(session, samples("image"))
    assert len(rows) > 100
    assert len({row["file"] for row in rows}) == 1
    assert rows[0]["file"].count(";") == 2
    for row in rows:
        assert 149.9 < row["ra"] < 150.3
        assert 2.0 < row["dec"] < 2.4
        assert row["prob_star"] + row["prob_galaxy"] == pytest.approx(1, abs=1e-6)


def test_two_detectors_become_one_row_whose_interval_holds_the_chirp_mass(session):
    (row,) = rows_of(session, samples("strain"))
    assert row["chirp_mass_det_lo90"] < 26.0 < row["chirp_mass_det_hi90"]
    assert row["gps"] == pytest.approx(1_400_000_020.4, abs=0.05)
    assert row["final_mass_det_lo68"] < row["final_mass_det"] < row["final_mass_det_hi68"]
    assert row["detectors"] == "H1,L1"


def damage(kind: str, folder: Path) -> Path:
    """One file of each kind of badness."""
    good = samples("spectrum")[0].read_bytes()
    path = folder / f"{kind}.fits"
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "cut short":
        path.write_bytes(good[: len(good) // 2])
    elif kind == "cut gzip":
        path.write_bytes(gzip.compress(good)[: len(good) // 3])
    elif kind == "web page":
        path.write_bytes(b"<!DOCTYPE html><html><body>404 Not Found</body></html>")
    elif kind == "noise":
        path.write_bytes(os.urandom(10_000))
    elif kind == "huge axis":
        card = b"NAXIS2  =           3000000000"
        at = good.index(b"NAXIS2  =")
        path.write_bytes(good[:at] + card + good[at + len(card) :])
    elif kind == "not there":
        pass
    elif kind == "no permission":
        path.write_bytes(good)
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("this user may read everything")
    return path


@pytest.mark.parametrize(
    "kind",
    ["empty", "cut short", "cut gzip", "web page", "noise", "huge axis", "not there",
     "no permission"],
)  # fmt: skip
def test_a_bad_file_is_a_flagged_row_and_a_problem_in_words(session, tmp_path, kind):
    path = damage(kind, tmp_path)
    before = len(session.view.problems())
    (row,) = rows_of(session, [path])
    words = next(row[name] for name in row if name.startswith("flags") and row[name])
    assert words.startswith("refused")
    problem = session.view.problems()[before]
    assert problem.path == str(path)
    assert problem.cause
    assert problem.advice
    assert row.get("z") is None


def test_all_of_it_exports_and_reads_back(session, tmp_path):
    for ending in (".fits", ".vot", ".ecsv", ".csv", ".parquet"):
        out = tmp_path / f"all{ending}"
        count = session.export(out).result(120)
        assert count == len(session.view.row_ids())
        assert len(session.read_catalogue(out)) == count
