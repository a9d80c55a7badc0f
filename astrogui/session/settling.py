"""Running a command for a future, as every thread of the session does with what is posted to it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def settle(future: Future[T], command: Callable[[], T]) -> None:
    """Give ``future`` the result or the error of ``command``; a cancelled one is left alone."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = command()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
