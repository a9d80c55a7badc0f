"""Posteriors and provenance as bytes and JSON: plain arrays and text, never pickles."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.flags import Flag
from astrogui.records.posterior import GridDensity, Parameter, Posterior
from astrogui.records.provenance import AnswerProvenance, Place
from astrogui.records.source import Source

SMALL_BYTES, LARGE_BYTES = 512, 8192  # arrays between them are compressed, and words
_PARAMETER_FIELDS = tuple(field.name for field in fields(Parameter))
_PROVENANCE_FIELDS = tuple(field.name for field in fields(AnswerProvenance))
_SOURCE_FIELDS = tuple(field.name for field in fields(Source))
_ARRAYS = (
    "quantiles",
    "best",
    "aleatoric",
    "epistemic",
    "draws",
    "weights",
    "class_probability",
    "class_quantiles",
)


def posterior_to_bytes(posterior: Posterior) -> bytes:
    """The posterior as an ``npz`` archive with its words in one JSON member."""
    arrays: dict[str, NDArray[Any]] = {
        name: value for name in _ARRAYS if (value := getattr(posterior, name)) is not None
    }
    words: dict[str, Any] = {
        "parameters": [
            {name: _json_number(getattr(p, name)) for name in _PARAMETER_FIELDS}
            for p in posterior.parameters
        ],
        "draw_names": posterior.draw_names,
        "classes": posterior.classes,
        "flags": int(posterior.flags),
        "novelty": _json_number(posterior.novelty),
        "extras": {key: _json_number(value) for key, value in posterior.extras.items()},
        "note": posterior.note,
        "curves": list(posterior.curves),
    }
    if posterior.density is not None:
        words["density"] = {
            "parameter": posterior.density.parameter,
            "classes": posterior.density.classes,
        }
        arrays["density_edges"] = posterior.density.edges
        arrays["density"] = posterior.density.density
    for i, curve in enumerate(posterior.curves.values()):
        arrays[f"curve_{i}"] = curve
    arrays["words"] = np.frombuffer(json.dumps(words).encode(), np.uint8)
    return _archive(arrays)


def curve_from_bytes(data: bytes, name: str) -> NDArray[Any] | None:
    """One curve of the posterior that ``posterior_to_bytes`` wrote; None where it has none so."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        names = json.loads(archive["words"].tobytes())["curves"]
        return archive[f"curve_{names.index(name)}"] if name in names else None


def posterior_from_bytes(data: bytes) -> Posterior:
    """The posterior that ``posterior_to_bytes`` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    words = json.loads(arrays.pop("words").tobytes())
    density = None
    if "density" in words:
        density = GridDensity(
            parameter=words["density"]["parameter"],
            classes=tuple(words["density"]["classes"]),
            edges=arrays["density_edges"],
            density=arrays["density"],
        )
    return Posterior(
        parameters=tuple(
            Parameter(**{key: _from_json(value) for key, value in raw.items()})
            for raw in words["parameters"]
        ),
        density=density,
        draw_names=tuple(words["draw_names"]),
        classes=tuple(words["classes"]),
        flags=Flag(words["flags"]),
        novelty=_from_json(words["novelty"]),
        extras={key: _from_json(value) for key, value in words["extras"].items()},
        note=words["note"],
        curves={name: arrays[f"curve_{i}"] for i, name in enumerate(words["curves"])},
        **{name: arrays[name] for name in _ARRAYS if name in arrays},
    )


def _archive(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """An ``npz`` archive, the same for the same arrays. Long arrays lie in it as they are.

    The last digits of a density are noise: compressing it costs ten times as long as all the rest
    of packing, and saves a tenth of the room.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            content = _head(array.dtype, array.shape) + array.tobytes()
            pays = name == "words" or SMALL_BYTES <= array.nbytes < LARGE_BYTES
            member = zipfile.ZipInfo(f"{name}.npy")  # of 1980: without the time of day
            member.compress_type = zipfile.ZIP_DEFLATED if pays else zipfile.ZIP_STORED
            archive.writestr(member, content)
    return stream.getvalue()


@lru_cache(maxsize=256)  # making it anew costs as much as all the rest of a small array
def _head(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """What an ``npy`` file of an array in order of rows says before its numbers."""
    stream = io.BytesIO()
    described = np.lib.format.dtype_to_descr(dtype)
    np.lib.format.write_array_header_1_0(
        stream, {"descr": described, "fortran_order": False, "shape": shape}
    )
    return stream.getvalue()


def source_to_dict(source: Source) -> dict[str, Any]:
    """A source as plain JSON values; its fields are plain already, which ``asdict`` would copy."""
    return {name: getattr(source, name) for name in _SOURCE_FIELDS}


def source_from_dict(raw: dict[str, Any]) -> Source:
    """The source that ``source_to_dict`` wrote; unknown fields of newer versions are dropped."""
    values = {key: value for key, value in raw.items() if key in _SOURCE_FIELDS}
    for key in ("shape", "remarks"):
        values[key] = tuple(values.get(key) or ())
    if values.get("wavelength_range_angstrom") is not None:
        low, high = values["wavelength_range_angstrom"]
        values["wavelength_range_angstrom"] = (float(low), float(high))
    values["options"] = tuple((str(k), str(v)) for k, v in values.get("options") or ())
    return Source(**values)


def provenance_to_json(provenance: AnswerProvenance) -> str:
    return json.dumps({name: getattr(provenance, name) for name in _PROVENANCE_FIELDS})


def provenance_from_json(text: str) -> AnswerProvenance:
    raw = json.loads(text)
    for key in ("versions", "options"):
        raw[key] = tuple((str(k), str(v)) for k, v in raw.get(key) or ())
    return AnswerProvenance(**raw)


def place_to_dict(place: Place) -> dict[str, Any]:
    raw = asdict(place)
    raw["values"] = {key: _json_number(value) for key, value in raw["values"].items()}
    return raw


def _json_number(value: Any) -> Any:
    """JSON knows no infinities and no NaN: they become words."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return {"number": repr(value)}
    return value


def _from_json(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"number"}:
        return float(value["number"])
    return value
