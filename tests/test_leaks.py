"""Nothing that is scored was trained on: by file hash, sky position and GPS second.

Each model card says what real data its training used, under ``training.trained_on``::

    {"files": {"spectra/templates/x.fits.gz": sha256, …},
     "sky": [[ra_deg, dec_deg, radius_deg], …],
     "gps": [[detector, from, to], …]}
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CARDS = sorted((ROOT / "models").glob("*/card.json"))
SCORED_TABLES = {
    "spectra": ("truth.csv", "stellar_truth.csv"),
    "strain": ("files.csv",),
    "images": ("morphology/labels.csv", "lens/labels.csv", "stargalaxy/labels_cutouts.csv"),
}


def trained_on(card: Path) -> dict:
    return json.loads(card.read_text("utf-8"))["training"]["trained_on"]


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def scored_files(real_data) -> dict[str, str]:
    """Hash and name of every file that an evaluation scores."""
    paths: list[Path] = sorted((real_data / "images" / "frames").rglob("*.fits*"))
    for folder, tables in SCORED_TABLES.items():
        for table in tables:
            base = (real_data / folder / table).parent
            for row in rows(real_data / folder / table):
                # Off-source stretches train by their own split; the GPS test looks at them.
                if row["file"] and not row["file"].startswith("offsource/"):
                    paths.append(base / row["file"])
    found = [path for path in dict.fromkeys(paths) if path.is_file()]
    return {hashlib.sha256(path.read_bytes()).hexdigest(): str(path) for path in found}


@pytest.fixture(scope="module")
def scored_positions(real_data) -> list[tuple[float, float]]:
    tables = (
        real_data / "spectra" / "truth.csv",
        real_data / "images" / "stargalaxy" / "labels.csv",
        real_data / "images" / "lens" / "labels.csv",
        real_data / "images" / "morphology" / "labels.csv",
    )
    return [
        (float(row["ra"]), float(row["dec"]))
        for table in tables
        for row in rows(table)
        if row.get("ra") and row.get("dec")
    ]


def test_there_are_cards_to_look_at():
    assert len(CARDS) >= 3


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.parent.name)
def test_a_card_says_what_real_data_its_training_used(card):
    listed = trained_on(card)
    assert set(listed) - {"galaxy_ids"} == {"files", "sky", "gps"}
    for name, digest in listed["files"].items():
        assert len(digest) == 64, name


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.parent.name)
def test_no_file_that_was_trained_on_is_scored(card, scored_files, real_data):
    assert len(scored_files) > 400
    for name, digest in trained_on(card)["files"].items():
        assert digest not in scored_files, f"{name} is {scored_files.get(digest)}"
        here = real_data / name
        assert hashlib.sha256(here.read_bytes()).hexdigest() == digest, f"{name} is another file"


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.parent.name)
def test_no_sky_that_was_trained_on_is_scored(card, scored_positions):
    assert len(scored_positions) > 500
    for ra, dec, radius in trained_on(card)["sky"]:
        for other_ra, other_dec in scored_positions:
            assert separation_deg(ra, dec, other_ra, other_dec) > radius


def test_no_galaxy_that_was_trained_on_is_scored(real_data):
    """The challenge's pictures have no place on the sky; their numbers part them, odd and even."""
    (card,) = (path for path in CARDS if path.parent.name == "morphology")
    votes = rows(real_data / "images" / "morphology" / "votes_kaggle_gz.csv")
    scored = {int(row["GalaxyID"]) for row in votes if int(row["GalaxyID"]) % 2 == 0}
    assert len(scored) > 300
    assert len(trained_on(card)["galaxy_ids"]) > 200
    assert scored.isdisjoint(trained_on(card)["galaxy_ids"])


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.parent.name)
def test_every_gps_second_that_was_trained_on_is_given_to_training(card, real_data):
    splits = rows(real_data / "strain" / "splits.csv")
    events = rows(real_data / "strain" / "events.csv")
    for detector, start, end in trained_on(card)["gps"]:
        held = [
            split
            for split in splits
            if split["use"] == "train"
            and split["detector"] == detector
            and float(split["gps_from"]) <= start
            and end <= float(split["gps_to"])
        ]
        assert held, f"{detector} {start}-{end} is no training stretch"
        for event in events:
            merger = float(event["gps"])
            assert end <= merger - 6 or start >= merger + 2, f"{event['event']} in training"


def test_a_leak_would_be_seen(scored_files, scored_positions, real_data):
    """The three comparisons find what is planted in them."""
    spectrum = real_data / "spectra" / "sdss" / "spec-0266-51602-0001.fits"
    assert hashlib.sha256(spectrum.read_bytes()).hexdigest() in scored_files
    ra, dec = 336.66, -0.93
    assert any(separation_deg(ra, dec, *other) < 0.3 for other in scored_positions)


def separation_deg(ra: float, dec: float, other_ra: float, other_dec: float) -> float:
    """Angle between two directions, by the haversine formula."""
    a, b = math.radians(dec), math.radians(other_dec)
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(other_ra - ra) / 2) ** 2
    return math.degrees(2 * math.asin(min(1.0, math.sqrt(half))))
