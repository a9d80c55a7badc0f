"""Commands about networks: train, evaluate, and the training that a window asks for."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from astrogui.cli.exit_codes import OK, SOME_FAILED
from astrogui.errors import UsageProblem


def run_train(options: argparse.Namespace) -> int:
    """Train by the task's recipe; the same call goes on where the last one was stopped."""
    import importlib.util
    import shutil

    if "KERAS_BACKEND" not in os.environ:
        jax = importlib.util.find_spec("jax") is not None
        os.environ["KERAS_BACKEND"] = "jax" if jax else "tensorflow"
    if options.labels:
        return _train_on_labels(options)
    recipe = _recipe(options.task)
    workdir = Path(options.workdir or Path(".training") / options.task)
    workdir.mkdir(parents=True, exist_ok=True)
    folder = recipe.train(
        workdir, options.quick, options.seed, lambda words: print(words, flush=True)
    )
    if options.out:
        target = Path(options.out) / options.task
        shutil.copytree(folder, target, dirs_exist_ok=True)
        folder = target
    print(f"model: {folder}")
    return OK


def serve_training() -> int:
    """The child process that learns the analyst's own classes for a window."""
    try:
        from astrogui.training import own_model
    except ModuleNotFoundError as error:
        print(json.dumps({"kind": "failed", "words": f"Training needs {error.name}."}))
        return SOME_FAILED
    return own_model.serve_training()


def _train_on_labels(options: argparse.Namespace) -> int:
    """Teach the network of galaxies' shapes classes of the analyst's own."""
    from astrogui.session.cards import Cards
    from astrogui.session.settings import data_folder, model_search_path
    from astrogui.training import own_model

    base = Cards(model_search_path(options.models or "")).folder("morphology")
    if base is None:
        raise UsageProblem("The model of galaxies' shapes, morphology, is needed and not here.")
    job = own_model.TrainingJob(
        base=str(base),
        out=str(options.out or data_folder() / "models"),
        title=options.task,
        examples=tuple(own_model.examples_from_table(Path(options.labels))),
        cut=options.cut,
        settings={"seed": options.seed, **({"variants": 2, "rounds": 1} if options.quick else {})},
    )
    folder = own_model.train_own(job, lambda said: print(own_model.line_of(said), flush=True))
    print(f"model: {folder}; use it with: analyze FILES --task {folder.name}")
    return OK


def run_evaluate(options: argparse.Namespace) -> int:
    """Print the figures over real files and over held-out simulations."""
    from astrogui.session.evaluation import Answering, network

    if options.data and not Path(options.data).is_dir():
        raise UsageProblem(f"{options.data}: there is no such folder.")
    recipe = _recipe(options.task)
    if options.keep and not recipe.keeps:
        raise UsageProblem(
            f"{options.task} keeps no simulations: they are made while they are measured. "
            "Leave --keep out."
        )
    with ExitStack() as stack:
        if options.json:
            stack.enter_context(_stdout_to_stderr())
        real: dict[str, Any] | None = None
        if options.data:
            answering = stack.enter_context(Answering(options.task, options.models))
            real = recipe.real(Path(options.data), answering)
        simulated: dict[str, Any] | None = None
        count = 5000 if options.simulations is None and not options.data else options.simulations
        if count:
            run = network(options.task, options.models)
            kept = {"kept": Path(options.keep)} if options.keep else {}
            simulated = recipe.simulated(run, count, options.seed, **kept)
    model = _model_name(options)
    figures = {"task": options.task, "model": model, "real": real, "simulated": simulated}
    text = json.dumps(figures, indent=None if options.json else 1, default=float)
    print(text if options.json else _readable(figures))
    return OK


def _recipe(task: str) -> Any:
    try:
        return importlib.import_module(f"astrogui.training.recipes.{task}").RECIPE
    except ModuleNotFoundError as error:
        if getattr(sys, "frozen", False):
            raise UsageProblem(
                "This build answers with the networks that it ships. Training and scoring need "
                "the full installation: see README.md of the source."
            ) from error
        if error.name != f"astrogui.training.recipes.{task}":
            raise
        raise UsageProblem(f"There is no recipe for {task!r}; see: python main.py tasks") from error


def _model_name(options: argparse.Namespace) -> str | None:
    from astrogui.session.cards import Cards
    from astrogui.session.settings import model_search_path

    card = Cards(model_search_path(options.models or "")).card(options.task)
    return f"{card.name} {card.version}" if card else None


def _stdout_to_stderr() -> Any:
    """Keep standard output for the JSON alone: whatever else is printed goes to standard error."""
    import contextlib

    return contextlib.redirect_stdout(sys.stderr)


def _readable(figures: dict[str, Any], indent: str = "") -> str:
    lines = []
    for name, value in figures.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", _readable(value, indent + "  ")]
        elif isinstance(value, float):
            lines.append(f"{indent}{name}: {value:.4g}")
        else:
            lines.append(f"{indent}{name}: {value}")
    return "\n".join(line for line in lines if line)
