"""The sky map of an answer whose draws carry places."""

from __future__ import annotations

from astrogui.records.posterior import Posterior
from astrogui.records.sky_draws import sky_draws
from astrogui.science.sky_map import SkyMap, sky_map


def sky_map_of(posterior: Posterior) -> SkyMap | None:
    """None where the draws have no places; raises ``ValueError`` where those are too few."""
    draws = sky_draws(posterior)
    return None if draws is None else sky_map(*draws)
