"""Doubts about an answer, as bits with words for the analyst."""

from __future__ import annotations

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
