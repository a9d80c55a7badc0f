"""Commands that read files: analyze, watch, explain."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from contextlib import ExitStack

from astrogui.cli.endings import check_ending, check_merger_endings
from astrogui.cli.exit_codes import OK, SOME_FAILED
from astrogui.errors import UsageProblem
from astrogui.session.asked import analysis_options, task_names, unused
from astrogui.session.batches import batch_notices
from astrogui.session.follower import Follower, news_of, print_rows
from astrogui.session.session import Session


def run_analyze(options: argparse.Namespace) -> int:
    """Answer the files; one bad file is a flagged row and exit code 1 after the rest is done."""
    with ExitStack() as stack:
        session = _session(options, stack)
        names, words = _asked(session, options)
        follower = Follower(session, show_bar=not options.quiet)
        added = session.add(options.files, names, words, as_asked=True)
        follower.wait(added.result, session.idle)
        row_ids = [
            row for item in dict.fromkeys(added.result()) for row in session.view.row_ids(item)
        ]
        if not options.quiet:
            follower.clear()
            print_rows(session.view.rows(row_ids))
        answered = [task.name for task in session.view.present_tasks()]
        for said in (*batch_notices(session.view, row_ids), *unused(words, answered)):
            print(f"astrogui: {said}", file=sys.stderr)
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
    with ExitStack() as stack:
        session = _session(options, stack)
        names, words = _asked(session, options)
        follower = Follower(session, show_bar=False)
        printed: dict[int, str] = {}
        last_news = time.monotonic()
        watcher = Watcher(
            options.folder,
            lambda paths: session.add(paths, names, words, as_asked=True),
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
        wanted = session.tasks((options.task,))
        words = analysis_options(options, session.tasks(), wanted)
        follower = Follower(session, show_bar=False)
        added = session.add(options.files, (options.task,), words)
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


def _asked(
    session: Session, options: argparse.Namespace
) -> tuple[tuple[str, ...] | None, dict[str, str]]:
    """The analyses to run and their options; raises ``UsageProblem`` before anything is run."""
    names = task_names(options)
    return names, analysis_options(options, session.tasks(), session.tasks(names))


def _session(options: argparse.Namespace, stack: ExitStack) -> Session:
    """The session of a command; without ``--project`` its project ends with the command."""
    if options.export:
        check_ending(options.export)
    check_merger_endings(options)
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
