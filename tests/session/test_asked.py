"""Options of a command line: read, checked, brought to the analysis that they are for."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from threading import Event

import pytest
import tiny
from small_session import answer_all, files, make

from astrogui.errors import UsageProblem
from astrogui.inference.jobs import RunnerReady
from astrogui.inference.runner import InlineRunner
from astrogui.inference.several import AT_HAND, SeveralRunners
from astrogui.session.asked import analysis_options, options_of, unused
from astrogui.tasks import TASKS, task_by_name
from astrogui.tasks.option import ABOVE_ZERO, Option

LIFT = Option(name="lift", description="added to the flux", default="0", between=ABOVE_ZERO)


def lifted(record, places, model, options):
    """The spectrum's flux, higher by the option."""
    arrays = tiny.prepare(record, places, model, options)
    return arrays | {"flux": arrays["flux"] + (LIFT.number(options) or 0)}


TINY = replace(tiny.TASK, prepare=lifted, options=(LIFT,))
OTHER = replace(TINY, name="tiny_other")
NAMED = {task.name: task for task in (TINY, OTHER)}


def words_of(*options, tasks=None, **given):
    names = None if tasks is None else tuple(tasks)
    wanted = [task for task in TASKS if names is None or task.name in names]
    return analysis_options(Namespace(option=list(options), **given), TASKS, wanted)


def test_an_option_is_for_the_one_analysis_that_has_it():
    assert words_of("star_density=counted") == {"star_galaxy.star_density": "counted"}
    assert words_of(" lens_share = 0.01 ") == {"lens_finder.lens_share": "0.01"}
    assert words_of("every=yes", "star_fraction=0.3", tasks=("morphology", "star_galaxy")) == {
        "morphology.every": "yes", "star_galaxy.star_fraction": "0.3",
    }  # fmt: skip
    assert words_of("lens_finder.every=yes") == {"lens_finder.every": "yes"}
    assert words_of() == {}


def test_a_search_takes_what_it_hands_on_to_the_analysis_that_it_starts():
    xas = {"bbh.waveform": "IMRPhenomXAS"}
    for given in ("waveform=IMRPhenomXAS", "bbh.waveform=IMRPhenomXAS"):
        assert words_of(given, tasks=("gw_search",)) == xas
        assert words_of(given, tasks=("gw_search", "bbh")) == xas
    assert list(options_of(task_by_name("gw_search"), TASKS)) == ["bbh.waveform"]
    with pytest.raises(UsageProblem, match="waveform is IMRPhenomD or IMRPhenomXAS"):
        words_of(tasks=("gw_search",), waveform="SEOBNR")


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_what_an_analysis_hands_on_are_options_of_others(task):
    assert set(task.hands_on) <= set(options_of(task, TASKS))


def test_an_option_stands_beside_those_that_have_words_of_their_own():
    assert words_of("bbh.gps=7", gps=5.0, air=True) == {
        "gps": "5.0", "air": "true", "bbh.gps": "7",
    }  # fmt: skip
    assert words_of("star_density=2", "star_density=2") == {"star_galaxy.star_density": "2"}


@pytest.mark.parametrize(
    ("given", "tasks", "said"),
    [
        ("star_density", None, "Write --option star_density=VALUE"),
        ("star_densty=1", None, "star_galaxy.star_density, bbh.gps"),
        (
            "star_densty=1",
            ("star_galaxy",),
            "There are: star_galaxy.star_fraction, star_galaxy.sta",
        ),
        ("bbh.star_density=1", None, "There are: bbh.gps, bbh.waveform."),
        ("gps=1", ("redshift",), "option of bbh or bbh_masses_shen or bbh_remnant_shen, which"),
        ("z=1", ("redshift",), "redshift can be told nothing. `tasks` lists"),
        ("every=yes", None, "lens_finder.every or morphology.every; or name one analysis"),
        ("gps=1", ("bbh", "bbh_masses_shen"), "Say which: bbh.gps or bbh_masses_shen.gps"),
        ("gps=1", ("gw_search",), "gps is an option of bbh or bbh_masses_shen or"),
        ("waveform=SEOBNR", ("gw_search",), "of bbh: waveform is IMRPhenomD or IMRPhenomXAS"),
        ("mass=1", ("gw_search",), "There are: bbh.waveform."),
        ("waveform=IMRPhenomD", ("gw_search", "bbh_masses_shen"), "Say which: bbh.waveform or"),
        ("star_density=many", None, "0, the word counted or the word mean, got 'many'. `tasks`"),
        ("star_fraction=1", None, "star_fraction is a number between 0 and 1, got '1'"),
        ("star_density=", None, "got ''"),
        ("bbh.waveform=SEOBNR", None, "IMRPhenomD or IMRPhenomXAS, got 'SEOBNR'"),
        ("morphology.every=1", None, "every is yes or no"),
    ],
)
def test_a_wrong_option_is_refused_by_name_with_what_would_be_right(given, tasks, said):
    with pytest.raises(UsageProblem) as refused:
        words_of(given, tasks=tasks)
    assert f"--option {given}" in str(refused.value)
    assert said in str(refused.value)


def test_an_option_is_given_once_and_words_of_their_own_are_checked_too():
    with pytest.raises(UsageProblem, match="given as '1'"):
        words_of("star_density=1", "star_galaxy.star_density=2")
    with pytest.raises(UsageProblem, match="waveform is IMRPhenomD"):
        words_of(waveform="SEOBNR")


def test_an_option_of_an_analysis_that_answered_nothing_is_told():
    words = {"gps": "7", "bbh.gps": "7", "star_galaxy.star_density": "2"}
    (said,) = unused(words, ("star_galaxy", "redshift"))
    assert said == "bbh.gps=7 was not used: bbh answered none of the files."


def session_of(tmp_path, models, name="p.astrogui", runner=None, tasks=(TINY,)):
    inline = InlineRunner(task_named=NAMED.__getitem__, read=tiny.read)
    return make(tmp_path, models, runner or inline, name, tasks=tasks)


def test_an_option_reaches_its_analysis_alone_and_is_recorded_as_when_run_from_the_window(
    tmp_path, models
):
    tiny.write_model(models, "tiny_other")
    session = session_of(tmp_path, models, tasks=(TINY, OTHER))
    try:
        (row,) = answer_all(
            session, files(tmp_path, "flat-2.fits"), options={"tiny.lift": "0.5", "for_all": "1"}
        )
        assert row["level"] == pytest.approx(2.505)
        assert row["level_tiny_other"] == pytest.approx(2.005)
        assert row["options_tiny"] == "for_all=1; lift=0.5"
        assert row["options_tiny_other"] == "for_all=1"
        session.run([1], "tiny", {"lift": "0.5", "for_all": "1"}).result(60)
        session.idle().result(60)
        asked, run = (
            answer.provenance.options
            for answer in session.view.answers(row["row_id"])
            if answer.task == "tiny"
        )
        assert asked == run == (("for_all", "1"), ("lift", "0.5"))
    finally:
        session.close()


def test_what_is_asked_for_by_its_options_is_what_the_row_shows(tmp_path, models):
    """Asked again after another value, a row shows the value asked for, not the newest before."""
    session = session_of(tmp_path, models)
    path = files(tmp_path, "flat-2.fits")
    try:
        levels = []
        for options in ({"tiny.lift": "1"}, {"tiny.lift": "2"}, {"tiny.lift": "1"}):
            (row,) = answer_all(session, path, options=options)
            levels.append((round(row["level"]), row["options"]))
        assert levels == [(3, "lift=1"), (4, "lift=2"), (3, "lift=1")]
        assert len(session.view.jobs()) == 3
        answer_all(session, path, options={"tiny.lift": "1"})
        assert len(session.view.jobs()) == 3  # and is not computed once more
    finally:
        session.close()


def test_a_call_that_names_no_options_asks_for_the_values_that_hold_without_them(tmp_path, models):
    """The row shows what was asked for last; what it showed before is kept."""
    session = session_of(tmp_path, models)
    path = files(tmp_path, "flat-2.fits")
    try:
        levels = []
        for options in ({}, {"tiny.lift": "1"}, {}, {}):
            (row,) = answer_all(session, path, options=options, as_asked=True)
            levels.append((round(row["level"]), row["options"]))
        assert levels == [(2, ""), (3, "lift=1"), (2, ""), (2, "")]
        assert len(session.view.jobs()) == 3  # what is shown is not computed once more
        kept = [answer.provenance.options for answer in session.view.answers(row["row_id"])]
        assert kept == [(), (("lift", "1"),), ()]
    finally:
        session.close()


def test_opening_a_project_or_dropping_its_files_again_leaves_rows_as_they_are(tmp_path, models):
    path = files(tmp_path, "flat-2.fits")
    for _ in range(2):
        session = session_of(tmp_path, models)
        try:
            answer_all(session, path)
            if not session.view.answers(1)[1:]:
                session.run([1], "tiny", {"lift": "1"}).result(60)
            (row,) = answer_all(session, path)
            assert (round(row["level"]), len(session.view.jobs())) == (3, 2)
        finally:
            session.close()


class Worker(InlineRunner):
    """A runner on a processor, whose jobs wait until both have begun."""

    def __init__(self, both_began, begins):
        def read(source):
            both_began.wait(60)
            return tiny.read(source)

        super().__init__(task_named=NAMED.__getitem__, read=read)
        self.begins, self.jobs = begins, []

    def start(self, report):
        def told(what):
            report(RunnerReady("onnx", "CPU") if isinstance(what, RunnerReady) else what)

        self.begins()
        super().start(told)

    def submit(self, job):
        self.jobs.append(job)
        super().submit(job)


def test_every_worker_of_a_batch_answers_with_the_options_and_each_row_records_them(
    tmp_path, models
):
    both_began = Event()
    workers = Worker(both_began, lambda: None), Worker(both_began, both_began.set)
    session = session_of(tmp_path, models, runner=SeveralRunners(workers, many_waiting=1))
    names = [f"flat-{number}.fits" for number in range(4 * AT_HAND)]
    try:
        rows = answer_all(session, files(tmp_path, *names), options={"tiny.lift": "100"})
        assert all(worker.jobs for worker in workers)
        assert sorted(round(row["level"]) for row in rows) == [100 + n for n in range(len(names))]
        assert {row["options"] for row in rows} == {"lift=100"}
    finally:
        session.close()


def test_parts_answered_apart_are_the_whole_and_tell_when_their_options_differ(tmp_path, models):
    """A night cut into parts, one call each: their tables together are that of one call."""
    paths = files(tmp_path, *(f"flat-{number}.fits" for number in range(4)))

    def exported(name, some, value):
        session = session_of(tmp_path, models, f"{name}.astrogui")
        try:
            answer_all(session, some, options={"tiny.lift": value})
            session.export(tmp_path / f"{name}.ecsv").result(60)
            return session.read_catalogue(tmp_path / f"{name}.ecsv").rows()
        finally:
            session.close()

    first, second = exported("first", paths[:2], "1"), exported("second", paths[2:], "1")
    assert first + second == exported("whole", paths, "1")
    other = exported("other", paths[2:], "3")
    assert [row["options"] for row in first + other] == ["lift=1"] * 2 + ["lift=3"] * 2


def test_judgements_are_merged_by_object_though_the_parts_had_other_options(tmp_path, models):
    path = files(tmp_path, "flat-2.fits")
    theirs = session_of(tmp_path, models, "theirs.astrogui")
    answer_all(theirs, path, options={"tiny.lift": "3"})
    theirs.annotate([1], {"user_quality": "4"}).result(60)
    theirs.close()
    ours = session_of(tmp_path, models, "ours.astrogui")
    try:
        answer_all(ours, path, options={"tiny.lift": "1"})
        ours.grading.merge([str(tmp_path / "theirs.astrogui")]).result(60)
        (row,) = ours.view.rows()
        assert (row["user_quality"], row["options"], round(row["level"])) == (4, "lift=1", 3)
    finally:
        ours.close()
