"""Networks answered by ONNX Runtime: the graph that training exported."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import DeviceLost, ModelMismatch, OutOfDeviceMemory, UsageProblem
from astrogui.inference.model_folder import LoadedModel
from astrogui.inference.processors import processors
from astrogui.tasks import task_by_name

MOST_THREADS = 8  # more gain nothing on networks of this size and starve the window


class OnnxBackend:
    """One exported graph in ONNX Runtime, on the CPU or on CUDA where that build is installed."""

    name = "onnx"
    libraries = ("onnxruntime",)

    def __init__(self, model: LoadedModel, *, cpu: bool = False) -> None:
        import onnxruntime

        wanted = ["CPUExecutionProvider"]
        if not cpu and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
            wanted.insert(0, "CUDAExecutionProvider")
        try:
            self._session = onnxruntime.InferenceSession(
                model.graph(), session_options(model.card.task), providers=wanted
            )
        except Exception as error:  # the runtime's own classes lie in a private module
            raise ModelMismatch(
                f"{model.folder / 'model.onnx'} is no graph that can be run "
                f"({str(error).splitlines()[0][:200]})."
            ) from error
        on_gpu = "CUDAExecutionProvider" in self._session.get_providers()
        self.device = "GPU" if on_gpu else "CPU"
        self._outputs = [item.name for item in self._session.get_outputs()]
        self._check_names(model)

    def _check_names(self, model: LoadedModel) -> None:
        """The graph's ends must be those of the card; raises ``ModelMismatch``."""
        inputs = {item.name for item in self._session.get_inputs()}
        promised_in = {spec.name for spec in model.card.inputs}
        promised_out = {spec.name for spec in model.card.outputs}
        if inputs != promised_in or set(self._outputs) != promised_out:
            raise ModelMismatch(
                f"{model.folder / 'model.onnx'} takes {sorted(inputs)} and gives "
                f"{sorted(self._outputs)}, its card says {sorted(promised_in)} and "
                f"{sorted(promised_out)}."
            )

    def run(self, prepared: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[Any]]:
        """The outputs by name; raises ``OutOfDeviceMemory`` or ``DeviceLost``."""
        fed = {name: np.ascontiguousarray(v, np.float32) for name, v in prepared.items()}
        try:
            outputs = self._session.run(self._outputs, fed)
        except Exception as error:  # the runtime's own classes lie in a private module
            raise translated(error) from error
        return dict(zip(self._outputs, outputs, strict=True))


def session_options(task: str) -> Any:
    """Threads for the processors we have; idle ones sleep instead of spinning.

    The layers of a network of spectra take microseconds each: handing them to a second thread
    costs twice the processor, and often more time than it saves.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1 if _reads(task) == "spectrum" else threads()
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


def _reads(task: str) -> str:
    """The kind of record of a task; "" of one that is not known here."""
    try:
        return task_by_name(task).reads
    except UsageProblem:
        return ""


def threads() -> int:
    """One for each processor that this process may use; fewer where its environment says so."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    most = int(told) if told.isdigit() and int(told) else MOST_THREADS
    return min(processors(), most)


def translated(error: Exception) -> Exception:
    """What the runtime raised, as a full or lost device where its words say so."""
    words = str(error)
    lowered = words.lower()
    if any(w in lowered for w in ("out of memory", "failed to allocate", "bad_alloc")):
        return OutOfDeviceMemory(words[:300])
    if "cuda" in lowered or "cudnn" in lowered or "cublas" in lowered:
        return DeviceLost(words[:300])
    return error


def warm_up() -> None:
    """Import the runtime now, so that the first answer does not wait for it."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
