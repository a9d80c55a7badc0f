"""Everything that crosses between processes comes back equal, checked and read-only."""

from __future__ import annotations

import dataclasses
import pickle
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny

from astrogui import errors
from astrogui.errors import AstroguiError, Damaged
from astrogui.inference.jobs import (
    Answer,
    Job,
    JobAdvanced,
    JobAnswered,
    JobBegan,
    JobBroke,
    JobDone,
    JobExplained,
    JobLooked,
    JobStopped,
    Report,
    RunnerLost,
    RunnerNotice,
    RunnerReady,
)
from astrogui.inference.messages import ERRORS, RECORDS, decode, encode, receive, send
from astrogui.records.catalogue import Catalogue, Column
from astrogui.records.flags import Flag
from astrogui.records.image import Field, Image, Plane
from astrogui.records.inside import FeatureMaps, Inside
from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.records.posterior import GridDensity, Parameter, Posterior
from astrogui.records.provenance import AnswerProvenance, Place, Provenance
from astrogui.records.sensitivity import Sensitivity
from astrogui.records.source import FilePart, Source
from astrogui.records.spectrum import SpectralImage, Spectrum
from astrogui.records.strain import Network, Strain, StrainOutline

PARAMETER = Parameter(name="z", title="redshift", low=0.0)
IMAGE = Image(
    pixels=np.arange(12, dtype=np.float32).reshape(3, 4),
    band="r",
    wcs_header={"CTYPE1": "RA---TAN", "CRPIX1": 2.0, "NAXIS": 2},
    header=(("OBJECT", "M 31", "name"),),
    notes=("a note",),
)
STRAIN = Strain(
    samples=np.array([0.0, np.nan, 1e-22]),
    gps_start=1126259446.5,
    sample_rate_hz=4096.0,
    detector="L1",
    quality=np.array([127], np.uint32),
    quality_names=("DATA",),
)
OUTLINE = StrainOutline(
    lowest=np.array([-1e-21, np.nan]),
    highest=np.array([2e-21, np.nan]),
    stretch_s=0.5,
    gps_start=1126259446.5,
    sample_rate_hz=4096.0,
    detector="L1",
    quality=np.array([127], np.uint32),
    quality_names=("DATA",),
)
POSTERIOR = Posterior(
    parameters=(PARAMETER,),
    quantiles=np.linspace(0, 1, 25)[None],
    best=np.array([0.4]),
    draws=np.ones((5, 1), np.float32),
    draw_names=("z",),
    weights=np.full(5, 0.2, np.float32),
    density=GridDensity(
        parameter="z",
        edges=np.array([0.0, 0.5, 1.0]),
        classes=("GALAXY",),
        density=np.ones((1, 2), np.float32),
    ),
    classes=("GALAXY", "QSO"),
    class_probability=np.array([0.3, 0.7]),
    flags=Flag.NOVEL | Flag.LOW_SIGNAL,
    extras={"method": "fit", "chi2": 1.5, "found": True, "nothing": None},
    curves={"model": np.zeros(3, np.float32)},
)
ORIGIN = AnswerProvenance(
    task="redshift",
    model="redshift 1",
    model_sha256="ab",
    backend="onnx",
    device="CPU",
    seed=3,
    application="0.1.0",
    versions=(("numpy", "2"),),
)
PLACE = Place(label="source 12", ra_deg=1.5, values={"flux_r": 3.0, "blended": False})
ANSWER = Answer(place=PLACE, posterior=POSTERIOR, provenance=ORIGIN, refined=True)
SPEC = ArraySpec(name="flux", shape=(8,))
SENSITIVITY = Sensitivity(
    task="redshift",
    answer="QSO at z = 1.5",
    axis="vacuum wavelength",
    axis_unit="Angstrom",
    edges=np.array([4000.0, 5000.0, 6000.0]),
    loss=np.array([1.5, np.nan]),
    quantity="log odds of the answer",
    loss_unit="nat",
    baseline=3.0,
)
MAPS = FeatureMaps(
    layer="stem", kind="Conv2D", shape=(2, 2, 9), channel=np.array([3]), strength=np.array([1.0]),
    maps=np.ones((1, 2, 2)),
)  # fmt: skip
INSIDE = Inside(
    task="morphology", model="morphology 1", answer="smooth", value=1.0, baseline_value=0.5,
    baseline="empty sky", plane_names=("r",), is_colour=False, planes=np.ones((1, 4, 4)),
    gradients=np.zeros((1, 4, 4)), occlusion=np.eye(4), patch=3, layers=(MAPS,), notes=("a",),
)  # fmt: skip
EXAMPLES: tuple[Any, ...] = (
    tiny.spectrum(3.0),
    IMAGE,
    SpectralImage(
        pixels=np.arange(6, dtype=np.float32).reshape(2, 3),
        wavelength_angstrom=np.array([4000.0, 4001.0, 4002.0]),
        unit="erg / s",
        trace_row=0.5,
    ),
    FilePart(title="HDU 1 (SCI)", words="an array of 100 x 200 x 3", part="SCI", planes=3),
    Plane(path="a.fits", offset=2880, dtype=">f4", shape=(2, 3), blank=-1),
    Field(images=(IMAGE, IMAGE)),
    STRAIN,
    OUTLINE,
    Network(strains=(STRAIN,)),
    Provenance(path="a.fits", part="SCI"),
    ORIGIN,
    PLACE,
    PARAMETER,
    POSTERIOR.density,
    POSTERIOR,
    Source(
        path="a.fits",
        kind="spectrum",
        format="SDSS",
        wavelength_range_angstrom=(3600.0, 9800.0),
        options=(("air", "yes"),),
        remarks=("bad",),
    ),
    SPEC,
    ModelCard(
        task="t",
        name="n",
        version="1",
        title="t",
        summary="s",
        network="a:b",
        network_config={"ranges": [[0.0, 1.0]], "deep": {"width": 3}},
        inputs=(SPEC,),
        outputs=(SPEC,),
    ),
    Column(name="z", unit="deg"),
    Catalogue(columns=(Column(name="z"),), values={"z": np.array([1.0, np.nan])}),
    Job(
        job_id=3,
        task="redshift",
        sources=(tiny.source("a.fits"),),
        options=(("a", "b"),),
        refine=False,
    ),
    ANSWER,
    Report(),
    RunnerReady("onnx", "CPU"),
    JobBegan(1),
    JobAdvanced(1, 0.25, "words"),
    JobAnswered(1, (ANSWER,)),
    SENSITIVITY,
    JobExplained(1, SENSITIVITY),
    MAPS,
    INSIDE,
    JobLooked(1, INSIDE),
    JobDone(1),
    JobBroke(1, Damaged("a.fits", "byte 3", "it is cut", "Fetch it."), "trace"),
    JobStopped(1),
    RunnerLost("words", None),
    RunnerNotice("words"),
)


def assert_same(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other, equal_nan=True)
        assert not other.flags.writeable
    elif isinstance(one, tuple | list):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    elif isinstance(one, dict):
        assert_same(tuple(one.items()), tuple(other.items()))
    elif isinstance(one, AstroguiError):
        assert one.args == other.args
        assert str(one) == str(other)
    else:
        assert one == other or (one != one and other != other)  # noqa: PLR0124 - NaN


def test_there_is_an_example_of_every_record_and_report():
    assert {type(example).__name__ for example in EXAMPLES} == set(RECORDS)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("by_file", [False, True])
def test_a_value_comes_back_equal_and_read_only(example, by_file, tmp_path, monkeypatch):
    if by_file:
        monkeypatch.setattr("astrogui.inference.messages.LARGE_ARRAY_BYTES", 0)
    back = decode(encode(example, tmp_path), tmp_path)
    assert_same(example, back)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_every_error_keeps_its_class_and_words(name):
    cls = getattr(errors, name)
    words = (
        ("a.fits", "HDU 1", "cause", "advice") if issubclass(cls, errors.FileProblem) else ("w",)
    )
    assert_same(cls(*words), decode(encode(cls(*words))))


def test_a_large_array_goes_through_a_mapped_file_that_is_gone_at_once(tmp_path):
    pixels = np.random.default_rng(0).normal(size=(800, 900)).astype(np.float32)
    message = encode(Image(pixels=pixels), tmp_path)
    assert len(message) < 10_000
    assert len(list(tmp_path.iterdir())) == 1
    back = decode(message, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert np.array_equal(back.pixels, pixels)
    with pytest.raises(ValueError, match="read-only"):
        back.pixels[0, 0] = 1.0


def test_without_room_for_a_file_a_large_array_travels_in_the_message(tmp_path):
    pixels = np.ones((800, 900), np.float32)
    ours, theirs = Pipe()
    with ours, theirs, ThreadPoolExecutor(1) as pool:
        arriving = pool.submit(receive, theirs, tmp_path)
        send(ours, Image(pixels=pixels), tmp_path / "no such folder")
        assert np.array_equal(arriving.result(timeout=60).pixels, pixels)


def test_a_record_is_checked_by_its_constructor_on_arrival():
    broken = dataclasses.replace(tiny.spectrum(), header={})
    object.__setattr__(broken, "wavelength_angstrom", broken.wavelength_angstrom[::-1])
    with pytest.raises(ValueError, match="rise"):
        decode(encode(broken))


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret", "other", "arrays-/../x"])
def test_a_message_cannot_name_a_file_outside_its_folder(name, tmp_path):
    (tmp_path / "other").write_bytes(b"0" * 64)
    message = b'{"value": ["array", 0], "file": "%s", "in_file": [0],' % name.encode()
    message += b' "arrays": [["<f8", [2], 0]]}\n'
    with pytest.raises(ValueError, match="may not name"):
        decode(message, tmp_path)


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, b"bytes", np.array([object()]), ValueError("x"), Path(".")]
)
def test_what_is_no_plain_value_does_not_travel(value):
    with pytest.raises(TypeError, match="travel"):
        encode(value)


def test_a_pickle_is_no_message():
    with pytest.raises(ValueError, match="decode"):
        decode(pickle.dumps(Spectrum))


def test_an_array_beyond_the_message_is_refused():
    message = encode(np.arange(4.0)).replace(b'"<f8", [4]', b'"<f8", [9]')
    with pytest.raises(ValueError, match="buffer"):
        decode(message)


def test_lists_that_look_like_our_marks_come_back_as_lists():
    value = [["(", 1], ["record", "Spectrum"], ("same", 0), {"[": ["array", 0], ("a", 1): []}]
    assert_same(value, decode(encode(value)))


def test_an_unknown_mark_is_refused():
    with pytest.raises(ValueError, match="no 'system'"):
        decode(b'{"value": ["system", "ls"], "arrays": []}\n')


def test_a_record_that_many_share_is_written_once():
    one = encode((ANSWER,))
    many = encode((ANSWER, *(dataclasses.replace(ANSWER) for _ in range(9))))
    assert len(many) < 2 * len(one)
    back = decode(many)
    assert all(answer.provenance is back[0].provenance for answer in back)


def test_an_array_that_two_values_share_is_written_once():
    cells = np.linspace(0.0, 7.0, 5000)
    once, twice = encode(("a", cells)), encode(("a", cells, cells, [cells]))
    assert len(twice) < len(once) + 200
    for back in (decode(twice)[1], decode(twice)[3][0]):
        np.testing.assert_array_equal(back, cells)
