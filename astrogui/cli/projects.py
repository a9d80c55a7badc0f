"""Commands about the installation and about projects: tasks, doctor, verify, merge-grades."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from astrogui.cli.endings import check_ending
from astrogui.cli.exit_codes import OK, SOME_FAILED
from astrogui.errors import UsageProblem
from astrogui.session.asked import options_of
from astrogui.session.session import Session


def run_tasks(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="astrogui-") as folder:
        session = Session(Path(folder) / "tasks.astrogui", models=options.models)
        try:
            for task in session.tasks():
                card = session.card(task.name)
                print(f"{task.name:16} {task.title}; reads {task.reads}")
                print(f"{'':16} {card.name} {card.version}: {card.summary}" if card else
                      f"{'':16} no model: python main.py train {task.name}")  # fmt: skip
                for name, option in options_of(task, session.tasks()).items():
                    print(f"{'':16} --option {name}=…: {option.described}")
        finally:
            session.close()
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
        check_ending(options.export)
    if not os.path.isfile(options.project):
        raise UsageProblem(f"{options.project}: there is no such project.")
    return OK if merge_report.run(options) else SOME_FAILED
