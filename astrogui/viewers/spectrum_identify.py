"""Two features to a redshift: which lines they are, proposed and chosen by the analyst."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from astrogui.science.line_identity import Identity, joint_redshift, proposals
from astrogui.science.lines import Line
from astrogui.viewers.unit_text import number_text

OPEN = "which line?"
MOST = 40


class IdentifyBar(QFrame):
    """Keeps the features that were clicked and turns identities into a redshift at once."""

    redshift_found = Signal(float, tuple)  # redshift, names of the lines
    finished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.features: list[tuple[float, float]] = []  # place and error, ångström
        self.proposals: list[Identity] = []
        self._lines: tuple[Line, ...] = ()
        self.words = QLabel()
        self.words.setAccessibleName("What to do next")
        self.choices = QComboBox()
        self.choices.setAccessibleName("Proposed pairs of lines")
        self.choices.setToolTip("Pairs of lines whose distance fits, the likeliest first")
        self.choices.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.choices.setMinimumContentsLength(26)
        self.choices.activated.connect(self._on_proposal)
        self.identities = (QComboBox(), QComboBox())
        for combo, which in zip(self.identities, ("first", "second"), strict=True):
            combo.setAccessibleName(f"Line of the {which} feature")
            combo.setToolTip(f"Say which line the {which} feature is; one is enough")
            combo.activated.connect(self._on_identity)
        self._close = QPushButton("Done")
        self._close.setToolTip("Keep the redshift and stop (Esc)")
        self._close.clicked.connect(lambda _=False: self.finish())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.addWidget(self.words)
        layout.addWidget(self.choices, 2)
        for combo in self.identities:
            layout.addWidget(combo, 1)
        layout.addWidget(self._close)
        self.setVisible(False)

    def begin(self, lines: Sequence[Line]) -> None:
        """Ask for the first feature."""
        self.features, self.proposals, self._lines = [], [], tuple(lines)
        for combo in self.identities:
            combo.clear()
            combo.addItem(OPEN)
            combo.addItems([f"{line.name}  {line.wavelength_angstrom:.1f}" for line in lines])
        self.choices.clear()
        self._arrange()
        self.setVisible(True)

    def finish(self) -> None:
        self.features = []
        self.setVisible(False)
        self.finished.emit()

    def add_feature(self, place: float, error: float) -> None:
        """A feature was clicked; a third one begins anew."""
        if len(self.features) == 2:
            self.begin(self._lines)
        self.features.append((place, error))
        if len(self.features) == 2:
            (first, first_error), (second, second_error) = self.features
            found = proposals((first, second), (first_error, second_error), self._lines)
            self.proposals = found[:MOST]
            self.choices.clear()
            self.choices.addItems([_proposal_text(one) for one in self.proposals])
        self._arrange()
        if self.proposals:
            self._on_proposal(0)
        else:
            self._on_identity()

    def _arrange(self) -> None:
        said = " and ".join(number_text(place, error) for place, error in self.features)
        count = len(self.features)
        if count == 0:
            text = "Click the first feature, a peak or a dip."
        elif count == 1:
            text = f"{said} Å. Say which line it is, or click a second feature."
        elif self.proposals:
            text = f"{said} Å:"
        else:
            text = f"{said} Å: no two lines fit. Say which they are."
        self.words.setText(text)
        self.choices.setVisible(bool(self.proposals))
        for number, combo in enumerate(self.identities):
            combo.setVisible(number < count)

    def _on_proposal(self, index: int) -> None:
        if not 0 <= index < len(self.proposals):
            return
        chosen = self.proposals[index]
        for box, line in zip(self.identities, chosen.lines, strict=True):
            box.setCurrentIndex(1 + self._lines.index(line))
        self._tell(chosen.misfit_km_s)
        self.redshift_found.emit(chosen.redshift, tuple(line.name for line in chosen.lines))

    def _on_identity(self, _: int = 0) -> None:
        """The identities chosen by hand; one alone is enough for a redshift."""
        known = [
            (feature, self._lines[combo.currentIndex() - 1])
            for feature, combo in zip(self.features, self.identities, strict=False)
            if combo.currentIndex() > 0
        ]
        if not known:
            return
        places = [feature[0] for feature, _ in known]
        errors = [feature[1] for feature, _ in known]
        rest = [line.wavelength_angstrom for _, line in known]
        z, _error, misfit = joint_redshift(places, errors, rest)
        if len(known) == 2:
            self._tell(misfit)
        self.redshift_found.emit(z, tuple(line.name for _, line in known))

    def _tell(self, misfit_km_s: float) -> None:
        self.words.setToolTip(f"The redshifts of the two lines differ by {misfit_km_s:.0f} km/s.")


def _proposal_text(one: Identity) -> str:
    names = " + ".join(line.name for line in one.lines)
    return f"{names}: z = {one.redshift:.5f}, misfit {one.misfit_km_s:.0f} km/s"
