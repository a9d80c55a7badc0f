"""Fixtures that several rooms' tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = Path(__file__).resolve().parent.parent


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Files that were named run in this process; folders are shared among a few processors."""
    named = (Path(argument.split("::")[0]) for argument in config.args)
    return 0 if all(path.is_file() for path in named) else min(os.cpu_count() or 1, 4)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files with independent truth; the test is skipped without it."""
    folder = Path(os.environ.get("ASTROGUI_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no folder of real data (set ASTROGUI_DATA)")
    return folder
