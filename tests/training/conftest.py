"""Templates made of formulas, so that simulators are tested without the real data."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.tasks.redshift_kind import STAR_TYPES
from astrogui.training.templates import REST, REST_ANGSTROM, Templates


@pytest.fixture(scope="session")
def formula_templates() -> Templates:
    """Smooth continua with a break and lines; as many rows as the real templates have."""
    rng = np.random.default_rng(8)
    red = 1 + np.tanh((REST_ANGSTROM - 4000) / 300)
    ages = np.linspace(0, 1, 7)[:, None]
    populations = (1 - ages) * (REST_ANGSTROM / 5500) ** -1.5 + ages * red
    quasar = (REST_ANGSTROM / 3000) ** -1.4 + _bumps((1216, 1549, 1909, 2799, 4862, 6564), 0.012)
    wiggles = np.stack([np.sin(REST.centres_log10 * f) for f in (40, 70, 110)])
    quasars = np.concatenate([quasar[None], 0.01 * wiggles])
    stars = {
        kind: np.abs(1 + 0.3 * rng.normal(size=(3, 1)))
        * (REST_ANGSTROM / 5500) ** slope
        * (1 - 0.5 * _bumps((3934, 3969, 4862, 5176, 6564), 0.001))
        for kind, slope in (("hot", -2.0), ("cool", 0.0), ("red", 3.0), ("odd", 1.0))
    }
    return Templates(
        populations=populations,
        galaxy=np.concatenate([red[None] + 0.1, 0.1 * wiggles]),
        quasar=np.concatenate([quasar[None], 0.1 * wiggles]),
        quasar_low=quasars,
        quasar_high=quasars,
        composite=np.stack([quasar, quasar]),
        stars=stars,
        star_types=dict.fromkeys(STAR_TYPES, stars["cool"]),
        cataclysmic=np.concatenate([stars["hot"][:1], 0.1 * wiggles[:2]]),
    )


def _bumps(places: tuple[float, ...], width: float) -> np.ndarray:
    return sum(np.exp(-0.5 * ((REST_ANGSTROM / place - 1) / width) ** 2) for place in places)
