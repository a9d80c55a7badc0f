"""How well SDSS's own measures of a frame tell stars from galaxies, beside the network's answer.

The larger a measure, the more extended is the source. All come from the frame's `photoObj` table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

GRI = slice(1, 4)  # of the five bands u, g, r, i, z
R = 2

Floats = NDArray[np.floating[Any]]


def measures(frames: Path, rows: Sequence[Mapping[str, str]]) -> dict[str, Floats]:
    """By name (n,) of each labelled place, of its `frame` and `objid`; {} without the tables.

    A place that is in no table has 1, the ratio of a point source.
    """
    tables = {frame: _by_object(frames / frame) for frame in {row["frame"] for row in rows}}
    found = [tables[row["frame"]].get(row.get("objid", "")) for row in rows]
    if not any(one is not None for one in found):
        return {}
    names = (
        "SDSS's composite-model over point-source flux in g, r, i together",
        "SDSS's concentration in r (flux within 3 over 2 arcsec)",
    )
    point = (1.0,) * len(names)
    values = np.array([point if one is None else one for one in found])
    return dict(zip(names, values.T, strict=True))


def _by_object(folder: Path) -> dict[str, tuple[float, ...]]:
    """The measures of each object of a frame's table, if there is one."""
    from astropy.io import fits

    paths = sorted(folder.glob("photoObj-*.fits*"))
    if not paths:
        return {}
    table = fits.getdata(paths[0], 1)
    model, point = (table[name][:, GRI].sum(axis=1) for name in ("CMODELFLUX", "PSFFLUX"))
    wide, narrow = (table[name][:, R] for name in ("FIBERFLUX", "FIBER2FLUX"))
    ratios = np.stack([_ratio(model, point), _ratio(wide, narrow)], axis=1)
    names = [str(name).strip() for name in table["OBJID"]]
    return {name: tuple(row) for name, row in zip(names, ratios.tolist(), strict=True)}


def _ratio(one: Floats, other: Floats) -> Floats:
    """``one`` over ``other``, 1 where that says nothing."""
    told = np.isfinite(one) & np.isfinite(other) & (other > 0)
    return np.where(told, one / np.where(told, other, 1.0), 1.0)
