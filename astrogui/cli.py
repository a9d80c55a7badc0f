"""The same session from a terminal: analyse, watch, train, evaluate, look at one's installation."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from astrogui.errors import AstroguiError, UsageProblem
from astrogui.session import logs
from astrogui.session.batches import batch_notices
from astrogui.session.follower import Follower, news_of, print_rows
from astrogui.session.session import Session

COMMANDS = (
    "analyze", "watch", "explain", "tasks", "train", "evaluate", "doctor", "verify",
    "merge-grades",
)  # fmt: skip
OK, SOME_FAILED, WRONG_USAGE = 0, 1, 2


def main(words: Sequence[str]) -> int:
    """Run one command; returns 0, 1 when a file or a check failed, 2 for wrong usage."""
    parser = build_parser()
    try:
        options = parser.parse_args(words)
    except SystemExit as leaving:
        return int(leaving.code or 0) and WRONG_USAGE
    logs.set_up()
    command: Callable[[argparse.Namespace], int] = options.run
    try:
        return command(options)
    except UsageProblem as problem:
        print(f"astrogui: {problem}", file=sys.stderr)
        return WRONG_USAGE
    except AstroguiError as problem:
        print(f"astrogui: {problem}", file=sys.stderr)
        return SOME_FAILED
    except KeyboardInterrupt:
        print("astrogui: stopped; what was answered is kept", file=sys.stderr)
        return SOME_FAILED


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="astrogui", description="Survey images, spectra and strain, with calibrated answers."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    analyze = commands.add_parser("analyze", help="answer files and folders, export the rows")
    analyze.add_argument("files", nargs="+", metavar="FILE-OR-FOLDER")
    _add_analysis_options(analyze)
    analyze.add_argument("--samples", metavar="OUT", help="mergers: .json bilby, .h5 PESummary")
    analyze.add_argument("--sky-map", metavar="OUT.fits", help="of a merger, in HEALPix pixels")
    analyze.set_defaults(run=run_analyze)

    watch = commands.add_parser("watch", help="answer every file that arrives in a folder")
    watch.add_argument("folder", metavar="FOLDER")
    watch.add_argument(
        "--quiet-for", type=float, metavar="SECONDS", help="stop after so long without a new file"
    )
    _add_analysis_options(watch)
    watch.set_defaults(run=run_watch)

    explain = commands.add_parser("explain", help="what a network sees of an object of an image")
    explain.add_argument("files", nargs="+", metavar="FILE", help="an image, or the bands of one")
    explain.add_argument(
        "--task", required=True, metavar="NAME", help="the analysis, one of images"
    )
    explain.add_argument("--object", type=int, default=1, metavar="N", help="its row, from 1")
    explain.add_argument("--out", required=True, metavar="DIR", help="where NAME_N.fits, .png go")
    explain.add_argument("--models", metavar="DIR", help="further folders of models")
    explain.set_defaults(run=run_explain, project=None, export=None)

    tasks = commands.add_parser("tasks", help="list the analyses and their models")
    tasks.add_argument("--models", metavar="DIR", help="further folders of models")
    tasks.set_defaults(run=run_tasks)

    train = commands.add_parser("train", help="train the network of an analysis")
    train.add_argument("task", metavar="TASK")
    train.add_argument("--quick", action="store_true", help="minutes instead of hours, to try")
    train.add_argument("--seed", type=int, default=1)
    train.add_argument("--workdir", metavar="DIR", help="checkpoints; the same call goes on there")
    train.add_argument("--out", metavar="DIR", help="copy the finished model folder to DIR/TASK")
    train.add_argument(
        "--labels", metavar="TABLE.csv",
        help="learn classes of your own, named TASK, from a table with columns file and label",
    )  # fmt: skip
    train.add_argument(
        "--cut", choices=("galaxy", "light"), default="galaxy",
        help="with --labels: the object in the middle, or all the light of a picture",
    )  # fmt: skip
    train.add_argument("--models", metavar="DIR", help="further folders of models")
    train.set_defaults(run=run_train)

    evaluate = commands.add_parser("evaluate", help="measure the numbers of a model card again")
    evaluate.add_argument("task", metavar="TASK")
    evaluate.add_argument(
        "--data", metavar="DIR", help="real files laid out as the data guide says"
    )
    evaluate.add_argument("--simulations", type=int, metavar="N", help="held-out simulations")
    evaluate.add_argument("--seed", type=int, default=20_261_121)
    evaluate.add_argument("--json", action="store_true", help="print JSON alone")
    evaluate.add_argument("--models", metavar="DIR", help="further folders of models")
    evaluate.set_defaults(run=run_evaluate)

    verify = commands.add_parser("verify", help="compute a project's rows again and compare")
    verify.add_argument("project", metavar="PROJECT")
    verify.add_argument("--rows", metavar="1,5-9", help="only these rows, by their ids")
    verify.add_argument("--tolerance", type=float, metavar="T", help="relative; else the card's")
    verify.add_argument("--models", metavar="DIR", help="further folders of models")
    verify.add_argument("--json", action="store_true", help="print JSON alone")
    verify.set_defaults(run=run_verify)

    merge = commands.add_parser("merge-grades", help="join several graders and say how they agree")
    merge.add_argument("project", metavar="PROJECT", help="the project that takes them over")
    merge.add_argument("files", nargs="*", metavar="FILE", help="exports or projects of graders")
    merge.add_argument("--export", metavar="OUT", help="all rows with columns for each grader")
    merge.add_argument(
        "--unblind", action="store_true", help="end the project's blind mode, which is recorded"
    )
    merge.add_argument("--json", action="store_true", help="print JSON alone")
    merge.set_defaults(run=run_merge_grades)

    doctor = commands.add_parser("doctor", help="versions, devices, display, log, models")
    doctor.add_argument("--models", action="store_true", help="replay every golden record")
    doctor.set_defaults(run=run_doctor)
    return parser


def _add_analysis_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--task", metavar="NAME[,NAME]", help="only these analyses")
    parser.add_argument("--project", metavar="FILE", help="keep the work here; resumes it")
    parser.add_argument("--export", metavar="OUT", help=".fits .vot .ecsv .csv or .parquet")
    parser.add_argument("--posteriors", metavar="OUT.hdf5", help="posterior draws and p(z)")
    parser.add_argument("--gps", type=float, metavar="T", help="GPS time of the merger")
    parser.add_argument("--columns", metavar="wave,flux,err", help="what the columns of text mean")
    parser.add_argument("--air", action="store_true", help="text wavelengths are in air")
    parser.add_argument("--detector", metavar="H1", help="of strain that does not name its own")
    parser.add_argument("--models", metavar="DIR", help="further folders of models")
    parser.add_argument("--quiet", action="store_true", help="no rows and no progress bar")


def analysis_options(options: argparse.Namespace) -> dict[str, str]:
    """Reading and task options of a command line, as the session takes them."""
    words: dict[str, str] = {}
    if options.gps is not None:
        words["gps"] = repr(options.gps)
    for name in ("columns", "detector"):
        if getattr(options, name):
            words[name] = getattr(options, name)
    if options.air:
        words["air"] = "true"
    return words


def task_names(options: argparse.Namespace) -> tuple[str, ...] | None:
    if not options.task:
        return None
    return tuple(name.strip() for name in options.task.split(",") if name.strip())


def run_analyze(options: argparse.Namespace) -> int:
    """Answer the files; one bad file is a flagged row and exit code 1 after the rest is done."""
    with ExitStack() as stack:
        session = _session(options, stack)
        follower = Follower(session, show_bar=not options.quiet)
        added = session.add(options.files, task_names(options), analysis_options(options))
        follower.wait(added.result, session.idle)
        row_ids = [
            row for item in dict.fromkeys(added.result()) for row in session.view.row_ids(item)
        ]
        if not options.quiet:
            follower.clear()
            print_rows(session.view.rows(row_ids))
        for words in batch_notices(session.view, row_ids):
            print(f"astrogui: {words}", file=sys.stderr)
        _export(session, options, None if options.project else row_ids)
        for path in filter(None, (options.samples, options.sky_map)):
            count = session.export_merger(path, row_ids).result()
            print(f"astrogui: {count} merger{'s' * (count != 1)} in {path}", file=sys.stderr)
        return SOME_FAILED if follower.failures else OK


def run_watch(options: argparse.Namespace) -> int:
    """Answer every file that arrives, rows printed as they come, until interrupted."""
    from astrogui.session.watch import Watcher, own_files

    if not os.path.isdir(options.folder):
        raise UsageProblem(f"{options.folder}: there is no such folder to watch.")
    names, words = task_names(options), analysis_options(options)
    with ExitStack() as stack:
        session = _session(options, stack)
        follower = Follower(session, show_bar=False)
        printed: dict[int, str] = {}
        last_news = time.monotonic()
        watcher = Watcher(
            options.folder,
            lambda paths: session.add(paths, names, words),
            leave=own_files(session.path, options.export, options.posteriors),
        )
        stack.callback(watcher.close)
        watcher.start()

        def news(timeout_s: float) -> bool:
            changed = follower.changed_rows(timeout_s=timeout_s)
            if changed and not options.quiet:
                print_rows(news_of(session.view.rows(changed), printed))
            return bool(changed)

        try:
            idle = session.idle()
            while options.quiet_for is None or time.monotonic() - last_news < options.quiet_for:
                if news(0.5) or not idle.done():  # work that is not done is no quiet
                    last_news = time.monotonic()
                if idle.done():
                    idle = session.idle()
        except KeyboardInterrupt:
            pass
        watcher.close()  # what comes from now on is not waited for
        session.idle().result()
        while news(0.0):  # answers that came meanwhile
            pass
        _export(session, options, None)
        return SOME_FAILED if follower.failures else OK


def run_explain(options: argparse.Namespace) -> int:
    """Write the feature maps of one object, and what its answer rests on, as FITS and PNG."""
    if not os.path.isdir(options.out):
        raise UsageProblem(f"{options.out}: there is no such folder.")
    with ExitStack() as stack:
        session = _session(options, stack)
        follower = Follower(session, show_bar=False)
        added = session.add(options.files, (options.task,))
        follower.wait(added.result, session.idle)
        row_ids = [row for item in added.result() for row in session.view.row_ids(item)]
        if not 1 <= options.object <= len(row_ids):
            raise UsageProblem(
                f"{options.task} answered {len(row_ids)} objects; there is no object "
                f"{options.object}."
            )
        inside = session.look_inside(row_ids[options.object - 1], options.task).result()
        for ending in (".fits", ".png"):
            path = os.path.join(options.out, f"{options.task}_{options.object}{ending}")
            session.save_inside(inside, path).result()
            print(f"astrogui: maps in {path}", file=sys.stderr)
        print(
            f"{inside.answer}: log odds {inside.value:+.3f} nat, {inside.baseline_value:+.3f} for "
            f"{inside.baseline}"
        )
        return SOME_FAILED if follower.failures else OK


def run_tasks(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="astrogui-") as folder:
        session = Session(Path(folder) / "tasks.astrogui", models=options.models)
        try:
            for task in session.tasks():
                card = session.card(task.name)
                print(f"{task.name:16} {task.title}; reads {task.reads}")
                print(f"{'':16} {card.name} {card.version}: {card.summary}" if card else
                      f"{'':16} no model: python main.py train {task.name}")  # fmt: skip
        finally:
            session.close()
    return OK


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

    recipe = _recipe(options.task)
    with ExitStack() as stack:
        if options.json:
            stack.enter_context(_stdout_to_stderr())
        real: dict[str, Any] | None = None
        if options.data:
            folder = Path(options.data)
            if not folder.is_dir():
                raise UsageProblem(f"{folder}: there is no such folder.")
            answering = stack.enter_context(Answering(options.task, options.models))
            real = recipe.real(folder, answering)
        simulated: dict[str, Any] | None = None
        count = 5000 if options.simulations is None and not options.data else options.simulations
        if count:
            run = network(options.task, options.models)
            simulated = recipe.simulated(run, count, options.seed)
    model = _model_name(options)
    figures = {"task": options.task, "model": model, "real": real, "simulated": simulated}
    text = json.dumps(figures, indent=None if options.json else 1, default=float)
    print(text if options.json else _readable(figures))
    return OK


def run_verify(options: argparse.Namespace) -> int:
    """Say of each answer whether it comes out again; 1 where one does not or cannot be tried."""
    from astrogui.session import verifying

    return OK if verifying.run(options) else SOME_FAILED


def run_doctor(options: argparse.Namespace) -> int:
    from astrogui.session import health

    for name, words in health.report():
        print(f"{name:24} {words}")
    code = OK
    if options.models:
        for words, agrees in health.replay():
            print(f"{'agrees' if agrees else 'DIFFERS':24} {words}")
            code = code if agrees else SOME_FAILED
    return code


def run_merge_grades(options: argparse.Namespace) -> int:
    """Take over other graders' judgements; print the agreement and how many rows are disputed."""
    from astrogui.session import merge_report

    if options.export:
        _check_ending(options.export)
    if not os.path.isfile(options.project):
        raise UsageProblem(f"{options.project}: there is no such project.")
    return OK if merge_report.run(options) else SOME_FAILED


def _session(options: argparse.Namespace, stack: ExitStack) -> Session:
    """The session of a command; without ``--project`` its project ends with the command."""
    if options.export:
        _check_ending(options.export)
    _check_merger_endings(options)
    path = options.project
    if path is None:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="astrogui-"))
        path = os.path.join(folder, "analysis.astrogui")
    session = Session(path, models=options.models)
    stack.callback(session.close)
    return session


def _export(session: Session, options: argparse.Namespace, row_ids: list[int] | None) -> None:
    if options.export:
        count = session.export(options.export, row_ids, options.posteriors).result()
        print(f"astrogui: {count} rows in {options.export}", file=sys.stderr)


def _check_ending(path: str) -> None:
    from astrogui.errors import ExportProblem
    from astrogui.session.exporting import known_ending

    try:
        known_ending(path)
    except ExportProblem as problem:
        raise UsageProblem(str(problem)) from problem


def _check_merger_endings(options: argparse.Namespace) -> None:
    from astrogui.errors import ExportProblem
    from astrogui.session.merger_files import check_ending

    for path in filter(
        None, (getattr(options, "samples", None), getattr(options, "sky_map", None))
    ):
        try:
            check_ending(path)
        except ExportProblem as problem:
            raise UsageProblem(str(problem)) from problem


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
