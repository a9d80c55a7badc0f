"""Doubts about an answer, as bits with words for the analyst."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag


class Flag(IntFlag):
    """Documented bits; an answer with flags is stored and shown, never hidden."""

    NONE = 0
    LOW_SIGNAL = 1
    LITTLE_COVERAGE = 2
    AMBIGUOUS = 4
    EDGE_OF_PRIOR = 8
    MANY_MASKED = 16
    NOVEL = 32
    NOISE_ESTIMATED = 64
    SATURATED = 128
    EDGE_OF_IMAGE = 256
    BLENDED = 512
    MASKED_CORE = 1024
    OUTSIDE_PRIOR = 2048
    MISSING_BAND = 4096
    ONE_DETECTOR = 8192
    QUALITY_UNKNOWN = 16384
    QUALITY_BAD = 32768
    GLITCH = 65536
    AIR_ASSUMED = 131072
    NOT_ANSWERED = 262144

    def words(self) -> tuple[str, ...]:
        """A sentence fragment per set bit, in the order of the bits."""
        return tuple(text for flag, text in WORDS.items() if flag in self)

    def advice(self) -> tuple[str, ...]:
        """What to do about each bit set, in the order of ``words``."""
        return tuple(ADVICE[flag] for flag in WORDS if flag in self)


def raised(doubts: Mapping[Flag, object]) -> Flag:
    """All the flags whose doubt holds."""
    flags = Flag.NONE
    for flag, holds in doubts.items():
        flags |= flag if holds else Flag.NONE
    return flags


WORDS: dict[Flag, str] = {
    Flag.LOW_SIGNAL: "low signal-to-noise",
    Flag.LITTLE_COVERAGE: "little of the wavelength or time range is covered",
    Flag.AMBIGUOUS: "the second-best answer is nearly as good",
    Flag.EDGE_OF_PRIOR: "the answer lies at the edge of the range searched",
    Flag.MANY_MASKED: "many samples are masked",
    Flag.NOVEL: "unlike anything the network was trained on",
    Flag.NOISE_ESTIMATED: "the file has no error column; the noise was estimated",
    Flag.SATURATED: "saturated",
    Flag.EDGE_OF_IMAGE: "cut by the edge of the image",
    Flag.BLENDED: "blended with a neighbour",
    Flag.MASKED_CORE: "bad pixels in the core",
    Flag.OUTSIDE_PRIOR: "outside the range that the network was trained on",
    Flag.MISSING_BAND: "a band is missing",
    Flag.ONE_DETECTOR: "one detector only",
    Flag.QUALITY_UNKNOWN: "data quality unknown",
    Flag.QUALITY_BAD: "data-quality bits warn of this stretch",
    Flag.GLITCH: "a noise transient may overlap",
    Flag.AIR_ASSUMED: "air or vacuum wavelengths were not stated in the file",
    Flag.NOT_ANSWERED: "no answer: see the comment",
}

ADVICE: dict[Flag, str] = {
    Flag.LOW_SIGNAL: "Trust the width of the interval, not its centre; smooth or stack the data.",
    Flag.LITTLE_COVERAGE: "Look for data of the missing range; another answer may lie there.",
    Flag.AMBIGUOUS: "Step through the other peaks and compare each with the data.",
    Flag.EDGE_OF_PRIOR: "The truth may lie beyond: read the range in the model card.",
    Flag.MANY_MASKED: "See what is masked, and whether it hides a line or the signal.",
    Flag.NOVEL: "Look at the data yourself before you use this answer.",
    Flag.NOISE_ESTIMATED: "Take widths as rough; give an error column if there is one.",
    Flag.SATURATED: "Do not use the flux; use a shorter exposure.",
    Flag.EDGE_OF_IMAGE: "Take the object from a neighbouring image that holds it whole.",
    Flag.BLENDED: "Look at the picture: flux and shape contain the neighbour's.",
    Flag.MASKED_CORE: "The middle is missing: use another band or exposure.",
    Flag.OUTSIDE_PRIOR: "The network was not taught such values: do not quote its interval.",
    Flag.MISSING_BAND: "Add the band: drop its file too, and the answer is computed again.",
    Flag.ONE_DETECTOR: "Add the other detectors; sky position and distance need them.",
    Flag.QUALITY_UNKNOWN: "Take the release that has data-quality channels.",
    Flag.QUALITY_BAD: "Read the quality strip below the strain at this time.",
    Flag.GLITCH: "Look at the spectrogram for a transient that only one detector has.",
    Flag.AIR_ASSUMED: "If it is the other, every line is shifted by 1 to 3 ångström; say which.",
    Flag.NOT_ANSWERED: "Read the reason beside it; run the analysis again once it is mended.",
}
