"""Populations of simulated cut-outs: what they are made of, and how they were imaged."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("red galaxy", "companions", "spiral", "ring", "merger", "group", "edge-on", "pair",
         "irregular")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What a population of cut-outs is made of."""

    kinds: tuple[float, ...]  # of KINDS among what is no lens
    bare: float  # of what is no lens: lens fields without their arcs; KINDS share the rest
    galaxies: float  # of lenses: single galaxies as many as on the sky; the rest of any radius
    # Half-light radii of sources (arcsec), evenly in the logarithm; None: as galaxies behind lenses
    # have them by their magnitude, see `lens_population.half_light_radius_behind`.
    source_sizes: tuple[float, float] | None
    one_sided: float = 0.0  # of lenses: the source so far off that one image outshines the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Shares of cut-outs: how they were imaged and what became of them."""

    artefacts: float  # a cosmic ray, a trail, an edge, the light of a bright neighbour
    as_the_task: float  # stretched as the task does it with FITS files; others are published ones
    one_band: float  # of the ground
    two_bands: float  # of the ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What is simulated together."""

    name: str
    shares: Shares
    conditions: Conditions


# Look-alikes far more often than on the sky, so that a network meets them; any image.
LOOK_ALIKES = Population(
    name="look-alikes",
    shares=Shares(
        kinds=(0.10, 0.22, 0.25, 0.11, 0.09, 0.08, 0.05, 0.05, 0.05), bare=0.4, galaxies=0.0,
        source_sizes=(0.06, 0.45), one_sided=0.25,
    ),
    conditions=Conditions(artefacts=0.12, as_the_task=0.35, one_band=0.12, two_bands=0.05),
)  # fmt: skip
# Galaxies as a survey shows them to a search: under half of early type, discs, a few per cent each
# of mergers, irregulars and groups, rings among them (Lintott et al. 2011, MNRAS 410, 166; Darg et
# al. 2010, MNRAS 401, 1043; Nair & Abraham 2010, ApJS 186, 427), chance neighbours on all. Of the
# lenses of CFHTLS about one in ten is a group (More et al. 2012, ApJ 749, 38).
OF_SURVEY = Population(
    name="survey",
    shares=Shares(
        kinds=(0.21, 0.07, 0.44, 0.03, 0.06, 0.06, 0.07, 0.02, 0.04), bare=0.3, galaxies=0.92,
        source_sizes=None,
    ),
    conditions=Conditions(artefacts=0.04, as_the_task=1.0, one_band=0.0, two_bands=0.0),
)  # fmt: skip


def mixture(shares: Shares) -> str:
    """What is no lens in words, with its shares."""
    whole = sum(shares.kinds)
    parts = {
        kind: share / whole * (1 - shares.bare)
        for kind, share in zip(KINDS, shares.kinds, strict=True)
    }
    told = ", ".join(f"{kind} {share:.0%}" for kind, share in parts.items())
    return f"lens field without its arcs {shares.bare:.0%}, {told}"
