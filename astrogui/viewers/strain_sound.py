"""Writing strain as a WAV file, and giving that to the player of the system."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from astrogui.science.sound import PLAYED_RATE_HZ, audible
from astrogui.viewers.strain_products import Series

LONGEST_S = 120.0  # of strain in one file


def write_sound(
    path: str, series: tuple[Series, ...], low_gps: float, high_gps: float, shift_hz: float
) -> str:
    """One or two detectors (left, right) between two times as 16-bit WAV; what was written.

    Every detector is as loud as the other at its loudest. Raises ``ValueError`` where there is
    nothing to hear, ``OSError`` where the file cannot be written.
    """
    high_gps = min(high_gps, low_gps + LONGEST_S)
    channels = []
    for one in series[:2]:
        values, start = one.between(low_gps, high_gps)
        before = np.full(round((start - low_gps) * one.sample_rate_hz), np.nan, values.dtype)
        channels.append(audible(np.concatenate([before, values]), one.sample_rate_hz, shift_hz))
    size = max(channel.size for channel in channels)
    frames = np.zeros((size, len(channels)), "<i2")
    for column, channel in enumerate(channels):
        frames[: channel.size, column] = channel
    with Path(path).open("wb") as out, wave.open(out, "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(PLAYED_RATE_HZ)
        file.writeframes(frames.tobytes())
    return path


def open_in_player(path: str) -> bool:
    """Give a sound to the program that the system plays sounds with; False where there is none."""
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(path).resolve())))
