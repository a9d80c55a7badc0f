"""The layering test: rooms import only what the table in ``layers.toml`` allows."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "astrogui"
TABLE = tomllib.loads((ROOT / "tests" / "layers.toml").read_text("utf-8"))["rooms"]
# Libraries that the table restricts; what it does not name (the standard library) is free.
RESTRICTED = {
    library
    for room in TABLE.values()
    for library in [*room["libraries"], *(x for f in room.get("files", {}).values() for x in f)]
} | {"PySide6", "tf_keras", "torch"}


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """Every import, at any depth: line and full dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], base]).rstrip(".")
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            first = node.args[0] if node.args else None
            if name in {"import_module", "__import__"} and isinstance(first, ast.Constant):
                yield node.lineno, str(first.value)


def breaches(path: Path, source: str | None = None) -> list[str]:
    """What a file imports against the table, each as file:line: words."""
    room = room_of(path)
    rules = TABLE[room]
    inside = path.relative_to(PACKAGE / room).as_posix() if path.parent != PACKAGE else path.name
    allowed_rooms = {room, "errors", "__init__", *rules["imports"]}
    libraries = set(rules["libraries"]) | set(rules.get("files", {}).get(inside, []))
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    found = []
    for line, name in imports(ast.parse(source or path.read_text("utf-8")), package):
        parts = name.split(".")
        where = f"{path.relative_to(ROOT)}:{line}"
        if parts[0] == "astrogui":
            target = parts[1] if len(parts) > 1 else "__init__"
            if target in TABLE and target not in allowed_rooms:
                found.append(f"{where}: {room} may not import {target}")
            elif target not in TABLE and not target.startswith("__"):
                found.append(f"{where}: {target} is no room")
        elif parts[0] in RESTRICTED and parts[0] not in libraries:
            found.append(f"{where}: {room} may not use {parts[0]}")
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


def test_every_room_is_in_the_table_and_the_table_names_no_other():
    rooms = {room_of(path) for path in FILES}
    assert rooms <= set(TABLE), rooms - set(TABLE)
    assert set(TABLE) <= rooms, set(TABLE) - rooms


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_file_imports_only_what_its_room_may(path):
    assert breaches(path) == []


@pytest.mark.parametrize(
    ("file", "planted"),
    [
        ("records/image.py", "from astrogui.session import events"),
        ("science/stretch.py", "def f():\n    import sep"),
        ("session/events.py", "from PySide6 import QtCore"),
        ("viewers/__init__.py", "if False:\n    from ..session import events"),
        ("tasks/task.py", "import importlib\nimportlib.import_module('keras')"),
        ("window/__init__.py", "import sqlite3"),
    ],
)
def test_a_planted_breach_is_caught(file, planted):
    assert breaches(PACKAGE / file, planted)


def test_imports_never_go_up_a_level():
    for name, room in TABLE.items():
        for target in room["imports"]:
            assert TABLE[target]["level"] <= room["level"], f"{name} -> {target}"


@pytest.mark.parametrize("room", sorted(r for r in TABLE if (PACKAGE / r).is_dir()))
def test_modules_of_a_room_import_each_other_without_cycles(room):
    graph: dict[str, set[str]] = {}
    for path in (PACKAGE / room).rglob("*.py"):
        dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        names = {name for _, name in module_imports(path)}
        graph[dotted] = {n for n in names if n.startswith(f"astrogui.{room}") and n != dotted}
    modules = set(graph)
    edges = {m: {own(n, modules) for n in targets} - {m, ""} for m, targets in graph.items()}
    cycle = find_cycle(edges)
    assert not cycle, " -> ".join(cycle)


def module_imports(path: Path) -> Iterator[tuple[int, str]]:
    """Imports at the top of a module: those that run when it is imported."""
    tree = ast.parse(path.read_text("utf-8"))
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    top = ast.Module(
        body=[n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)], type_ignores=[]
    )
    return imports(top, package)


def own(name: str, modules: set[str]) -> str:
    """The module that an imported name lies in."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name


def find_cycle(edges: dict[str, set[str]]) -> list[str]:
    done: set[str] = set()

    def visit(node: str, trail: list[str]) -> list[str]:
        if node in trail:
            return [*trail[trail.index(node) :], node]
        if node in done:
            return []
        for target in edges.get(node, ()):
            if found := visit(target, [*trail, node]):
                return found
        done.add(node)
        return []

    for start in edges:
        if found := visit(start, []):
            return found
    return []


def run_fresh(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120
    )


BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names}:
            raise ImportError("blocked: " + name)
sys.meta_path.insert(0, Block())
"""


def test_everything_outside_the_window_imports_without_qt():
    modules = [
        ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for p in FILES
        if room_of(p) not in {"window", "viewers", "__main__", "networks", "training"}
    ]
    code = BLOCK.format(names={"PySide6", "pyqtgraph"}) + "import importlib\n"
    code += f"for name in {modules!r}: importlib.import_module(name)\n"
    done = run_fresh(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["cli", "session", "window"])
def test_the_front_imports_neither_tensorflow_nor_keras_nor_onnxruntime(module):
    blocked = {"tensorflow", "keras", "onnxruntime", "tf_keras", "jax"}
    done = run_fresh(BLOCK.format(names=blocked) + f"import astrogui.{module}\n")
    assert done.returncode == 0, done.stderr


def test_networks_and_training_import_without_the_libraries_that_training_lacks():
    lacking = {"tensorflow", "PySide6", "sep", "pyarrow", "onnxruntime", "pyqtgraph"}
    modules = [
        ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for p in FILES
        if room_of(p) in {"networks", "training", "tasks", "science"}
    ]
    code = "import os; os.environ['KERAS_BACKEND'] = 'jax'\n" + BLOCK.format(names=lacking)
    code += "import importlib, importlib.util\n"
    code += "import sys\nif importlib.util.find_spec('jax') is None: sys.exit(0)\n"
    code += f"for name in {modules!r}: importlib.import_module(name)\n"
    done = run_fresh(code)
    assert done.returncode == 0, done.stderr
