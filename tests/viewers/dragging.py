"""The mouse dragged over a plot, as a hand would: pressed, moved in steps, let go."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

LEFT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


def drag_over(
    port: QWidget,
    start: QPoint,
    end: QPoint,
    keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """Drag over the viewport of a graphics view, in pixels of it."""
    QTest.mouseMove(port, start)

    def send(kind: QEvent.Type, where: QPoint, button: Qt.MouseButton, held: Qt.MouseButton):
        place = QPointF(where)
        event = QMouseEvent(kind, place, port.mapToGlobal(place), button, held, keys)
        QCoreApplication.sendEvent(port, event)
        QTest.qWait(15)  # the scene takes a move every ten milliseconds

    send(QEvent.Type.MouseButtonPress, start, LEFT, LEFT)
    for step in range(1, 6):
        send(QEvent.Type.MouseMove, start + (end - start) * (step / 5), NO_BUTTON, LEFT)
    send(QEvent.Type.MouseButtonRelease, end, LEFT, NO_BUTTON)
