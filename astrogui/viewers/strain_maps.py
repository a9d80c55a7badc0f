"""Maps of strain over time and frequency at the resolution of a screen, computed in a pool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astrogui.science.q_transform import Q_RANGE, loudest, mean_of_noise, row
from astrogui.science.spectrogram import segment_for, spectrogram
from astrogui.viewers.colours import rgb_of_map
from astrogui.viewers.strain_products import Series

Array = NDArray[np.float64]
COLOUR_MAP = "viridis"
ROWS = 96
LOWEST_HZ = 20.0
HIGHEST_HZ = 900.0
PAD_S = 2.0  # of data on either side, and as many as make LEAST_S in all
LEAST_S = 8.0  # of data that the mean energy is taken from
USUAL_Q = 9.0  # of maps too long for a choice of Q
CHOICE_S = 256.0
FEWER_ROWS_S = 64.0  # longer maps have half as many rows
LONGEST_S = 1024.0  # of a Q transform; beyond, Fourier transforms of a quarter second
LOUDEST = 25.0  # energy at the top of the colours, unless the map stays below
QUIETEST = 8.0
SCALED_HZ = 35.0  # above, a spectrogram's values set its colours


@dataclass(frozen=True, slots=True, eq=False)
class TimeFrequencyMap:
    """Values (rows, columns), rows even in log frequency; ``words`` say what they are.

    Energy: mean one in noise. Density: the decimal logarithm of 1/sqrt(Hz).
    """

    kind: str  # "energy" or "density"
    values: NDArray[np.float32]
    first_gps: float
    last_gps: float
    low_hz: float
    high_hz: float
    levels: tuple[float, float]  # values at the ends of the colours
    words: str
    picture: NDArray[np.uint8]  # (rows, columns, 4) the values in colours, clear where NaN
    q: float | None = None

    def at(self, gps: float, frequency_hz: float) -> float:
        """The value at a place, NaN outside."""
        rows, columns = self.values.shape
        x = (gps - self.first_gps) / (self.last_gps - self.first_gps) * columns
        y = np.log(frequency_hz / self.low_hz) / np.log(self.high_hz / self.low_hz) * rows
        inside = 0 <= x < columns and 0 <= y < rows
        return float(self.values[int(y), int(x)]) if inside else float("nan")


def energy_map(
    series: Series, first_gps: float, last_gps: float, columns: int
) -> TimeFrequencyMap | None:
    """A Q transform of the whitened series between two times, at most ``columns`` wide.

    Q is that of the loudest tile within; 9 over more than 256 s. Over more than 1024 s the bands
    are those of quarter-second Fourier transforms instead. NaN: no data.
    """
    rate, span = series.sample_rate_hz, last_gps - first_gps
    pad = max(PAD_S, 0.5 * (LEAST_S - span))
    values, start = series.between(first_gps - pad, last_gps + pad)
    if values.size < rate:
        return None
    values = np.asarray(values, np.float64).copy()
    absent = ~np.isfinite(values)
    values[absent] = 0.0
    top = min(0.45 * rate, HIGHEST_HZ)
    duration = values.size / rate
    shown_from, shown_to = max(first_gps, start), min(last_gps, start + duration)
    if shown_to <= shown_from:
        return None
    places = (shown_from - start) / duration, (shown_to - start) / duration
    frequencies = _rows(top, ROWS // 2 if span > FEWER_ROWS_S else ROWS)
    q: float | None = None
    if span > LONGEST_S:
        rows = _fourier_rows(np.asarray(values, np.float64), rate, frequencies)
        what = "quarter-second Fourier transforms"
    else:
        spectrum = np.fft.rfft(values)
        q, what = USUAL_Q, f"Q = {USUAL_Q:g}"
        if span <= CHOICE_S:
            between = shown_from - start, shown_to - start
            q = loudest(spectrum, duration, between, LOWEST_HZ, top).q
            what = f"Q = {q:.1f}, loudest of {Q_RANGE[0]:g}-{Q_RANGE[1]:g}"
        rows = [row(spectrum, duration, float(frequency), q) for frequency in frequencies]
    energy = np.stack([_columns(values, *places, columns) for values in rows]).astype(np.float32)
    energy[:, _columns(absent.astype(np.float64), *places, columns) > 0.5] = np.nan
    known = energy[np.isfinite(energy)]
    most = min(max(float(known.max(initial=0.0)), QUIETEST), LOUDEST)
    words = f"energy / noise, {what}"
    return TimeFrequencyMap(
        "energy",
        energy,
        shown_from,
        shown_to,
        LOWEST_HZ,
        top,
        (0.0, most),
        words,
        coloured(energy, 0.0, most),
        q,
    )


def density_map(
    series: Series, first_gps: float, last_gps: float, columns: int
) -> TimeFrequencyMap | None:
    """A spectrogram of the strain: amplitude density at ``columns`` times at most."""
    rate, span = series.sample_rate_hz, last_gps - first_gps
    segment = segment_for(span)
    first = max(first_gps, series.start_gps)
    last = min(last_gps, series.start_gps + series.values.size / rate)
    if last - first < segment:
        return None
    count = max(min(columns, round((last - first) / segment * 8)), 2)
    centres = first + (np.arange(count) + 0.5) * (last - first) / count - series.start_gps
    top = min(0.45 * rate, HIGHEST_HZ)
    made = spectrogram(series.values, rate, segment, centres, _rows(top, ROWS))
    with np.errstate(divide="ignore"):
        made = np.log10(made)
    made[~np.isfinite(made)] = np.nan
    known = made[_rows(top, ROWS) > SCALED_HZ]  # below, the steep noise would set the colours
    known = known[np.isfinite(known)]
    if not known.size:
        return None
    low, high = np.percentile(known, (2.0, 99.7))
    words = f"amplitude density, transforms of {segment:g} s"
    levels = (float(low), float(max(high, low + 0.1)))
    picture = coloured(made, *levels)
    return TimeFrequencyMap("density", made, first, last, LOWEST_HZ, top, levels, words, picture)


def coloured(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.uint8]:
    """(rows, columns, 4) red, green, blue and cover of values between two levels.

    Done here, in the pool: the plot would take 10 ms for it in the window's thread.
    """
    known = np.isfinite(values)
    place = np.clip((np.where(known, values, low) - low) / (high - low) * 255.0, 0, 255)
    picture = np.empty((*values.shape, 4), np.uint8)
    picture[..., :3] = rgb_of_map(COLOUR_MAP, 256)[place.astype(np.uint8)]
    picture[..., 3] = np.where(known, 255, 0)
    return picture


def _rows(top_hz: float, count: int) -> Array:
    """Centres of rows even in the logarithm."""
    return np.asarray(LOWEST_HZ * (top_hz / LOWEST_HZ) ** ((np.arange(count) + 0.5) / count))


def _fourier_rows(values: Array, rate: float, frequencies: Array) -> list[Array]:
    length = round(rate / 4)
    count = values.size // length
    blocks = values[: count * length].reshape(count, length) * np.hanning(length)
    power = np.abs(np.fft.rfft(blocks, axis=1)) ** 2
    width = frequencies[1] / frequencies[0]
    rows = []
    for frequency in frequencies:
        low = int(frequency / np.sqrt(width) / 4)
        high = max(int(frequency * np.sqrt(width) / 4) + 1, low + 1)
        energy = power[:, low:high].max(axis=1)
        rows.append(energy / mean_of_noise(energy))
    return rows


def _columns(values: Array, begin: float, end: float, columns: int) -> Array:
    """The stretch begin..end (fractions) in ``columns`` steps: the maximum where several fall."""
    places = np.linspace(begin * values.size, end * values.size, columns + 1)
    if (end - begin) * values.size <= columns:
        centres = 0.5 * (places[1:] + places[:-1]) - 0.5
        return np.interp(centres, np.arange(values.size), values)
    starts = np.clip(places[:-1].astype(int), 0, values.size - 1)
    return np.maximum.reduceat(values, starts)
