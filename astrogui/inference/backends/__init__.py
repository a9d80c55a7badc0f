"""The runtimes that answer a network's call, behind one interface, and the choice among them.

ONNX Runtime serves where there is no usable GPU, for it starts in a fraction of TensorFlow's time;
Keras serves where there is one, and where a graph cannot be exported.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import UsageProblem
from astrogui.inference.backends.guard import GuardedBackend
from astrogui.inference.backends.no_network import NoNetwork
from astrogui.inference.model_folder import LoadedModel
from astrogui.tasks.insight import Opened

Arrays = dict[str, NDArray[np.generic]]
CHOICE = "ASTROGUI_BACKEND"  # "onnx" or "keras" overrides the choice


class Backend(Protocol):
    """A network ready to answer. ``name`` and ``device`` are recorded with each answer.

    ``run`` takes every input of the card with the batch first and returns every output likewise;
    it raises ``OutOfDeviceMemory`` and ``DeviceLost`` for what these say.
    """

    @property
    def name(self) -> str: ...

    @property
    def device(self) -> str: ...

    @property
    def libraries(self) -> tuple[str, ...]: ...

    def run(self, prepared: Mapping[str, NDArray[np.generic]]) -> Arrays: ...


def guarded(model: LoadedModel, notice: Callable[[str], None]) -> Backend:
    """The backend of choice for a model, which survives a full or lost accelerator."""
    if not model.card.network:
        return NoNetwork()
    kind = choose(model)
    return GuardedBackend(
        open_backend(kind, model),
        fallback=lambda: open_backend("onnx" if model.has_graph else "keras", model, cpu=True),
        notice=notice,
    )


def choose(model: LoadedModel) -> str:
    """ "onnx" or "keras"; raises ``UsageProblem`` when the environment asks for neither."""
    asked = os.environ.get(CHOICE, "")
    if asked not in {"", "onnx", "keras"}:
        raise UsageProblem(f"{CHOICE} is {asked!r}; it may be onnx or keras.")
    if not model.has_graph or not installed("onnxruntime"):
        return "keras"
    return asked or ("keras" if gpu_is_usable() else "onnx")


def open_backend(kind: str, model: LoadedModel, *, cpu: bool = False) -> Backend:
    """A runtime loaded with a model; ``cpu`` keeps it off accelerators."""
    if kind == "onnx":
        from astrogui.inference.backends.onnx import OnnxBackend

        return OnnxBackend(model, cpu=cpu)
    from astrogui.inference.backends.keras_model import KerasBackend

    return KerasBackend(model, cpu=cpu)


def opened(model: LoadedModel) -> Opened | None:
    """The network taken apart; None where no library is installed that knows its layers."""
    if not (installed("keras") and (installed("tensorflow") or installed("jax"))):
        return None
    try:
        from astrogui.inference.backends.keras_model import OpenedNetwork
    except ModuleNotFoundError:  # a frozen program leaves it out with the library
        return None
    return OpenedNetwork(model)


def expected() -> tuple[str, str]:
    """Backend and device that will most likely answer, without importing either runtime."""
    if os.environ.get(CHOICE) == "keras" or gpu_is_usable() or not installed("onnxruntime"):
        library = "tensorflow" if installed("tensorflow") else "jax"
        return f"keras-{library}", gpu_name() if gpu_is_usable() else "CPU"
    return "onnx", "CPU"


def warm_up() -> None:
    """Import the runtime that will most likely be asked, while nothing else is to be done."""
    if expected()[0] == "onnx":
        from astrogui.inference.backends import onnx

        onnx.warm_up()


def installed(library: str) -> bool:
    """Whether a library could be imported; it is not."""
    return importlib.util.find_spec(library) is not None


def gpu_is_usable() -> bool:
    """Whether there is an NVIDIA GPU and a Keras backend that was installed to use it."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0") in {"", "-1"}:
        return False
    if not Path("/dev/nvidia0").exists():
        return False
    tensorflow = installed("tensorflow") and (installed("nvidia") or _system_has_cudnn())
    jax = installed("jax") and (installed("jax_cuda12_plugin") or installed("jax_cuda13_plugin"))
    return tensorflow or jax


def gpu_name() -> str:
    """The name of the first GPU as the driver gives it."""
    for place in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        for line in place.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("Model:"):
                return line.partition(":")[2].strip()
    return "GPU"


def _system_has_cudnn() -> bool:
    from ctypes.util import find_library

    return find_library("cudnn") is not None
