"""Build the application as one folder that needs no Python, and try it.

    python -m pip install -c packaging/constraints.txt -e '.[build]'
    python packaging/build.py [--out DIR] [--no-check]

The folder is ``DIR/astrogui`` (``dist/astrogui``); the program in it is ``astrogui``. Unless told
otherwise the build is then started without a screen and driven from the samples to an export.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ICON_SIZES = (16, 32, 48, 64, 128, 256)


def main() -> int:
    """Build, say how large it is, and check it; the exit code of the first step that fails."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="DIR")
    parser.add_argument("--no-check", action="store_true", help="do not start what was built")
    options = parser.parse_args()
    out: Path = options.out.resolve()
    work = out / ".work"
    if sys.platform in {"win32", "darwin"}:
        make_icon(HERE / ("icon.ico" if sys.platform == "win32" else "icon.icns"))
    built = subprocess.run(
        [
            sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN",
            "--distpath", str(out), "--workpath", str(work), str(HERE / "astrogui.spec"),
        ],
        cwd=ROOT,
    ).returncode  # fmt: skip
    if built:
        return built
    shutil.rmtree(work, ignore_errors=True)
    folder = out / "astrogui"
    if sys.platform.startswith("linux"):
        for name in ("astrogui.desktop", "icon.svg"):
            shutil.copy(HERE / name, folder / name)
    print(f"{folder}: {size_mb(folder):.0f} MB")
    for name, size in largest(folder):
        print(f"  {size:6.0f} MB  {name}")
    return 0 if options.no_check else check(folder)


def check(folder: Path) -> int:
    """Start what was built and drive it to an export; pytest's exit code."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/test_built.py"],
        cwd=ROOT,
        env={**os.environ, "ASTROGUI_BUILT": str(folder)},
    ).returncode


def size_mb(folder: Path) -> float:
    """Megabytes (10^6 bytes) of all files below a folder, links not followed."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files) / 1e6


def largest(folder: Path, count: int = 8) -> list[tuple[str, float]]:
    """The parts that take the most room."""
    inside = folder / "_internal"
    sizes = [(path.name, size_mb(path)) for path in inside.iterdir() if path.is_dir()]
    return sorted(sizes, key=lambda part: -part[1])[:count]


def make_icon(path: Path) -> None:
    """The icon in the form that the system wants, drawn from the SVG."""
    from PIL import Image
    from PySide6.QtGui import QGuiApplication, QIcon

    _application = QGuiApplication.instance() or QGuiApplication(["icon", "-platform", "offscreen"])
    png = path.with_suffix(".png")
    QIcon(str(HERE / "icon.svg")).pixmap(1024, 1024).save(str(png))
    with Image.open(png) as picture:
        picture.save(path, sizes=[(size, size) for size in ICON_SIZES])
    png.unlink()


if __name__ == "__main__":
    raise SystemExit(main())
