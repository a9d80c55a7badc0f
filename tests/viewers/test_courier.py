"""Results reach the window's thread, and nothing of Qt's is destroyed in another."""

from __future__ import annotations

import threading
import weakref
from concurrent.futures import Future

import shiboken6
from PySide6.QtCore import QCoreApplication, QObject, Qt
from turns import deliver_deletions

from astrogui.viewers.courier import courier


class Receiver(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.came = []

    def take(self, word: str, future: Future) -> None:
        self.came.append((word, future.result(), threading.current_thread()))


def done_in_a_thread(future: Future, value: int) -> None:
    thread = threading.Thread(target=future.set_result, args=(value,))
    thread.start()
    thread.join()


def test_what_a_thread_has_done_is_taken_in_the_windows_thread(qtbot):
    receiver, future = Receiver(), Future()
    courier().bring(future, receiver.take, "word")
    done_in_a_thread(future, 7)
    assert receiver.came == []
    qtbot.waitUntil(lambda: bool(receiver.came))
    assert receiver.came == [("word", 7, threading.main_thread())]


def test_nobody_is_called_once_the_receiver_is_gone(qtbot):
    kept, dropped, last = Receiver(), Receiver(), Receiver()
    gone = weakref.ref(dropped)
    futures = [Future(), Future(), Future()]
    for receiver, future in zip((kept, dropped, last), futures, strict=True):
        courier().bring(future, receiver.take, "")
    del receiver, dropped
    assert gone() is None  # work under way keeps nothing alive
    kept.deleteLater()
    deliver_deletions()
    assert not shiboken6.isValid(kept)
    for number, future in enumerate(futures):
        done_in_a_thread(future, number)
    qtbot.waitUntil(lambda: bool(last.came))
    assert kept.came == []


def test_the_courier_is_the_programs_and_no_thread_destroys_it(qtbot):
    assert courier() is courier()
    assert courier().parent() is QCoreApplication.instance()
    destroyed = []
    heard = courier().destroyed.connect(
        lambda: destroyed.append(threading.current_thread()), Qt.ConnectionType.DirectConnection
    )
    receiver, future = Receiver(), Future()
    courier().bring(future, receiver.take, "")
    del receiver
    done_in_a_thread(future, 1)
    qtbot.wait(0)
    assert destroyed == []
    assert shiboken6.isValid(courier())
    QObject.disconnect(heard)
