"""A small session for each test of the room."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny
from small_session import make


@pytest.fixture
def models(tmp_path) -> Path:
    folder = tmp_path / "models"
    tiny.write_model(folder)
    return folder


@pytest.fixture
def session(tmp_path, models):
    made = make(tmp_path, models)
    yield made
    made.close()
