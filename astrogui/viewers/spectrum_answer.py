"""What an answer about a redshift brings to the spectrum view, worked out away from the screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from astrogui.records.posterior import Posterior
from astrogui.records.spectrum import Spectrum
from astrogui.viewers.redshift_panel import PanelContent, content_of
from astrogui.viewers.spectrum_model import ModelFit, alternative_fits, model_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorkedAnswer:
    """The fitted model, those of the alternatives, and the curves of p(z)."""

    fit: ModelFit | None = None
    alternatives: tuple[tuple[float, ModelFit], ...] = ()  # (redshift, its model)
    panel: PanelContent | None = None

    def fit_at(self, redshift: float) -> ModelFit | None:
        """The model kept for the alternative at a redshift; the answer's where there is none."""
        for there, fit in self.alternatives:
            if abs(there - redshift) < 1e-9:
                return fit
        return self.fit


def work_out(
    spectrum: Spectrum | None, row: Mapping[str, Any], posterior: Posterior | None
) -> WorkedAnswer:
    """Least squares, sums over the grid and the search for peaks: too long for the screen."""
    if posterior is None:
        return WorkedAnswer()
    fit = model_of(spectrum, posterior) if spectrum is not None else None
    others = alternative_fits(spectrum, posterior, fit) if spectrum is not None else ()
    return WorkedAnswer(fit=fit, alternatives=others, panel=content_of(row, posterior))
