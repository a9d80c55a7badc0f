"""The reader process is expendable: a file that hangs, crashes or bloats it costs itself only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import tiny
from test_supervisor import alive

from astrogui.errors import Damaged, FileProblem, NotRecognised, TooLarge, WorkerDied
from astrogui.inference.precedence import NICENESS
from astrogui.inference.process import HelperProcess
from astrogui.inference.reading import ReaderProcess
from astrogui.inference.reading_server import DEFAULT_MEMORY_BYTES

HERE = Path(__file__).resolve().parent
FAKE_READER = [sys.executable, "-P", str(HERE / "fake_reader.py")]


@pytest.fixture
def start(tmp_path):
    readers = []

    def start(**options):
        log = str(tmp_path / "log")
        reader = ReaderProcess(**({"command": FAKE_READER, "log": log} | options))
        readers.append(reader)
        return reader

    yield start
    for reader in readers:
        pid = reader.pid
        reader.close()
        assert pid is None or not alive(pid)


def read(reader, path):
    return reader.read(tiny.source(path)).result(timeout=60)


def test_a_file_is_recognised_and_read(start):
    reader = start()
    sources = reader.recognise("flat-3.fits", {"count": "2"}).result(timeout=60)
    assert sources == (tiny.source("flat-3.fits"),) * 2
    record = reader.read(sources[0]).result(timeout=60)
    assert record.flux[0] == 3.0
    assert not record.flux.flags.writeable


def test_a_file_given_at_the_start_is_looked_at_before_anybody_asks_and_once(start, tmp_path):
    path = tmp_path / "image.fits"
    path.touch()
    said = {"timeout_s": 10.0, "memory_bytes": DEFAULT_MEMORY_BYTES, "first": str(path)}
    reader = start(process=HelperProcess(FAKE_READER, said=said))
    looks = path.with_suffix(".looks")
    deadline = time.monotonic() + 30
    while not looks.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert reader.glimpse(str(path)).result(timeout=60) == "look 1"
    assert reader.glimpse(str(path)).result(timeout=60) == "look 2"  # the file may be another


def test_what_was_looked_at_ahead_answers_no_other_question(start, tmp_path):
    path = tmp_path / "image.fits"
    said = {"timeout_s": 10.0, "memory_bytes": DEFAULT_MEMORY_BYTES, "first": str(path)}
    reader = start(process=HelperProcess(FAKE_READER, said=said))
    assert reader.recognise("flat-3.fits").result(timeout=60) == (tiny.source("flat-3.fits"),)


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="the system has no such priorities")
@pytest.mark.parametrize(("gives_way", "behind"), [(True, NICENESS["reader"]), (False, 0)])
def test_a_window_and_nothing_else_comes_before_its_reader(start, gives_way, behind):
    reader = start(gives_way=gives_way)
    read(reader, "flat-3.fits")
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, reader.pid) == min(own + behind, 19)


def test_a_fault_of_the_file_is_raised_by_the_future_and_costs_no_process(start):
    reader = start()
    with pytest.raises(Damaged, match=r"damaged-1\.fits \(byte 3\)"):
        read(reader, "damaged-1.fits")
    pid = reader.pid
    assert read(reader, "flat-2.fits").flux[0] == 2.0
    assert reader.pid == pid


def test_a_bug_of_a_reader_is_no_file_problem_and_carries_its_trace(start, caplog):
    reader = start()
    with pytest.raises(RuntimeError, match="a bug of ours"):
        read(reader, "bug-1.fits")
    assert "Traceback" in caplog.text


def test_a_record_that_cannot_travel_is_a_bug_and_costs_no_process(start, caplog):
    reader = start()
    with pytest.raises(RuntimeError, match="does not travel"):
        read(reader, "unsendable-1.fits")
    assert read(reader, "flat-2.fits").flux[0] == 2.0
    assert "failed" in caplog.text


@pytest.mark.parametrize(
    ("name", "words"), [("crash", "SIGSEGV"), ("exit", "exit code 5")], ids=["crash", "exit"]
)
def test_a_file_that_ends_the_process_is_refused_and_the_next_is_served(start, name, words):
    reader = start()
    futures = [
        reader.read(tiny.source(path)) for path in ("flat-1.fits", f"{name}-1.fits", "flat-2.fits")
    ]
    assert futures[0].result(timeout=60).flux[0] == 1.0
    with pytest.raises(FileProblem, match=words) as problem:
        futures[1].result(timeout=60)
    assert problem.value.path == f"{name}-1.fits"
    assert futures[2].result(timeout=60).flux[0] == 2.0


@pytest.mark.parametrize("name", ["hang", "spin"])
def test_a_file_that_makes_no_progress_is_refused_and_the_next_is_served(start, name):
    reader = start(timeout_s=0.6)
    read(reader, "flat-1.fits")
    begun = time.monotonic()
    with pytest.raises(Damaged, match="the reader did not finish"):
        read(reader, f"{name}-1.fits")
    assert 0.5 < time.monotonic() - begun < 5.0
    assert read(reader, "flat-2.fits").flux[0] == 2.0


@pytest.mark.skipif(not os.path.exists("/proc/self/io"), reason="the system does not tell")
def test_a_process_that_goes_on_reading_may_take_longer(start):
    reader = start(timeout_s=1.0)
    assert read(reader, "busy-2.fits").flux[0] == 2.0


def test_a_file_that_asks_for_too_much_memory_is_refused_and_costs_no_process(start):
    reader = start(memory_bytes=512 << 20)
    read(reader, "flat-1.fits")
    pid = reader.pid
    with pytest.raises(TooLarge, match=r"memory-4000\.fits: it asks for more memory"):
        read(reader, "memory-4000.fits")
    read(reader, "memory-100.fits")
    assert reader.pid == pid


def test_a_file_that_ended_the_process_twice_is_never_given_to_it_again(start):
    reader = start()
    for _ in range(2):
        with pytest.raises(Damaged, match="ended the process"):
            read(reader, "exit-1.fits")
    read(reader, "flat-1.fits")
    pid = reader.pid
    with pytest.raises(Damaged, match="twice"):
        read(reader, "exit-1.fits")
    with pytest.raises(Damaged, match="twice"):
        reader.recognise("exit-1.fits").result(timeout=60)
    assert reader.pid == pid


def test_a_new_version_of_such_a_file_gets_a_new_chance(start, tmp_path):
    reader = start()
    path = tmp_path / "exit-1.fits"
    path.write_text("old")
    for _ in range(3):
        with pytest.raises(Damaged):
            read(reader, str(path))
    path.write_text("the new version")
    with pytest.raises(Damaged, match="exit code 5"):
        read(reader, str(path))


def test_a_large_array_arrives_read_only_and_leaves_no_file(start, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    reader = start()
    image = read(reader, "large-1500.fits")
    assert np.array_equal(image.pixels.ravel(), np.arange(1500 * 1500, dtype=np.float32))
    assert not image.pixels.flags.writeable
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith("arrays-")]
    reader.close()
    assert image.pixels[-1, -1] == 1500 * 1500 - 1
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_requests_of_several_threads_are_answered_each_with_its_own(start):
    reader = start()
    found = {}

    def ask(number):
        found[number] = [
            float(reader.read(tiny.source(f"flat-{number}.fits")).result(60).flux[0])
            for _ in range(10)
        ]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [float(number)] * 10 for number in range(6)}


def test_requests_are_answered_in_order(start):
    reader = start()
    order = []
    futures = [reader.read(tiny.source(f"flat-{number}.fits")) for number in range(20)]
    for number, future in enumerate(futures):
        future.add_done_callback(lambda _, number=number: order.append(number))
    futures[-1].result(timeout=60)
    reader.close()
    assert order == list(range(20))


def test_a_request_withdrawn_in_time_is_not_carried_out(start):
    reader = start()
    first = reader.read(tiny.source("slow-1.fits"))
    second = reader.read(tiny.source("exit-1.fits"))
    assert second.cancel()
    assert first.result(timeout=60).flux[0] == 1.0
    assert read(reader, "flat-2.fits").flux[0] == 2.0


def test_closing_answers_what_waits_and_ends_a_running_request(start):
    reader = start()
    running = reader.read(tiny.source("hang-1.fits"))
    waiting = reader.read(tiny.source("flat-1.fits"))
    while reader.pid is None or not running.running():
        time.sleep(0.01)
    begun = time.monotonic()
    reader.close()
    assert time.monotonic() - begun < 2.0
    for future in (running, waiting):
        assert isinstance(future.exception(timeout=5), WorkerDied)
    with pytest.raises(WorkerDied):
        reader.read(tiny.source("flat-1.fits"))


def test_a_reader_killed_between_requests_is_replaced(start):
    reader = start()
    read(reader, "flat-1.fits")
    os.kill(reader.pid, signal.SIGKILL)
    time.sleep(0.1)
    assert read(reader, "flat-2.fits").flux[0] == 2.0


def test_a_program_that_cannot_start_is_said_in_words(start):
    reader = start(command=[sys.executable, "-c", "raise SystemExit(7)"])
    with pytest.raises(WorkerDied, match="exit code 7"):
        read(reader, "flat-1.fits")


def test_the_application_recognises_by_its_own_readers_without_any_network(tmp_path):
    path = tmp_path / "page.fits"
    path.write_text("<html>404</html>")
    reader = ReaderProcess()
    try:
        with pytest.raises(NotRecognised, match="web page"):
            reader.recognise(str(path)).result(timeout=60)
        maps = Path(f"/proc/{reader.pid}/maps").read_text()
        assert "onnxruntime" not in maps
        assert "tensorflow" not in maps
    finally:
        reader.close()


def test_importing_the_client_is_cheap():
    code = (
        "import sys\nimport astrogui.inference.reading, astrogui.inference.supervisor\n"
        "heavy = {'astropy', 'h5py', 'scipy', 'onnxruntime', 'keras', 'tensorflow', 'PySide6'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=HERE.parents[1]
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
