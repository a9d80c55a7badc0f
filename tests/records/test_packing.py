import io
import zipfile

import numpy as np
import pytest

from astrogui.records.packing import (
    curve_from_bytes,
    posterior_from_bytes,
    posterior_to_bytes,
    provenance_from_json,
    provenance_to_json,
)
from astrogui.records.posterior import QUANTILE_LEVELS, GridDensity, Parameter, Posterior
from astrogui.records.provenance import AnswerProvenance


@pytest.fixture
def gridded():
    """A posterior with a long density, as a redshift's."""
    rng = np.random.default_rng(5)
    return Posterior(
        parameters=(Parameter(name="z", title="redshift", low=0.0, high=7.0),),
        quantiles=np.sort(rng.random(QUANTILE_LEVELS.size))[None],
        density=GridDensity(
            parameter="z",
            edges=np.linspace(0, 7, 4001),
            classes=("GALAXY", "QSO"),
            density=rng.random((2, 4000)).astype(np.float32),
        ),
        extras={"snr": np.inf, "method": "network"},
        curves={"model_flux": rng.random(3000).astype(np.float32)},
    )


def test_long_arrays_lie_in_the_archive_as_they_are_and_words_do_not(gridded):
    packed = posterior_to_bytes(gridded)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        kinds = {member.filename: member.compress_type for member in archive.infolist()}
    assert kinds["words.npy"] == zipfile.ZIP_DEFLATED
    for name in ("density.npy", "density_edges.npy", "curve_0.npy"):
        assert kinds[name] == zipfile.ZIP_STORED
    content = 4001 * 8 + 2 * 4000 * 4 + 3000 * 4
    assert content < len(packed) < content + 4000


def test_an_archive_comes_back_as_it_was_also_where_all_of_it_is_compressed(gridded):
    packed = posterior_to_bytes(gridded)
    compressed = io.BytesIO()
    with np.load(io.BytesIO(packed)) as arrays:
        np.savez_compressed(compressed, **{name: arrays[name] for name in arrays.files})
    for data in (packed, compressed.getvalue()):
        back = posterior_from_bytes(data)
        np.testing.assert_array_equal(back.density.density, gridded.density.density)
        np.testing.assert_array_equal(back.density.edges, gridded.density.edges)
        np.testing.assert_array_equal(back.quantiles, gridded.quantiles)
        assert back.extras == gridded.extras
        curve = curve_from_bytes(data, "model_flux")
        np.testing.assert_array_equal(curve, gridded.curves["model_flux"])
        assert curve_from_bytes(data, "model_flux_2") is None


def test_other_programs_find_the_archive_sound(gridded):
    with zipfile.ZipFile(io.BytesIO(posterior_to_bytes(gridded))) as archive:
        assert archive.testzip() is None
        for member in archive.infolist():
            with archive.open(member) as file:
                plain = np.lib.format.read_array(file, allow_pickle=False)
            assert plain.flags.c_contiguous or plain.ndim == 1
            assert member.date_time == (1980, 1, 1, 0, 0, 0)  # the same answer, the same bytes


@pytest.mark.parametrize(
    "draws", [np.zeros((0, 2)), np.asfortranarray(np.arange(6.0).reshape(3, 2))]
)
def test_arrays_of_any_layout_come_back(draws):
    made = Posterior(draws=draws, draw_names=("a", "b"), class_probability=None)
    np.testing.assert_array_equal(posterior_from_bytes(posterior_to_bytes(made)).draws, draws)


def test_provenance_comes_back_as_it_was():
    made = AnswerProvenance(
        task="redshift", model="m", model_sha256="ab", backend="onnx", device="CPU", seed=3,
        application="0", versions=(("numpy", "2"),), options=(("a", "b"),),
    )  # fmt: skip
    assert provenance_from_json(provenance_to_json(made)) == made
