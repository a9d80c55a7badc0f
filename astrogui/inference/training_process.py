"""Training from the window: a second child of this program, which reports as it goes.

It shares nothing with the worker: answers go on while it learns, and it can be stopped at any time.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from astrogui.inference.process import kill_group, own_command

log = logging.getLogger(__name__)
PATIENCE_S = 5.0


class TrainingProcess:
    """One training under way. ``told`` hears each report, in a thread of its own.

    Reports are dictionaries with a ``kind``: ``words``, ``point`` (of the learning curve), and at
    the end ``done`` with the model's folder, ``failed`` with words, or ``cancelled``.
    """

    def __init__(
        self,
        job: str,
        told: Callable[[dict[str, Any]], None],
        command: Sequence[str] | None = None,
        errors: str | None = None,
    ) -> None:
        self._told = told
        self._cancelled = False
        root = str(Path(__file__).resolve().parents[2])
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
            "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
        }
        group: dict[str, Any] = (
            {"process_group": 0}
            if os.name == "posix"
            else {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        )
        words = open(errors, "ab") if errors else None  # noqa: SIM115 - closed below
        try:
            self._process = subprocess.Popen(
                [*own_command("worker"), "train"] if command is None else command,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=words if words is not None else subprocess.DEVNULL,
                env=environment, encoding="utf-8", **group,
            )  # fmt: skip
        finally:
            if words is not None:
                words.close()
        self._listener = threading.Thread(target=self._listen, args=(job,), name="training")
        self._listener.daemon = True
        self._listener.start()

    @property
    def is_alive(self) -> bool:
        return self._listener.is_alive()

    def cancel(self) -> None:
        """Stop it; ``told`` hears ``cancelled``."""
        self._cancelled = True
        kill_group(self._process)

    def close(self) -> None:
        """Stop it and wait until it is gone."""
        self.cancel()
        self._listener.join(PATIENCE_S)

    def _listen(self, job: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        last: dict[str, Any] | None = None
        try:
            self._process.stdin.write(job + "\n")
            self._process.stdin.flush()
        except OSError:  # it ended at once: its exit code is told below
            pass
        with self._process.stdout as lines:
            for line in lines:
                try:
                    last = json.loads(line)
                except ValueError:
                    log.warning("training said: %s", line.strip())
                    continue
                if last is not None and last.get("kind") in {"words", "point"}:
                    self._told(last)
        code = self._process.wait()
        with contextlib.suppress(OSError):  # what was never read
            self._process.stdin.close()
        if self._cancelled:
            self._told({"kind": "cancelled"})
        elif last is not None and last.get("kind") in {"done", "failed"}:
            self._told(last)
        else:
            words = f"The training ended with exit code {code}; the log says why."
            self._told({"kind": "failed", "words": words})
