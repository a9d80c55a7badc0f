"""The NumPy values against TensorFlow Probability, in a process of its own: TFP takes seconds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import json, os, warnings
warnings.simplefilter("ignore")
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from astrogui.records import interval
from astrogui.records.posterior import QUANTILE_LEVELS
tfd = tfp.distributions
out = {}

# A mixture over an ensemble: moments and quantiles.
means, sigmas = np.array([0.2, 0.5, 0.45]), np.array([0.05, 0.1, 0.02])
mixture = tfd.MixtureSameFamily(tfd.Categorical(probs=np.full(3, 1 / 3)),
                                tfd.Normal(tf.constant(means), tf.constant(sigmas)))
edges = np.linspace(-1, 2, 30001)

members = [np.diff(tfd.Normal(tf.constant(m), tf.constant(s)).cdf(edges).numpy())
           for m, s in zip(means, sigmas)]
mass = interval.mixture_of_grids(members)
mean, variance = interval.grid_moments(edges, mass)
out["mean"] = [mean, float(mixture.mean())]
out["variance"] = [variance, float(mixture.variance())]
aleatoric, epistemic = interval.split_variance(means, sigmas**2)
out["total"] = [float(aleatoric**2 + epistemic**2), float(mixture.variance())]
quantiles = interval.grid_quantiles(edges, mass, QUANTILE_LEVELS)
out["levels"] = [list(mixture.cdf(quantiles).numpy()), list(QUANTILE_LEVELS)]

# Draws: quantiles and the highest-density interval of a skewed distribution.
gamma = tfd.Gamma(tf.constant(2.0, tf.float64), tf.constant(1.0, tf.float64))
draws = gamma.sample(400_000, seed=4).numpy()
found = interval.weighted_quantiles(draws, None, QUANTILE_LEVELS[2:-2])
out["draws"] = [list(gamma.cdf(found).numpy()), list(QUANTILE_LEVELS[2:-2])]
low, high = interval.shortest(draws, None, 0.9)
out["held"] = [float(gamma.cdf(high) - gamma.cdf(low)), 0.9]
out["level_set"] = [float(gamma.prob(low)), float(gamma.prob(high))]

# Weighted draws: importance weights turn one normal into another.
proposal, target = tfd.Normal(0.0, 2.0), tfd.Normal(0.5, 1.0)
x = proposal.sample(400_000, seed=5).numpy().astype(float)
w = np.exp((target.log_prob(x) - proposal.log_prob(x)).numpy()).astype(float)
found = interval.weighted_quantiles(x, w, np.array([0.05, 0.5, 0.95]))
out["weighted"] = [list(found), list(target.quantile([0.05, 0.5, 0.95]).numpy().astype(float))]
print(json.dumps(out))
"""

TOLERANCE = {
    "mean": 1e-6, "variance": 1e-6, "total": 1e-9, "levels": 1e-4, "draws": 2e-3, "held": 3e-3,
    "level_set": 0.02, "weighted": 0.02,
}  # fmt: skip


@pytest.fixture(scope="module")
def figures() -> dict:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, cwd=ROOT, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", TOLERANCE)
def test_the_numpy_value_agrees_with_tensorflow_probability(figures, name):
    ours, reference = figures[name]
    assert ours == pytest.approx(reference, abs=TOLERANCE[name])
