"""The time at the Earth's centre: as often inside its interval as it says."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import geocentre
from astrogui.science.detector_response import antenna, delay_s
from astrogui.science.geocentre import Seen

GPS = 1_262_304_000.0
REACH = 4000.0  # ratio at 1 Mpc, overhead and face on


def sources(count, names, seed):
    """Isotropic sources, uniform in volume, heard at a ratio of 8 to 30 by all detectors."""
    rng = np.random.default_rng(seed)
    size = 400 * count
    longitude, polarisation = rng.uniform(0, 2 * np.pi, size), rng.uniform(0, np.pi, size)
    declination, cosine = np.arcsin(rng.uniform(-1, 1, size)), rng.uniform(-1, 1, size)
    distance = 1200 * rng.uniform(0, 1, size) ** (1 / 3)
    heard, late = [], []
    for name in names:
        plus, cross = antenna(name, longitude, declination, polarisation)
        heard.append(np.hypot(plus * (1 + cosine**2) / 2, cross * cosine) * REACH / distance)
        late.append(delay_s(name, longitude, declination))
    snr, late = np.array(heard), np.array(late)
    loud = np.linalg.norm(snr, axis=0)
    rows = np.flatnonzero((loud > 8) & (loud < 30) & (snr.min(axis=0) > 3))[:count]
    assert rows.size == count
    for row in rows:
        yield {
            name: Seen(
                GPS + late[i, row] + rng.normal(0, min(0.01 / snr[i, row], 0.003)),
                snr[i, row] + rng.normal(),
                REACH,
            )
            for i, name in enumerate(names)
        }


@pytest.mark.parametrize("names", [("H1", "L1"), ("H1", "L1", "V1")])
def test_the_truth_is_inside_as_often_as_promised(names):
    inside = []
    for seen in sources(100, names, seed=3):
        low, high = geocentre.arrival(seen, (0.05, 0.95))
        assert high > low
        inside.append(low <= GPS <= high)
    # 90 of 100 with a standard deviation of three.
    assert 81 <= sum(inside) <= 99


def test_a_third_detector_narrows_the_interval():
    widths = {
        names: np.median(
            [
                np.diff(geocentre.arrival(seen, (0.05, 0.95)))[0]
                for seen in sources(40, names, seed=4)
            ]
        )
        for names in (("H1", "L1"), ("H1", "L1", "V1"))
    }
    assert widths["H1", "L1", "V1"] < 0.7 * widths["H1", "L1"]


def test_one_detector_leaves_the_radius_of_the_earth():
    low, high = geocentre.arrival({"H1": Seen(GPS, 10.0, REACH)}, (0.005, 0.995))
    assert GPS - 0.0213 <= low < high <= GPS + 0.0213
    assert high - low > 0.03
