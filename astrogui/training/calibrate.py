"""What intervals and probabilities are worth, measured on held-out simulations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import kstest

LEVELS = (0.5, 0.68, 0.9, 0.95)


def coverage(low: np.ndarray, high: np.ndarray, truth: np.ndarray) -> float | None:
    """Share of true values inside [low, high]; None where there are none to count."""
    counted = np.isfinite(low) & np.isfinite(high) & np.isfinite(truth)
    if not counted.any():
        return None
    inside = (truth[counted] >= low[counted]) & (truth[counted] <= high[counted])
    return float(inside.mean())


def coverage_table(
    bounds: Mapping[str, Mapping[float, tuple[np.ndarray, np.ndarray]]],
    truth: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    """The card's table: for each parameter the measured coverage at each level.

    ``bounds[parameter][level]`` is (low, high), each (n,); ``truth[parameter]`` is (n,).
    """
    levels = sorted({level for by_level in bounds.values() for level in by_level})
    count = len(next(iter(truth.values())))
    return {
        "levels": levels,
        "parameters": {
            name: [coverage(*by_level[level], truth[name]) for level in levels]
            for name, by_level in bounds.items()
        },
        "n": count,
    }


def pit_distance(pit: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance of probability integral transforms (n,) from uniform."""
    return float(kstest(pit, "uniform").statistic)


def expected_calibration_error(
    probability: np.ndarray, label: np.ndarray, bins: int = 15
) -> float | None:
    """Mean |confidence - accuracy| over equal bins of the probability of a yes.

    ``probability`` (n,) of label 1, ``label`` (n,) of 0 and 1.
    Source: Naeini et al. 2015, AAAI 29, 2901.
    """
    if len(label) == 0:
        return None
    which = np.clip((np.asarray(probability) * bins).astype(int), 0, bins - 1)
    total = 0.0
    for number in range(bins):
        inside = which == number
        if inside.any():
            total += inside.sum() * abs(probability[inside].mean() - label[inside].mean())
    return float(total / len(label))


def area_under_roc(score: np.ndarray, label: np.ndarray) -> float | None:
    """Probability that a yes scores above a no, ties counting half; None without both kinds."""
    from scipy.stats import rankdata

    label = np.asarray(label, bool)
    yes, no = int(label.sum()), int((~label).sum())
    if yes == 0 or no == 0:
        return None
    ranks = rankdata(score)
    return float((ranks[label].sum() - yes * (yes + 1) / 2) / (yes * no))


def binomial_interval(successes: int, count: int, level: float = 0.68) -> tuple[float, float]:
    """Wilson's interval for a share: (0, 1) where nothing was counted.

    Source: Wilson 1927, JASA 22, 209.
    """
    from scipy.stats import norm

    if count == 0:
        return 0.0, 1.0
    deviate = float(norm.ppf(0.5 + level / 2))
    share = successes / count
    centre = share + deviate**2 / (2 * count)
    half = deviate * np.sqrt(share * (1 - share) / count + deviate**2 / (4 * count**2))
    scale = 1 + deviate**2 / count
    return float((centre - half) / scale), float((centre + half) / scale)


def coverage_svg(table: Mapping[str, Any], title: str) -> str:
    """A picture of ``coverage_table``: measured against stated coverage, as SVG text."""
    side, margin = 320, 48
    levels: Sequence[float] = table["levels"]

    def point(stated: float, measured: float) -> str:
        return f"{margin + side * stated:.1f},{margin + side * (1 - measured):.1f}"

    colours = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side + 200}" height="{side + 100}" '
        'font-family="DejaVu Sans, sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{margin}" y="24" font-size="14">{title}</text>',
        f'<rect x="{margin}" y="{margin}" width="{side}" height="{side}" fill="none" '
        'stroke="#444"/>',
        f'<polyline points="{point(0, 0)} {point(1, 1)}" stroke="#999" stroke-dasharray="4 3"/>',
        f'<text x="{margin + side / 2 - 50}" y="{side + margin + 38}">stated coverage</text>',
        f'<text transform="translate(14,{margin + side / 2 + 60}) rotate(-90)">'
        "measured coverage</text>",
    ]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = point(tick, tick).split(",")
        parts.append(f'<text x="{float(x) - 10}" y="{side + margin + 18}">{tick:g}</text>')
        parts.append(f'<text x="{margin - 30}" y="{float(y) + 4}">{tick:g}</text>')
    for number, (name, measured) in enumerate(table["parameters"].items()):
        colour = colours[number % len(colours)]
        points = [point(s, m) for s, m in zip(levels, measured, strict=True) if m is not None]
        parts.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}"/>')
        for place in points:
            x, y = place.split(",")
            parts.append(f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>')
        height = margin + 16 + 18 * number
        parts.append(f'<text x="{side + margin + 12}" y="{height}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
