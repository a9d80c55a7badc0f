"""A posterior as a plain value: quantiles, draws, gridded densities, class probabilities.

``posterior.interval("redshift", 0.9)`` is the only way anyone obtains an interval.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from astrogui.records import interval as intervals
from astrogui.records.flags import Flag
from astrogui.records.frozen import frozen_array, set_field

LEVELS: tuple[float, ...] = (0.5, 0.68, 0.9, 0.95)
QUANTILE_LEVELS: NDArray[np.float64] = np.array(
    [0.0005, 0.005, 0.025, 0.05, 0.1, 0.16, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45]
    + [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.84, 0.9, 0.95, 0.975, 0.995, 0.9995]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A quantity that a task infers."""

    name: str  # column name: "z", "chirp_mass_det"
    title: str  # for axes and tables: "redshift"
    unit: str = ""  # astropy unit string
    low: float = -np.inf  # prior bounds
    high: float = np.inf
    ucd: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridDensity:
    """p(parameter, class) as a piecewise-constant density over cells of a common grid.

    The whole sums to one: sum over classes and cells of ``density * width`` = 1. ``members``, if
    given, holds the same for each network of the ensemble, on the marginal over classes.
    """

    parameter: str
    edges: NDArray[np.float64]  # (n + 1,) rising
    classes: tuple[str, ...]
    density: NDArray[np.float32]  # (n_class, n)

    def __post_init__(self) -> None:
        edges = frozen_array(self.edges, np.float64, 1, "edges")
        density = frozen_array(self.density, np.float32, 2, "density")
        if density.shape != (len(self.classes), edges.size - 1):
            raise ValueError(
                f"density is (classes, cells) = ({len(self.classes)}, {edges.size - 1}), "
                f"got {density.shape}"
            )
        set_field(self, "edges", edges)
        set_field(self, "density", density)

    @property
    def centres(self) -> NDArray[np.float64]:
        return 0.5 * (self.edges[1:] + self.edges[:-1])

    def mass(self, cls: str | None = None) -> NDArray[np.float64]:
        """(n,) probability per cell, of one class or of all together."""
        width = np.diff(self.edges)
        if cls is None:
            return np.asarray(self.density.sum(axis=0, dtype=np.float64) * width)
        return np.asarray(self.density[self.classes.index(cls)].astype(np.float64) * width)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posterior:
    """One answer: intervals for parameters, probabilities for classes, doubts as flags.

    ``quantiles`` (n_parameters, n_levels) at ``QUANTILE_LEVELS`` are the marginals that every
    interval comes from; NaN rows mark parameters without an answer. ``aleatoric`` and
    ``epistemic`` are standard deviations whose squares add up to the total variance.
    """

    parameters: tuple[Parameter, ...] = ()
    quantiles: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 25)))
    best: NDArray[np.float64] | None = None  # (n_parameters,) the value to quote; else the median
    aleatoric: NDArray[np.float64] | None = None  # (n_parameters,)
    epistemic: NDArray[np.float64] | None = None
    draws: NDArray[np.float32] | None = None  # (n_draws, n_draw_names)
    draw_names: tuple[str, ...] = ()
    weights: NDArray[np.float32] | None = None  # (n_draws,) summing to one
    density: GridDensity | None = None
    classes: tuple[str, ...] = ()
    class_probability: NDArray[np.float64] | None = None  # (n_class,)
    class_quantiles: NDArray[np.float64] | None = None  # (n_class, n_levels) epistemic spread
    flags: Flag = Flag.NONE
    novelty: float = np.nan  # the task's documented statistic, 1 at its threshold
    extras: dict[str, float | str | bool | None] = field(default_factory=dict)
    note: str = ""  # words for the analyst about this answer
    curves: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """Further arrays for the views (a fitted model over the data ...)."""

    def __post_init__(self) -> None:
        quantiles = frozen_array(self.quantiles, np.float64, 2, "quantiles")
        expected = (len(self.parameters), QUANTILE_LEVELS.size)
        if quantiles.shape != expected:
            raise ValueError(f"quantiles are {expected}, got {quantiles.shape}")
        finite = np.isfinite(quantiles).all(axis=1)
        if np.any(np.diff(quantiles[finite], axis=1) < 0):
            raise ValueError("quantiles must not fall")
        set_field(self, "quantiles", quantiles)
        for name in ("best", "aleatoric", "epistemic"):
            values = getattr(self, name)
            if values is not None:
                values = frozen_array(values, np.float64, 1, name)
                if values.size != len(self.parameters):
                    raise ValueError(f"{name} has one value a parameter, got {values.size}")
                set_field(self, name, values)
        self._check_draws()
        self._check_classes()

    def _check_draws(self) -> None:
        if self.draws is not None:
            draws = frozen_array(self.draws, np.float32, 2, "draws")
            if draws.shape[1] != len(self.draw_names):
                raise ValueError(f"{draws.shape[1]} columns of draws, {len(self.draw_names)} names")
            set_field(self, "draws", draws)
        if self.weights is not None:
            set_field(self, "weights", frozen_array(self.weights, np.float32, 1, "weights"))

    def _check_classes(self) -> None:
        if self.class_probability is None:
            return
        probability = frozen_array(self.class_probability, np.float64, 1, "class probability")
        if probability.size != len(self.classes):
            raise ValueError(f"{probability.size} probabilities for {len(self.classes)} classes")
        if np.all(np.isfinite(probability)) and abs(probability.sum() - 1) > 1e-3:
            raise ValueError(f"class probabilities sum to {probability.sum():.4f}")
        set_field(self, "class_probability", probability)
        if self.class_quantiles is not None:
            spread = frozen_array(self.class_quantiles, np.float64, 2, "class quantiles")
            set_field(self, "class_quantiles", spread)

    def index(self, name: str) -> int:
        """Position of a parameter; raises ``KeyError`` with the names there are."""
        names = [parameter.name for parameter in self.parameters]
        if name not in names:
            raise KeyError(f"no parameter {name!r} among {names}")
        return names.index(name)

    def quantile(self, name: str, level: float) -> float:
        """The value below which the parameter lies with probability ``level``."""
        return float(np.interp(level, QUANTILE_LEVELS, self.quantiles[self.index(name)]))

    def median(self, name: str) -> float:
        return self.quantile(name, 0.5)

    def value(self, name: str) -> float:
        """The value to quote: the task's best where it gives one, else the median."""
        if self.best is not None and np.isfinite(self.best[self.index(name)]):
            return float(self.best[self.index(name)])
        return self.median(name)

    def interval(self, name: str, level: float) -> tuple[float, float]:
        """The equal-tailed interval that holds the parameter with probability ``level``."""
        return _equal_tailed(self.quantiles[self.index(name)], level)

    def highest_density(self, name: str, level: float) -> tuple[tuple[float, float], ...]:
        """The smallest set of stretches that holds probability ``level``."""
        if self.density is not None and self.density.parameter == name:
            return intervals.highest_density_grid(self.density.edges, self.density.mass(), level)
        if self.draws is not None and name in self.draw_names:
            column = self.draws[:, self.draw_names.index(name)]
            return (intervals.shortest(column, self.weights, level),)
        return (
            intervals.shortest_of_quantiles(
                QUANTILE_LEVELS, self.quantiles[self.index(name)], level
            ),
        )

    def probability(self, cls: str) -> float:
        if self.class_probability is None:
            return float("nan")
        return float(self.class_probability[self.classes.index(cls)])

    def probability_interval(self, cls: str, level: float) -> tuple[float, float]:
        """The epistemic spread of a class's probability: how far equally good networks differ."""
        if self.class_quantiles is None:
            return float("nan"), float("nan")
        return _equal_tailed(self.class_quantiles[self.classes.index(cls)], level)

    @property
    def most_probable_class(self) -> str:
        if self.class_probability is None or not np.all(np.isfinite(self.class_probability)):
            return ""
        return self.classes[int(np.argmax(self.class_probability))]


def _equal_tailed(quantiles: NDArray[np.float64], level: float) -> tuple[float, float]:
    """Between which the values at ``QUANTILE_LEVELS`` say that ``level`` of the whole lies."""
    tail = (1 - level) / 2
    low, high = np.interp((tail, 1 - tail), QUANTILE_LEVELS, quantiles).tolist()
    return low, high
