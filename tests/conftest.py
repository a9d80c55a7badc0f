"""Fixtures that several rooms' tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = Path(__file__).resolve().parent.parent


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Files that were named run in this process; folders are shared among a few processors."""
    named = (Path(argument.split("::")[0]) for argument in config.args)
    return 0 if all(path.is_file() for path in named) else min(os.cpu_count() or 1, 4)


def pytest_configure(config: pytest.Config) -> None:
    """Where processors share the suite there is a thread for each.

    Said here, before they are started: there a plugin imports NumPy before this file is read, and
    its threads are counted then.
    """
    if getattr(config.option, "numprocesses", None):
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(name, "1")
    # The first text of a fresh clone waits a second for a table of all characters: how long it
    # takes to draw an example is no fault of a test.
    settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("suite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where processors share the suite, each takes file after file, in the order of `_turn`."""
    if hasattr(config, "workerinput"):
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: _turn(item, slow))


def _turn(item: pytest.Item, slow: set[Path]) -> tuple[bool, int]:
    """Long files begin early, so that none is left for the end: first those with a slow test."""
    room = item.path.relative_to(ROOT / "tests").parts[0]
    order = ("training", "inference", "window", "viewers")
    return item.path not in slow, order.index(room) if room in order else len(order)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files with independent truth; the test is skipped without it."""
    folder = Path(os.environ.get("ASTROGUI_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no folder of real data (set ASTROGUI_DATA)")
    return folder
