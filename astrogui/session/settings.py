"""Analysis settings: TOML in the analyst's configuration folder, and where things lie."""

from __future__ import annotations

import getpass
import os
import tomllib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import astrogui

NAME = "astrogui"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the analyst has set; every field has a default that works."""

    author: str = ""
    theme: str = "system"  # system, light, dark
    text_points: int = 0  # beside the system's text size
    models: str = ""  # further folders of models, joined by the system's path separator
    job_timeout_s: float = 300.0
    samp_web: bool = False  # fetch what other programs offer from other computers

    @property
    def signed(self) -> str:
        """The name that judgements are signed with."""
        return self.author or _login_name()


def load_settings(path: Path | None = None) -> Settings:
    """The stored settings; unknown or broken entries fall back to their defaults."""
    path = path or settings_path()
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return Settings()
    default = asdict(Settings())
    known = {f.name for f in fields(Settings)}
    kept = {
        key: type(default[key])(value)
        for key, value in raw.items()
        if key in known and isinstance(value, (type(default[key]), int))
    }
    return replace(Settings(), **kept)


def save_settings(settings: Settings, path: Path | None = None) -> None:
    """Write the settings, all of them, in place of the old file."""
    path = path or settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{key} = {_toml(value)}" for key, value in asdict(settings).items()]
    temporary = path.with_suffix(".new")
    temporary.write_text("\n".join(lines) + "\n", "utf-8")
    os.replace(temporary, path)


def settings_path() -> Path:
    from platformdirs import user_config_path

    return user_config_path(NAME, appauthor=False) / "settings.toml"


def data_folder() -> Path:
    """The analyst's own folder: unnamed projects and models."""
    from platformdirs import user_data_path

    return user_data_path(NAME, appauthor=False)


def log_path() -> Path:
    from platformdirs import user_log_path

    return user_log_path(NAME, appauthor=False) / "astrogui.log"


def shipped(folder: str) -> Path:
    """``models`` or ``resources``: beside the package in a checkout, inside it when installed."""
    package = Path(astrogui.__file__).parent
    beside = package.parent / folder
    if (package.parent / "pyproject.toml").exists() and beside.is_dir():
        return beside
    return package / f"_{folder}"


def model_search_path(extra: str = "") -> str:
    """Folders of models, the analyst's before the shipped ones, joined for a job."""
    own = data_folder() / "models"  # it may come into being while the program runs
    parts = [*extra.split(os.pathsep), str(own), str(shipped("models"))]
    return os.pathsep.join(part for part in parts if part)


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in this container
        return "analyst"


def _toml(value: Any) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value).lower() if isinstance(value, bool) else repr(value)
