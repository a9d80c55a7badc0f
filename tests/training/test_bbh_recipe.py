"""The merger recipe from nothing to a model folder, in its quick form, and its scores."""

from __future__ import annotations

import csv
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("keras")

from astrogui.networks.builder import assign_weights, build
from astrogui.records.model_card import card_from_json
from astrogui.science import binary_draws
from astrogui.tasks.bbh import TASK
from astrogui.tasks.bbh_spread import principal_axes, spread, turned, with_ringing
from astrogui.training import bbh_calibration, score_bbh
from astrogui.training.package import largest_difference, run_graph, run_network
from astrogui.training.recipes import bbh as recipe


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("bbh")
    said: list[str] = []
    return recipe.train(workdir, True, 3, said.append), workdir, said


@pytest.mark.slow
def test_a_quick_training_gives_a_folder_whose_graph_and_weights_agree(trained):
    folder, _, _ = trained
    card = card_from_json((folder / "card.json").read_text("utf-8"), str(folder))
    assert set(card.hashes) == {"weights.npz", "model.onnx", "assets.npz", "golden.npz"}
    with np.load(folder / "golden.npz") as golden:
        inputs = {spec.name: golden[f"input_{spec.name}"] for spec in card.inputs}
        expected = {spec.name: golden[f"output_{spec.name}"] for spec in card.outputs}
    assert largest_difference(expected, run_graph(folder / "model.onnx", inputs)) < 1e-4
    model = build(card.network, card.network_config)
    with np.load(folder / "weights.npz") as weights:
        assign_weights(model, dict(weights))
    assert largest_difference(expected, run_network(model, inputs)) < 1e-5
    assert list(card.parameters) == [parameter.name for parameter in TASK.parameters]
    assert set(card.coverage["parameters"]) == set(binary_draws.NAMES)
    assert "Trained in a minute" in card.limits[0]


@pytest.mark.slow
def test_a_second_call_uses_what_was_simulated_and_fitted(trained):
    _, workdir, said = trained
    place = workdir / "quick"
    kept = sorted(place.rglob("0000.npz"))
    times = [path.stat().st_mtime_ns for path in kept]
    before = len(said)
    events = recipe.load(
        place / "simulated", recipe.QUICK.chunks, 3, 2, said.append, count=recipe.QUICK.at_once
    )
    assert [path.stat().st_mtime_ns for path in kept] == times
    first = {name: value[:64] for name, value in events.items()}
    weights, told = recipe._member(0, recipe.QUICK, 3, first, place, said.append)
    assert any("resumed" in words for words in said[before:])
    assert told["epochs"] == recipe.QUICK.epochs
    with np.load(workdir / "bbh" / "weights.npz") as shipped:
        assert np.array_equal(weights[0], shipped["w000"])


def fake_run(spread: float):
    """A network whose draws are those of the truth's own Gaussian, too wide or narrow."""
    card = SimpleNamespace(network_config={"draws": 200, "members": 1}, calibration={})

    def run(prepared):
        return {"draws": prepared["features"][:, None, :5] + spread * prepared["noise"]}

    run.card = card  # type: ignore[attr-defined]
    return run


def gaussian_events(count: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    centre = 0.5 * rng.normal(size=(count, 5))
    targets = centre + 0.3 * rng.normal(size=(count, 5))
    scales = np.tile([np.log(30.0), 0.1, np.log(800.0)], (count, 1))
    truth = binary_draws.physical(targets[:, None], *scales.T)[:, 0]
    return {
        "features": centre.astype(np.float32),
        "targets": targets.astype(np.float32),
        "weights": np.ones(count, np.float32),
        "loudness": np.full((count, 4), 15.0),
        "scales": scales,
        "truth": truth,
    }


def test_a_right_density_covers_as_it_says():
    figures, table = score_bbh.simulated_figures(fake_run(0.3), gaussian_events(1500, 1), 0)
    assert figures["n"] == table["n"] == 1500
    for name, share in figures["coverage_90_of"].items():
        assert share == pytest.approx(0.9, abs=0.03), name
    joint = figures["joint_coverage"]
    assert joint["measured"] == pytest.approx(joint["levels"], abs=0.04)
    assert joint["p"] > 0.01


def test_draws_that_all_lie_at_the_edge_do_not_spoil_the_mean_bias():
    events = gaussian_events(40, 1)
    events["features"][0] = 1e4  # far beyond the prior: every draw is taken to its edge
    figures, _ = score_bbh.simulated_figures(fake_run(0.3), events, 0)
    assert figures["without_width"] == 1
    assert all(abs(bias) < 1 for bias in figures["mean_bias_in_sd"].values())


def test_no_quantity_far_off_is_made_good_by_the_others():
    """Coverage of one quantity counts by itself: here all but the distance are as they should."""
    events = gaussian_events(600, 3)
    raw = score_bbh.raw_draws(fake_run(0.3), events["features"], 0)
    even = {"spread": np.ones((5, 4))}
    one = {"spread": np.array([[1.0] * 4] * 4 + [[0.5] * 4])}
    apart = bbh_calibration.coverage_loss(raw, events, one)
    assert apart > 0.2**2  # the distance's own error at 68 %, squared
    assert bbh_calibration.coverage_loss(raw, events, even) < 0.1 * apart


def test_a_narrow_density_is_seen_and_its_factor_found():
    events = gaussian_events(1500, 2)
    figures, _ = score_bbh.simulated_figures(fake_run(0.15), events, 0)
    assert figures["coverage_90_of"]["chirp_mass_det"] < 0.7
    assert figures["joint_coverage"]["measured"][2] < 0.5  # five narrow parameters at once
    assert figures["joint_coverage"]["p"] < 1e-6
    raw = score_bbh.raw_draws(fake_run(0.15), events["features"], 0)
    factors = bbh_calibration.spread_factors(
        raw[..., 0], events["targets"][:, 0], events["weights"], (0.5, 0.9)
    )
    assert factors == pytest.approx([2, 2], rel=0.1)


def test_spins_that_are_known_together_only_are_not_widened_too_much():
    """Draws know the sum of both spins but not their difference, and are too narrow in it."""
    events = gaussian_events(250, 5)
    rng = np.random.default_rng(6)
    noise = rng.normal(size=(250, 100, 2)) @ np.array([[0.3, 0.3], [-0.15, 0.15]])
    error = rng.normal(size=(250, 2)) @ np.array([[0.3, 0.3], [-0.3, 0.3]])
    raw = np.repeat(events["targets"][:, None, :].astype(np.float64), 100, axis=1)
    raw += 0.3 * rng.normal(size=raw.shape) + 0.3 * rng.normal(size=(250, 1, 5))
    raw[..., 2:4] = events["targets"][:, None, 2:4] + error[:, None] + noise
    alone = bbh_calibration.spread_tables(raw, events)
    together = bbh_calibration.jointly_covered(raw, events, alone)
    before = bbh_calibration.coverage_loss(raw, events, alone)
    assert bbh_calibration.coverage_loss(raw, events, together) < 0.8 * before
    assert together["spread"][2:4].mean() < alone["spread"][2:4].mean()
    assert np.all(np.diff(together["spread"], axis=1) >= 0)


def test_spread_draws_keep_their_order_and_their_median_along_their_axes():
    rng = np.random.default_rng(3)
    raw = rng.normal(size=(3, 2001, 5)) * [1.0, 3.0, 1.0, 2.0, 1.0]
    raw[..., 0] += 0.9 * raw[..., 1]
    snr = np.array([20.0, 20.0, 5.0])  # faint draws keep their own axes
    table = np.tile([1.0, 1.2, 2.0, 3.0], (5, 1))
    changed = spread(raw, snr, {"spread": table.tolist()})
    rotation = principal_axes(raw, snr)
    before, after = turned(rotation, raw), turned(rotation, changed)
    assert np.array_equal(rotation[2], np.eye(5))
    assert np.all(before[:2, :, 0].std(axis=1) > 4 * before[:2, :, 1].std(axis=1))
    assert np.array_equal(np.argsort(after, axis=1), np.argsort(before, axis=1))
    assert np.median(after, axis=1) == pytest.approx(np.median(before, axis=1), abs=1e-9)
    assert np.quantile(after, 0.95, axis=1) == pytest.approx(
        2 * np.quantile(before, 0.95, axis=1), rel=0.09
    )


def test_ringing_of_heavy_loud_mergers_is_narrowed_and_little_else():
    rng = np.random.default_rng(8)
    raw = 0.3 * rng.normal(size=(3, 4000, 5))
    scales = np.array([[np.log(90.0), 0.2, 7.0], [np.log(90.0), 0.2, 7.0], [np.log(9.0), 0.2, 7.0]])
    snr = np.array([20.0, 5.0, 20.0])  # heavy and loud; faint; light
    table = {"spread_ringing": [0.4, 0.4, 0.4, 0.4]}
    narrowed = with_ringing(raw, snr, scales, table)
    assert np.array_equal(narrowed[1:], raw[1:])
    assert np.array_equal(with_ringing(raw, snr, scales, {}), raw)
    was, now = (
        binary_draws.derived(binary_draws.physical(d, *scales.T))[0] for d in (raw, narrowed)
    )
    width = {n: now[:, i].std() / was[:, i].std() for i, n in enumerate(binary_draws.NAMES)}
    assert width["f_220_det"] == pytest.approx(0.4, abs=0.08)
    assert width["luminosity_distance"] == 1
    rest = [
        column - np.polyval(np.polyfit(ringing, column, 1), ringing)
        for draws, ringing in ((raw[0], np.log(was[:, 12])), (narrowed[0], np.log(now[:, 12])))
        for column in draws.T[:4]
    ]
    for before, after in zip(rest[:4], rest[4:], strict=True):  # what the ringing says nothing of
        assert after.std() == pytest.approx(before.std(), rel=0.05)
    assert np.median(now[:, 12]) == pytest.approx(np.median(was[:, 12]), rel=0.02)


def test_a_ringing_known_too_loosely_gets_its_factor(monkeypatch):
    """Draws lie as the truth does, but for the frequency of heavy mergers: it is too wide."""
    monkeypatch.setattr(bbh_calibration, "RINGING", (1.0, 0.7, 0.5, 0.3))
    events = gaussian_events(400, 9)
    events["scales"][:, 0] = np.log(90.0)
    events["truth"] = binary_draws.physical(
        events["targets"][:, None].astype(np.float64), *events["scales"].T
    )[:, 0]
    raw = score_bbh.raw_draws(fake_run(0.3), events["features"], 0)
    loose = with_ringing(raw, events["loudness"][:, 1], events["scales"],
                         {"spread_ringing": [2.0] * 4})  # fmt: skip
    even = {"spread": np.ones((5, 4))}
    found = bbh_calibration.ringing_covered(loose, events, even)["spread_ringing"]
    assert found.tolist() == [0.5] * 4


def write_events(folder, **cells: str) -> None:
    (folder / "files").mkdir()
    for name in ("H.hdf5", "L.hdf5"):
        (folder / "files" / name).write_bytes(b"")
    event = {"event": "GW1", "gps": "100.1", "network_snr": "12", **cells}
    files = [
        {"file": f"files/{name[0]}.hdf5", "detector": name, "event": "GW1",
         "format": "hdf5-gwosc", "sample_rate": "4096"}
        for name in ("H1", "L1")
    ]  # fmt: skip
    for name, rows in (("events.csv", [event]), ("files.csv", files)):
        with (folder / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)


def row_with(**cells) -> dict:
    row = {"detectors": "H1,L1", "efficiency": None, "chirp_mass_det": 30.0}
    for name in score_bbh.PARAMETERS:
        row |= {name: 30.0, f"{name}_lo90": 25.0, f"{name}_hi90": 35.0}
    return row | cells


def test_the_metrics_compare_both_ways_and_skip_what_is_not_published(tmp_path):
    write_events(
        tmp_path,
        final_mass_det="36", final_mass_det_lo="29", final_mass_det_hi="40",
        chirp_mass_det="31", chirp_mass_det_lo="30.5", chirp_mass_det_hi="32.5",
        final_spin="", final_spin_lo="", final_spin_hi="",
    )  # fmt: skip
    asked = []

    def answer(groups, options):
        asked.append((groups, dict(options)))
        return [row_with()]

    figures = score_bbh.real(tmp_path, answer)
    assert figures["n"] == 1
    assert figures["pairs"] == 2
    assert figures["inside_90"] == 0.5  # 30 lies in 29-40, not in 30.5-32.5
    assert figures["published_inside_90"] == 0.5  # 36 lies outside 25-35, 31 inside
    assert figures["width_ratio"] == pytest.approx(np.median([10 / 11, 10 / 2]))
    assert figures["efficiency"] is None
    assert figures["by_folder"]["files"]["pairs"] == 2
    assert asked[0][1] == {"gps": "100.1"}
    assert [path.name for path in asked[0][0][0]] == ["H.hdf5", "L.hdf5"]


@pytest.mark.parametrize(("light", "pairs"), [("2.6", 0), ("12", 1)])
def test_an_event_outside_the_prior_is_printed_and_not_scored(tmp_path, light, pairs):
    write_events(
        tmp_path, mass_1_source="23", mass_2_source=light,
        chirp_mass_det="31", chirp_mass_det_lo="29", chirp_mass_det_hi="33",
    )  # fmt: skip
    figures = score_bbh.real(tmp_path, lambda groups, options: [row_with()])
    assert (figures["pairs"], figures["two_detectors_snr_10"]["pairs"]) == (pairs, pairs)
    assert figures["not_scored"] == ([] if pairs else ["GW1"])
    assert figures["n"] == len(figures["events"]) == 1


def test_a_refused_event_counts_as_asked_only(tmp_path):
    write_events(tmp_path)
    figures = score_bbh.real(tmp_path, lambda groups, options: [{"flags": "no answer"}])
    assert (figures["n"], figures["n_asked"]) == (0, 1)
    assert figures["inside_90"] is None
