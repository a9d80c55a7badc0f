"""Save a figure: what, how large, how fine, light or dark, with a preview of just that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from astrogui.viewers.figure import Figure, FigureSpec
    from astrogui.window.workbench import Workbench

FILTERS = "PNG picture (*.png);;SVG drawing (*.svg);;PDF (*.pdf)"
CUSTOM = "Own size"
# Widths in millimetres that the journals' instructions to authors name for figures.
WIDTHS: tuple[tuple[str, float], ...] = (
    ("A&A, one column: 88 mm", 88.0),
    ("A&A, two columns: 180 mm", 180.0),
    ("ApJ, AJ, one column: 89 mm", 88.9),
    ("ApJ, AJ, two columns: 180 mm", 180.3),
    ("MNRAS, one column: 84 mm", 84.0),
    ("MNRAS, two columns: 177 mm", 177.0),
    ("Phys. Rev., one column: 86 mm", 86.0),
    ("Phys. Rev., two columns: 178 mm", 178.0),
    ("Nature, one column: 89 mm", 89.0),
    ("Nature, two columns: 183 mm", 183.0),
    ("Slide: 254 mm", 254.0),
)
ONE_COLUMN, TWO_COLUMNS = 1, 2  # of the list, after the own size
WIDEST_IN_ONE_COLUMN_MM = 150.0  # on screen
PREVIEW = QSize(460, 380)
PREVIEW_MS = 60


class Feature(QObject):
    """Opens the dialog on what is on screen: the view's plots and the answer's."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.dialog: FigureDialog | None = None

    def open(self, wanted: str = "") -> None:
        """Show the dialog; ``wanted`` names the figure to begin with."""
        figures = self.figures()
        if not figures:
            words = "There is no figure to save: choose a file first."
            self._bench.window.notice.show_notice(words)
            return
        self.dialog = FigureDialog(figures, self._bench.window)
        self.dialog.choose(wanted)
        self.dialog.said.connect(self._bench.window.notice.show_notice)
        self.dialog.open()

    def figures(self) -> list[Figure]:
        """Everything on screen that can be a figure."""
        view = self._bench.area.current
        found = view.figures() if view is not None else []
        return [*found, *self._bench.results.view.figures()]

    def copy(self, wanted: str) -> bool:
        """Put a figure on the clipboard as a picture at 300 dots an inch; whether there is one."""
        from dataclasses import replace

        figure = next((f for f in self.figures() if f.title == wanted), None)
        if figure is None:
            return False
        spec = replace(figure.as_on_screen(), dpi=300)
        QGuiApplication.clipboard().setImage(figure.image(spec))
        return True


class FigureDialog(QDialog):
    """Size, letters, fineness and colours of a figure, shown as it will be."""

    said = Signal(str)

    def __init__(self, figures: list[Figure], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Save figure")
        self._figures = figures
        self._figure = figures[0]
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PREVIEW_MS)
        self._timer.timeout.connect(self._draw_preview)
        self._build()
        self._on_what(0)

    @property
    def spec(self) -> FigureSpec:
        """What the controls say."""
        from astrogui.viewers.figure import FigureSpec, themes

        return FigureSpec(
            width_mm=self.width_mm.value(),
            height_mm=self.height_mm.value(),
            font_pt=self.letters.value(),
            dpi=self.dpi.value(),
            theme=themes()[self.colours.currentData()],
        )

    def choose(self, title: str) -> None:
        """Begin with the figure of this title, where there is one."""
        at = self.what.findText(title)
        if at >= 0:
            self.what.setCurrentIndex(at)

    def save(self, path: str) -> None:
        """Write the figure as the controls say."""
        try:
            self._figure.save(path, self.spec)
        except (OSError, ValueError) as error:
            self.words.setText(str(error))
            return
        self.said.emit(f"The figure is in {path}.")
        self.accept()

    def copy(self) -> None:
        """The figure as a picture on the clipboard."""
        QGuiApplication.clipboard().setImage(self._figure.image(self.spec))
        self.words.setText("The figure is on the clipboard.")

    # -- building ----------------------------------------------------------------------------

    def _build(self) -> None:
        self.what = _combo("What to save", [(f.title, i) for i, f in enumerate(self._figures)])
        self.preset = _combo("Width for a journal", [(CUSTOM, 0.0), *WIDTHS])
        self.preset.setCurrentIndex(1)
        self.width_mm = _number("Width", 20.0, 1000.0, 88.0, " mm")
        self.height_mm = _number("Height", 20.0, 1000.0, 66.0, " mm")
        self.keep_shape = QCheckBox("&Keep the shape on screen")
        self.keep_shape.setChecked(True)
        self.letters = _number("Size of the letters", 4.0, 24.0, 8.0, " pt")
        self.dpi = QSpinBox()
        self.dpi.setRange(72, 1200)
        self.dpi.setSingleStep(50)
        self.dpi.setValue(300)
        self.dpi.setSuffix(" dots an inch")
        self.dpi.setAccessibleName("Fineness of PNG")
        self.colours = _combo("Colours", [("light", "light"), ("dark", "dark")])
        form = QFormLayout()
        for words, control in (
            ("&What", self.what), ("&Journal", self.preset), ("Wi&dth", self.width_mm),
            ("&Height", self.height_mm), ("", self.keep_shape), ("&Letters", self.letters),
            ("&PNG at", self.dpi), ("&Colours", self.colours),
        ):  # fmt: skip
            form.addRow(words, control)
        self.preview = QLabel()
        self.preview.setMinimumSize(PREVIEW)
        self.preview.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setAccessibleName("Preview of the figure")
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setAccessibleName("About the figure")
        left = QVBoxLayout()
        left.addLayout(form)
        left.addWidget(self.words)
        left.addStretch(1)
        across = QHBoxLayout()
        across.addLayout(left)
        across.addWidget(self.preview, 1)
        buttons = QDialogButtonBox()
        save = QPushButton("&Save as…")
        copy = QPushButton("Cop&y picture")
        buttons.addButton(save, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        column = QVBoxLayout(self)
        column.addLayout(across, 1)
        column.addWidget(buttons)
        save.setDefault(True)
        save.clicked.connect(self._on_save)
        copy.clicked.connect(self.copy)
        buttons.rejected.connect(self.reject)
        self.what.currentIndexChanged.connect(self._on_what)
        self.preset.currentIndexChanged.connect(self._on_preset)
        self.width_mm.valueChanged.connect(self._on_width)
        self.height_mm.valueChanged.connect(self._on_height)
        self.keep_shape.toggled.connect(self._fit_height)
        for changed in (
            self.letters.valueChanged, self.dpi.valueChanged, self.colours.currentIndexChanged
        ):  # fmt: skip
            changed.connect(self._later)
        self._timer.start()

    # -- what the controls do ----------------------------------------------------------------

    def _on_save(self) -> None:
        dialog = QFileDialog(self, "Save the figure")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setNameFilters(FILTERS.split(";;"))
        dialog.setDefaultSuffix("png")
        dialog.filterSelected.connect(
            lambda chosen: dialog.setDefaultSuffix(chosen.rpartition("*.")[2].rstrip(")"))
        )
        dialog.fileSelected.connect(self.save)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_what(self, index: int) -> None:
        """Wide figures begin two columns wide: in one their letters would overlap."""
        self._figure = self._figures[index]
        is_wide = self._figure.as_on_screen().width_mm > WIDEST_IN_ONE_COLUMN_MM
        if self.preset.currentIndex() in (ONE_COLUMN, TWO_COLUMNS):
            self.preset.setCurrentIndex(TWO_COLUMNS if is_wide else ONE_COLUMN)
        self._fit_height()

    def _on_preset(self, _: int) -> None:
        width = self.preset.currentData()
        if width:
            self.width_mm.setValue(width)

    def _on_width(self, width: float) -> None:
        if self.preset.currentData() not in (0.0, round(width, 1)):
            self.preset.setCurrentIndex(0)
        self._fit_height()

    def _on_height(self, height: float) -> None:
        if abs(height - self._own_height()) > 0.1 and self.keep_shape.isChecked():
            self.keep_shape.setChecked(False)
        self._later()

    def _own_height(self) -> float:
        return round(self.width_mm.value() * self._figure.shape, 1)

    def _fit_height(self, *_: Any) -> None:
        if self.keep_shape.isChecked():
            self.height_mm.setValue(self._own_height())
        self._later()

    def _later(self, *_: Any) -> None:
        self._timer.start()

    def _draw_preview(self) -> None:
        spec = self.spec
        area = self.preview.size()
        ratio = self.devicePixelRatioF()
        fit = min(area.width() / spec.width_mm, area.height() / spec.height_mm) * ratio
        picture = self._figure.image(_with_dpi(spec, fit * 25.4))
        shown = QPixmap.fromImage(picture)
        shown.setDevicePixelRatio(ratio)
        self.preview.setPixmap(shown)
        size = spec.image_size
        self.words.setText(
            f"{spec.width_mm:.1f} × {spec.height_mm:.1f} mm; "
            f"a PNG of {size.width()} × {size.height()} pixels. SVG and PDF are drawings: "
            "as fine as the paper, their letters can be edited."
        )


def _with_dpi(spec: FigureSpec, dpi: float) -> FigureSpec:
    from dataclasses import replace

    return replace(spec, dpi=min(max(round(dpi), 30), 1200))


def _combo(name: str, entries: list[tuple[str, Any]]) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    for words, value in entries:
        combo.addItem(words, value)
    return combo


def _number(name: str, low: float, high: float, value: float, unit: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(low, high)
    box.setDecimals(1)
    box.setValue(value)
    box.setSuffix(unit)
    box.setAccessibleName(name)
    return box
