"""Strain as sound: whitened, band-passed strain is in the audible range as it is, if low."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PLAYED_RATE_HZ = 8192  # players refuse less
LOUDNESS = 0.9  # of full scale at the loudest sample
FADE_S = 0.05


def audible(
    samples: NDArray[np.floating], sample_rate_hz: float, shift_hz: float = 0.0
) -> NDArray[np.int16]:
    """Whitened strain (n,) as 16-bit sound at 8192 Hz, every frequency raised by ``shift_hz``.

    Single-sideband: the spectrum moves as a whole, durations stay. NaN is silence; both ends fade.
    Raises ``ValueError`` where there is nothing to hear.
    """
    known = np.isfinite(samples)
    if not np.any(samples[known]):
        raise ValueError("there is no strain to hear here")
    values = np.where(known, samples, 0.0).astype(np.float64)
    fade = min(round(FADE_S * sample_rate_hz), values.size // 2)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(fade) / max(fade, 1))
    values[:fade] *= ramp
    values[values.size - fade :] *= ramp[::-1]
    size = round(values.size / sample_rate_hz * PLAYED_RATE_HZ)
    spectrum = np.fft.rfft(values)
    analytic = np.zeros(size, complex)
    kept = min(spectrum.size, size // 2)
    analytic[:kept] = spectrum[:kept]
    time = np.arange(size) / PLAYED_RATE_HZ
    wave = np.real(np.fft.ifft(analytic) * np.exp(2j * np.pi * shift_hz * time))
    return np.round(wave / np.abs(wave).max() * LOUDNESS * 32767).astype(np.int16)
