"""The weighted answers of mergers: beside published ones, beside Bilby's, and on injections.

python tests/benchmarks/bbh_reweighted.py events --data FOLDER
python tests/benchmarks/bbh_reweighted.py bilby --data FOLDER
python tests/benchmarks/bbh_reweighted.py injections --count 50 --seed N --out FILE.json
python tests/benchmarks/bbh_reweighted.py injections --noise real --data FOLDER --out FILE.json

FOLDER holds strain as the data guide lays it out. `events` prints for each event how the answer was
made, its worth, its time on this machine (processor seconds, one thread) and its medians with 90 %
intervals beside the published ones. `bilby` analyses the very data that came with published
samples of GW150914 (aligned spins, IMRPhenomD) with two seeds and prints divergences (nat);
Bilby's spins are flat, so its samples are weighted to the card's prior of spins. `injections` draws
mergers from the card's prior into Gaussian noise of the design curve, answers each from 32 s of
strain, and prints coverage; it goes on where FILE ends. With `--noise real` the mergers are put
into seconds of off-source strain that `splits.csv` keeps for tests of injections: few stretches, so
the intervals of shares are those of so many blocks (`block_interval`).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

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
from astrogui.science import (  # noqa: E402
    binary_posterior,
    binary_prior,
    heterodyne,
    matched_filter,
    merger_data,
    sidereal,
)
from astrogui.science.binary_posterior import Draws, Quality  # noqa: E402
from astrogui.science.binary_proposal import binaries_at, drawn_from_prior  # noqa: E402
from astrogui.science.design_curves import CURVES  # noqa: E402
from astrogui.science.detector_response import antenna, delay_s  # noqa: E402
from astrogui.science.divergence import of_draws  # noqa: E402
from astrogui.science.heterodyne import Binaries, Data  # noqa: E402
from astrogui.science.waveforms import effective_spin  # noqa: E402
from astrogui.tasks import bbh  # noqa: E402
from astrogui.tasks.task import Model, group  # noqa: E402
from astrogui.training.bbh_card import with_checks  # noqa: E402
from astrogui.training.block_interval import share_interval  # noqa: E402
from astrogui.training.score_bbh import files_of  # noqa: E402

SHOWN = ("chirp_mass_det", "final_mass_det", "final_spin", "mass_1_source", "mass_2_source",
         "chi_eff", "luminosity_distance")  # fmt: skip
RATE, SECONDS, START = 4096.0, 32.0, 1_262_304_000.0
LOUDNESS = (5.0, 60.0)
BAND_HZ = np.arange(20.0, 896.0, 0.5)
MASS_BINS = (6.0, 20.0, 50.0, 180.0)  # solar masses, detector frame
SNR_BINS = (0.0, 12.0, 20.0, 200.0)
AFTER_S = 2.5  # of noise at least behind a merger
SHORTEST_S = 8.0  # of real noise with an injection


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("events", "bilby", "injections"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--models", default="", help="further folders of models")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--card", action="store_true", help="keep the summary in models/bbh")
    parser.add_argument("--noise", choices=("gaussian", "real"), default="gaussian")
    parser.add_argument("--out", type=Path, default=Path("injections.json"))
    options = parser.parse_args()
    if options.what == "injections":
        background = Background(options.data) if options.noise == "real" else None
        answer = Answering(options.models)
        told = injections(answer, options.count, options.out, options.seed, background)
        print(json.dumps(told, indent=1))
        if options.card:
            kind = "real_noise" if background else "gaussian"
            with_checks(ROOT / "models" / "bbh", {f"{kind}_injections": told})
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
        self.own_efficiency = 0.0  # of the last answer's first pairs

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
        with self._listening():
            assert bbh.TASK.refine is not None
            better = bbh.TASK.refine(record, place, first, self._model, lambda part: None)
        assert better is not None
        return first, better

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Hears what the first pairs are worth: the network's draws, a fifth of the prior's, and
        places that the best waveform suggests, in all parameters at once."""
        drawn, worth = binary_posterior._drawn, []

        def heard(*given: Any) -> binary_posterior.Weighted:
            pairs = drawn(*given)
            share = pairs.shares
            worth.append(float(1 / np.sum(share**2) / share.size))
            return pairs

        binary_posterior._drawn = heard
        try:
            yield
        finally:
            binary_posterior._drawn = drawn
            self.own_efficiency = worth[0]


def events(answer: Answering, data: Path) -> None:
    table = list(csv.DictReader((data / "events.csv").open(encoding="utf-8")))
    files = list(csv.DictReader((data / "files.csv").open(encoding="utf-8")))
    inside, widths, efficiencies, own = [], [], [], []
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
        own.append(answer.own_efficiency)
        print(
            f"{event['event']}: {cells['method']}, efficiency {cells['efficiency']:.3f} "
            f"(of the network's own draws {own[-1]:.4f}), "
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
    print(f"median efficiency {np.median(efficiencies):.2f}, of the network's own draws "
          f"{np.median(own):.4f}; our median inside the published 90 % "
          f"for {np.mean(inside):.0%} of {len(inside)} pairs (final mass, m1, m2, final spin); "
          f"median ratio of widths {np.median(widths):.2f}")  # fmt: skip


def text(values: Any) -> str:
    low, middle, high = (f"{float(v):.4g}" if v != "" else "-" for v in values)
    return f"{middle} ({low} to {high})"


TRIGGER = 1126259462.4


def released(data: Path) -> Data:
    """The strain of GW150914 that came with published samples, about its arrival."""
    import h5py

    with h5py.File(data / "posteriors" / "gw150914_imrphenomd.hdf5") as file:
        frequency = file["data/H1/frequency_hz"][()]
        step = frequency[1] - frequency[0]
        centre = np.array([TRIGGER + 0.028, TRIGGER + 0.0207])
        values, gains = [], []
        for name, gps in zip(("H1", "L1"), centre, strict=True):
            gain = np.sqrt(4 * step / file[f"data/{name}/psd"][()])
            # The segment begins two seconds before the trigger.
            turn = np.exp(2j * np.pi * frequency * (2.0 + gps - TRIGGER))
            values.append(file[f"data/{name}/strain_fd"][()] * gain * turn)
            gains.append(gain)
    return Data(("H1", "L1"), centre, frequency, np.array(values), np.array(gains))


def answered(data: Data, seed: int) -> tuple[dict[str, np.ndarray], Quality, float]:
    """Our draws of the released strain, their worth, and processor seconds."""
    rng = np.random.default_rng(seed)
    start = Binaries(
        31.5 * np.exp(rng.normal(0, 0.06, 3000)),
        rng.uniform(0.3, 1, 3000),
        *rng.uniform(-0.5, 0.5, (2, 3000)),
    )
    reference = Binaries(*(np.array([value]) for value in (31.0, 0.8, 0.0, 0.0)))
    begun = time.process_time()
    analysis, pool, pairs, worth = binary_posterior.weigh(data, start, reference, rng)
    draws = analysis.resampled(pairs, pool)
    taken = time.process_time() - begun
    return named(draws, float(analysis.data.centre_gps[0])), worth, taken


def named(draws: Draws, centre_gps: float) -> dict[str, np.ndarray]:
    """Columns by the names of published samples; angles in radians."""
    binaries = draws.binaries
    return {
        "chirp_mass": binaries.chirp_mass,
        "mass_ratio": binaries.mass_ratio,
        "chi_1": binaries.spin_1,
        "chi_2": binaries.spin_2,
        "chi_eff": effective_spin(binaries.mass_ratio, binaries.spin_1, binaries.spin_2),
        "luminosity_distance": draws.distance_mpc,
        "theta_jn": np.arccos(draws.cos_inclination),
        "ra": np.mod(draws.longitude + sidereal.gmst_radians(TRIGGER), 2 * np.pi),
        "dec": draws.declination,
        "psi": draws.polarisation,
        "phase": draws.phase,
        "geocentric_ms": 1e3 * (draws.geocentric_s + (centre_gps - TRIGGER)),
    }


def beside_bilby(data: Path) -> None:
    import h5py

    with h5py.File(data / "posteriors" / "gw150914_imrphenomd.hdf5") as file:
        samples = {name: column[()] for name, column in file["samples"].items()}
    samples["chi_eff"] = effective_spin(samples["mass_ratio"], samples["chi_1"], samples["chi_2"])
    weight = spin_prior(samples["chi_1"]) * spin_prior(samples["chi_2"])
    theirs = released(data)
    for seed in (1, 2):
        ours, worth, taken = answered(theirs, seed)
        print(f"seed {seed}: efficiency {worth.efficiency:.3f}, intrinsic {worth.intrinsic:.0f}, "
              f"extrinsic {worth.extrinsic:.0f}, ln Z {worth.log_evidence:.3f}, "
              f"{taken:.1f} s of processor time")  # fmt: skip
        for name, column in ours.items():
            if name in samples:
                print(f"    {name:20s} {of_draws(column, samples[name], weight):.4f} nat, "
                      f"without weights {of_draws(column, samples[name]):.4f}")  # fmt: skip


def spin_prior(spin: np.ndarray) -> np.ndarray:
    """The card's prior density of an aligned spin over a flat one, not normalised."""
    share = np.abs(spin) / binary_prior.LARGEST_SPIN
    return np.where(share < 1, -np.log(np.clip(share, 1e-12, 1)), 0)


def injections(
    answer: Answering, count: int, out: Path, seed: int, background: Background | None
) -> dict[str, Any]:
    told = json.loads(out.read_text(encoding="utf-8")) if out.exists() else []
    worth: list[binary_posterior.Quality] = []
    judged = binary_posterior.quality

    def heard(pairs: binary_posterior.Weighted) -> binary_posterior.Quality:
        worth.append(judged(pairs))
        return worth[-1]

    binary_posterior.quality = heard  # whose numbers of masses and of places no answer tells
    for number in range(len(told), count):
        record, place, truth, block = injected(seed, number, background)
        begun = time.process_time()
        first, better = answer(record, place)
        ranks, masses = {}, {}
        for kind, posterior in (("network", first), ("weighted", better)):
            assert posterior.draws is not None
            drawn = dict(zip(posterior.draw_names, posterior.draws.T, strict=True))
            ranks[kind] = {
                name: float(np.mean(drawn[name] < value))
                for name, value in truth.items()
                if name in drawn
            }
            masses[kind] = np.quantile(drawn["chirp_mass_det"], (0.05, 0.5, 0.95)).tolist()
        cells = better.extras
        told.append({
            "ranks": ranks,
            "chirp_mass": {"true": truth["chirp_mass_det"], **masses},
            **{name: cells[name] for name in ("method", "efficiency", "ess", "snr")},
            "own_efficiency": answer.own_efficiency,
            "intrinsic": worth[-1].intrinsic,
            "extrinsic": worth[-1].extrinsic,
            "block": block,
            "seconds": time.process_time() - begun,
        })  # fmt: skip
        out.write_text(json.dumps(told), encoding="utf-8")
    binary_posterior.quality = judged
    return {"seed": seed, **summary(told)}


def own_efficiency(told: list[dict[str, Any]]) -> dict[str, float]:
    """Median over mergers of the network's own draws' worth; of files that tell it."""
    worth = [row["own_efficiency"] for row in told if "own_efficiency" in row]
    return {"own_efficiency_median": float(np.median(worth))} if worth else {}


def summary(told: list[dict[str, Any]]) -> dict[str, Any]:
    """What the card keeps of a run, and prints it."""
    from scipy.stats import combine_pvalues, kstest

    names = ("efficiency", "ess", "snr", "intrinsic", "extrinsic", "seconds")
    column = {name: np.array([row[name] for row in told]) for name in names}
    methods = [row["method"] for row in told]
    result: dict[str, Any] = {
        "n": len(told),
        "reweighted": methods.count("reweighted"),
        "sampled": methods.count("sampled"),
        "efficiency_median": float(np.median(column["efficiency"])),
        "efficiency_least": float(column["efficiency"].min()),
        **own_efficiency(told),
        "intrinsic_median": float(np.median(column["intrinsic"])),
        "intrinsic_5000": float(np.mean(column["intrinsic"] >= 5000)),
        "extrinsic_median": float(np.median(column["extrinsic"])),
        "extrinsic_2000": float(np.mean(column["extrinsic"] >= 2000)),
        "seconds_median": float(np.median(column["seconds"])),
    }
    block = np.array([row["block"] for row in told])
    for kind in ("network", "weighted"):
        chances, parameters = [], {}
        for name in told[0]["ranks"][kind]:
            rank = np.array([row["ranks"][kind][name] for row in told])
            inside = {level: np.abs(rank - 0.5) <= level / 2 for level in (0.5, 0.68, 0.9)}
            chances.append(float(kstest(rank, "uniform").pvalue))
            parameters[name] = {
                "p": chances[-1],
                **{
                    f"inside_{100 * level:.0f}": [float(hit.mean()), *share_interval(hit, block)]
                    for level, hit in inside.items()
                },
            }
        result[kind] = {
            "combined_p": float(combine_pvalues(chances).pvalue),
            "parameters": parameters,
        }
    result["chirp_mass_of"] = mass_table(told, column["snr"])
    return result


def mass_table(told: list[dict[str, Any]], snr: np.ndarray) -> dict[str, Any]:
    """Chirp mass of network and weighted answer, by true mass and signal-to-noise ratio.

    Relative errors of the medians and relative widths of the 90 % intervals (medians over the
    mergers of a bin), and the ratio of both widths.
    """
    kept = [row["chirp_mass"] for row in told]
    true = np.array([one["true"] for one in kept])
    error, width = {}, {}
    for kind in ("network", "weighted"):
        low, median, high = np.array([one[kind] for one in kept]).T
        error[kind], width[kind] = np.abs(median / true - 1), (high - low) / true
    table = {}
    for title, values, edges in (("mass", true, MASS_BINS), ("snr", snr, SNR_BINS)):
        for low, high in pairwise(edges):
            chosen = (values >= low) & (values < high)
            if chosen.any():
                table[f"{title} {low:g}-{high:g}"] = {
                    "n": int(chosen.sum()),
                    **{f"error_{kind}": float(np.median(error[kind][chosen])) for kind in error},
                    **{f"width_{kind}": float(np.median(width[kind][chosen])) for kind in width},
                    "width_ratio": float(np.median((width["network"] / width["weighted"])[chosen])),
                }
    return table


def design_density(frequency_hz: np.ndarray) -> np.ndarray:
    """One-sided power spectral density of the design."""
    return np.asarray(CURVES[0].asd(frequency_hz)) ** 2


class Background:
    """Real strain of H1 and L1 at once, kept for tests of injections and free of mergers."""

    def __init__(self, data: Path) -> None:
        rows = [row for row in csv.DictReader((data / "splits.csv").open(encoding="utf-8"))
                if row["use"] == "injection_test"]  # fmt: skip
        self.pieces: list[dict[str, Strain]] = []
        spans: dict[str, list[tuple[float, float, str]]] = {"H1": [], "L1": []}
        for row in rows:
            if row["detector"] in spans:
                span = float(row["gps_from"]), float(row["gps_to"]), row["file"]
                spans[row["detector"]].append(span)
        for begin, end, path in spans["H1"]:
            for other_begin, other_end, other_path in spans["L1"]:
                first, last = max(begin, other_begin), min(end, other_end)
                if last - first >= SHORTEST_S:
                    self.pieces += self._between(data, {"H1": path, "L1": other_path}, first, last)

    @staticmethod
    def _between(
        data: Path, paths: dict[str, str], first: float, last: float
    ) -> list[dict[str, Strain]]:
        """Parts of a stretch, none longer than ``SECONDS``."""
        whole = {}
        for name, path in paths.items():
            strain = read(recognise(str(data / path))[0])
            assert isinstance(strain, Strain)
            whole[name] = strain
        edges = np.linspace(first, last, max(round((last - first) / SECONDS), 1) + 1)
        parts = []
        for begin, end in pairwise(edges):
            part = {}
            for name, strain in whole.items():
                rate = strain.sample_rate_hz
                low, high = (round((edge - strain.gps_start) * rate) for edge in (begin, end))
                part[name] = Strain(
                    samples=np.array(strain.samples[low:high], np.float64),
                    gps_start=strain.gps_start + low / rate,
                    sample_rate_hz=rate,
                    detector=name,
                )
            parts.append(part)
        return [part for part in parts
                if all(np.isfinite(strain.samples).all() for strain in part.values())]  # fmt: skip


class Heard(NamedTuple):
    """A merger drawn from the prior, by the volume in which it is loud enough."""

    binary: Binaries
    longitude: float
    declination: float
    polarisation: float
    cos_inclination: float
    responses: dict[str, complex]
    loudness: float  # optimal signal-to-noise ratio of the network at 1 Mpc


def heard_merger(rng: np.random.Generator, density: dict[str, np.ndarray]) -> Heard:
    """A merger of the prior in noise of given densities (at ``BAND_HZ``), (m,) each.

    Uniform in volume and cut at a loudness, the prior holds the more mergers the farther they are
    heard: by the cube of the signal-to-noise ratio at 1 Mpc.
    """
    count = 2000
    many = binaries_at(drawn_from_prior(count, rng))
    power = np.abs(heterodyne.waves(BAND_HZ, many)) ** 2
    longitude, polarisation = rng.uniform(0, 2 * np.pi, (2, count))
    declination = np.arcsin(rng.uniform(-1, 1, count))
    inclined = rng.uniform(-1, 1, count)
    square, seen = np.zeros(count), {}
    for name, noise in density.items():
        plus, cross = antenna(name, longitude, declination, polarisation)
        seen[name] = plus * 0.5 * (1 + inclined**2) - 1j * cross * inclined
        square += np.abs(seen[name]) ** 2 * (power @ (4 * (BAND_HZ[1] - BAND_HZ[0]) / noise))
    one = int(rng.choice(count, p=square**1.5 / np.sum(square**1.5)))
    return Heard(
        many.rows(np.array([one])),
        float(longitude[one]),
        float(declination[one]),
        float(polarisation[one]),
        float(inclined[one]),
        {name: complex(response[one]) for name, response in seen.items()},
        float(np.sqrt(square[one])),
    )


def injected(
    seed: int, number: int, background: Background | None
) -> tuple[Network, Place, dict[str, float], int]:
    """Strain of H1 and L1 with a merger drawn from the card's prior, its truth, its noise."""
    rng = np.random.default_rng([seed, number])
    block = number if background is None else number % len(background.pieces)
    noise = gaussian_noise(rng) if background is None else background.pieces[block]
    densities = dict.fromkeys(noise, design_density(BAND_HZ))
    if background is not None:
        densities = {name: density_of(strain) for name, strain in noise.items()}
    heard = heard_merger(rng, densities)
    phase, share = rng.uniform(0, 2 * np.pi), rng.uniform()
    loud = (LOUDNESS[0] ** -3 + share * (LOUDNESS[1] ** -3 - LOUDNESS[0] ** -3)) ** (-1 / 3)
    distance = heard.loudness / loud
    start, length = noise["H1"].gps_start, noise["H1"].samples.size / noise["H1"].sample_rate_hz
    merger = start + rng.uniform(0.5 * length, length - AFTER_S)
    place = np.array(heard.longitude), np.array(heard.declination)
    strains, arrival = [], {}
    for name, response in heard.responses.items():
        quiet = noise[name]
        size, rate = quiet.samples.size, quiet.sample_rate_hz
        arrival[name] = merger + float(delay_s(name, *place))
        padded = round(max(64.0, 2 * size / rate) * rate)  # nothing comes round to the end
        frequency = np.fft.rfftfreq(padded, 1 / rate).astype(np.float64)
        spectrum = np.zeros(frequency.size, complex)
        above = (frequency > 11) & (frequency < 0.49 * rate)
        turn = np.exp(-2j * np.pi * frequency[above] * (arrival[name] - quiet.gps_start))
        wave = heterodyne.waves(frequency[above], heard.binary)[0] / distance * np.exp(2j * phase)
        spectrum[above] = response * wave * turn
        samples = quiet.samples + np.fft.irfft(spectrum * rate, padded)[:size]
        strains.append(Strain(samples=samples, gps_start=quiet.gps_start,
                              sample_rate_hz=rate, detector=name))  # fmt: skip
    # Beside the truth, as a search would find it.
    values = {f"gps_{n.lower()}": t + rng.normal(0, 0.001) for n, t in arrival.items()}
    found = Place(label="merger", object_id=str(number), gps=merger, values=dict(values))
    chirp_mass, ratio, spin_1, spin_2 = (float(field[0]) for field in heard.binary)
    truth = {
        "chirp_mass_det": chirp_mass,
        "mass_ratio": ratio,
        "chi_1": spin_1,
        "chi_2": spin_2,
        "chi_eff": float(effective_spin(ratio, spin_1, spin_2)),
        "luminosity_distance": float(distance),
        "inclination": float(np.degrees(np.arccos(heard.cos_inclination))),
        "dec": float(np.degrees(heard.declination)),
        "ra": float(np.degrees(heard.longitude + sidereal.gmst_radians(merger)) % 360),
        "psi": float(heard.polarisation % np.pi),
        "phase": float(phase),
    }
    return Network(strains=tuple(strains)), found, truth, block


def gaussian_noise(rng: np.random.Generator) -> dict[str, Strain]:
    """Noise of the design curve in both detectors."""
    size = round(SECONDS * RATE)
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    scale = np.sqrt(design_density(np.clip(frequency, 20.0, 1900.0)) * SECONDS / 4)
    result = {}
    for name in ("H1", "L1"):
        parts = rng.normal(size=(2, frequency.size)) * scale
        samples = np.fft.irfft((parts[0] + 1j * parts[1]) * RATE, size)
        result[name] = Strain(samples=samples, gps_start=START, sample_rate_hz=RATE, detector=name)
    return result


def density_of(strain: Strain) -> np.ndarray:
    """One-sided power spectral density of real noise at ``BAND_HZ``."""
    stretch = matched_filter.prepared(strain.samples, strain.sample_rate_hz, 0.0)
    scaled = np.interp(BAND_HZ, stretch.psd.frequency_hz, stretch.psd.density)
    return np.asarray(scaled / merger_data.STRAIN_SCALE**2)


if __name__ == "__main__":
    sys.exit(main())
