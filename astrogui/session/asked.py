"""What a command line asks of the session: which analyses, with which options."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from astrogui.errors import UsageProblem

if TYPE_CHECKING:
    from astrogui.tasks.option import Option
    from astrogui.tasks.task import Task

LISTED = "`tasks` lists every option with its unit, range and default."


def add_option_words(parser: ArgumentParser) -> None:
    """Let a command take ``--option``, as often as it is given."""
    parser.add_argument(
        "--option", action="append", metavar="[TASK.]NAME=VALUE",
        help="an option of an analysis; may be given more than once, and 'tasks' lists them all",
    )  # fmt: skip


def task_names(options: Namespace) -> tuple[str, ...] | None:
    """The analyses asked for by name; None for all that fit."""
    given = getattr(options, "task", None)
    return tuple(name.strip() for name in given.split(",") if name.strip()) if given else None


def options_of(task: Task, tasks: Sequence[Task]) -> dict[str, Option]:
    """What ``task`` may be told: its own options by ``NAME``, by ``TASK.NAME`` those it hands on.

    The latter are for analyses, among ``tasks``, that its answers start.
    """
    return {option.name: option for option in task.options} | {
        key: option
        for other in tasks
        for option in other.options
        if (key := f"{other.name}.{option.name}") in task.hands_on
    }


def analysis_options(
    options: Namespace, tasks: Sequence[Task], wanted: Sequence[Task]
) -> dict[str, str]:
    """Reading and task options of a command line, as the session takes them.

    ``wanted`` are those of ``tasks`` that may run. Raises ``UsageProblem`` for an option that they
    do not have, or for a value that it does not take.
    """
    words: dict[str, str] = {}
    if getattr(options, "gps", None) is not None:
        words["gps"] = repr(options.gps)
    for name in ("columns", "detector", "waveform"):
        if getattr(options, name, None):
            words[name] = getattr(options, name)
    if getattr(options, "air", False):
        words["air"] = "true"
    for task in wanted:
        for option in options_of(task, tasks).values():
            if option.name in words:
                option.check(words[option.name])
    for given in getattr(options, "option", None) or ():
        key, value = _assigned(given, tasks, wanted)
        if words.setdefault(key, value) != value:
            raise UsageProblem(
                f"--option {given}: {key} has been given as {words[key]!r}. Give it once."
            )
    return words


def unused(words: Mapping[str, str], answered: Sequence[str]) -> list[str]:
    """What is to be said of options given to analyses that none of the files had use for."""
    return [
        f"{key}={value} was not used: {key.partition('.')[0]} answered none of the files."
        for key, value in words.items()
        if "." in key and key.partition(".")[0] not in answered
    ]


def _assigned(given: str, tasks: Sequence[Task], wanted: Sequence[Task]) -> tuple[str, str]:
    """``TASK.NAME`` and the checked value of what ``--option`` was given."""
    key, sign, value = (part.strip() for part in given.partition("="))
    if not sign:
        raise UsageProblem(f"--option {given}: a value is missing. Write --option {key}=VALUE.")
    named, _, name = key.rpartition(".")
    task = _owner(given, named, name, tasks, wanted)
    try:
        next(option for option in task.options if option.name == name).check(value)
    except UsageProblem as problem:
        raise UsageProblem(f"--option {given}, of {task.name}: {problem} {LISTED}") from None
    return f"{task.name}.{name}", value


def _owner(
    given: str, named: str, name: str, tasks: Sequence[Task], wanted: Sequence[Task]
) -> Task:
    """The one analysis with the option ``name`` that is meant, ``named`` or "".

    Raises ``UsageProblem`` where there is none, or where it may be several.
    """
    meant = [task for task in tasks if named in {"", task.name}]
    having = [task for task in meant if name in {option.name for option in task.options}]
    reached = {key for task in wanted for key in _keys(task, tasks)}
    mine = [task for task in having if f"{task.name}.{name}" in reached]
    if len(mine) == 1:
        return mine[0]
    if mine:
        choice = " or ".join(f"{task.name}.{name}" for task in mine)
        raise UsageProblem(
            f"--option {given}: several of the analyses asked for have an option {name}. "
            f"Say which: {choice}; or name one analysis with --task."
        )
    if having:
        owners = " or ".join(task.name for task in having)
        raise UsageProblem(
            f"--option {given}: {name} is an option of {owners}, which --task does not name. "
            "Name it there too."
        )
    shown = [task for task in wanted if task in meant] or wanted
    known = dict.fromkeys(key for task in shown for key in _keys(task, tasks))
    none = f"{', '.join(task.name for task in shown)} can be told nothing."
    words = f"There are: {', '.join(known)}." if known else none
    raise UsageProblem(f"--option {given}: there is no such option. {words} {LISTED}")


def _keys(task: Task, tasks: Sequence[Task]) -> list[str]:
    """What a task may be told, as ``TASK.NAME``."""
    return [key if "." in key else f"{task.name}.{key}" for key in options_of(task, tasks)]
