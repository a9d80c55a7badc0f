"""The words of every command and their help."""

from __future__ import annotations

import argparse

from astrogui.cli.analysis import run_analyze, run_explain, run_watch
from astrogui.cli.networks import run_evaluate, run_train
from astrogui.cli.projects import run_doctor, run_merge_grades, run_tasks, run_verify
from astrogui.session.asked import add_option_words


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
    add_option_words(explain)
    explain.add_argument("--models", metavar="DIR", help="further folders of models")
    explain.set_defaults(run=run_explain, project=None, export=None)

    tasks = commands.add_parser("tasks", help="list the analyses, their models and options")
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
    evaluate.add_argument("--keep", metavar="DIR", help="simulations stay here, to go on with")
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
    parser.add_argument(
        "--waveform", metavar="NAME", help="of a merger's likelihood: IMRPhenomD or IMRPhenomXAS"
    )
    add_option_words(parser)
    parser.add_argument("--columns", metavar="wave,flux,err", help="what the columns of text mean")
    parser.add_argument("--air", action="store_true", help="text wavelengths are in air")
    parser.add_argument("--detector", metavar="H1", help="of strain that does not name its own")
    parser.add_argument("--models", metavar="DIR", help="further folders of models")
    parser.add_argument("--quiet", action="store_true", help="no rows and no progress bar")
