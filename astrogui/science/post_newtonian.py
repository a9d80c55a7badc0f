"""Post-Newtonian terms of the inspiral that the waveform models share, spins along the orbit.

Coefficients of powers of v = (π M f)^(1/3) over the leading term, each (n,). Sources: Khan et al.
2016, PRD 93, 044007 ("K16"), appendix B; Pratten et al. 2020, PRD 102, 064001, has the same terms.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

EULER_GAMMA = 0.5772156649015329
PHASE_LOG_6 = -6848 / 21  # of v^6 ln v


class PhaseTerms(NamedTuple):
    """Of the phase of TaylorF2: those of v^2 to v^7; v^5 stands with 1 + 3 ln v."""

    term_2: Any
    term_3: Any
    term_4: Any
    term_5: Any
    term_6: Any
    term_7: Any


def phase_terms(eta: Any, share_1: Any, share_2: Any, spin_1: Any, spin_2: Any) -> PhaseTerms:
    """To 3.5 PN, with the spins squared to 2 PN: K16 eqs. (B6)-(B14)."""
    pi = np.pi
    bodies = ((share_1, spin_1), (share_2, spin_2))
    term_2 = 3715 / 756 + 55 / 9 * eta
    term_3 = -16 * pi + sum(m * (25 + 38 / 3 * m) * s for m, s in bodies)
    term_4 = 15293365 / 508032 + 27145 / 504 * eta + 3085 / 72 * eta**2
    term_4 = term_4 - 395 / 4 * eta * spin_1 * spin_2
    term_4 = term_4 - sum(405 / 8 * m**2 * s**2 for m, s in bodies)
    spin_5 = sum(-m * (13915 / 84 + m * (12760 / 81) - m * (1 - m) * (10 / 3)
                       + m**2 * (1 - m) * (170 / 9)) * s for m, s in bodies)  # fmt: skip
    term_5 = (38645 / 756 - 65 / 9 * eta) * pi + spin_5
    term_6 = (
        11583231236531 / 4694215680 - 640 / 3 * pi**2 - 6848 / 21 * (EULER_GAMMA + np.log(4))
        + eta * (-15737765635 / 3048192 + 2255 / 12 * pi**2)
        + 76055 / 1728 * eta**2 - 127825 / 1296 * eta**3
        + sum(pi * m * (1490 / 3 + 260 * m) * s for m, s in bodies)
    )  # fmt: skip
    term_7 = pi * (77096675 / 254016 + 378515 / 1512 * eta - 74045 / 756 * eta**2)
    term_7 = term_7 + sum(
        m * (-170978035 / 48384 + 2876425 / 672 * eta + 4735 / 144 * eta**2
             + m * (-7189233785 / 1524096 + 458555 / 3024 * eta - 5345 / 72 * eta**2)) * s
        for m, s in bodies
    )  # fmt: skip
    return PhaseTerms(term_2, term_3, term_4, term_5, term_6, term_7)


def amplitude_terms(eta: Any, delta: Any, spin_1: Any, spin_2: Any) -> tuple[Any, Any, Any]:
    """Those of v^2, v^3 and v^4 of the amplitude; ``delta`` is (m1 - m2) / M."""
    s_1, s_2 = spin_1, spin_2
    term_2 = (-969 + 1804 * eta) / 672
    term_3 = (s_1 * (81 * (1 + delta) - 44 * eta) + s_2 * (81 * (1 - delta) - 44 * eta)) / 48
    term_4 = (
        -27312085 - 10287648 * (s_1**2 * (1 + delta) + s_2**2 * (1 - delta))
        + 24 * (-1975055 + 857304 * (s_1**2 + s_2**2) - 994896 * s_1 * s_2) * eta
        + 35371056 * eta**2
    ) / 8128512  # fmt: skip
    return term_2, term_3, term_4
