"""The weighted answers of mergers: beside published ones, beside Bilby's, and on injections.

python tests/benchmarks/bbh_reweighted.py events --data FOLDER
python tests/benchmarks/bbh_reweighted.py bilby --data FOLDER
python tests/benchmarks/bbh_reweighted.py injections --count 50 --out FILE.json

FOLDER holds strain as the data guide lays it out. `events` prints for each event how the answer was
made, its worth, its time on this machine (processor seconds, one thread) and its medians with 90 %
intervals beside the published ones. `bilby` analyses the very data that came with published
samples of GW150914 (aligned spins, IMRPhenomD) with two seeds and prints divergences (nat);
Bilby's spins are flat, so its samples are weighted to the card's prior of spins. `injections` draws
mergers from the card's prior into Gaussian noise of the design curve, answers each from 32 s of
strain, and prints coverage; it goes on where FILE ends.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from astrogui.inference.backends import guarded  # noqa: E402
from astrogui.inference.model_folder import find_model, load_model  # noqa: E402
from astrogui.readers import read, recognise  # noqa: E402
from astrogui.records.posterior import Posterior  # noqa: E402
from astrogui.records.provenance import Place  # noqa: E402
from astrogui.records.strain import Network, Strain  # noqa: E402
from astrogui.science import binary_posterior, binary_prior, heterodyne, sidereal  # noqa: E402
from astrogui.science.binary_proposal import binaries_at  # noqa: E402
from astrogui.science.design_curves import CURVES  # noqa: E402
from astrogui.science.detector_response import antenna, delay_s  # noqa: E402
from astrogui.science.divergence import jensen_shannon_nat  # noqa: E402
from astrogui.science.heterodyne import Binaries, Data  # noqa: E402
from astrogui.science.waveforms import effective_spin  # noqa: E402
from astrogui.tasks import bbh  # noqa: E402
from astrogui.tasks.task import Model, group  # noqa: E402
from astrogui.training.score_bbh import files_of  # noqa: E402

SHOWN = ("chirp_mass_det", "final_mass_det", "final_spin", "mass_1_source", "mass_2_source",
         "chi_eff", "luminosity_distance")  # fmt: skip
RATE, SECONDS, START = 4096.0, 32.0, 1_262_304_000.0
LOUDNESS = (5.0, 60.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("events", "bilby", "injections"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--models", default="", help="further folders of models")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--out", type=Path, default=Path("injections.json"))
    options = parser.parse_args()
    if options.what == "injections":
        injections(Answering(options.models), options.count, options.out)
    elif options.what == "events":
        events(Answering(options.models), options.data)
    else:
        beside_bilby(options.data)
    return 0


class Answering:
    """The whole way of one record, in this process, timed."""

    def __init__(self, models: str) -> None:
        loaded = load_model(find_model("bbh", models), task="bbh")
        self._backend = guarded(loaded, print)
        self._model = Model(card=loaded.card, assets=loaded.assets, seed=1)

    def place(self, record: Network, gps: float) -> Place:
        ((place,),) = list(bbh.find(record, self._model, {"gps": str(gps)}))
        return place

    def __call__(self, record: Network, place: Place) -> tuple[Posterior, Posterior]:
        """The network's answer and the weighted one."""
        options = {"gps": str(place.gps)}
        prepared = bbh.prepare(record, [place], self._model, options)
        fed = {name: value for name, value in prepared.items() if not name.startswith("_")}
        said = self._backend.run(fed)
        (first,) = bbh.decode(said, prepared, record, [place], self._model)
        assert bbh.TASK.refine is not None
        better = bbh.TASK.refine(record, place, first, self._model, lambda part: None)
        assert better is not None
        return first, better


def events(answer: Answering, data: Path) -> None:
    table = list(csv.DictReader((data / "events.csv").open(encoding="utf-8")))
    files = list(csv.DictReader((data / "files.csv").open(encoding="utf-8")))
    inside, widths, efficiencies = [], [], []
    for event in table:
        paths = files_of(event["event"], files, data)
        if not paths:
            continue
        begun = time.process_time()
        record = group([read(recognise(str(path))[0]) for path in paths])
        assert isinstance(record, Network)
        place = answer.place(record, float(event["gps_2ogc"] or event["gps"]))
        found = time.process_time()
        first, better = answer(record, place)
        done = time.process_time()
        cells = better.extras
        efficiencies.append(float(cells["efficiency"] or 0))
        print(
            f"{event['event']}: {cells['method']}, efficiency {cells['efficiency']:.3f}, "
            f"ess {cells['ess']:.0f}, ln Z {cells['log_evidence']:.2f}, {cells['detectors']}, "
            f"S/N {cells['snr']:.1f} (published {event['network_snr']}), "
            f"sky {cells['ra']:.0f} {cells['dec']:.0f}, "
            f"read and found {found - begun:.1f} s, answered {done - found:.1f} s; "
            f"{', '.join(better.flags.words())}"
        )
        for name in SHOWN:
            ours = [better.quantile(name, level) for level in (0.05, 0.5, 0.95)]
            told = [event.get(f"{name}{end}") or "" for end in ("_lo", "", "_hi")]
            network = [first.quantile(name, level) for level in (0.05, 0.5, 0.95)]
            print(f"    {name:20s} {text(ours)}   published {text(told)}   network {text(network)}")
            scored = name in ("final_mass_det", "mass_1_source", "mass_2_source", "final_spin")
            if all(told) and scored and event["event"] != "GW190814":
                low, _, high = map(float, told)
                inside.append(low <= ours[1] <= high)
                widths.append((ours[2] - ours[0]) / (high - low))
    print(f"median efficiency {np.median(efficiencies):.2f}; our median inside the published 90 % "
          f"for {np.mean(inside):.0%} of {len(inside)} pairs (final mass, m1, m2, final spin); "
          f"median ratio of widths {np.median(widths):.2f}")  # fmt: skip


def text(values: Any) -> str:
    low, middle, high = (f"{float(v):.4g}" if v != "" else "-" for v in values)
    return f"{middle} ({low} to {high})"


def beside_bilby(data: Path) -> None:
    import h5py

    trigger = 1126259462.4
    with h5py.File(data / "posteriors" / "gw150914_imrphenomd.hdf5") as file:
        samples = {name: column[()] for name, column in file["samples"].items()}
        frequency = file["data/H1/frequency_hz"][()]
        step = frequency[1] - frequency[0]
        centre = np.array([trigger + 0.028, trigger + 0.0207])
        values, gains = [], []
        for name, gps in zip(("H1", "L1"), centre, strict=True):
            gain = np.sqrt(4 * step / file[f"data/{name}/psd"][()])
            # The segment begins two seconds before the trigger.
            turn = np.exp(2j * np.pi * frequency * (2.0 + gps - trigger))
            values.append(file[f"data/{name}/strain_fd"][()] * gain * turn)
            gains.append(gain)
    theirs = Data(("H1", "L1"), centre, frequency, np.array(values), np.array(gains))
    samples["chi_eff"] = effective_spin(samples["mass_ratio"], samples["chi_1"], samples["chi_2"])
    weight = spin_prior(samples["chi_1"]) * spin_prior(samples["chi_2"])
    for seed in (1, 2):
        rng = np.random.default_rng(seed)
        start = Binaries(
            31.5 * np.exp(rng.normal(0, 0.06, 3000)),
            rng.uniform(0.3, 1, 3000),
            *rng.uniform(-0.5, 0.5, (2, 3000)),
        )
        reference = Binaries(*(np.array([value]) for value in (31.0, 0.8, 0.0, 0.0)))
        begun = time.process_time()
        analysis, pool, pairs, worth = binary_posterior.weigh(theirs, start, reference, rng)
        draws = analysis.resampled(pairs, pool)
        taken = time.process_time() - begun
        print(f"seed {seed}: efficiency {worth.efficiency:.3f}, intrinsic {worth.intrinsic:.0f}, "
              f"extrinsic {worth.extrinsic:.0f}, ln Z {worth.log_evidence:.3f}, "
              f"{taken:.1f} s of processor time")  # fmt: skip
        binaries = draws.binaries
        ours = {
            "chirp_mass": binaries.chirp_mass,
            "mass_ratio": binaries.mass_ratio,
            "chi_1": binaries.spin_1,
            "chi_2": binaries.spin_2,
            "chi_eff": effective_spin(binaries.mass_ratio, binaries.spin_1, binaries.spin_2),
            "luminosity_distance": draws.distance_mpc,
            "theta_jn": np.arccos(draws.cos_inclination),
            "ra": np.mod(draws.longitude + sidereal.gmst_radians(trigger), 2 * np.pi),
            "dec": draws.declination,
            "psi": draws.polarisation,
            "phase": draws.phase,
        }
        for name, column in ours.items():
            print(f"    {name:20s} {divergence(column, samples[name], weight):.4f} nat, without "
                  f"weights {divergence(column, samples[name], None):.4f}")  # fmt: skip


def spin_prior(spin: np.ndarray) -> np.ndarray:
    """The card's prior density of an aligned spin over a flat one, not normalised."""
    share = np.abs(spin) / binary_prior.LARGEST_SPIN
    return np.where(share < 1, -np.log(np.clip(share, 1e-12, 1)), 0)


def divergence(ours: np.ndarray, theirs: np.ndarray, weight: np.ndarray | None) -> float:
    """Jensen-Shannon divergence of Gaussian kernel densities (Scott's rule)."""
    from scipy.stats import gaussian_kde

    low, high = min(ours.min(), theirs.min()), max(ours.max(), theirs.max())
    grid = np.linspace(low, high, 400)
    return jensen_shannon_nat(gaussian_kde(ours)(grid), gaussian_kde(theirs, weights=weight)(grid))


def injections(answer: Answering, count: int, out: Path) -> None:
    told = json.loads(out.read_text(encoding="utf-8")) if out.exists() else []
    for number in range(len(told), count):
        record, place, truth = injected(number)
        begun = time.process_time()
        first, better = answer(record, place)
        ranks = {}
        for kind, posterior in (("network", first), ("weighted", better)):
            assert posterior.draws is not None
            drawn = dict(zip(posterior.draw_names, posterior.draws.T, strict=True))
            ranks[kind] = {
                name: float(np.mean(drawn[name] < value))
                for name, value in truth.items()
                if name in drawn
            }
        cells = better.extras
        told.append({
            "ranks": ranks,
            **{name: cells[name] for name in ("method", "efficiency", "ess", "snr")},
            "seconds": time.process_time() - begun,
        })  # fmt: skip
        out.write_text(json.dumps(told), encoding="utf-8")
    summary(told)


def summary(told: list[dict[str, Any]]) -> None:
    from scipy.stats import combine_pvalues, kstest

    efficiency = np.array([row["efficiency"] for row in told])
    methods = [row["method"] for row in told]
    print(f"{len(told)} injections: {methods.count('reweighted')} reweighted, "
          f"{methods.count('sampled')} sampled; efficiency median {np.median(efficiency):.2f}, "
          f"least {efficiency.min():.4f}; ess median {np.median([r['ess'] for r in told]):.0f}; "
          f"{np.mean([r['seconds'] for r in told]):.1f} s of processor time each")  # fmt: skip
    for kind in ("network", "weighted"):
        chances = []
        for name in told[0]["ranks"][kind]:
            rank = np.array([row["ranks"][kind][name] for row in told])
            inside = [np.mean(np.abs(rank - 0.5) <= level / 2) for level in (0.5, 0.68, 0.9)]
            chances.append(kstest(rank, "uniform").pvalue)
            shares = " ".join(f"{share:.2f}" for share in inside)
            print(f"    {kind} {name:20s} inside 50/68/90 %: {shares}, p {chances[-1]:.2f}")
        combined = combine_pvalues(chances).pvalue
        print(
            f"  {kind}: p of all parameters together {combined:.3f} (Fisher; they are correlated)"
        )


def design_density(frequency_hz: np.ndarray) -> np.ndarray:
    """One-sided power spectral density of the design."""
    return np.asarray(CURVES[0].asd(frequency_hz)) ** 2


def heard_binary(rng: np.random.Generator) -> tuple[Binaries, float]:
    """A binary of the prior, by the volume in which it is loud enough, and its squared S/N.

    Uniform in volume and cut at a loudness, the prior holds the more binaries the farther they are
    heard: by the cube of the signal-to-noise ratio at 1 Mpc.
    """
    low, high = binary_prior.CHIRP_MASS
    mass = np.sqrt(rng.uniform(low**2, high**2, 2000))
    many = binaries_at(np.column_stack([np.log(mass), rng.normal(size=(2000, 3))]))
    frequency = np.arange(20.0, 896.0, 0.5)
    waves = heterodyne.waves(frequency, many)
    norm = np.sum(4 * 0.5 * np.abs(waves) ** 2 / design_density(frequency), axis=1)
    chosen = rng.choice(2000, p=norm**1.5 / np.sum(norm**1.5))
    return many.rows(np.array([chosen])), float(norm[chosen])


def injected(number: int) -> tuple[Network, Place, dict[str, float]]:
    """Strain of H1 and L1 with a merger drawn from the card's prior, and its truth."""
    rng = np.random.default_rng([20261121, number])
    size = round(SECONDS * RATE)
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    density = design_density(np.clip(frequency, 20.0, 1900.0))
    binary, norm = heard_binary(rng)
    # Orientations, too, by the volume in which they are heard.
    while True:
        longitude, polarisation, phase = rng.uniform(0, 2 * np.pi, 3)
        declination = np.arcsin(rng.uniform(-1, 1))
        inclined = rng.uniform(-1, 1)
        place = np.array(longitude), np.array(declination)
        responses = {}
        for name in ("H1", "L1"):
            plus, cross = antenna(name, *place, np.array(polarisation))
            responses[name] = plus * 0.5 * (1 + inclined**2) - 1j * cross * inclined
        sensitivity = np.sqrt(sum(abs(r) ** 2 for r in responses.values()))
        if rng.uniform() < (sensitivity / np.sqrt(2)) ** 3:
            break
    share = rng.uniform()
    loud = (LOUDNESS[0] ** -3 + share * (LOUDNESS[1] ** -3 - LOUDNESS[0] ** -3)) ** (-1 / 3)
    distance = np.sqrt(norm) * sensitivity / loud
    merger = START + 20.0 + rng.uniform(-0.1, 0.1)
    strains, arrival = [], {}
    above = frequency > 11
    signal = heterodyne.waves(frequency[above], binary)[0] / distance * np.exp(2j * phase)
    for name, response in responses.items():
        noise = (rng.normal(size=frequency.size) + 1j * rng.normal(size=frequency.size)) * np.sqrt(
            density * SECONDS / 4
        )
        arrival[name] = merger + float(delay_s(name, *place))
        turn = np.exp(-2j * np.pi * frequency[above] * (arrival[name] - START))
        noise[above] += response * signal * turn
        strains.append(Strain(samples=np.fft.irfft(noise * RATE, size), gps_start=START,
                              sample_rate_hz=RATE, detector=name))  # fmt: skip
    # Beside the truth, as a search would find it.
    values = {f"gps_{n.lower()}": t + rng.normal(0, 0.001) for n, t in arrival.items()}
    found = Place(label="merger", object_id=str(number), gps=merger, values=dict(values))
    chirp_mass, ratio, spin_1, spin_2 = (float(field[0]) for field in binary)
    truth = {
        "chirp_mass_det": chirp_mass,
        "mass_ratio": ratio,
        "chi_1": spin_1,
        "chi_2": spin_2,
        "chi_eff": float(effective_spin(ratio, spin_1, spin_2)),
        "luminosity_distance": float(distance),
        "inclination": float(np.degrees(np.arccos(inclined))),
        "dec": float(np.degrees(declination)),
        "ra": float(np.degrees(longitude + sidereal.gmst_radians(merger)) % 360),
        "psi": float(polarisation % np.pi),
        "phase": float(phase),
    }
    return Network(strains=tuple(strains)), found, truth


if __name__ == "__main__":
    sys.exit(main())
