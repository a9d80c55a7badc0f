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
    sized_sources: bool  # sources as large as galaxies of their magnitude; else of any small size


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """How cut-outs were imaged, and what became of them."""

    artefacts: float  # share with a cosmic ray, a trail, an edge, the light of a bright neighbour
    as_the_task: float  # share stretched as the task does it with FITS files, not as published
    all_bands: bool  # of the ground; else some show one or two
    # The noise of many pixels outlasts resampling, and the signal-to-noise that is told is that of
    # the best band. Else: of all bands together, before resampling and leaving bands out.
    strict_signal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What is simulated together."""

    name: str
    shares: Shares
    conditions: Conditions


# What the networks learn from: look-alikes far more often than on the sky, any image.
LOOK_ALIKES = Population(
    name="look-alikes",
    shares=Shares(
        kinds=(0.10, 0.22, 0.25, 0.11, 0.09, 0.08, 0.05, 0.05, 0.05), bare=0.4, galaxies=0.0,
        sized_sources=False,
    ),
    conditions=Conditions(artefacts=0.12, as_the_task=0.35, all_bands=False, strict_signal=False),
)  # fmt: skip
# Galaxies as a survey shows them to a search: under half of early type, discs, a few per cent each
# of mergers, irregulars and groups, rings among them (Lintott et al. 2011, MNRAS 410, 166; Darg et
# al. 2010, MNRAS 401, 1043; Nair & Abraham 2010, ApJS 186, 427), chance neighbours on all.
OF_SURVEY = Population(
    name="survey",
    shares=Shares(
        kinds=(0.21, 0.07, 0.44, 0.03, 0.06, 0.06, 0.07, 0.02, 0.04), bare=0.3, galaxies=0.92,
        sized_sources=True,
    ),
    conditions=Conditions(artefacts=0.04, as_the_task=1.0, all_bands=True, strict_signal=True),
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
