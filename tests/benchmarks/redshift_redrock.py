"""The redshift analysis beside redrock, in one run, on the same SDSS files and the same cores.

python tests/benchmarks/redshift_redrock.py --data FOLDER --redrock PYTHON [--models DIR]

FOLDER holds the real spectra as the data guide lays them out (truth.csv, sdss/, templates/);
PYTHON is the interpreter of an environment with redrock 0.21 (pip install redrock==0.21.0).
redrock gets its quasar templates of that folder and the older galaxy basis there, whose header is
given RRIGM='None', without which redrock refuses it. Its star templates are not in the folder and
the older galaxy basis is no longer its own: galaxies are printed beside, without a claim, and no
stars are compared. Both use one thread; times leave out what is loaded once.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
FIRST, STEP, SIZE = 3.557, 1e-4, 4350  # 3606 to 9817 Å, which the quasar templates cover at any z
LIMIT_KM_S = {"QSO": 3000.0, "GALAXY": 1000.0}
SIGMA_PIXELS = 1.0  # resolution given to redrock: R about 1850


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--redrock", default="", help="interpreter that can import redrock")
    parser.add_argument("--models", default="", help="further folders of models")
    parser.add_argument("--every", type=int, default=1, help="every K-th file only")
    parser.add_argument("--side", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        return redrock_side(*map(Path, options.side))
    if not options.redrock or not has_redrock(options.redrock):
        print("redrock was not found: give --redrock PYTHON, the interpreter of an environment "
              "with redrock 0.21 (pip install redrock==0.21.0). Nothing was compared.")  # fmt: skip
        return 0
    sys.path.insert(0, str(ROOT))
    truth = chosen(options.data)[:: options.every]
    records = [read_record(options.data / row["file"]) for row in truth]
    ours = our_answers(records, options.models)
    theirs = redrock_answers(records, options.data / "templates", options.redrock)
    report(truth, ours, theirs)
    return 0


def has_redrock(python: str) -> bool:
    asked = subprocess.run([python, "-c", "import redrock"], capture_output=True, check=False)
    return asked.returncode == 0


def chosen(data: Path) -> list[dict[str, str]]:
    """Rows of SDSS quasars and galaxies whose truth counts."""
    with (data / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("sdss/")]
    trusted = [row for row in rows if row["z_best"] and not int(row["zwarning"] or 0) & 4]
    return [row for row in trusted if row["class"] in LIMIT_KM_S]


def read_record(path: Path) -> Any:
    from astrogui.readers import read, recognise

    return read(recognise(str(path))[0])


def our_answers(records: list[Any], models: str) -> dict[str, Any]:
    """Redshift, class and confidence, and seconds of one thread from record to refined answer."""
    import onnxruntime

    from astrogui.inference.model_folder import find_model, load_model
    from astrogui.records.provenance import Place
    from astrogui.session.settings import model_search_path
    from astrogui.tasks import task_by_name
    from astrogui.tasks.task import Model

    loaded = load_model(find_model("redshift", model_search_path(models)), task="redshift")
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    network = onnxruntime.InferenceSession(
        str(loaded.folder / "model.onnx"), settings, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in network.get_outputs()]
    task, model = task_by_name("redshift"), Model(card=loaded.card, assets=loaded.assets)
    place = Place(label="")
    found: list[dict[str, Any]] = []
    begun = cpu = 0.0
    for number, record in enumerate([records[0], *records]):  # the first warms the caches
        if number == 1:
            begun, cpu = time.perf_counter(), time.process_time()
            found.clear()
        prepared = task.prepare(record, (place,), model, {})
        fed = {spec.name: np.float32(prepared[spec.name]) for spec in loaded.card.inputs}
        outputs = dict(zip(names, network.run(names, fed), strict=True))
        answer = task.decode(outputs, prepared, record, (place,), model)[0]
        if task.refine is not None:
            answer = task.refine(record, place, answer, model, lambda part: None) or answer
        found.append({"z": answer.value("z"), "class": answer.most_probable_class,
                      "confident": bool(answer.extras.get("confident"))})  # fmt: skip
    return {"rows": found, "wall_s": time.perf_counter() - begun,
            "cpu_s": time.process_time() - cpu}  # fmt: skip


def redrock_answers(records: list[Any], templates: Path, python: str) -> dict[str, Any]:
    """What redrock says of the same samples, put on the common grid they were recorded on."""
    flux, ivar = np.zeros((len(records), SIZE)), np.zeros((len(records), SIZE))
    for row, record in enumerate(records):
        place = np.round((np.log10(record.wavelength_angstrom) - FIRST) / STEP).astype(int)
        use = (place >= 0) & (place < SIZE)
        flux[row, place[use]] = record.flux[use]
        ivar[row, place[use]] = np.where(record.good, record.ivar, 0.0)[use]
    with tempfile.TemporaryDirectory(prefix="astrogui-") as folder:
        given = Path(folder) / "given.npz"
        np.savez(given, flux=flux, ivar=ivar, templates=str(templates))
        said = Path(folder) / "said.json"
        command = [python, __file__, "--data", folder, "--side", str(given), str(said)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return dict(json.loads(said.read_text("utf-8")))


def redrock_side(given: Path, said: Path) -> int:
    """In redrock's own environment: fit, and write what was found."""
    from astropy.io import fits
    from redrock.targets import DistTargetsCopy, Spectrum, Target
    from redrock.templates import load_dist_templates
    from redrock.zfind import zfind
    from scipy import sparse

    with np.load(given) as arrays:
        flux, ivar, folder = arrays["flux"], arrays["ivar"], Path(str(arrays["templates"]))
    own = given.parent / "rrtemplate-galaxy.fits"
    with fits.open(folder / "galaxy_pca5_rebinned.fits.gz") as file:
        file["BASIS_VECTORS"].header["RRIGM"] = "None"
        file.writeto(own)
    paths = [str(own), *(str(path) for path in sorted(folder.glob("rrtemplate-QSO-*.fits.gz")))]
    wave = 10.0 ** (FIRST + STEP * np.arange(SIZE))
    offsets = np.arange(-4, 5)
    weights = np.exp(-0.5 * (offsets / SIGMA_PIXELS) ** 2)
    bands = np.repeat((weights / weights.sum())[:, None], SIZE, axis=1)
    resolution = sparse.dia_matrix((bands, offsets), shape=(SIZE, SIZE))
    targets = [
        Target(k, [Spectrum(wave, flux[k], ivar[k], resolution, resolution.tocsr())])
        for k in range(len(flux))
    ]
    shared = DistTargetsCopy(targets, comm=None)
    templates = load_dist_templates(shared.wavegrids(), templates=paths, mp_procs=1)
    zfind(DistTargetsCopy(targets[:1], comm=None), templates, mp_procs=1)  # compiles
    begun, cpu = time.perf_counter(), time.process_time()
    _, found = zfind(shared, templates, mp_procs=1, nminima=3)
    wall_s, cpu_s = time.perf_counter() - begun, time.process_time() - cpu
    best = found[found["znum"] == 0]
    rows: list[dict[str, Any]] = [{} for _ in targets]
    for row in best:
        rows[int(row["targetid"])] = {
            "z": float(row["z"]), "class": str(row["spectype"]),
            "confident": int(row["zwarn"]) == 0,
        }  # fmt: skip
    answer = {"rows": rows, "wall_s": wall_s, "cpu_s": cpu_s}
    said.write_text(json.dumps(answer), encoding="utf-8")
    return 0


def report(truth: list[dict[str, str]], ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    from astrogui.training.calibrate import binomial_interval

    print("success: |c dz / (1 + z)| below 3000 km/s for quasars, 1000 km/s for galaxies; "
          "redrock's answers without warning count as confident")  # fmt: skip
    for name, limit in LIMIT_KM_S.items():
        places = [k for k, row in enumerate(truth) if row["class"] == name]
        for who, said in (("this analysis", ours), ("redrock", theirs)):
            rows = [said["rows"][k] for k in places]
            true = [float(truth[k]["z_best"]) for k in places]
            right = [
                bool(row) and abs(row["z"] - z) / (1 + z) * 299792.458 < limit
                for row, z in zip(rows, true, strict=True)
            ]
            sure = [bool(row) and row["confident"] for row in rows]
            wrong = sum(s and not r for s, r in zip(sure, right, strict=True))
            low, high = binomial_interval(sum(right), len(right))
            print(f"{name:7} {who:14} right {sum(right)} of {len(right)} "
                  f"[{low:.3f}, {high:.3f}], confident {sum(sure)}, "
                  f"of these wrong {wrong}")  # fmt: skip
    count = len(truth)
    for who, said in (("this analysis", ours), ("redrock", theirs)):
        print(f"{who:14} {1e3 * said['wall_s'] / count:.1f} ms a spectrum "
              f"({1e3 * said['cpu_s'] / count:.1f} ms of processor)")  # fmt: skip
    print(f"speed ratio {theirs['wall_s'] / ours['wall_s']:.1f} by the clock, "
          f"{theirs['cpu_s'] / ours['cpu_s']:.1f} by processor time")  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
