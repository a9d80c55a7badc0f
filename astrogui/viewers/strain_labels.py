"""The labels of the strain view: title, the reader's remarks, and the values at the cursor."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy

from astrogui.records.flags import Flag
from astrogui.records.strain import Network, StrainOutline
from astrogui.viewers.colours import Theme
from astrogui.viewers.strain_answer import MergerAnswer
from astrogui.viewers.strain_words import SEPARATOR, flag_words, notes_of, title_of
from astrogui.viewers.viewer import show_notes


class StrainLabels:
    """``title`` wraps; ``notes`` and ``readout`` have one line each, cut where there is no room."""

    def __init__(self) -> None:
        self.title, self.notes, self.readout = QLabel(), QLabel(), QLabel()
        self.title.setAccessibleName("Detectors, time and answer")
        self.title.setTextFormat(Qt.TextFormat.RichText)
        self.title.setWordWrap(True)
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.notes.setAccessibleName("Remarks of the reader")
        self.readout.setAccessibleName("Values at the cursor")
        for label in (self.notes, self.readout):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.readout.setFixedHeight(self.readout.fontMetrics().height() + 2)

    def write_notes(self, network: Network) -> None:
        show_notes(self.notes, notes_of(network))

    def write_title(
        self,
        network: Network,
        outline: StrainOutline | None,
        answer: MergerAnswer,
        theme: Theme,
        is_narrow: bool,
    ) -> None:
        """What is shown, and the answer; a narrow view has the answer's words in the tip.

        The sample rate is that of ``outline`` where this stands for the record.
        """
        rates = {strain.sample_rate_hz for strain in network.strains}
        if outline is not None:
            rates = {outline.sample_rate_hz}
        words = title_of(network, rates)
        self.title.setToolTip("\n".join(answer.words()) if is_narrow else "")
        if not is_narrow:
            words = SEPARATOR.join([words, *answer.words()])
        posterior = answer.posterior
        flags = posterior.flags if posterior is not None else Flag.NONE
        self.title.setText(words + flag_words(flags, theme))
