"""The worker process: answers jobs one batch at a time, and is expendable."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from astrogui.inference import child, precedence

if TYPE_CHECKING:
    from astrogui.tasks.task import Task

ORPHAN_GRACE_S = 30.0  # the supervisor ends a hanging worker long before


def serve(
    task_named: Callable[[str], Task] | None = None, read: Callable[[Any], Any] | None = None
) -> NoReturn:
    """Answer jobs until the parent closes the connection, which ends the process.

    Tasks and readers are the application's unless a test gives its own.
    """
    connection, said = child.begin()
    precedence.step_back(said, "worker")
    from astrogui import readers, tasks
    from astrogui.inference import backends
    from astrogui.inference.analysis import Analyst
    from astrogui.inference.inbox import Inbox
    from astrogui.inference.jobs import Report, RunnerReady

    inbox = Inbox(connection, lambda: child.leave(said))
    watchdog = child.Watchdog(float(said["timeout_s"]) + ORPHAN_GRACE_S)

    def report(what: Report) -> None:
        watchdog.arm()
        inbox.report(what)

    report(RunnerReady(*backends.expected()))
    backends.warm_up()
    analyst = Analyst(
        report,
        inbox.is_stopped,
        task_named=task_named or tasks.task_by_name,
        read=read or readers.read,
    )
    while True:
        watchdog.rest()
        analyst.run(inbox.batch(analyst.together))
