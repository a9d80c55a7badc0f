"""The page of the star/galaxy model for people, from what its card holds."""

from __future__ import annotations

from typing import Any

from astrogui.records.model_card import ModelCard
from astrogui.science import surroundings
from astrogui.training import star_galaxy_columns, star_galaxy_limit


def readme(card: ModelCard) -> str:
    """The model folder's page for people."""
    scores = card.simulated_scores
    lines = [
        f"# {card.title}",
        "",
        card.summary,
        "",
        "Trained on simulated fields only (`python main.py train star_galaxy`); no real pixel was "
        "used. Every simulated field goes through the same search, measurement of the seeing and "
        "cut-outs as a real one.",
        "",
        "## Prior",
        *[f"- {name}: {words}" for name, words in card.prior.items()],
        "",
        "## Held-out simulations",
        f"{scores['n']} sources of fields never trained on: AUC {scores['auc']:.3f} (r <= 22), "
        f"{scores['auc_21_5']:.3f} (21.5), {scores['auc_21']:.3f} (21); expected calibration "
        f"error {scores['ece']:.3f}.",
        f"Randomised credible sets of 68 % and 90 % hold the true class in "
        f"{100 * scores['coverage_68']:.1f} % and {100 * scores['coverage_90']:.1f} %. A set takes "
        "the more probable class first; where that class alone holds more or less than the level, "
        "a draw decides, so that a calibrated answer covers exactly the level.",
        "The epistemic interval of a probability is where one more network trained in the same "
        "manner would put it; its coverage is measured by leaving each member out in turn "
        "(`calibration.member_coverage`).",
        "",
        *_surroundings_lines(card),
        *_calibration_lines(card.simulated_scores),
        *_column_lines(card.simulated_scores),
        *_limit_lines(card.simulated_scores),
        *_real_lines(card),
        "## Novelty",
        card.novelty["statistic"] + f" Threshold: {card.novelty['false_positives']:.1%} of "
        "held-out simulated sources lie above 1.",
        "",
        "## Limits",
        *[f"- {limit}" for limit in card.limits],
        "",
    ]
    return "\n".join(lines)


def _surroundings_lines(card: ModelCard) -> list[str]:
    """What the frame around a source adds to the network's answer, where the card holds it."""
    told = card.calibration.get("surroundings")
    if not told:
        return []
    faint, far = told["magnitude_r"][1], told["neighbour_fwhm"][1]
    mean = surroundings.mean_density(tuple(told["star_densities"]))
    return [
        "## What the frame adds",
        f"A neighbour within {far:g} FWHM of the seeing moves the logit of galaxy by up to "
        f"{told['neighbour_logit']:+.2f}.",
        "",
        f"Compact sources of r {told['magnitude_r'][0]:g} to {faint:g} are counted in the frame (a "
        "section of a large one): the column `star_density` has the density of stars, in units of "
        "that at galactic latitude 50 deg (Poisson likelihood, log-uniform prior). It multiplies "
        "the odds of star of every source of the frame; the option `star_density=mean` takes the "
        f"mean instead, {mean:.2f}, and a number states another.",
        "",
        f"Both were fitted on {told['sources']} sources of {told['fields']} simulated fields "
        "(`calibration.surroundings`); neither depends on which sources are asked for.",
        "",
    ]


def _calibration_lines(scores: dict[str, Any]) -> list[str]:
    """CAL and dN/N by magnitude with errors of drawing fields, where they were measured."""
    found = scores.get("calibration")
    if not found:
        return []
    return [
        "## Calibration by magnitude",
        f"Held-out fields like SDSS's, {found['fields']} of them; errors are those of drawing "
        "fields. By chance alone a perfect answer would show the CAL of the fifth column on so "
        "many sources: its bins hold 1000. Of one field: the rms error of its number of galaxies "
        "over their rms number.",
        "",
        *star_galaxy_columns.magnitude_lines(found["measured"]),
        "",
        "The magnitude there is the measured one, as in a catalogue. By the true one the same "
        "answers are too low, which none that sees the image alone can mend: the light of galaxies "
        "is measured lower than it is, more so than that of stars, so that of the sources measured "
        "alike more galaxies than stars are truly brighter than a limit.",
        "",
        *star_galaxy_columns.magnitude_lines(found["true"]),
        "",
        "At the mean density of stars (`star_density=mean`), by the measured one:",
        "",
        *star_galaxy_columns.magnitude_lines(found["mean"]),
        "",
    ]


def _column_lines(scores: dict[str, Any]) -> list[str]:
    """Kim & Brunner's seven columns beside their network and a forest, where they were measured."""
    if not scores.get("columns"):
        return []
    lines = [
        "## Beside Kim & Brunner 2016 and a random forest",
        "Their seven columns on held-out simulated fields in five bands "
        "(`tests/benchmarks/star_galaxy_columns.py`; definitions and sources in "
        "`training/star_galaxy_columns.py`), with bootstrap errors; a star marks the best of a "
        "column and what lies within the paired error of it. Their network saw few passes of the "
        "750 that they trained (forty hours on a graphics card): its row does not say how good the "
        "published one is. The forest had fewer sources than ours. Ours counts the stars "
        "of the frame; the row at their mean density (`star_density=mean`) is judged beside the "
        "two others. Errors are those of drawing fields: the share of stars differs from field to "
        "field, which moves CAL and dN/N.",
    ]
    for name, word in (("columns", "measured"), ("columns_by_truth", "truly")):
        for faintest, found in scores.get(name, {}).items():
            lines += [
                "",
                f"{word} r <= {faintest}: {found['n']} sources of {found['fields']} fields, "
                f"{found['stars']} stars",
                "",
                *star_galaxy_columns.table_lines(found["table"], scores["columns_trained_on"]),
            ]
    return [*lines, ""]


def _limit_lines(scores: dict[str, Any]) -> list[str]:
    """Our AUC by magnitude beside the information limit, where it was measured."""
    found = scores.get("limit")
    if not found:
        return []
    seen, clear = scores.get("limit_of_found"), scores.get("limit_without_fainter")
    return [
        "## Beside the information limit",
        f"{found['n']} sources of {found['fields']} held-out fields like SDSS's in five bands "
        "(`tests/benchmarks/star_galaxy_limit.py`). The limit is a likelihood ratio of stars and "
        "the simulator's galaxies that is told the point-spread function, the noise, the sky, the "
        "neighbours' light and the place of each source, and none of flux, colours and shape "
        f"(`training/star_galaxy_limit.py`); it was worked out for {found['n_limit']} of them, "
        "drawn at random, and what ours is behind is measured on these. Errors are those of "
        "drawing sources.",
        "",
        *star_galaxy_limit.limit_lines(found),
        "",
        f"The same of sources without a neighbour within {found['alone_arcsec']:g} arcsec that is "
        f"at most {found['neighbour_mag']:g} mag fainter:",
        "",
        *star_galaxy_limit.limit_lines(found["alone"]),
        "",
        "The limit knows nothing of how many stars there are, and was moved by the density that is "
        "counted in the frame, as ours is. Both at the mean density (`star_density=mean`):",
        "",
        *star_galaxy_limit.limit_lines(found["mean"]),
        "",
        *(_found_lines(seen) if seen else []),
        *(_without_fainter_lines(clear) if clear else []),
    ]


def _found_lines(seen: dict[str, Any]) -> list[str]:
    """Our AUC beside a likelihood ratio that is told less: the light of what was found, no more."""
    return [
        "The limit is told the light of neighbours that are too faint to be found, too, which no "
        "image tells. The same ratio told that of the sources found alone (`--told found`), on "
        f"{seen['n_limit']} sources of {seen['fields']} of these fields; it takes the rest for "
        "noise, so that a classifier that allows for such neighbours can be ahead of it:",
        "",
        *star_galaxy_limit.limit_lines(seen, "found"),
        "",
        "And of sources without such a neighbour:",
        "",
        *star_galaxy_limit.limit_lines(seen["alone"], "found"),
        "",
    ]


def _without_fainter_lines(clear: dict[str, Any]) -> list[str]:
    """Our AUC beside the limit on skies that hold nothing too faint to be found."""
    return [
        f"How much of it is that light: {clear['fields']} fields that hold no source fainter than "
        f"r = {clear['faintest_mag']:g} (`--faintest {clear['faintest_mag']:g}`; the network was "
        "not trained for such a sky), both at the mean density of stars:",
        "",
        *star_galaxy_limit.limit_lines(clear["mean"]),
        "",
    ]


def _real_lines(card: ModelCard) -> list[str]:
    """What was measured on labelled real frames, where the card holds it."""
    scores = card.real_scores
    if not scores:
        return []
    lines = [
        "## Real frames",
        f"{scores['n']} labelled places with r <= 22 in the frames of the data guide (one SDSS "
        f"field in five bands, classes of the deeper Stripe 82 coadd): AUC {scores['auc']:.3f}, "
        f"{scores['auc_21_5']:.3f} (r <= 21.5), {scores['auc_21']:.3f} (r <= 21); expected "
        f"calibration error {scores['ece']:.3f}; {scores['undetected']} places undetected (they "
        "score 0.5).",
    ]
    mean = scores.get("mean_density")
    if mean:
        lines.append(
            f"- with `star_density=mean`: AUC {mean['auc']:.3f}, {mean['auc_21_5']:.3f}, "
            f"{mean['auc_21']:.3f}; expected calibration error {mean['ece']:.3f}. That stars are "
            "counted by default was decided with these two errors known: on simulations, since "
            "they hold as many galaxies as surveys count (version 1's had half of them), the AUC "
            "is better so at every magnitude from 20.5 on, and the calibration from 21.5 on"
        )
    beside = scores.get("beside", {})
    lines += [
        f"- beside it, {name}: {values['auc']:.3f}, {values['auc_21_5']:.3f}, "
        f"{values['auc_21']:.3f}"
        for name, values in beside.items()
    ]
    return [*lines, ""]
