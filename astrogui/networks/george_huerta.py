"""Deep Filtering of George & Huerta 2018, Phys. Lett. B 778, 64 (arXiv 1711.03121; 1701.00008).

A classifier of whitened strain (a merger, or noise alone) and a predictor of both masses, of the
same layers: what the search and the `bbh` flow are measured beside. Here the strain of two
detectors goes in, a channel each, at any length; theirs was one detector's 8192 samples.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

# Channels, kernel and dilation of each convolution, then the widths of the dense layers.
SHALLOW = (((16, 16, 1), (32, 8, 4), (64, 8, 4)), (64,))
DEEP = (((64, 16, 1), (128, 16, 2), (256, 16, 2), (512, 32, 2)), (128, 64))
POOL = 4


def classifier(samples: int, detectors: int = 2, deep: bool = True) -> keras.Model:
    """ "strain" (samples, detectors) to "logit" (1,) of a merger.

    The softmax of two outputs is the logistic function of their difference, which is given.
    """
    strain, value = _body(samples, detectors, deep)
    classes = layers.Dense(2, name="classes")(value)
    return keras.Model({"strain": strain}, {"logit": classes[:, 1:] - classes[:, :1]})


def predictor(samples: int, detectors: int = 2, labels: int = 2, deep: bool = True) -> keras.Model:
    """ "strain" (samples, detectors) to "values" (labels,), without uncertainties."""
    strain, value = _body(samples, detectors, deep)
    return keras.Model({"strain": strain}, {"values": layers.Dense(labels, name="values")(value)})


def _body(samples: int, detectors: int, deep: bool) -> tuple[Any, Any]:
    convolutions, widths = DEEP if deep else SHALLOW
    strain = keras.Input((samples, detectors), name="strain")
    value = strain
    for number, (channels, kernel, dilation) in enumerate(convolutions):
        convolve = layers.Conv1D(
            channels, kernel, dilation_rate=dilation, padding="same", name=f"convolution{number}"
        )
        value = layers.MaxPooling1D(POOL, padding="same")(convolve(value))
        value = layers.ReLU()(value)
    value = layers.Flatten()(value)
    for number, width in enumerate(widths):
        value = layers.Dense(width, activation="relu", name=f"dense{number}")(value)
    return strain, value
