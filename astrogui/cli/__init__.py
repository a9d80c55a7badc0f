"""The same session from a terminal: analyse, watch, train, evaluate, look at one's installation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from astrogui.cli.exit_codes import OK, SOME_FAILED, WRONG_USAGE
from astrogui.cli.parser import build_parser
from astrogui.errors import AstroguiError, UsageProblem
from astrogui.session import logs

__all__ = ["OK", "SOME_FAILED", "WRONG_USAGE", "build_parser", "main"]


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
