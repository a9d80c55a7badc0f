"""The plots of one detector over one time axis, and what is known of that detector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from astrogui.records.strain import Strain
from astrogui.science.waveform_band import WaveformBand
from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.strain_maps import TimeFrequencyMap
from astrogui.viewers.strain_plot import NO_CURVE, SERIES, STRAIN_SCALE, StrainPlot
from astrogui.viewers.strain_products import FirstLook, Products, Series
from astrogui.viewers.strain_quality import Bits, Span, quality_bits, quality_spans

SAME_TIME_S = 0.5  # candidates closer than this to the merger are it
FAINT = 4.0  # a fit below this signal-to-noise ratio is one of noise, and is not drawn


class DetectorPanel:
    """Plots made when first wanted; times are seconds since an integer GPS epoch.

    ``shift_s`` moves all of the detector later, ``flip`` turns its series over: a comparison with
    another detector, which the corners say.
    """

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.detector = ""
        self.epoch = 0
        self.strain: Strain | None = None
        self.look: FirstLook | None = None
        self.products: Products | None = None
        self.band: Series | None = None
        self.band_words = ""
        self.map: TimeFrequencyMap | None = None
        self.merger_gps: float | None = None
        self.track: tuple[np.ndarray, np.ndarray] = (NO_CURVE, NO_CURVE)
        self.waveforms: WaveformBand | None = None
        self.fit_words = ""
        self.shift_s, self.flip = 0.0, False
        self.failures: dict[str, str] = {}  # words for a corner, by product
        self.plots: dict[str, StrainPlot] = {}
        self._theme: Theme = LIGHT
        self._quality: tuple[list[Span], str, Bits] = ([], "", ())
        self.candidates: tuple[float, ...] = ()  # GPS times that a search found

    # What it has ----------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.detector or "unknown detector"

    @property
    def corners(self) -> dict[str, object]:
        return {product: plot.corner for product, plot in self.plots.items()}

    @property
    def curves(self) -> dict[str, object]:
        return {name: plot.curve for name, plot in self.plots.items() if name in SERIES}

    def make(self, product: str) -> StrainPlot:
        """The plot of a product, made and filled when first asked for: ten milliseconds."""
        if product not in self.plots:
            plot = StrainPlot(product, self.detector or "text")
            plot.set_theme(self._theme)
            self.plots[product] = plot
            self._fill(plot)
        return self.plots[product]

    def series_of(self, product: str) -> Series | None:
        """The series that a plot draws, where it is ready."""
        if product == "raw":
            return self.look.raw if self.look is not None else None
        if product == "band":
            return self.band
        if product == "strain" and self.products is None:  # at least something to look at
            return self.look.raw if self.look is not None else None
        if self.products is None:
            return None
        return self.products.highpassed if product == "strain" else self.products.whitened

    # What it is told ------------------------------------------------------------------------

    def set_strain(self, strain: Strain, epoch: int) -> None:
        """A new record: the quality is drawn at once, the rest when it is computed."""
        known = self.detector
        self.detector, self.strain, self.epoch = strain.detector, strain, epoch
        self._quality = (*quality_spans(strain), quality_bits(strain))
        self.look = self.products = self.band = self.map = self.waveforms = None
        self.merger_gps, self.track, self.candidates = None, (NO_CURVE, NO_CURVE), ()
        self.fit_words, self.failures = "", {}
        self.shift_s, self.flip = 0.0, False
        for plot in self.plots.values():
            plot.colour = strain.detector or "text"
            if known != self.detector:
                plot.set_theme(self._theme)
            self._fill(plot)

    def replace_strain(self, strain: Strain) -> None:
        """More of the same detector: what is drawn stays until the new is computed."""
        self.strain = strain
        self._quality = (*quality_spans(strain), quality_bits(strain))
        for plot in self.plots.values():
            self._show_quality(plot)

    def set_look(self, look: FirstLook) -> None:
        self.look = look
        for plot in self.plots.values():
            self._show_gaps(plot)
            self._write(plot)

    def set_products(self, products: Products) -> None:
        self.products = products
        for plot in self.plots.values():
            self._show_gaps(plot)
            self._write(plot)

    def set_band(self, band: Series, words: str, is_white: bool) -> None:
        """The band-passed series, in standard deviations or in strain."""
        self.band, self.band_words = band, words
        if "band" in self.plots:
            self.plots["band"].set_kind("band" if is_white else "strain_band")
            self._write(self.plots["band"])

    def show_map(self, made: TimeFrequencyMap | None) -> None:
        self.map = made
        if "map" in self.plots:
            self.plots["map"].show_map(made, self.epoch - self.shift_s)
            self._write(self.plots["map"])

    def set_merger(self, gps: float | None) -> None:
        self.merger_gps = gps
        for plot in self.plots.values():
            self._show_merger(plot)

    def set_candidates(self, gps: Sequence[float]) -> None:
        """Other mergers that a search found."""
        self.candidates = tuple(gps)
        for plot in self.plots.values():
            self._show_merger(plot)

    def set_track(self, time_s: np.ndarray, frequency_hz: np.ndarray) -> None:
        """Seconds after the merger and frequencies of the answer's chirp."""
        self.track = time_s, frequency_hz
        if "map" in self.plots:
            self._show_merger(self.plots["map"])

    def set_waveforms(self, made: WaveformBand | None, words: str = "") -> None:
        """Fitted waveforms over the whitened series; ``words`` where there are none."""
        self.waveforms, self.fit_words = made, words
        if made is not None and made.is_fitted and made.snr < FAINT:
            self.waveforms = None
            self.fit_words = f"no waveform drawn: its signal-to-noise ratio is {made.snr:.1f}"
        elif made is not None:
            self.fit_words = f"median waveform and 90 % of {made.draws} draws"
        for plot in self.plots.values():
            self._show_fit(plot)
            self._write(plot)

    def set_fit(self, waveform: np.ndarray | None, start_gps: float, sample_rate_hz: float) -> None:
        """One best-fitting waveform, whitened as the data are, where there are no draws."""
        if waveform is None or not np.isfinite(waveform).any():
            self.waveforms, self.fit_words = None, ""
        else:
            start = start_gps - (self.strain.gps_start if self.strain is not None else 0.0)
            curve = np.asarray(waveform, np.float64)
            empty = np.full(curve.size, np.nan)
            self.waveforms = WaveformBand(start, curve, empty, empty, np.inf, start, 1)
            self.fit_words = "best-fitting waveform"
        for plot in self.plots.values():
            self._show_fit(plot)
            self._write(plot)

    def set_alignment(self, shift_s: float, flip: bool) -> None:
        """Show the detector later by so much, and upside down if ``flip``."""
        self.shift_s, self.flip = shift_s, flip
        for plot in self.plots.values():
            self._fill(plot)

    def fail(self, product: str, words: str) -> None:
        """Why a product is not there, in the corners of its plots."""
        self.failures[product] = words
        for plot in self.plots.values():
            self._write(plot)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for plot in self.plots.values():
            plot.set_theme(theme)

    def show_quality_in(self, product: str) -> None:
        """The quality strip is drawn once a detector, in its uppermost plot."""
        for name, plot in self.plots.items():
            plot.quality.setVisible(name == product)

    # Drawing --------------------------------------------------------------------------------

    def draw(self, low: float, high: float, steps: int, other: DetectorPanel | None = None) -> None:
        """The curves between two times (seconds since the epoch) at the screen's resolution.

        ``other`` is a detector to draw behind this one's whitened and band-passed series.
        """
        for product in SERIES:
            plot = self.plots.get(product)
            if plot is None or plot.scene() is None:
                continue
            plot.other.setData(*self._behind(product, other, low, high, steps))
            series = self.series_of(product)
            if series is None:
                plot.curve.setData(NO_CURVE, NO_CURVE)
            else:
                plot.draw_series(*self.points(series, low, high, steps))

    def points(
        self, series: Series, low: float, high: float, steps: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Seconds since the epoch and values, a sample beyond both ends."""
        rate = series.sample_rate_hz
        offset = series.start_gps - self.epoch + self.shift_s
        first, end = int((low - offset) * rate) - 1, int((high - offset) * rate) + 2
        sample, value = series.envelope.between(first, end, steps)
        return offset + sample / rate, -value if self.flip else value

    def value_at(self, product: str, x: float) -> float:
        """The drawn value of a series at a time since the epoch; NaN where there is none."""
        series = self.series_of(product)
        if series is None:
            return float("nan")
        rate = series.sample_rate_hz
        place = round((x - self.shift_s + self.epoch - series.start_gps) * rate)
        if not 0 <= place < series.values.size:
            return float("nan")
        value = float(series.values[place]) * (-1 if self.flip else 1)
        scaled = product in self.plots and self.plots[product].in_strain
        return value * STRAIN_SCALE if scaled else value

    def _behind(
        self, product: str, other: DetectorPanel | None, low: float, high: float, steps: int
    ) -> tuple[np.ndarray, np.ndarray]:
        if other is None or other is self or product not in {"whitened", "band"}:
            return NO_CURVE, NO_CURVE
        series = other.series_of(product)
        return (NO_CURVE, NO_CURVE) if series is None else other.points(series, low, high, steps)

    # Filling a plot -------------------------------------------------------------------------

    def _fill(self, plot: StrainPlot) -> None:
        plot.set_epoch(self.epoch)
        self._show_quality(plot)
        self._show_gaps(plot)
        self._show_merger(plot)
        self._show_fit(plot)
        if plot.product in SERIES and self.series_of(plot.product) is None:
            plot.curve.setData(NO_CURVE, NO_CURVE)
        if plot.product == "map":
            plot.show_map(self.map, self.epoch - self.shift_s)
        self._write(plot)

    def _show_quality(self, plot: StrainPlot) -> None:
        if self.strain is None:
            return
        offset = self.shift_s - self.epoch
        spans, words, bits_gps = self._quality
        plot.quality.set_spans([(a + offset, b + offset, kind) for a, b, kind in spans], words)
        if plot.product == "quality":
            bits = tuple(
                (name, tuple((a + offset, b + offset) for a, b in stretches))
                for name, stretches in bits_gps
            )
            whole = self.strain.gps_start + offset, self.strain.gps_end + offset
            plot.bars.set_bits(bits, whole)
            plot.setYRange(0, max(len(bits), 1), padding=0)

    def _show_gaps(self, plot: StrainPlot) -> None:
        made = self.products or self.look
        offset = self.shift_s - self.epoch
        gaps = made.gaps_gps if made is not None else ()
        plot.gaps.set_spans([(a + offset, b + offset) for a, b in gaps])

    def _show_merger(self, plot: StrainPlot) -> None:
        x = None if self.merger_gps is None else self.merger_gps - self.epoch + self.shift_s
        near = SAME_TIME_S if self.merger_gps is not None else -1.0
        merger = self.merger_gps or 0.0
        plot.set_merger(
            x,
            [
                gps - self.epoch + self.shift_s
                for gps in self.candidates
                if abs(gps - merger) > near
            ],
        )
        if plot.product == "map":
            time, frequency = self.track
            there = x is not None and bool(time.size)
            plot.track.setData(*((time + x, np.log10(frequency)) if there else (NO_CURVE,) * 2))

    def _show_fit(self, plot: StrainPlot) -> None:
        if plot.product != "whitened":
            return
        made = self.waveforms
        if made is None or self.strain is None:
            plot.show_fit(NO_CURVE, NO_CURVE, NO_CURVE, NO_CURVE)
            return
        rate = self._working_rate
        start = self.strain.gps_start - self.epoch + made.start_s + self.shift_s
        time = start + np.arange(made.median.size) / rate
        sign = -1 if self.flip else 1
        low, high = (made.high, made.low) if self.flip else (made.low, made.high)
        plot.show_fit(time, sign * made.median, sign * low, sign * high)

    @property
    def _working_rate(self) -> float:
        white = self.products.whitened if self.products is not None else None
        return white.sample_rate_hz if white is not None else 2048.0

    def _write(self, plot: StrainPlot) -> None:
        """What the plot shows, in its corner."""
        product = plot.product
        parts = [f"{self.name}  {self._what(product)}"]
        if self.shift_s or self.flip:
            turned = ", inverted" if self.flip else ""
            parts.append(f"shifted by {1e3 * self.shift_s:+.2f} ms{turned}".replace("-", "−"))
        if product == "whitened" and self.fit_words:
            parts.append(self.fit_words)
        unknown = self.strain is not None and self.strain.quality is None
        if unknown and product in {"whitened", "quality"}:
            parts.append("data quality unknown")
        colour = "warning" if product in self.failures else (self.detector or "text")
        words = "  ·  ".join(parts)
        if product == "quality" and not unknown:  # the names of the bits stand there
            words = ""
        plot.corner.set_words(words, colour)

    def _what(self, product: str) -> str:
        if product in self.failures:
            return self.failures[product]
        if product == "quality":
            return ""
        if product == "raw":
            return "raw strain" if self.look is not None else "preparing"
        if self.products is None:
            early = product == "strain" and self.look is not None
            return "raw strain, being filtered" if early else "preparing"
        if product != "strain" and self.products.whitened is None:
            return self.products.words
        if product == "band":
            return self.band_words if self.band is not None else "preparing"
        if product == "map":
            return self.map.words if self.map is not None else "preparing"
        return "strain above 13 Hz" if product == "strain" else "whitened"
