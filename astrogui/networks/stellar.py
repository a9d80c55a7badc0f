"""The `stellar` network: labels of a star from its normalised spectrum, with covariance.

Three convolutions, three poolings and one dropout, after Nord & Price-Whelan; the rate of the
dropout is learned. Each draw of its mask answers with a normal density of its own.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

LEAST_LOG, MOST_LOG = -4.0, 8.0  # of the inverse standard deviations


def regressor(
    bins: int,
    channels: int,
    summary: int,
    labels: int,
    data_size: int,
    draws: int,
    filters: tuple[int, int, int] = (12, 16, 24),
    width: int = 96,
) -> keras.Model:
    """{"spectrum" (bins, channels), "summary" (summary,)} to {"answers", "features" (width,)}.

    ``answers`` (draws, labels + labels (labels + 1) / 2) hold for each draw of the dropout's mask
    a mean and the lower triangle, row by row, of the factor P of the inverse covariance P^T P;
    the logarithms of P's diagonal stand in the places of the diagonal. Then the mask comes from
    the input ``uniform`` (draws, width), numbers between 0 and 1. With ``draws`` 0, as it is
    trained, the layer draws its masks itself and ``answers`` has one row.
    """
    from astrogui.networks.concrete_dropout import ConcreteDense

    spectrum = keras.Input((bins, channels), name="spectrum")
    seen = keras.Input((summary,), name="summary")
    value = spectrum
    for number, (count, kernel) in enumerate(zip(filters, (9, 7, 5), strict=True)):
        value = layers.Conv1D(
            count, kernel, padding="same", activation="silu", name=f"convolution_{number}"
        )(value)
        value = layers.MaxPooling1D(4, name=f"pooling_{number}")(value)
    flat = layers.Concatenate(name="all")([layers.Flatten(name="flat")(value), seen])
    features = layers.Dense(width, activation="silu", name="inner")(flat)
    dropout = ConcreteDense(width, data_size, activation="silu", name="dropout")
    row = layers.Reshape((1, width), name="row")(features)
    inputs = {"spectrum": spectrum, "summary": seen}
    if draws:
        inputs["uniform"] = keras.Input((draws, width), name="uniform")
        row = dropout(row, inputs["uniform"])
    else:
        row = dropout(row)
    outputs = labels + labels * (labels + 1) // 2
    answers = layers.Dense(outputs, name="answers")(row)
    # Most features rest near zero: shifted by one, a relative comparison of runtimes has a scale.
    shifted = layers.Rescaling(1.0, offset=1.0, name="features")(features)
    return keras.Model(inputs, {"answers": answers, "features": shifted}, name="stellar")


@keras.saving.register_keras_serializable("astrogui")
class NormalLoss(keras.losses.Loss):
    """Negative log-density, in nat, of labels (batch, k) under ``answers`` with one row."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        labels = y_true.shape[-1]
        mean, triangle = y_pred[:, 0, :labels], y_pred[:, 0, labels:]
        offset = y_true - mean
        cost, begin = 0.5 * labels * float(np.log(2 * np.pi)), 0
        for row in range(labels):
            log_diagonal = ops.clip(triangle[:, begin + row], LEAST_LOG, MOST_LOG)
            deviate = ops.exp(log_diagonal) * offset[:, row]
            for column in range(row):
                deviate = deviate + triangle[:, begin + column] * offset[:, column]
            cost = cost + 0.5 * ops.square(deviate) - log_diagonal
            begin += row + 1
        return cost
