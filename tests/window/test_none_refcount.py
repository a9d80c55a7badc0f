"""Qt calls that return nothing must not lose references to None (PySide6 6.12.0 below 3.12)."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import QObject

CALLS = 20_000


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal")
@pytest.mark.parametrize("method", ["setObjectName", "setParent", "blockSignals"])
def test_twenty_thousand_void_calls_leave_the_count_of_none_alone(qapp, method):
    thing = QObject()
    argument = {"setObjectName": "x", "setParent": None, "blockSignals": False}[method]
    call = getattr(thing, method)
    call(argument)
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        call(argument)
    # One lost reference a call would show as 20,000; other threads may move it by a few.
    assert abs(sys.getrefcount(None) - before) < CALLS / 100
