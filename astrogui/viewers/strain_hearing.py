"""What is on the screen of the strain view as sound: saved as WAV, or given to a player."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, QTemporaryDir
from PySide6.QtWidgets import QFileDialog

from astrogui.viewers.envelope import Envelope
from astrogui.viewers.strain_products import Series, band_series
from astrogui.viewers.strain_sound import open_in_player, write_sound

if TYPE_CHECKING:
    from astrogui.viewers.strain_view import StrainView

RAISED_HZ = 400.0


class StrainHearing(QObject):
    """Asks for sounds in the view's pool and says where they went."""

    def __init__(self, view: StrainView) -> None:
        super().__init__(view)
        self._folder: QTemporaryDir | None = None  # of sounds that are only played
        self.shift_hz = 0.0

    @property
    def _view(self) -> StrainView:
        """The view, which is not held: it could not be freed."""
        return cast("StrainView", self.parent())

    def raise_pitch(self, wanted: bool) -> None:
        """Raise every frequency by 400 Hz, or leave them."""
        self.shift_hz = RAISED_HZ if wanted else 0.0

    def save(self) -> None:
        """Ask for a file and write the sound there."""
        path, _ = QFileDialog.getSaveFileName(
            self._view, "Save the strain on the screen as sound", "strain.wav", "Sound (*.wav)"
        )
        if path:
            self.write(path if path.lower().endswith(".wav") else f"{path}.wav")

    def play(self) -> None:
        """Write the sound to a folder of our own and open it in the system's player."""
        if self._folder is None:
            self._folder = QTemporaryDir()
        self._write(self._folder.filePath("strain.wav"), "sound:play")

    def write(self, path: str) -> None:
        """Write the sound to a file."""
        self._write(path, "sound:save")

    def done(self, path: str, then_play: bool) -> None:
        """The file is there: say so, or open it."""
        if not then_play:
            self._view.message.emit(f"The sound is in {path}.")
        elif not open_in_player(path):
            self._view.message.emit(
                f"No program of this system plays sounds. The sound is in {path}: open it "
                "elsewhere, or save it as WAV."
            )

    def _write(self, path: str, key: str) -> None:
        series = [panel.series_of("whitened") for panel in self._view.panels]
        known = tuple(one for one in series if one is not None)
        if not known:
            self._view.message.emit("There is no whitened strain to hear yet.")
            return
        low, high = self._view.span_gps
        then = self._view.on_played if key == "sound:play" else self._view.on_saved
        band = self._view.band_row.band_hz
        self._view.ask(key, then, _write, path, known, low, high, self.shift_hz, band)


def _write(
    path: str,
    series: tuple[Series, ...],
    low_gps: float,
    high_gps: float,
    shift_hz: float,
    band_hz: tuple[float, float],
) -> str:
    """Only the band is heard: below and above it there is noise."""
    heard = tuple(band_series(_about(one, low_gps, high_gps), *band_hz) for one in series[:2])
    return write_sound(path, heard, low_gps, high_gps, shift_hz)


def _about(series: Series, low_gps: float, high_gps: float) -> Series:
    values, start = series.between(low_gps - 2, high_gps + 2)
    return Series(start, series.sample_rate_hz, Envelope(values))
