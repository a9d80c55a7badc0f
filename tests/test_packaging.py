"""What is installed is the same program: the wheel carries models and resources."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("astrogui", "models", "resources", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The wheel's content, unpacked where an installation would put it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for part in PARTS:
        here = ROOT / part
        if here.is_dir():
            shutil.copytree(here, source / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(here, source / part)
    command = ["-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-q"]
    done = subprocess.run(
        [sys.executable, *command, "-w", str(folder), str(source)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def run_installed(site: Path, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(site)!r})\n{code}"],
        capture_output=True, text=True, cwd=site.parent, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_installed_wheel_finds_its_models_and_resources(installed):
    out = run_installed(
        installed,
        "import astrogui\n"
        "from astrogui.session.settings import shipped\n"
        "print(astrogui.__file__)\n"
        "print(sorted(p.name for p in shipped('models').iterdir() if (p / 'card.json').exists()))\n"
        "print(len(list((shipped('resources') / 'samples').iterdir())))\n",
    )
    where, models, samples = out.splitlines()
    assert where.startswith(str(installed))
    shipped_here = sorted(p.parent.name for p in (ROOT / "models").glob("*/card.json"))
    assert models == str(shipped_here)
    assert int(samples) >= 3


def test_every_package_of_the_checkout_is_in_the_wheel(installed):
    packages = {p.parent.relative_to(ROOT) for p in (ROOT / "astrogui").rglob("*.py")}
    missing = {str(p) for p in packages if not (installed / p).is_dir()}
    assert not missing


def test_what_is_no_code_in_the_packages_is_in_the_wheel(installed):
    tracked = subprocess.run(
        ["git", "ls-files", "astrogui"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    data = [name for name in tracked if not name.endswith(".py")]
    assert "astrogui/training/redshift_start.npz" in data or not tracked
    assert not [name for name in data if not (installed / name).is_file()]


def test_the_installed_command_and_main_py_are_the_same_program():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert scripts == {"astrogui": "astrogui.__main__:main"}
    assert "from astrogui.__main__ import main" in (ROOT / "main.py").read_text("utf-8")


def test_the_constraints_keep_the_pyside_that_counts_references():
    lines = (ROOT / "packaging" / "constraints.txt").read_text("utf-8").splitlines()
    (pyside,) = [line for line in lines if line.lower().startswith("pyside6")]
    assert pyside.partition("==")[2].split(".")[:2] == ["6", "11"]


def test_the_top_level_holds_what_it_should_and_nothing_else():
    tracked = subprocess.run(
        ["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, timeout=30
    )
    if tracked.returncode:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in tracked.stdout.splitlines()}
    expected = {
        "main.py",
        "astrogui",
        "resources",
        "models",
        "tests",
        "pyproject.toml",
        "packaging",
    }
    documents = {"README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"}
    assert {name for name in top if not name.startswith(".")} == expected | documents
