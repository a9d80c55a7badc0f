"""SAMP with a real hub and a second client, each in a process of its own, over loopback."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from astrogui.session import samp, samp_files, samp_hub
from astrogui.session.samp import (
    ClientsChanged,
    Connected,
    Disconnected,
    Received,
    Samp,
)
from astrogui.session.samp_files import SampProblem
from astrogui.session.samp_hub import NoHub

HERE = Path(__file__).resolve().parent
WAIT_S = 30


class Process:
    """A helper process whose lines of JSON are heard in a queue."""

    def __init__(self, script: str, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / script), *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.lines: queue.Queue[dict] = queue.Queue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def next(self) -> dict:
        return self.lines.get(timeout=WAIT_S)

    def say(self, **message) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def end(self, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait(timeout=WAIT_S)
        self._thread.join(timeout=WAIT_S)
        if self.process.stdout is not None:
            self.process.stdout.close()


class Told:
    """The events that a connection told, awaited one kind at a time."""

    def __init__(self) -> None:
        self.events: queue.Queue[samp.Event] = queue.Queue()

    def wait(self, kind: type, wanted: Callable = lambda event: True):
        while True:
            event = self.events.get(timeout=WAIT_S)
            if isinstance(event, kind) and wanted(event):
                return event


@pytest.fixture
def lock(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "samp.lock"
    monkeypatch.setenv("SAMP_HUB", f"std-lockurl:{path.as_uri()}")
    monkeypatch.setenv("HOME", str(tmp_path))
    return path


@pytest.fixture
def hub(lock) -> Iterator[Process]:
    process = Process("samp_hub.py", str(lock))
    process.params = process.next()  # type: ignore[attr-defined]
    yield process
    process.end(kill=process.process.poll() is None)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def ours(told) -> Iterator[Samp]:
    made = Samp(told.events.put, ping_s=0.2)
    yield made
    made.close()


@pytest.fixture
def partner(hub) -> Iterator[Process]:
    process = Process(
        "samp_partner.py", "topcat", json.dumps(hub.params), "table.load.votable",
        "coord.pointAt.sky", "table.highlight.row", "table.select.rowList",
    )  # fmt: skip
    process.public_id = process.next()["ready"]  # type: ignore[attr-defined]
    yield process
    process.end()


def joined(ours: Samp, told: Told) -> samp.Client:
    """Connect; the partner as it is listed."""
    ours.connect().result(WAIT_S)
    told.wait(Connected)
    changed = told.wait(
        ClientsChanged,
        lambda event: any(c.name == "topcat" and c.takes("coord.pointAt.sky")
                          for c in event.clients),
    )  # fmt: skip
    return changed.clients[0]


def test_messages_reach_one_client_and_all(ours, told, partner):
    client = joined(ours, told)
    assert client.name == "topcat"
    assert not client.takes("image.load.fits")
    point = {"ra": "150.1", "dec": "2.2"}
    assert ours.send("coord.pointAt.sky", point, client.client_id).result(WAIT_S) == 1
    heard = partner.next()
    assert (heard["mtype"], heard["params"]) == ("coord.pointAt.sky", point)
    rows = {"table-id": "t", "url": "file:///t.vot", "row-list": ["0", "5"]}
    assert ours.send("table.select.rowList", rows).result(WAIT_S) == 1
    assert partner.next()["params"] == rows
    assert ours.send("image.load.fits", {"url": "file:///a.fits"}).result(WAIT_S) == 0


def test_messages_of_another_program_arrive_and_are_confirmed(ours, told, partner):
    joined(ours, told)
    partner.say(mtype="table.highlight.row", params={"table-id": "t", "row": "7"})
    received = told.wait(Received)
    assert received == Received("table.highlight.row", {"table-id": "t", "row": "7"}, "topcat")
    partner.say(mtype="coord.pointAt.sky", params={"ra": "1", "dec": "2"})
    told.wait(Received)
    own_id = ours._client.get_public_id()
    partner.say(
        wait=True, to=own_id, mtype="table.load.votable", params={"url": "file:///x", "name": "x"}
    )
    answer = partner.next()["answer"]
    assert answer["samp.status"] == "samp.ok"


def test_nobody_reads_our_environment(ours, told, partner):
    joined(ours, told)
    subscribed = ours._proxy.get_subscriptions(
        ours._client.get_private_key(), ours._client.get_public_id()
    )
    assert "client.env.get" not in subscribed
    assert set(samp.RECEIVED) <= set(subscribed)


def test_a_client_that_leaves_is_no_longer_listed(ours, told, partner, hub):
    joined(ours, told)
    partner.end()
    told.wait(ClientsChanged, lambda event: not event.clients)
    assert ours.clients == ()


@pytest.mark.parametrize("kill", [False, True], ids=["ended", "killed"])
def test_the_death_of_the_hub_is_survived_and_another_can_be_joined(ours, told, hub, lock, kill):
    ours.connect().result(WAIT_S)
    told.wait(Connected)
    hub.end(kill)
    lost = told.wait(Disconnected)
    assert lost.was_lost
    assert not ours.is_connected
    with pytest.raises(SampProblem, match="Not connected"):
        ours.send("coord.pointAt.sky", {"ra": "1", "dec": "2"}).result(WAIT_S)
    again = Process("samp_hub.py", str(lock))
    again.next()
    try:
        ours.connect().result(WAIT_S)
        told.wait(Connected)
        assert ours.is_connected
        ours.disconnect().result(WAIT_S)
        assert not told.wait(Disconnected).was_lost
    finally:
        again.end()


def test_a_hub_that_goes_while_we_join_leaves_nobody_connected(lock, hub, ours, told, monkeypatch):
    ended = []

    class Client:
        def bind_receive_message(self, mtype, function, declare):
            pass

        def declare_subscriptions(self, subscriptions):
            raise ConnectionRefusedError(111, "Connection refused")

        def stop(self):
            ended.append("client")

    class Proxy:
        def disconnect(self):
            ended.append("proxy")

    with monkeypatch.context() as gone:
        gone.setattr(samp, "register", lambda found: (Proxy(), Client()))
        with pytest.raises(SampProblem, match="has gone"):
            ours.connect().result(WAIT_S)
    assert ended == ["client", "proxy"]
    assert not ours.is_connected
    ours.connect().result(WAIT_S)  # and it can be joined at the next try
    told.wait(Connected)


def test_without_a_hub_one_can_be_started(ours, told, lock):
    with pytest.raises(NoHub, match="Start one here"):
        ours.connect().result(WAIT_S)
    ours.connect(start_hub=True).result(WAIT_S)
    assert told.wait(Connected).is_own
    assert lock.exists()
    hub = json.dumps(samp_hub.running_hub())
    process = Process("samp_partner.py", "ds9", hub, "image.load.fits")
    process.next()
    told.wait(ClientsChanged, lambda event: any(c.takes("image.load.fits") for c in event.clients))
    assert ours.send("image.load.fits", {"url": "file:///a.fits"}).result(WAIT_S) == 1
    assert process.next()["mtype"] == "image.load.fits"
    process.end()
    ours.disconnect().result(WAIT_S)
    assert not lock.exists()


def test_a_lock_file_of_a_dead_hub_counts_as_no_hub(lock, ours):
    lock.write_text("samp.secret=x\nsamp.hub.xmlrpc.url=http\\://127.0.0.1:1/xmlrpc\n")
    with pytest.raises(NoHub):
        ours.connect().result(WAIT_S)


def test_a_hub_elsewhere_is_not_joined(lock, ours):
    lock.write_text("samp.secret=x\nsamp.hub.xmlrpc.url=http://192.0.2.7:8001/xmlrpc\n")
    with pytest.raises(SampProblem, match="not this computer"):
        ours.connect().result(WAIT_S)


def test_files_of_this_computer_are_taken_and_others_refused(tmp_path):
    file = tmp_path / "a b.fits"
    file.write_bytes(b"x")
    assert samp_files.taken_file(samp_files.file_url(file), tmp_path) == str(file)
    assert samp_files.local_path(f"file://localhost{file.as_posix().replace(' ', '%20')}") == str(
        file
    )
    with pytest.raises(SampProblem, match="no such file"):
        samp_files.taken_file("file:///no/such.fits", tmp_path)
    with pytest.raises(SampProblem, match="not used unless you allow it"):
        samp_files.taken_file("http://example.org/a.fits", tmp_path)
    with pytest.raises(SampProblem, match="no file of this computer"):
        samp_files.taken_file("file://elsewhere/a.fits", tmp_path)
    with pytest.raises(SampProblem, match="no file of this computer"):
        samp_files.taken_file("ftp://127.0.0.1/a.fits", tmp_path)


class Offering(BaseHTTPRequestHandler):
    """Offers a table; leads astray from /away."""

    def do_GET(self) -> None:
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://example.org/secret")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<VOTABLE/>")

    def log_message(self, *parts) -> None:
        pass


@pytest.fixture
def offering() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Offering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_a_program_of_this_computer_offers_is_fetched(offering, tmp_path):
    first = samp_files.taken_file(f"{offering}/table.vot", tmp_path / "in")
    second = samp_files.taken_file(f"{offering}/table.vot", tmp_path / "in")
    assert Path(first).read_bytes() == b"<VOTABLE/>"
    assert (Path(first).name, Path(second).name) == ("table.vot", "table-2.vot")
    with pytest.raises(SampProblem, match="not this computer"):
        samp_files.taken_file(f"{offering}/away", tmp_path / "in")
    assert len(list((tmp_path / "in").iterdir())) == 2


def test_a_name_cannot_leave_the_folder(offering, tmp_path):
    path = Path(samp_files.taken_file(f"{offering}/..%2F..%2F.bashrc", tmp_path / "in"))
    assert path.parent == tmp_path / "in"
    assert not path.name.startswith(".")


def test_import_of_the_session_does_not_load_the_library():
    code = "import sys, astrogui.session.samp; print('pyvo' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "False"
