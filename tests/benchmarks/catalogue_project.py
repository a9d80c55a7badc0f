"""A project of very many rows, written straight into SQLite, for the catalogue's benchmarks."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

ROWS_OF_ITEM = 500
PER_COMMIT = 20_000
CLASSES = ("GALAXY", "QSO", "STAR")
WHEN = "2026-01-01T00:00:00.000+00:00"


def write_project(path: Path, rows: int) -> None:
    """``rows`` spectra, 500 a file, each answered by the redshift task with all its cells."""
    from astrogui.store.project import Project

    project = Project(path)
    random = np.random.default_rng(5)
    connection = project.connection
    connection.execute("PRAGMA synchronous = OFF")
    provenance = json.dumps(
        {
            "task": "redshift", "model": "redshift 1.0", "model_sha256": "ab" * 32,
            "backend": "onnx", "device": "CPU", "seed": 1, "application": "0.1.0",
            "versions": [["numpy", "2.4.6"], ["onnxruntime", "1.31.1"]], "options": [],
        }
    )  # fmt: skip
    posterior = _small_posterior()
    for first in range(0, rows, PER_COMMIT):
        count = min(PER_COMMIT, rows - first)
        connection.execute("BEGIN")
        items = range(first // ROWS_OF_ITEM, -(-(first + count) // ROWS_OF_ITEM))
        connection.executemany(
            "INSERT INTO items (item_id, kind, content_key, sources, object_id, created) "
            "VALUES (?, 'spectrum', ?, ?, '', ?)",
            [(i + 1, f"key {i}", _sources(i), WHEN) for i in items],
        )
        ids = range(first + 1, first + count + 1)
        ra, dec = random.uniform(0, 360, count), np.degrees(np.arcsin(random.uniform(-1, 1, count)))
        connection.executemany(
            "INSERT INTO rows (row_id, item_id, label, object_id, ra, dec) VALUES (?,?,'',?,?,?)",
            [
                (n, (n - 1) // ROWS_OF_ITEM + 1, f"SDSS J{n:07d}+{n % 97:02d}", float(a), float(d))
                for n, a, d in zip(ids, ra, dec, strict=True)
            ],
        )
        cells = _cells(random, count)
        connection.executemany(
            "INSERT INTO answers (row_id, task, cells, flags, novelty, provenance, posterior, "
            "refined, created) VALUES (?, 'redshift', ?, ?, ?, ?, ?, 0, ?)",
            [
                (n, json.dumps(c), 1 if n % 11 == 0 else 0, 0.5, provenance, posterior, WHEN)
                for n, c in zip(ids, cells, strict=True)
            ],
        )
        connection.execute("COMMIT")
    connection.execute(
        "INSERT INTO jobs (item_id, task, options, seed, state, created) "
        "VALUES (1, 'redshift', '{}', 1, 'done', ?)",
        (WHEN,),
    )
    project.close()


def _sources(number: int) -> str:
    return json.dumps(
        [{"path": f"/data/survey/plate-{number:05d}.fits", "kind": "spectrum", "format": "rows"}]
    )


def _cells(random: np.random.Generator, count: int) -> list[dict[str, object]]:
    z = random.gamma(2.0, 0.4, count)
    width = random.gamma(2.0, 0.001, count)
    which = random.choice(3, count, p=(0.6, 0.3, 0.1))
    shares = random.dirichlet((8, 1, 0.5), count)
    snr = random.lognormal(2, 0.6, count)
    made = []
    for i in range(count):
        order = [CLASSES[(which[i] + k) % 3] for k in range(3)]
        cell: dict[str, object] = {"z": z[i]}
        for name, factor in (("68", 1.0), ("90", 1.65)):
            cell[f"z_lo{name}"], cell[f"z_hi{name}"] = (
                z[i] - factor * width[i], z[i] + factor * width[i],
            )  # fmt: skip
        cell["class"] = order[0]
        for k, name in enumerate(order):
            cell[f"prob_{name.lower()}"] = shares[i, k]
        cell |= {
            "prob_z": shares[i, 0], "z_2": z[i] * 1.3, "prob_z_2": shares[i, 1],
            "class_2": order[1], "z_3": z[i] * 0.6, "prob_z_3": shares[i, 2],
            "class_3": order[2], "confident": bool(shares[i, 0] > 0.9), "snr": snr[i],
        }  # fmt: skip
        made.append(cell)
    return made


def _small_posterior() -> bytes:
    from astrogui.records.packing import posterior_to_bytes
    from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior

    made = Posterior(
        parameters=(Parameter(name="z", title="redshift", low=0, high=7),),
        quantiles=0.5 + 0.01 * (QUANTILE_LEVELS[None, :] - 0.5),
        classes=CLASSES,
        class_probability=np.array([0.9, 0.08, 0.02]),
    )
    data = posterior_to_bytes(made)
    assert io.BytesIO(data).read(2) == b"PK"
    return data
