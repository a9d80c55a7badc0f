"""Networks answered by Keras: rebuilt from our own code, given their weights as arrays."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import DeviceLost, ModelMismatch, OutOfDeviceMemory
from astrogui.inference.model_folder import LoadedModel
from astrogui.networks.builder import rebuild
from astrogui.tasks.insight import Aim, Layer, log_odds

if TYPE_CHECKING:
    from astrogui.networks.inside import Stage

Tensors = dict[str, Any]


class KerasBackend:
    """One network in Keras on TensorFlow, or on jax where only that is installed.

    The compiled function knows few batch sizes, powers of two: other batches are filled up, so
    that it is not compiled anew for each.
    """

    def __init__(self, model: LoadedModel, *, cpu: bool = False) -> None:
        library = use_library()
        self.name = f"keras-{library}"
        self.libraries = ("keras", library)
        runtime: _Runtime = _TensorFlow(cpu) if library == "tensorflow" else _Jax(cpu)
        self.device = runtime.device
        with runtime.place():
            network = _rebuild(model)
            self._call = runtime.compiled(network)
        self._runtime = runtime

    def run(self, prepared: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[Any]]:
        """The outputs by name; raises ``OutOfDeviceMemory`` or ``DeviceLost``."""
        count = len(next(iter(prepared.values())))
        full = 1 << max(count - 1, 0).bit_length()
        try:
            with self._runtime.place():
                outputs = self._call({n: _filled(v, full) for n, v in prepared.items()})
                return {name: np.asarray(value)[:count] for name, value in outputs.items()}
        except Exception as error:  # the runtimes' classes share no base
            raise translated(error) from error


class OpenedNetwork:
    """A network whose layers and derivatives can be asked for, beside whatever answers with it."""

    def __init__(self, model: LoadedModel) -> None:
        library = use_library()
        self._runtime: _Runtime = _TensorFlow(False) if library == "tensorflow" else _Jax(False)
        with self._runtime.place():
            self._network = _rebuild(model)
        self._stages: list[Stage] | None = None

    def layers(self, prepared: Mapping[str, NDArray[np.generic]]) -> list[Layer]:
        """The outputs of the convolutional layers for the first object of a batch."""
        given = {name: np.ascontiguousarray(v[:1], np.float32) for name, v in prepared.items()}
        found = []
        from astrogui.networks.inside import outputs, stages

        with self._runtime.place():
            if self._stages is None:
                self._stages = stages(self._network)
            for stage in self._stages:
                values = outputs(stage, given)
                for name, kind, value in zip(stage.names, stage.kinds, values, strict=True):
                    found.append(Layer(name, kind, np.asarray(value)[0]))
        return found

    def gradient(
        self, prepared: Mapping[str, NDArray[np.generic]], picture: str, aim: Aim
    ) -> NDArray[Any]:
        """The derivative of the log odds (n,) by the input named ``picture``."""
        from keras import ops

        given = {name: np.ascontiguousarray(v, np.float32) for name, v in prepared.items()}

        def odds(tensors: Tensors) -> Any:
            return ops.sum(log_odds(self._network(tensors, training=False), aim, ops))

        try:
            with self._runtime.place():
                return np.asarray(self._runtime.derivative(odds, given, picture))
        except Exception as error:  # the runtimes' classes share no base
            raise translated(error) from error


def use_library() -> str:
    """The library that Keras computes with in this process, chosen before Keras is imported."""
    if "KERAS_BACKEND" not in os.environ:
        has_tensorflow = importlib.util.find_spec("tensorflow") is not None
        os.environ["KERAS_BACKEND"] = "tensorflow" if has_tensorflow else "jax"
    import keras

    return str(keras.backend.backend())


def _rebuild(model: LoadedModel) -> Any:
    """The network of the card with its weights; raises ``ModelMismatch``."""
    try:
        network = rebuild(model.card.network, model.card.network_config, model.weights())
    except (ValueError, TypeError, ImportError) as error:
        raise ModelMismatch(
            f"{model.folder}: the network cannot be rebuilt as its card says ({error})."
        ) from error
    outputs = set(network.output) if isinstance(network.output, dict) else set()
    promised = {spec.name for spec in model.card.outputs}
    if outputs != promised:
        raise ModelMismatch(
            f"{model.folder}: the network gives {sorted(outputs)}, its card says "
            f"{sorted(promised)}."
        )
    return network


def _filled(values: NDArray[Any], full: int) -> NDArray[Any]:
    """The batch as float32, filled up to ``full`` with copies of its last example."""
    batch = np.ascontiguousarray(values, np.float32)
    if len(batch) in {0, full}:
        return batch
    return np.concatenate([batch, np.repeat(batch[-1:], full - len(batch), axis=0)])


class _Runtime:
    """What differs between the libraries under Keras."""

    device = "CPU"

    def place(self) -> AbstractContextManager[Any]:
        """The device on which tensors are made."""
        return nullcontext()

    def compiled(self, network: Any) -> Callable[[Tensors], Tensors]:
        raise NotImplementedError

    def derivative(self, number: Callable[[Tensors], Any], given: Tensors, name: str) -> Any:
        """Of a number by one of the tensors that it is made of."""
        raise NotImplementedError


class _TensorFlow(_Runtime):
    """Grows its share of GPU memory as needed, and multiplies in full float32 precision."""

    def __init__(self, cpu: bool) -> None:
        import tensorflow as tf

        gpus = [] if cpu else tf.config.list_physical_devices("GPU")
        for gpu in gpus:
            try:
                tf.config.experimental.set_memory_growth(gpu, True)
            except RuntimeError:  # already in use in this process, with growth on
                break
        tf.config.experimental.enable_tensor_float_32_execution(False)
        if gpus:
            details = tf.config.experimental.get_device_details(gpus[0])
            self.device = str(details.get("device_name", "GPU"))
        self._name = "/GPU:0" if gpus else "/CPU:0"

    def place(self) -> AbstractContextManager[Any]:
        import tensorflow as tf

        return tf.device(self._name)

    def compiled(self, network: Any) -> Callable[[Tensors], Tensors]:
        import tensorflow as tf

        function = tf.function(lambda tensors: network(tensors, training=False))
        return lambda arrays: function({n: tf.constant(a) for n, a in arrays.items()})

    def derivative(self, number: Callable[[Tensors], Any], given: Tensors, name: str) -> Any:
        import tensorflow as tf

        tensors = {n: tf.constant(a) for n, a in given.items()}
        with tf.GradientTape() as tape:
            tape.watch(tensors[name])
            found = number(tensors)
        return tape.gradient(found, tensors[name])


class _Jax(_Runtime):
    """Compiles once a batch size; full float32 precision."""

    def __init__(self, cpu: bool) -> None:
        import jax

        jax.config.update("jax_default_matmul_precision", "highest")
        self._device = jax.devices("cpu")[0] if cpu else jax.devices()[0]
        self.device = "CPU" if self._device.platform == "cpu" else self._device.device_kind

    def place(self) -> AbstractContextManager[Any]:
        import jax

        return jax.default_device(self._device)

    def compiled(self, network: Any) -> Callable[[Tensors], Tensors]:
        import jax

        def call(trained: Any, fixed: Any, tensors: Tensors) -> Tensors:
            outputs, _ = network.stateless_call(trained, fixed, tensors, training=False)
            return dict(outputs)

        function = jax.jit(call)
        trained = [jax.device_put(v.value, self._device) for v in network.trainable_variables]
        fixed = [jax.device_put(v.value, self._device) for v in network.non_trainable_variables]
        return lambda arrays: dict(function(trained, fixed, arrays))

    def derivative(self, number: Callable[[Tensors], Any], given: Tensors, name: str) -> Any:
        import jax

        tensors = {n: jax.numpy.asarray(a) for n, a in given.items()}
        return jax.grad(lambda value: number({**tensors, name: value}))(tensors[name])


def translated(error: Exception) -> Exception:
    """What a library raised, as a full or lost device where its class or words say so."""
    words = str(error)
    name, lowered = type(error).__name__, words.lower()
    if (
        name == "ResourceExhaustedError"
        or "resource_exhausted" in lowered
        or "out of memory" in lowered
    ):
        return OutOfDeviceMemory(words[:300])
    of_device = ("cuda", "gpu", "cudnn", "cublas", "device lost")
    if name in {"InternalError", "UnavailableError", "AbortedError", "XlaRuntimeError"} and any(
        word in lowered for word in of_device
    ):
        return DeviceLost(words[:300])
    return error
