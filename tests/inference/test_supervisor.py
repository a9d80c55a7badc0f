"""The worker process is expendable: killed, hung or crashed, it costs the running job only."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import tiny
from test_runner import ENDS, Listener, assert_orderly

from astrogui.errors import Damaged, JobTimedOut, UsageProblem, WorkerDied
from astrogui.inference import supervisor
from astrogui.inference.child import Watchdog
from astrogui.inference.jobs import (
    Job,
    JobAdvanced,
    JobAnswered,
    JobBegan,
    JobBroke,
    JobStopped,
    RunnerLost,
    RunnerReady,
)
from astrogui.inference.supervisor import LONGEST_PAUSE_S, STOP_S, SupervisedRunner

HERE = Path(__file__).resolve().parent
FAKE_WORKER = [sys.executable, "-P", str(HERE / "fake_worker.py")]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    parent = tmp_path_factory.mktemp("models")
    tiny.write_model(parent)
    tiny.write_model(parent, "tiny_refined")
    tiny.write_model(parent, "tiny_explained")
    return str(parent)


class Clock:
    """The supervisor's clock: it goes as it does, but a test may put it forward or stop it."""

    def __init__(self):
        self.ahead = 0.0
        self._stands_at = None

    def monotonic(self):
        now = time.monotonic() if self._stands_at is None else self._stands_at
        return now + self.ahead

    def stop(self):
        self._stands_at = time.monotonic()

    def go_on(self):
        self._stands_at = None


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(supervisor, "time", clock)
    return clock


class Forward(Listener):
    """Puts the clock forward at each report of some kind."""

    def __init__(self, clock, kind, by_s):
        super().__init__()
        self._clock, self._kind, self._by_s = clock, kind, by_s

    def __call__(self, report):
        if isinstance(report, self._kind):
            self._clock.ahead += self._by_s
        super().__call__(report)


@pytest.fixture
def start(tmp_path):
    """Starts runners and ends them; a worker that is left is a failure."""
    runners = []

    def start(listener=None, **options):
        listener = listener or Listener()
        log = str(tmp_path / "log")
        runner = SupervisedRunner(**({"command": FAKE_WORKER, "log": log} | options))
        runners.append(runner)
        runner.start(listener)
        return runner, listener

    yield start
    pids = [runner.pid for runner in runners]
    for runner in runners:
        runner.close()
    assert not any(alive(pid) for pid in pids if pid is not None)


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def job(models, job_id, path, task="tiny", **fields):
    return Job(job_id=job_id, task=task, sources=(tiny.source(path),), models_dir=models, **fields)


def test_two_hundred_jobs_are_answered_in_order(start, models):
    runner, listener = start()
    for number in range(200):
        runner.submit(job(models, number, f"flat-{number}.fits"))
    listener.wait(200)
    began = [report.job_id for report in listener.reports if isinstance(report, JobBegan)]
    assert began == list(range(200))
    for number in range(200):
        assert_orderly(listener.of(number))
        (answer,) = listener.of(number)[1].answers
        assert answer.posterior.median("level") == pytest.approx(number, abs=0.01)
        assert answer.provenance.backend == "onnx"
        assert not answer.posterior.quantiles.flags.writeable


def test_a_worker_says_what_an_answer_rests_on_and_goes_on(start, models):
    runner, listener = start()
    runner.submit(job(models, 1, "flat-3.fits", "tiny_explained", explain=True))
    runner.submit(job(models, 2, "flat-4.fits", "tiny_explained"))
    listener.wait(2)
    kinds = [type(report).__name__ for report in listener.of(1)]
    assert kinds == ["JobBegan", "JobExplained", "JobDone"]
    sensitivity = listener.of(1)[1].sensitivity
    assert sensitivity.loss == pytest.approx([1.0, 2.0])
    assert not sensitivity.loss.flags.writeable
    assert any(type(report).__name__ == "JobAnswered" for report in listener.of(2))


def test_a_killed_worker_costs_the_running_job_and_is_seen_within_half_a_second(start, models):
    runner, listener = start()
    runner.submit(job(models, 2, "flat-2.fits"))

    def killed(attempt):
        runner.submit(job(models, 10 + attempt, "slow-30.fits"))
        listener.wait_until(lambda: listener.names(10 + attempt))
        first, began = runner.pid, time.monotonic()
        os.kill(first, signal.SIGKILL)
        listener.wait(1 + attempt, RunnerLost)
        took = time.monotonic() - began
        lost = [report for report in listener.reports if isinstance(report, RunnerLost)][-1]
        assert lost.job_id == 10 + attempt
        assert "SIGKILL" in lost.words
        return took

    attempts = quick_at_last(0.5, killed)
    runner.submit(job(models, 3, "flat-2.fits"))
    listener.wait(2)
    assert listener.names(2)[-1] == listener.names(3)[-1] == "JobDone"
    ready = [report for report in listener.reports if isinstance(report, RunnerReady)]
    assert len(ready) == 1 + attempts


def quick_at_last(limit_s, attempt, most=3):
    """The attempts until one took no longer: a busy machine may hold up a single one."""
    for number in range(most):
        took = attempt(number)
        if took < limit_s:
            return number + 1
    raise AssertionError(f"none of {most} took less than {limit_s} s, the last one {took:.2f} s")


def test_a_lost_job_can_be_run_again(start, models):
    runner, listener = start()
    runner.submit(job(models, 1, "slow-30.fits"))
    listener.wait(1, JobBegan)
    os.kill(runner.pid, signal.SIGKILL)
    listener.wait(1, RunnerLost)
    runner.submit(job(models, 1, "flat-1.fits"))
    listener.wait(1)
    assert listener.names(1)[-1] == "JobDone"


def test_an_idle_worker_that_is_killed_is_replaced(start, models):
    runner, listener = start()
    listener.wait(1, RunnerReady)
    os.kill(runner.pid, signal.SIGKILL)
    listener.wait(2, RunnerReady)
    (lost,) = [report for report in listener.reports if isinstance(report, RunnerLost)]
    assert lost.job_id is None
    runner.submit(job(models, 1, "flat-1.fits"))
    listener.wait(1)
    assert listener.names(1)[-1] == "JobDone"


def test_a_file_that_crashes_the_worker_twice_is_refused_and_its_neighbours_are_answered(
    start, models
):
    runner, listener = start()
    for number, name in enumerate(["flat-1", "die-1", "flat-2", "flat-3"]):
        runner.submit(job(models, number, f"{name}.fits"))
    listener.wait(1, RunnerLost)
    runner.submit(job(models, 1, "die-1.fits"))
    listener.wait(4)
    listener.wait(2, RunnerLost)
    broke = listener.of(1)[-1]
    assert isinstance(broke, JobBroke)
    assert isinstance(broke.error, Damaged)
    assert broke.error.path == "die-1.fits"
    assert "twice" in broke.error.cause
    assert [listener.names(n)[-1] for n in (0, 2, 3)] == ["JobDone"] * 3
    lost = [report.job_id for report in listener.reports if isinstance(report, RunnerLost)]
    assert lost == [1, None]
    listener.wait(3, RunnerReady)
    before = runner.pid
    runner.submit(job(models, 9, "die-1.fits"))
    listener.wait(5)
    assert isinstance(listener.of(9)[-1].error, Damaged)
    assert listener.names(9) == ["JobBroke"]
    assert runner.pid == before


def test_a_file_that_crashes_the_worker_once_is_answered_the_second_time(start, models, tmp_path):
    runner, listener = start()
    path = str(tmp_path / "dieonce-4.fits")
    runner.submit(job(models, 1, path))
    listener.wait(1, RunnerLost)
    runner.submit(job(models, 1, path))
    listener.wait(1)
    assert listener.names(1)[-1] == "JobDone"


def test_a_waiting_job_is_withdrawn_at_once(start, models, tmp_path):
    runner, listener = start()
    held = tmp_path / "held-2.fits"
    held.touch()
    runner.submit(job(models, 1, str(held)))
    for number in range(2, 30):
        runner.submit(job(models, number, "flat-1.fits"))
    listener.wait(1, JobBegan)

    def withdrawn(attempt):
        asked = time.monotonic()
        runner.cancel(29 - attempt)  # still with the supervisor
        runner.cancel(4 + attempt)  # already with the worker
        listener.wait(2 + 2 * attempt, JobStopped)
        assert listener.names(29 - attempt) == listener.names(4 + attempt) == ["JobStopped"]
        return time.monotonic() - asked

    quick_at_last(0.5, withdrawn)
    held.unlink()
    listener.wait(29)
    assert not any(isinstance(report, RunnerLost) for report in listener.reports)


def test_a_running_job_stops_where_it_looks(start, models):
    runner, listener = start()
    runner.submit(job(models, 1, "refineslowly-1.fits", "tiny_refined"))
    listener.wait(1, JobAdvanced)
    pid = runner.pid
    runner.cancel(1)
    listener.wait(1)
    assert listener.names(1)[-1] == "JobStopped"
    assert runner.pid == pid


def test_a_running_job_that_does_not_stop_costs_the_worker_after_two_seconds(start, models, clock):
    runner, listener = start()
    assert STOP_S == 2.0
    runner.submit(job(models, 1, "hang-1.fits"))
    for number in range(2, 5):
        runner.submit(job(models, number, "flat-2.fits"))
    listener.wait(1, JobBegan)
    pid = runner.pid
    clock.stop()
    runner.cancel(1)
    for after_s, waiting in ((0.0, 3), (1.99, 4)):  # one that is withdrawn has it look at the clock
        clock.ahead += after_s
        runner.cancel(waiting)
        listener.wait_until(lambda waiting=waiting: listener.names(waiting))
        assert listener.names(1) == ["JobBegan"]
    clock.ahead += 0.02
    runner.submit(job(models, 5, "flat-2.fits"))
    listener.wait_until(lambda: listener.names(1)[-1] == "JobStopped")
    clock.go_on()
    listener.wait_until(lambda: listener.names(5)[-1:] == ["JobDone"])
    assert listener.names(2)[-1] == "JobDone"
    assert runner.pid != pid
    assert not alive(pid)


def test_a_job_without_progress_is_timed_out(start, models, clock):
    runner, listener = start(job_timeout_s=600.0)
    runner.submit(job(models, 1, "hang-1.fits"))
    listener.wait(1, JobBegan)
    clock.ahead += 599.8  # the rest goes by itself, and nobody wakes the supervisor at its end
    runner.submit(job(models, 2, "flat-2.fits"))
    listener.wait(2)
    broke = listener.of(1)[-1]
    assert isinstance(broke.error, JobTimedOut)
    assert "hang-1.fits" in str(broke.error)
    assert listener.names(2)[-1] == "JobDone"


def test_a_job_that_makes_progress_may_take_longer_than_the_time_out(start, models, clock):
    runner, listener = start(Forward(clock, JobAdvanced, 400.0), job_timeout_s=600.0)
    runner.submit(job(models, 1, "refineawhile-1.fits", "tiny_refined"))
    listener.wait(1)
    assert listener.names(1)[-1] == "JobDone"
    assert listener.names(1).count("JobAdvanced") >= 3  # twenty minutes of the clock


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_happens_to_the_worker_every_job_ends_exactly_once(start, models, clock, seed):
    runner, listener = start(Forward(clock, RunnerLost, LONGEST_PAUSE_S))
    chance = random.Random(seed)
    names = ["flat-1", "damaged-1", "bug-1", "slow-0.02", "keep-2"]
    for number in range(60):
        runner.submit(job(models, number, f"{chance.choice(names)}.fits"))
    for _ in range(3):
        listener.wait(len([r for r in listener.reports if isinstance(r, ENDS)]) + 5)
        if runner.pid is not None:
            os.kill(runner.pid, signal.SIGKILL)
        runner.cancel(chance.randrange(60))
    lost = set()
    for number in range(60):
        listener.wait_until(lambda n=number: ended(listener, n))
        lost |= {n for n in [number] if not isinstance(listener.of(number)[-1], ENDS)}
    for number in set(range(60)) - lost:
        assert sum(isinstance(report, ENDS) for report in listener.of(number)) == 1
    assert len(lost) <= 3


def ended(listener, number):
    """Whether a job has ended, or was reported lost."""
    return any(isinstance(report, (*ENDS, RunnerLost)) for report in listener.of(number))


def test_a_worker_that_cannot_start_breaks_the_jobs_in_words(start, models, clock):
    command = [sys.executable, "-c", "raise SystemExit(7)"]
    runner, listener = start(Forward(clock, RunnerLost, LONGEST_PAUSE_S), command=command)
    runner.submit(job(models, 1, "flat-1.fits"))
    listener.wait(1)
    broke = listener.of(1)[-1]
    assert isinstance(broke.error, WorkerDied)
    assert "exit code 7" in str(broke.error)
    lost = [report for report in listener.reports if isinstance(report, RunnerLost)]
    assert len(lost) == 5


def test_jobs_submitted_while_the_worker_starts_wait_for_it(start, models):
    runner, listener = start()
    runner.submit(job(models, 1, "flat-1.fits"))
    runner.submit(job(models, 2, "flat-1.fits"))
    runner.cancel(2)
    listener.wait(1, JobStopped)
    assert not any(isinstance(report, RunnerReady) for report in listener.reports)
    listener.wait(2)
    assert listener.names(1)[-1] == "JobDone"


def test_a_listener_that_fails_does_not_end_the_supervision(models, caplog):
    heard = []

    def listener(report):
        heard.append(report)
        raise RuntimeError("a bug of the listener")

    runner = SupervisedRunner(command=FAKE_WORKER)
    runner.start(listener)
    try:
        runner.submit(job(models, 1, "flat-1.fits"))
        deadline = time.monotonic() + 20
        while not any(isinstance(report, ENDS) for report in heard):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        runner.close()
    assert "the listener failed" in caplog.text


def test_the_worker_of_the_application_answers_and_never_imports_tensorflow(start, tmp_path):
    runner, listener = start(command=[sys.executable, str(HERE / "modules_worker.py")])
    models = tmp_path / "models"
    tiny.write_model(models)
    runner.submit(job(str(models), 1, "flat-1.fits"))
    listener.wait(1)
    assert listener.names(1)[-1] == "JobDone"
    loaded = (tmp_path / "models" / "loaded.txt").read_text().split()
    assert "onnxruntime" in loaded
    assert not {"tensorflow", "keras", "jax", "PySide6"} & set(loaded)


def test_the_program_is_its_own_worker_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numpy.py").write_text("raise SystemExit('taken from the working folder')")
    listener, runner = Listener(), SupervisedRunner()
    runner.start(listener)
    try:
        runner.submit(job("", 1, "flat-1.fits", "no_such_task"))
        listener.wait(1)
    finally:
        runner.close()
    assert isinstance(listener.of(1)[-1].error, UsageProblem)
    assert "no_such_task" in str(listener.of(1)[-1].error)


def test_a_worker_whose_parent_is_killed_ends_itself_and_leaves_nothing(models, tmp_path):
    code = (
        "import sys, time\n"
        f"sys.path[:0] = [{str(HERE.parents[1])!r}, {str(HERE)!r}]\n"
        "import tiny\n"
        "from astrogui.inference.jobs import Job\n"
        "from astrogui.inference.supervisor import SupervisedRunner\n"
        f"runner = SupervisedRunner(command={FAKE_WORKER!r})\n"
        "def listen(report):\n"
        "    if type(report).__name__ == 'JobBegan': print(runner.pid, flush=True)\n"
        "runner.start(listen)\n"
        "source = tiny.source('hang-1.fits')\n"
        f"runner.submit(Job(job_id=1, task='tiny', sources=(source,), models_dir={models!r}))\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert list(tmp_path.iterdir())
        parent.kill()
    deadline = time.monotonic() + 5
    while alive(worker):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert list(tmp_path.iterdir()) == []


def test_the_watchdog_ends_a_process_whose_interpreter_is_held():
    code = (
        "import ctypes\n"
        "from astrogui.inference.child import Watchdog\n"
        "dog = Watchdog(0.2)\n"
        "dog.arm(); dog.rest(); ctypes.PyDLL(None).usleep(500_000)\n"
        "print('rested', flush=True)\n"
        "dog.arm(); ctypes.PyDLL(None).usleep(30_000_000)\n"
    )
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=HERE.parents[1]
    )
    assert time.monotonic() - begun < 10
    assert done.returncode == 1
    assert done.stdout.strip() == "rested"
    assert "Timeout" in done.stderr


def test_a_watchdog_that_is_armed_at_every_word_starts_its_clock_now_and_then(monkeypatch):
    started = []
    monkeypatch.setattr("faulthandler.dump_traceback_later", lambda *how, **more: started.append(1))
    monkeypatch.setattr("faulthandler.cancel_dump_traceback_later", lambda: started.append(0))
    now = [100.0]
    monkeypatch.setattr("astrogui.inference.child.time.monotonic", lambda: now[0])
    dog = Watchdog(40.0)
    for _ in range(50):
        dog.arm()
        now[0] += 0.1
    assert started == [1, 1, 1]  # every two seconds
    dog.rest()
    dog.arm()  # anew after a rest, however soon
    assert started == [1, 1, 1, 0, 1]


@pytest.fixture
def own_places(tmp_path_factory, monkeypatch):
    """Temporary files and the home of all processes lie in folders of this test.

    Their names are short: a local socket's path has no room for more.
    """
    folder = tmp_path_factory.mktemp("own")
    places = folder / "temporary", folder / "home"
    for place, variable in zip(places, ("TMPDIR", "HOME"), strict=True):
        place.mkdir()
        monkeypatch.setenv(variable, str(place))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("tempfile.tempdir", None)
    return places


def test_nothing_is_left_behind_and_nobody_is_told(models, own_places):
    listener = Listener()
    runner = SupervisedRunner(command=FAKE_WORKER)
    runner.start(listener)
    runner.submit(job(models, 1, "flat-1.fits"))
    listener.wait(1)
    assert listener.names(1)[-1] == "JobDone"
    temporary, home = own_places
    assert len(list(temporary.iterdir())) == 1
    assert internet_sockets(runner.pid) == set()
    runner.close()
    assert list(temporary.iterdir()) == []
    assert list(home.iterdir()) == []


def internet_sockets(pid):
    """Inodes of the sockets of a process that are no local ones."""
    links = [path.readlink().name for path in Path(f"/proc/{pid}/fd").iterdir()]
    own = {link.removeprefix("socket:[").rstrip("]") for link in links if "socket" in link}
    tables = [Path(f"/proc/{pid}/net/{kind}") for kind in ("tcp", "tcp6", "udp", "udp6")]
    lines = [line for table in tables if table.exists() for line in table.read_text().splitlines()]
    return own & {line.split()[9] for line in lines}


def test_answers_before_a_death_are_kept(start, models):
    runner, listener = start()
    runner.submit(job(models, 1, "refineslowly-1.fits", "tiny_refined"))
    listener.wait(1, JobAnswered)
    os.kill(runner.pid, signal.SIGKILL)
    listener.wait(1, RunnerLost)
    assert [type(report) for report in listener.of(1)[:2]] == [JobBegan, JobAnswered]


def test_a_runner_closed_while_it_is_started_ends_in_order(tmp_path):
    """The window starts the worker in the session's thread and may be closed at that moment."""
    for _ in range(20):
        runner = SupervisedRunner(command=FAKE_WORKER, log=str(tmp_path / "log"))
        both = threading.Barrier(2)

        def begin(runner=runner, both=both):
            both.wait()
            runner.start(Listener())

        starter = threading.Thread(target=begin)
        starter.start()
        both.wait()
        runner.close()
        starter.join()
        assert runner.pid is None or not alive(runner.pid)
    assert not [t for t in threading.enumerate() if t.name == "supervisor"]


def test_a_thread_that_is_being_started_can_be_waited_for(tmp_path, monkeypatch):
    runner = SupervisedRunner(command=FAKE_WORKER, log=str(tmp_path / "log"))
    closing: list[threading.Thread] = []
    begin = threading.Thread.start

    def start_slowly(thread):
        if thread.name == "supervisor":
            closer = threading.Thread(target=runner.close, name="closer")
            closing.append(closer)
            begin(closer)
            closer.join(timeout=0.2)  # as far as it comes before the thread runs
        begin(thread)

    failures = []
    monkeypatch.setattr(threading, "excepthook", failures.append)
    monkeypatch.setattr(threading.Thread, "start", start_slowly)
    runner.start(Listener())
    closing[0].join(timeout=20)
    assert not failures
    assert not closing[0].is_alive()
