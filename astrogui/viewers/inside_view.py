"""What a network sees of the selected object, and of another one kept beside it."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QSplitter, QWidget

from astrogui.records.inside import Inside
from astrogui.viewers.colours import Theme
from astrogui.viewers.inside_page import InsidePage
from astrogui.viewers.viewer import Compute, Viewer

WAYS = (("gradients", "Integrated gradients"), ("occlusion", "Occlusion"))


class InsideView(Viewer):
    """Planes, maps and layers are chosen once for both objects."""

    save_wanted = Signal()

    empty_words = "Choose a source of an image that a network has answered."

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self.plane, self.way, self.layer = QComboBox(), QComboBox(), QComboBox()
        self.over = QCheckBox("over the picture")
        self.over.setChecked(True)
        self.over.setToolTip("Lay the colours over the picture in grey, or show them alone")
        self.pages = (InsidePage(), InsidePage())
        self._names = ["", ""]
        split = QSplitter(Qt.Orientation.Horizontal)
        for page in self.pages:
            split.addWidget(page)
        self.pages[1].hide()
        self._build_controls()
        self._body.addWidget(split, 1)
        self.notes = QLabel()
        self.notes.setWordWrap(True)
        self._body.addWidget(self.notes)
        self.add_tool(
            "keep_inside",
            "&Keep for comparison",
            self.keep,
            ("Ctrl+Alt+Shift+K",),
            "Keep this object beside the ones that are chosen next; once more: let it go",
        )
        self.add_tool("save_inside", "&Save maps …", self.save_wanted.emit, ("Ctrl+Alt+Shift+M",),
                      "Write the maps to FITS, or what is shown to a picture")  # fmt: skip
        self.set_theme(self.theme)

    def _build_controls(self) -> None:
        self.way.addItems([title for _, title in WAYS])
        row = QHBoxLayout()
        for words, box, name, tip in (
            ("Plane", self.plane, "Plane of the input", "What the network reads"),
            ("Map", self.way, "Which map", "How it is found what the answer rests on"),
            ("Layer", self.layer, "Layer of the network", "Whose channels are shown below"),
        ):
            box.setAccessibleName(name)
            box.setToolTip(tip)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(8)
            box.currentIndexChanged.connect(self._show)
            row.addWidget(QLabel(words))
            row.addWidget(box, 1)
        self.over.toggled.connect(self._show)
        row.addWidget(self.over)
        self._body.addLayout(row)

    @property
    def inside(self) -> Inside | None:
        """What is shown of the selected object."""
        return self.pages[0].inside if self.shows_content else None

    def show_inside(self, inside: Inside, name: str = "") -> None:
        """Show one object; ``name`` says which."""
        self.pages[0].inside, self._names[0] = inside, name
        kept = self.pages[1].inside
        if kept is not None and kept.task != inside.task:
            self._let_go()
        self._fill(self.plane, ["All planes" if not inside.is_colour else "Colour",
                                *inside.plane_names])  # fmt: skip
        self._fill(self.layer, [_layer_words(layer.layer, layer.shape) for layer in inside.layers])
        for box in (self.way, self.layer):
            box.setEnabled(inside.has_gradients)
        if not inside.has_gradients:
            self._fill(self.way, ["", WAYS[1][1]])
            self.way.setCurrentIndex(1)
        elif self.way.itemText(0) != WAYS[0][1]:
            self._fill(self.way, [title for _, title in WAYS])
        self.notes.setText(" ".join(_notes(inside)))
        self._show()
        self.show_content()

    def keep(self) -> None:
        """Hold what is shown beside what comes, or let go what is held."""
        if self.pages[1].inside is not None:
            self._let_go()
        elif self.inside is not None:
            self.pages[1].inside, self._names[1] = self.inside, self._names[0]
            self.pages[1].show()
        self._show()

    def clear(self) -> None:
        self.pages[0].inside = None
        super().clear()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        for page in self.pages:
            page.set_theme(theme)
        self._show()

    def _let_go(self) -> None:
        self.pages[1].inside = None
        self.pages[1].hide()

    def _show(self, _: object = None) -> None:
        way = WAYS[max(self.way.currentIndex(), 0)][0]
        plane, number = self.plane.currentIndex() - 1, self.layer.currentIndex()
        for page, name in zip(self.pages, self._names, strict=True):
            inside = page.inside
            if inside is None:
                continue
            words = words_for(inside, way, name)
            page.show_inside(inside, words, plane, way, self.over.isChecked(), self.theme)
            known = 0 <= number < len(inside.layers)
            page.show_layer(inside.layers[number] if known else None, self.theme)

    @staticmethod
    def _fill(box: QComboBox, names: list[str]) -> None:
        """Other names, the same choice where it is still there."""
        if [box.itemText(k) for k in range(box.count())] == names:
            return
        kept = max(box.currentIndex(), 0)
        box.blockSignals(True)
        box.clear()
        box.addItems(names)
        box.setCurrentIndex(min(kept, len(names) - 1))
        box.blockSignals(False)


def words_for(inside: Inside, way: str, name: str = "") -> str:
    """The answer, how sure it is, and what the numbers of the map mean."""
    chance = 1 / (1 + math.exp(-inside.value))
    told = f"{name}: " if name else ""
    told += (
        f"{inside.answer} {100 * chance:.1f} %, log odds {inside.value:+.2f} nat "
        f"({inside.baseline_value:+.2f} for {inside.baseline}). "
    )
    if way == "occlusion" or not inside.has_gradients:
        return told + (
            f"Occlusion: what these log odds lose, in nat, when a square of {inside.patch} x "
            f"{inside.patch} pixels around a pixel is made empty sky."
        )
    return told + (
        "Integrated gradients: what a pixel brings from empty sky to this picture, in nat a "
        f"pixel; all together {float(inside.gradients.sum()):+.2f} nat "
        f"({abs(inside.unexplained):.2f} lost to the integral). "
        f"Red for {inside.answer}, blue against."
    )


def _layer_words(name: str, shape: tuple[int, ...]) -> str:
    ny, nx, channels = shape
    return f"{name}: {channels} of {ny} x {nx}"


def _notes(inside: Inside) -> list[str]:
    found = [
        f"{inside.model}. Channels: the strongest of the layer first, each with its number and the "
        "range from dark to bright.",
        *inside.notes,
    ]
    if not inside.has_gradients:
        found.append(
            "This installation has no library that knows the network's layers: there are no "
            "gradients and no feature maps."
        )
    return found
