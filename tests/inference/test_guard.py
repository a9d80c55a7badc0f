"""A full or lost accelerator costs a notice, not an answer: shown with injected faults."""

from __future__ import annotations

import numpy as np
import pytest
import tiny

from astrogui.errors import DeviceLost, OutOfDeviceMemory
from astrogui.inference.backends.guard import GuardedBackend
from astrogui.inference.backends.keras_model import translated as keras_translated
from astrogui.inference.backends.onnx import translated as onnx_translated


class FaultyBackend(tiny.MeanBackend):
    """Fits ``room`` examples, and is lost at call number ``lost_at``."""

    name, device = "faulty", "GPU"

    def __init__(self, room=1000, lost_at=None):
        super().__init__()
        self.room, self.lost_at = room, lost_at

    def run(self, prepared):
        if self.lost_at is not None and len(self.batches) >= self.lost_at:
            raise DeviceLost("the GPU has fallen off the bus")
        if len(prepared["flux"]) > self.room:
            self.batches.append(0)
            raise OutOfDeviceMemory("too much")
        return super().run(prepared)


def guard(backend, fallback=None, batch=16):
    notices = []
    fallbacks = [fallback or tiny.MeanBackend()]
    guarded = GuardedBackend(backend, fallback=fallbacks.pop, notice=notices.append, batch=batch)
    return guarded, notices


def examples(count):
    flux = np.random.default_rng(count).normal(size=(count, tiny.PIXELS)).astype(np.float32)
    return {"flux": flux}, flux.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("count", [1, 15, 16, 17, 100])
def test_batches_are_joined_in_order(count):
    guarded, notices = guard(FaultyBackend())
    given, expected = examples(count)
    assert np.array_equal(guarded.run(given)["level"], expected)
    assert notices == []


def test_no_example_gives_no_answer_of_the_right_shape():
    guarded, _ = guard(FaultyBackend())
    assert guarded.run({"flux": np.zeros((0, tiny.PIXELS), np.float32)})["level"].shape == (0, 1)


@pytest.mark.parametrize(("room", "halvings"), [(8, 1), (5, 2), (3, 3), (1, 4)])
def test_out_of_memory_halves_the_batch_and_goes_on(room, halvings):
    backend = FaultyBackend(room=room)
    guarded, notices = guard(backend)
    given, expected = examples(50)
    assert np.array_equal(guarded.run(given)["level"], expected)
    assert len(notices) == halvings
    assert f"batches of {16 >> halvings}" in notices[-1]
    assert max(backend.batches) <= room


def test_the_smaller_batch_is_kept():
    guarded, notices = guard(FaultyBackend(room=4))
    guarded.run(examples(40)[0])
    before = len(notices)
    guarded.run(examples(40)[0])
    assert len(notices) == before


def test_a_single_example_that_does_not_fit_is_said_in_words():
    guarded, _ = guard(FaultyBackend(room=0))
    with pytest.raises(OutOfDeviceMemory, match="One example does not fit the memory of GPU"):
        guarded.run(examples(3)[0])


def test_a_lost_device_falls_back_with_a_notice_and_loses_no_example():
    fallback = tiny.MeanBackend()
    guarded, notices = guard(FaultyBackend(lost_at=2), fallback)
    given, expected = examples(80)
    assert np.array_equal(guarded.run(given)["level"], expected)
    assert notices == ["GPU was lost; going on with numpy on CPU."]
    assert fallback.batches == [16, 16, 16]
    assert (guarded.name, guarded.device) == ("numpy", "CPU")


def test_a_lost_fallback_is_an_error():
    guarded, _ = guard(FaultyBackend(lost_at=1), FaultyBackend(lost_at=0))
    with pytest.raises(DeviceLost, match="bus"):
        guarded.run(examples(40)[0])


def test_memory_runs_out_and_then_the_device_is_lost():
    guarded, notices = guard(FaultyBackend(room=4, lost_at=5))
    given, expected = examples(60)
    assert np.array_equal(guarded.run(given)["level"], expected)
    assert len(notices) == 3


class InternalError(Exception):
    """Named like TensorFlow's."""


class ResourceExhaustedError(Exception):
    """Named like TensorFlow's."""


@pytest.mark.parametrize(
    ("translated", "error", "expected"),
    [
        (onnx_translated, RuntimeError("Failed to allocate memory for requested buffer"), "memory"),
        (onnx_translated, RuntimeError("CUDA failure 2: out of memory"), "memory"),
        (onnx_translated, RuntimeError("CUDA failure 999: unknown error"), "lost"),
        (onnx_translated, RuntimeError("Invalid rank for input"), "same"),
        (keras_translated, ResourceExhaustedError("OOM when allocating tensor"), "memory"),
        (keras_translated, RuntimeError("RESOURCE_EXHAUSTED: Out of memory"), "memory"),
        (keras_translated, InternalError("CUDA error: device lost"), "lost"),
        (keras_translated, InternalError("a bug"), "same"),
        (keras_translated, ValueError("CUDA is spelt so"), "same"),
    ],
)
def test_what_a_runtime_raises_is_told_apart(translated, error, expected):
    found = translated(error)
    kinds = {"memory": OutOfDeviceMemory, "lost": DeviceLost, "same": type(error)}
    assert type(found) is kinds[expected]
