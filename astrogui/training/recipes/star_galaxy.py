"""Training of the star/galaxy network: fields simulated, an ensemble fitted, calibrated, packed."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.networks.builder import build
from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.science import photometry
from astrogui.science.cutouts import SIZE
from astrogui.training import score_star_galaxy, star_galaxy_card
from astrogui.training.fit import Batch, FitSettings, fit
from astrogui.training.package import CompiledRun, write_model_folder
from astrogui.training.recipe import Progress, Recipe
from astrogui.training.star_galaxy_calibration import calibrate
from astrogui.training.star_galaxy_examples import (
    Also,
    Arrays,
    field_examples,
    joined,
    prior_weights,
    simulated_fields,
    with_less,
)
from astrogui.training.star_galaxy_teacher import soft_labels, teacher

MEMBERS = 3
BATCH = 256
WHOLE, PART = (1489, 2048), (768, 1024)  # shapes of fields: few stars give the seeing of a part
FIELDS = {
    "train": {"train": (90, WHOLE), "train-small": (66, PART)},
    "calibrate": {"calibrate": (26, WHOLE), "calibrate-small": (40, PART)},
}
QUICK_FIELDS = {"train": {"quick": (4, (512, 512))}, "calibrate": {"quick-check": (2, (512, 512))}}
VALIDATION_SHARE = 4  # one in so many calibration fields chooses the epoch, the rest calibrate
SKIPPED_SHARE = 6  # each member is trained without one field in so many
CONFIG: dict[str, Any] = {
    "size": SIZE,
    "channels": 2 * len(photometry.BANDS),
    "catalogue": photometry.VECTOR_LENGTH,
    "members": MEMBERS,
    "filters": [24, 40, 64],
    "dense": 96,
    "signal_column": photometry.SIGNAL_COLUMN,
}


def train(workdir: Path, quick: bool, seed: int, progress: Progress) -> Path:
    """Simulate, fit, calibrate and pack; resumes where the work folder was left."""
    started = time.monotonic()
    examples = {
        purpose: _simulated(workdir, purpose, quick, seed, progress)
        for purpose in ("train", "calibrate")
    }
    progress("correcting the teacher")
    examples["train"]["target"] = soft_labels(examples["train"], prior_weights(examples["train"]))
    simulated_s = _added_up(workdir, quick, time.monotonic() - started)
    model = build("star_galaxy:ensemble", CONFIG)
    _standardise(model, examples["train"])
    settings = FitSettings(
        epochs=2 if quick else 14,
        steps=max(4, len(examples["train"]["label"]) // BATCH),
        learning_rate=1.5e-3,
        seed=seed,
    )
    validation = examples["calibrate"]["field"] % (2 if quick else VALIDATION_SHARE) == 0
    history = fit(
        model,
        {"logit": member_loss()},
        batches(examples["train"]),
        settings,
        workdir / f"fit-{'quick' if quick else 'full'}-{seed}",
        progress,
        validation=_plain_batch(examples["calibrate"], validation),
        validation_batch=1024,
    )
    progress("calibrating on held-out fields")
    rest = {name: values[~validation] for name, values in examples["calibrate"].items()}
    calibration = calibrate(model, examples["train"], rest)
    card = _card(examples, history, calibration, seed, simulated_s)
    run = CompiledRun(model, card, {}, 512)
    simulated = score_star_galaxy.simulated(run, 200 if quick else 5000, seed + 1)
    card = replace(card, simulated_scores=simulated, coverage=simulated["coverage"])
    golden = _golden(seed)
    return write_model_folder(
        workdir / "star_galaxy",
        card=card,
        model=model,
        golden_inputs=golden,
        readme=star_galaxy_card.readme(card),
        progress=progress,
    )


def _simulated(workdir: Path, purpose: str, quick: bool, seed: int, progress: Progress) -> Arrays:
    """The sources of a purpose's fields; those to be trained on are asked of the teacher too."""
    groups = (QUICK_FIELDS if quick else FIELDS)[purpose]
    also: Also | None = teacher if purpose == "train" else None
    return joined(
        [
            part
            for name, (count, shape) in groups.items()
            for part in simulated_fields(workdir, name, count, seed, progress, shape, also=also)
        ]
    )


def _added_up(workdir: Path, quick: bool, seconds: float) -> float:
    """Seconds of simulation over all the runs that shared a work folder, this one included."""
    path = workdir / f"simulation-{'quick' if quick else 'full'}-seconds.txt"
    before = float(path.read_text()) if path.exists() else 0.0
    path.write_text(f"{before + seconds:.1f}\n")
    return before + seconds


def member_loss() -> Any:
    """Mean cross-entropy over members; a label of -1 keeps an example from a member."""
    import keras
    from keras import ops

    class MemberLoss(keras.losses.Loss):
        def call(self, label: Any, logit: Any) -> Any:
            counted = ops.cast(label >= 0, logit.dtype)
            cross = ops.softplus(logit) - ops.maximum(label, 0.0) * logit
            return ops.sum(cross * counted, axis=-1) / ops.maximum(ops.sum(counted, axis=-1), 1.0)

    return MemberLoss(reduction="sum_over_batch_size")


def batches(examples: Arrays) -> Any:
    """Batches drawn by the prior's weights: bands lost, zero points hidden, pixels turned."""
    reached = np.cumsum(prior_weights(examples))
    wanted = [n for n in examples if n.startswith("_measure_")] + ["image", "_shape"]
    skipped = examples["field"] % SKIPPED_SHARE
    labels = np.where(
        skipped[:, None] == np.arange(MEMBERS), -1.0, examples["target"][:, None]
    ).astype(np.float32)

    def draw(rng: np.random.Generator) -> Batch:
        rows = np.sort(np.searchsorted(reached, rng.random(BATCH) * reached[-1]))
        inputs = with_less({name: examples[name][rows] for name in wanted}, rng)
        inputs["image"] = _turned(inputs["image"], rng)
        return inputs, {"logit": labels[rows]}

    return draw


def _turned(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A batch, turned by a multiple of 90 degrees and mirrored."""
    image = np.rot90(image, int(rng.integers(4)), axes=(1, 2))
    return np.ascontiguousarray(image[:, ::-1] if rng.random() < 0.5 else image)


def _plain_batch(examples: Arrays, chosen: np.ndarray) -> Batch:
    inputs = {name: examples[name][chosen].astype(np.float32) for name in ("image", "catalogue")}
    return inputs, {"logit": np.repeat(examples["label"][chosen][:, None], MEMBERS, axis=1)}


def _standardise(model: Any, examples: Arrays) -> None:
    """Give the catalogue measures mean 0 and scatter 1, as they are with bands left out."""
    rng = np.random.default_rng(0)
    rows = rng.choice(len(examples["label"]), min(8000, len(examples["label"])), replace=False)
    catalogue = with_less({n: v[rows] for n, v in examples.items()}, rng)["catalogue"]
    scale = np.maximum(catalogue.std(axis=0), 0.05)
    model.get_layer("standardise").set_weights([catalogue.mean(axis=0), scale])


def _golden(seed: int) -> Arrays:
    """Sixteen sources of a small simulated field, as `prepare` gives them."""
    examples = field_examples([seed, 999], (400, 500), like_sdss=1.0)
    return {name: examples[name][:16].astype(np.float32) for name in ("image", "catalogue")}


def _card(
    examples: dict[str, Arrays],
    history: dict[str, Any],
    calibration: dict[str, Any],
    seed: int,
    simulated_s: float,
) -> ModelCard:
    fields = {name: int(arrays["field"].max()) + 1 for name, arrays in examples.items()}
    return ModelCard(
        task="star_galaxy",
        name="star_galaxy 2",
        version="2",
        title="Stars and galaxies in survey images",
        summary=(
            "P(star) and P(galaxy) of each source of a survey image from aligned cut-outs in up "
            "to five bands and measures relative to the seeing. Three small networks, each a "
            "convolutional and a dense branch; their mean logit is the answer, their spread the "
            "epistemic part."
        ),
        network="star_galaxy:ensemble",
        network_config=CONFIG,
        inputs=(
            ArraySpec(
                name="image",
                shape=(SIZE, SIZE, CONFIG["channels"]),
                unit="asinh of signal over noise",
                description="u g r i z cut-outs, then the residuals of their point-source fits; "
                "a third of the seeing's FWHM a pixel; 0 where a band is absent",
            ),
            ArraySpec(
                name="catalogue",
                shape=(photometry.VECTOR_LENGTH,),
                description="measures of science.photometry.vector",
            ),
        ),
        outputs=(
            ArraySpec(name="logit", shape=(MEMBERS,), description="logit of galaxy, by member"),
            ArraySpec(name="novelty", shape=(1,), description="1 at the threshold"),
            ArraySpec(
                name="features",
                shape=(32 * MEMBERS,),
                description="what the last layer reads, plus 1",
            ),
        ),
        prior=PRIOR,
        training={
            "simulation": "astrogui.training.simulate_image, searched and prepared by the task",
            "labels": "of sources of true r 20 to 23.5 the probability that the likelihood ratio "
            "gives which is told all that was simulated (training/star_galaxy_teacher.py), of the "
            "others the class",
            "trained_on": {"files": {}, "sky": [], "gps": []},  # simulated pixels only
            "seed": seed,
            "fields": fields,
            "sources": {name: len(arrays["label"]) for name, arrays in examples.items()},
            "simulation_s": round(simulated_s, 1),
            "fit": history,
        },
        calibration=calibration["calibration"],
        novelty=calibration["novelty"],
        limits=LIMITS,
    )


PRIOR = {
    "sky": "simulated high-latitude sky: stars 500 x 10^(0.15 (r - 18)) per square degree and "
    "magnitude times a factor log-uniform in 0.3 to 3; 106 galaxies a square degree brighter than "
    "r = 17.77, 830 than 19.5, 8300 a magnitude at 22; E(B-V) 0.035 within a factor 2",
    "share of stars": "by r magnitude in `calibration.prior`, at the mean density of stars, moved "
    "by the density that the frame's compact sources of r 17 to 21 show; the option star_density "
    "states another, mean or a number, and star_fraction replaces the share",
    "star": "every point source: stars, white dwarfs and quasars",
    "seeing": "FWHM 0.8 to 2.0 arcsec, varying over the field and between bands",
    "places": "a source in other bands than r is off its place by 15 mas within a factor 1.8",
    "pixel scale": "0.2 to 0.5 arcsec (70 % of fields 0.396)",
    "depth": "SDSS (5 sigma r = 22.7) to 1.5 mag deeper",
}

LIMITS = (
    "A galaxy much smaller than the seeing looks like a star; below S/N 10 the answer is largely "
    "the stated prior.",
    "Crowded fields (more than a few sources a square arcminute blended) were not simulated.",
    "Space images (seeing below 0.8 arcsec) and images resampled with strong correlated noise lie "
    "outside the training range.",
    "With fewer than three bright stars in a section of the image the seeing is assumed, and the "
    "answer is flagged as outside the prior.",
    "The density of stars is counted where r is the reference band with a zero point and a pixel "
    "scale, between 0.3 and 3 times that at galactic latitude 50 deg; elsewhere there is the mean.",
    "Errors of fluxes hold the noise of the sky alone.",
)


def simulated(run: Any, count: int, seed: int) -> dict[str, Any]:
    """The card's figures over `count` sources of fields of another seed."""
    return score_star_galaxy.simulated(run, count, seed)


def real(folder: Path, answer: Any) -> dict[str, Any]:
    """The figures over the labelled frames below `folder`."""
    return score_star_galaxy.real(folder, answer)


RECIPE = Recipe(task="star_galaxy", train=train, simulated=simulated, real=real)
