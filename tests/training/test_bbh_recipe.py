"""The merger recipe from nothing to a model folder, in its quick form, and its scores."""

from __future__ import annotations

import contextlib
import csv
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("keras")

from astrogui.networks.builder import assign_weights, build
from astrogui.records.model_card import card_from_json
from astrogui.science import binary_draws
from astrogui.tasks import bbh_spread
from astrogui.tasks.bbh import TASK
from astrogui.tasks.bbh_spread import calibrated
from astrogui.training import bbh_calibration, bbh_members, rank_tests, score_bbh
from astrogui.training.package import largest_difference, run_graph, run_network
from astrogui.training.recipes import bbh as recipe
from astrogui.training.strain_population import Kind


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
    weights, told = bbh_members.started(0, recipe.QUICK, 3, first, place, said.append)
    assert any("resumed" in words for words in said[before:])
    assert told["epochs"] == recipe.QUICK.epochs
    size, count = recipe.QUICK, recipe.QUICK.at_once
    near = recipe.load(
        place / "loud", size.loud, 3 + recipe.LOUD_STREAM, recipe.LOUD_CHUNK, said.append,
        count=count, kind=Kind.LOUD,
    )  # fmt: skip
    searched = recipe.load(
        place / "tuning", size.tuning, 3 + recipe.TUNING_STREAM, 1, said.append,
        recipe.fit_bank(), count,
    )  # fmt: skip
    tuning = bbh_members.together(near, searched)
    weights, told = bbh_members.tuned(0, size, 3, weights, tuning, place, said.append)
    assert told["epochs"] == size.tuned_epochs
    assert [path.stat().st_mtime_ns for path in kept] == times
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


@pytest.mark.parametrize("kept", [True, False])
def test_a_second_measurement_goes_on_with_the_simulations_that_are_kept(
    tmp_path, monkeypatch, kept
):
    made = []

    def batch(key, **settings):
        made.append(key)
        return gaussian_events(64, key[1])

    monkeypatch.setattr(recipe, "_batch", batch)
    monkeypatch.setattr(recipe, "_workers", lambda count: contextlib.nullcontext(map))
    folder = {"kept": tmp_path} if kept else {}
    first = recipe.simulated(fake_run(0.3), 100, 5, **folder)
    assert made == [(5 + recipe.EVALUATION_STREAM, index, 0) for index in (0, 1)]
    assert first["n"] == 100
    again = recipe.simulated(fake_run(0.3), 150, 5, **folder)
    assert again["n"] == 150
    assert [index for _, index, _ in made[2:]] == ([2] if kept else [0, 1, 2])


def test_draws_that_all_lie_at_the_edge_do_not_spoil_the_mean_bias():
    events = gaussian_events(40, 1)
    events["features"][0] = 1e4  # far beyond the prior: every draw is taken to its edge
    figures, _ = score_bbh.simulated_figures(fake_run(0.3), events, 0)
    assert figures["without_width"] == 1
    assert all(abs(bias) < 1 for bias in figures["mean_bias_in_sd"].values())


def test_a_narrow_density_is_seen_and_its_factor_found():
    events = gaussian_events(1500, 2)
    figures, _ = score_bbh.simulated_figures(fake_run(0.15), events, 0)
    assert figures["coverage_90_of"]["chirp_mass_det"] < 0.7
    assert figures["joint_coverage"]["measured"][2] < 0.5  # five narrow parameters at once
    assert figures["joint_coverage"]["p"] < 1e-6


def tilt_of(events, run, ridge=5.0):
    raw = score_bbh.raw_draws(run, events["features"], 0)
    return bbh_calibration.tilt_table(bbh_calibration.ranked(raw, events), ridge)


@pytest.mark.parametrize("width", [0.25, 0.36])
def test_a_tilt_mends_draws_too_narrow_or_too_wide_and_those_that_lie_aside(width):
    """Found on some simulations it holds on others, together as well as one by one."""
    run = fake_run(width)
    table = tilt_of(gaussian_events(1500, 2), run)
    fresh = gaussian_events(1500, 3)
    before, _ = score_bbh.simulated_figures(run, fresh, 0)
    run.card.calibration["tilt"] = table.tolist()
    after, _ = score_bbh.simulated_figures(run, fresh, 0)
    assert before["rank_tests"]["combined_p_correlated"] < 0.01
    assert after["rank_tests"]["combined_p_correlated"] > 0.01
    for name, share in after["coverage_68_of"].items():
        assert share == pytest.approx(0.68, abs=0.04), name
    apart = [one["joint_coverage"]["largest_error"] for one in (before, after)]
    assert apart[0] > 0.1
    assert apart[1] < 0.4 * apart[0]


def test_a_tilt_moves_draws_that_lie_aside_and_says_how_much_better_they_are():
    events, fresh = (gaussian_events(1500, seed) for seed in (4, 5))
    for one in (events, fresh):
        one["features"][:, 4] += 0.15  # half a standard deviation too far
    run = fake_run(0.3)
    table = tilt_of(events, run)
    raw = score_bbh.raw_draws(run, fresh["features"], 0)
    ranked = bbh_calibration.ranked(raw, fresh, stride=2)
    better = bbh_calibration.gain(ranked, table)
    assert better == pytest.approx(0.5 * 0.5**2, abs=0.04)  # of two Gaussians half an SD apart
    assert bbh_calibration.gain(ranked, np.zeros_like(table)) == 0
    chosen = calibrated(raw, fresh["loudness"][:, 1], fresh["scales"], {"tilt": table}, 1)
    apart = (chosen.mean(axis=1) - fresh["targets"])[:, 4]
    assert (raw.mean(axis=1) - fresh["targets"])[:, 4].mean() == pytest.approx(0.15, abs=0.03)
    assert apart.mean() == pytest.approx(0, abs=0.04)


def test_the_tilt_is_that_of_events_that_count():
    events = gaussian_events(1000, 6)
    wide = np.arange(1000) % 2 == 0  # the network's draws are right for the others only
    events["targets"][wide] += 0.4 * (events["targets"] - events["features"])[wide]
    events["truth"] = binary_draws.physical(
        events["targets"][:, None].astype(np.float64), *events["scales"].T
    )[:, 0]
    scatter = np.s_[:, 1]  # second order of every quantity
    every = tilt_of(events, fake_run(0.3))[scatter].sum()
    events["weights"] = np.where(wide, 1e-3, 1.0).astype(np.float32)
    right = tilt_of(events, fake_run(0.3))[scatter].sum()
    assert every > right + 0.3


def test_a_ringing_known_too_loosely_is_narrowed_and_all_with_it():
    """The frequency of the ringing ties masses and spins; what follows from it follows."""
    rng = np.random.default_rng(8)
    events = gaussian_events(1200, 8)
    scales = events["scales"]
    scales[:, 0] = np.log(90.0)
    centre = events["features"].astype(np.float64)
    many = centre[:, None] + 0.3 * rng.normal(size=(1200, 400, 5))
    ringing_at = bbh_spread.TILTED.index("f_220_det")
    ringing = np.log(bbh_spread.quantities(many, scales)[..., ringing_at])
    away = (ringing - ringing.mean(axis=1, keepdims=True)) / ringing.std(axis=1, keepdims=True)
    likely = np.exp(-0.5 * away**2 * (1 / 0.6**2 - 1))
    one = (rng.uniform(size=(1200, 1)) * likely.sum(axis=1)[:, None] > likely.cumsum(axis=1)).sum(1)
    events["targets"] = many[np.arange(1200), one].astype(np.float32)
    events["truth"] = binary_draws.physical(many[np.arange(1200), one][:, None], *scales.T)[:, 0]
    raw = centre[:, None] + 0.3 * rng.normal(size=(1200, 400, 5))
    table = bbh_calibration.tilt_table(bbh_calibration.ranked(raw, events), 5.0)
    chosen = calibrated(raw, events["loudness"][:, 1], scales, {"tilt": table}, 1)
    was, now = (bbh_spread.quantities(one, scales) for one in (raw, chosen))
    quantity = bbh_spread.quantities(many, scales)
    share = (likely / likely.sum(axis=1, keepdims=True))[..., None]
    right = np.sum(share * quantity**2, axis=1) - np.sum(share * quantity, axis=1) ** 2
    for index, name in enumerate(bbh_spread.TILTED):
        ratio = np.median(now[..., index].std(axis=1) / np.sqrt(right[:, index]))
        if name != "remoteness":
            assert ratio == pytest.approx(1, abs=0.1), name
    before = np.median(was[..., ringing_at].std(axis=1) / np.sqrt(right[:, ringing_at]))
    assert before > 1.5


def test_draws_chosen_anew_stay_with_their_member_and_in_order():
    events = gaussian_events(3, 1)
    raw = score_bbh.raw_draws(fake_run(0.3), events["features"], 0)[:, :198]
    snr, scales = np.array([20.0, 9.0, 5.0]), events["scales"]
    rng = np.random.default_rng(0)
    table = 0.2 * rng.normal(size=(len(bbh_spread.TILTED), 4, bbh_spread.PLACES))
    whole = calibrated(raw, snr, scales, {"tilt": table.tolist()}, 3)
    for row in range(3):
        alone = calibrated(raw[row : row + 1], snr[row : row + 1], scales[row : row + 1],
                           {"tilt": table.tolist()}, 3)  # fmt: skip
        assert np.array_equal(alone[0], whole[row])
        for member in range(3):
            part = slice(66 * member, 66 * member + 66)
            place = [int(np.flatnonzero((raw[row, part] == draw).all(axis=1))[0])
                     for draw in whole[row, part]]  # fmt: skip
            assert place == sorted(place)
            assert len(set(place)) > 25
    assert np.array_equal(calibrated(raw, snr, scales, {}, 3), raw)
    assert np.array_equal(calibrated(raw, snr, scales, {"tilt": 0 * table}, 3), raw)


def test_coefficients_change_smoothly_with_loudness_and_mass():
    snr = np.array([1.0, 6.0, np.sqrt(6.0 * 9.0), 16.0, 99.0])
    scales = np.tile([np.log(np.sqrt(25.0 * 70.0)), 0.1, 7.0], (5, 1))
    shares = bbh_spread.places(snr, scales).reshape(5, 3, 2)
    assert shares.sum(axis=(1, 2)) == pytest.approx(1)
    assert shares[..., 0] == pytest.approx(shares[..., 1])
    assert 2 * shares[..., 0] == pytest.approx(
        np.array([[1, 0, 0], [1, 0, 0], [0.5, 0.5, 0], [0, 0, 1], [0, 0, 1]])
    )


def test_parameters_that_are_one_do_not_make_the_combined_p_too_small():
    """Fisher's rule counts the same p fourteen times, the answers' own draws once."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(60):
        values = np.repeat(rng.normal(size=(150, 100, 1)), 14, axis=2)
        truth = rng.normal(size=(150, 1))
        rank = np.repeat((values[..., 0] < truth).mean(axis=1)[:, None], 14, axis=1)
        own = rank_tests.own_ranks(values, 99, rng)
        found.append(rank_tests.rank_tests(rank, own, np.ones(150), [str(n) for n in range(14)]))
    fisher, correlated = (
        np.array([one[name] for one in found]) for name in ("combined_p", "combined_p_correlated")
    )
    assert np.mean(fisher < 0.01) > 0.1
    assert np.mean(correlated <= 0.05) < 0.15
    assert np.mean(correlated) == pytest.approx(0.5, abs=0.15)


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
