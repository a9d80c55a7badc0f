"""A small session in memory with the real one's surface: for tests of widgets alone.

Its commands run in one thread of their own, as in the real session, so that the window's bridge
is exercised; nothing is read from disk and no network runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from astrogui.records.catalogue import Column
from astrogui.records.image import Field, Image
from astrogui.records.inside import FeatureMaps, Inside
from astrogui.records.posterior import QUANTILE_LEVELS, GridDensity, Parameter, Posterior
from astrogui.records.provenance import AnswerProvenance
from astrogui.records.sensitivity import Sensitivity
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum
from astrogui.records.strain import Network, Strain
from astrogui.session import events
from astrogui.session.live_table import LiveTable
from astrogui.session.settings import Settings
from astrogui.session.table_reader import Marks
from astrogui.tasks.option import ANY_NUMBER, Option

OPTIONS = (
    Option(name="z_max", description="largest redshift", default="7", between=(0.0, 7.0)),
    Option(name="gps", description="time", default="none", between=ANY_NUMBER),
)
JUDGEMENTS = ("user_class", "user_z", "user_quality", "user_tags", "user_comment")
COLUMNS = (
    Column(name="file", type="text", description="file as given"),
    Column(name="object_id", type="text", description="name in the file"),
    Column(name="ra", unit="deg", format="%.5f", description="right ascension, ICRS"),
    Column(name="dec", unit="deg", format="%.5f", description="declination, ICRS"),
    Column(name="task", type="text", description="analysis"),
    Column(name="flags", type="text", description="doubts in words"),
    Column(name="z", description="redshift"),
    Column(name="z_lo68"),
    Column(name="z_hi68"),
    Column(name="z_lo90"),
    Column(name="z_hi90"),
    Column(name="class", type="text", description="most probable class"),
    Column(name="user_class", type="text", description="the analyst's class"),
    Column(name="user_z", format="%.5f", description="the analyst's redshift"),
    Column(name="user_quality", type="int", description="the analyst's quality, 0 to 4 or 6"),
    Column(name="user_tags", type="text", description="the analyst's tags"),
    Column(name="user_comment", type="text", description="the analyst's comment"),
)


@dataclass
class FakeView:
    """What the window reads."""

    session: FakeSession
    tasks: tuple[Any, ...] = ()

    def items(self) -> list[Any]:
        return list(self.session.items.values())

    def columns(self) -> tuple[Column, ...]:
        return self.session.columns

    def item(self, item_id: int) -> Any:
        return self.session.items[item_id]

    def row_ids(self, item_id: int | None = None) -> list[int]:
        rows = self.session.rows.values()
        return [r["row_id"] for r in rows if item_id is None or r["item_id"] == item_id]

    def rows(self, row_ids: Sequence[int] | None = None) -> list[dict[str, Any]]:
        wanted = self.session.rows if row_ids is None else row_ids
        return [dict(self.session.rows[row_id]) for row_id in wanted]

    def row(self, row_id: int) -> dict[str, Any]:
        return dict(self.session.rows[row_id])

    def answers(self, row_id: int) -> list[Any]:
        task = self.session.rows[row_id]["task"]
        provenance = AnswerProvenance(
            task=task, model="fake 1", model_sha256="0" * 64, backend="onnx", device="CPU",
            seed=1, application="0",
        )  # fmt: skip
        return [SimpleNamespace(answer_id=row_id, row_id=row_id, task=task, provenance=provenance)]

    def grades(self, row_ids: Sequence[int] | None = None, hide: bool = True) -> dict[int, Any]:
        del hide
        wanted = self.session.rows if row_ids is None else row_ids
        judged = {r: _judged(self.session.rows[r]) for r in wanted if r in self.session.rows}
        return {r: {self.session.author: fields} for r, fields in judged.items() if fields}

    def is_blind(self) -> bool:
        return False

    def unblinded(self) -> list[tuple[int, str]]:
        return []

    def problems(self) -> list[Any]:
        return list(self.session.problems)

    def jobs(self) -> list[Any]:
        return list(self.session.jobs.values())

    def history(self) -> tuple[str, str]:
        return self.session.titles()

    def steps(self) -> list[Any]:
        return [
            SimpleNamespace(step_id=i, title=step[0], author="me", created="2026", state=state)
            for i, (state, step) in enumerate(
                [("done", step) for step in self.session.done]
                + [("undone", step) for step in self.session.undone[::-1]],
                start=1,
            )
        ]

    def changes(self, step_id: int, most: int = 20) -> tuple[list[Any], int]:
        step = [*self.session.done, *self.session.undone[::-1]][step_id - 1]
        found = [
            SimpleNamespace(row_id=row_id, field=name, before=before[name], after=after[name])
            for row_id, before, after in zip(step[1], step[2], step[3], strict=True)
            for name in after
        ]
        return found[:most], len(found)


class FakeReader:
    """What fills the table of columns: the rows in memory."""

    def __init__(self, session: FakeSession) -> None:
        self._session = session

    def columns(self) -> tuple[Column, ...]:
        return self._session.columns

    def marks(self) -> Marks:
        return Marks(row=len(self._session.rows))

    def ids_since(self, marks: Marks) -> np.ndarray:
        del marks
        return self.all_ids()

    def answered_since(self, marks: Marks) -> tuple[np.ndarray, Marks]:
        return np.zeros(0, np.int64), marks

    def all_ids(self) -> np.ndarray:
        return np.array(sorted(self._session.rows), np.int64)

    def read(
        self, row_ids: np.ndarray, give_way: Callable[[], None]
    ) -> Iterator[tuple[np.ndarray, dict[str, list[Any]]]]:
        give_way()
        rows = [dict(self._session.rows[i]) for i in row_ids.tolist() if i in self._session.rows]
        names = {name for row in rows for name in row}
        if rows:
            ids = np.array([row["row_id"] for row in rows], np.int64)
            yield ids, {name: [row.get(name) for row in rows] for name in names}

    def forget_paths(self) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass
class FakeGrading:
    """Keeps the queue it is given."""

    session: FakeSession
    kept: tuple[dict[str, Any], int] | None = None

    def queue(self) -> Future[Any]:
        return self.session._post(lambda: self.kept)

    def keep_queue(self, queue: Mapping[str, Any] | None, place: int = 0) -> Future[None]:
        self.kept = None if queue is None else (dict(queue), place)
        return self.session._post(lambda: None)

    def keep_place(self, place: int) -> Future[None]:
        if self.kept is not None:
            self.kept = (self.kept[0], place)
        return self.session._post(lambda: None)


def _judged(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(row[name]) for name in JUDGEMENTS if row.get(name) not in {None, ""}}


@dataclass
class FakeSession:
    """Spectra, images and strain out of nothing; ``add`` looks at the file's ending only."""

    items: dict[int, Any] = field(default_factory=dict)
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[int, Any] = field(default_factory=dict)
    problems: list[Any] = field(default_factory=list)
    done: list[Any] = field(default_factory=list)
    undone: list[Any] = field(default_factory=list)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    columns: tuple[Column, ...] = COLUMNS
    table: LiveTable | None = None
    author: str = "A. Nalyst"
    path: Path = Path("/data/fake.astrogui")

    def __post_init__(self) -> None:
        self.view = FakeView(self)
        self.grading = FakeGrading(self)
        self.settings = Settings(author=self.author, theme="light")
        self._thread = ThreadPoolExecutor(1, "fake-session")
        self._callbacks: list[Callable[[events.Event], None]] = []

    def subscribe(self, callback: Callable[[events.Event], None]) -> Callable[[], None]:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def say(self, event: events.Event) -> Future[None]:
        """Let an event happen, as the session's thread would."""
        return self._post(self._tell, event)

    def add(
        self,
        paths: Sequence[str | Path],
        tasks: Sequence[str] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> Future[list[int]]:
        self.calls.append(("add", tuple(map(str, paths)), dict(options or {})))
        return self._post(self._add, [str(path) for path in paths], dict(options or {}))

    def run(
        self, item_ids: Sequence[int], task: str | None = None, options: Any = None
    ) -> Future[list[int]]:
        self.calls.append(("run", tuple(item_ids), task, dict(options or {})))
        return self._post(list)

    def cancel(self, job_id: int) -> Future[None]:
        self.calls.append(("cancel", job_id))
        return self._post(self._end, job_id)

    def cancel_adding(self) -> Future[None]:
        self.calls.append(("cancel_adding",))
        return self._post(lambda: None)

    def cancel_all(self) -> Future[None]:
        self.calls.append(("cancel_all",))
        return self._post(lambda: None)

    def rerun(self, job_id: int) -> Future[int]:
        self.calls.append(("rerun", job_id))
        return self._post(lambda: job_id)

    def annotate(
        self, row_ids: Sequence[int], values: Mapping[str, Any], initiator: Any = None
    ) -> Future[None]:
        self.calls.append(("annotate", tuple(row_ids), dict(values)))
        return self._post(self._annotate, tuple(row_ids), dict(values), initiator)

    def undo(self) -> Future[None]:
        return self._post(self._step, self.done, self.undone, 0)

    def redo(self) -> Future[None]:
        return self._post(self._step, self.undone, self.done, 1)

    def go_to(self, step_id: int) -> Future[None]:
        return self._post(self._go_to, step_id)

    def _go_to(self, step_id: int) -> None:
        while len(self.done) > step_id:
            self._step(self.done, self.undone, 0)
        while len(self.done) < step_id:
            self._step(self.undone, self.done, 1)

    def export(
        self,
        path: str | Path,
        row_ids: Iterable[int] | None = None,
        posteriors: str | None = None,
        columns: Sequence[str] | None = None,
        progress: Callable[[float, str], bool | None] | None = None,
    ) -> Future[int]:
        del progress
        wanted = None if row_ids is None else tuple(map(int, row_ids))
        self.calls.append(("export", str(path), wanted, posteriors, columns))
        return self.say(events.ExportFinished(str(path), len(self.rows)))  # type: ignore[return-value]

    def import_judgements(self, path: str | Path) -> Future[int]:
        self.calls.append(("import", str(path)))
        return self._post(lambda: 0)

    def load(self, item_id: int) -> Future[Any]:
        return self._post(record_of, self.items[item_id].kind)

    def explain(self, row_id: int, task: str | None = None) -> Future[Sensitivity]:
        """Two stretches: the first speaks for the answer, the second against it."""
        return self._post(
            lambda: Sensitivity(
                task=task or "",
                answer=f"GALAXY in row {row_id}",
                axis="vacuum wavelength",
                axis_unit="Angstrom",
                edges=np.array([4000.0, 5000.0, 6000.0]),
                loss=np.array([2.0, -0.5]),
                quantity="log odds of the answer",
                loss_unit="nat",
                baseline=4.0,
            )
        )

    def look_inside(self, row_id: int, task: str | None = None) -> Future[Inside]:
        """Two planes of which the first speaks for the answer; the row is the log odds."""
        self.calls.append(("look_inside", row_id, task))
        return self._post(inside_of, row_id)

    def save_inside(self, inside: Inside, path: str) -> Future[None]:
        self.calls.append(("save_inside", inside.answer, path))
        return self._post(lambda: None)

    def posterior(self, row_id: int, task: str) -> Future[Posterior | None]:
        return self._post(posterior_of, self.rows[row_id]["z"])

    def open_project(self, path: str | Path) -> Future[None]:
        self.calls.append(("open_project", str(path)))
        return self.say(events.ProjectOpened(str(path)))

    def relocate(self, item_id: int, path: str | Path) -> Future[None]:
        self.calls.append(("relocate", item_id, str(path)))
        return self._post(lambda: None)

    def idle(self) -> Future[None]:
        return self._post(lambda: None)

    def card(self, task: str) -> None:
        return None

    def tasks(self, names: Sequence[str] | None = None) -> tuple[Any, ...]:
        return (
            SimpleNamespace(
                name="redshift", title="Redshift", reads="spectrum", views=("spectrum",),
                parameters=(Parameter(name="z", title="redshift", low=0, high=7),),
                options=OPTIONS, hands_on=(), insight=None,
            ),
        )  # fmt: skip

    def demo_files(self) -> list[Path]:
        return [Path("spectrum.fits"), Path("image.fits"), Path("strain.hdf5")]

    def live_table(self) -> LiveTable:
        if self.table is None:
            self.table = LiveTable(lambda: FakeReader(self))
        return self.table

    def cancel_exports(self) -> None:
        """Nothing is written for long here."""

    def close(self) -> None:
        if self.table is not None:
            self.table.close()
        self._thread.shutdown()

    # -- in the session's thread -----------------------------------------------------------

    def _post(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        return self._thread.submit(function, *args)

    def _tell(self, event: events.Event) -> None:
        if isinstance(event, events.RowsChanged) and self.table is not None:
            self.table.refresh(event.row_ids, event.fields)
        for callback in list(self._callbacks):
            callback(event)

    def _add(self, paths: list[str], options: dict[str, str]) -> list[int]:
        added = []
        for path in paths:
            if path.endswith(".bad"):
                self._refuse(path)
                continue
            if path.endswith(".txt") and "columns" not in options:
                self._refuse(path, "the columns are not named", "Say which with --columns.")
                continue
            item_id = len(self.items) + 1
            kind = "strain" if path.endswith(".hdf5") else "spectrum"
            kind = "image" if "image" in path else kind
            source = Source(path=path, kind=kind, format="fake", object_id=f"object {item_id}")
            self.items[item_id] = SimpleNamespace(
                item_id=item_id, kind=kind, paths=(path,), sources=(source,),
                object_id=f"object {item_id}", state="ok", words="",
            )  # fmt: skip
            self._tell(events.FileAdded(path, (item_id,)))
            self._answer(item_id, path)
            added.append(item_id)
        return added

    def _refuse(self, path: str, cause: str = "the file is empty", advice: str = "") -> None:
        advice = advice or "Fetch it again."
        self.problems.append(
            SimpleNamespace(
                problem_id=len(self.problems) + 1,
                path=path,
                place="byte 0",
                cause=cause,
                advice=advice,
                time="2026-11-21T09:00:00",
            )
        )
        self._tell(events.FileRefused(path, "byte 0", cause, advice))

    def _answer(self, item_id: int, path: str) -> None:
        job_id = item_id
        self.jobs[job_id] = SimpleNamespace(
            job_id=job_id, item_id=item_id, item_ids=(item_id,), task="redshift", state="done",
            fraction=1.0, words="", rows=1,
        )  # fmt: skip
        self._tell(events.JobQueued(job_id, "redshift", (item_id,)))
        row_id = len(self.rows) + 1
        z = 0.1 * item_id
        self.rows[row_id] = {
            "row_id": row_id, "item_id": item_id, "x_pixel": 40.0, "y_pixel": 30.0, "file": path,
            "object_id": f"object {item_id}", "ra": 150.0 + item_id, "dec": 2.0,
            "task": "redshift", "flags": "", "z": z, "z_lo68": z - 0.001, "z_hi68": z + 0.002,
            "z_lo90": z - 0.002, "z_hi90": z + 0.003, "class": "GALAXY",
            "user_class": "", "user_z": None, "user_quality": None, "user_tags": "",
            "user_comment": "",
        }  # fmt: skip
        self._tell(events.RowsChanged((row_id,), ("z",)))
        self._tell(events.JobFinished(job_id, 1))

    def _end(self, job_id: int) -> None:
        self._tell(events.JobCancelled(job_id))

    def titles(self) -> tuple[str, str]:
        return (
            self.done[-1][0] if self.done else "",
            self.undone[-1][0] if self.undone else "",
        )

    def _annotate(self, row_ids: tuple[int, ...], values: dict[str, Any], initiator: Any) -> None:
        before = [{name: self.rows[row_id][name] for name in values} for row_id in row_ids]
        self.done.append((f"Set {' and '.join(values)}", row_ids, before, [values] * len(row_ids)))
        self.undone.clear()
        for row_id in row_ids:
            self.rows[row_id].update(values)
        self._tell(events.RowsChanged(row_ids, tuple(values), initiator))
        self._tell(events.HistoryChanged(*self.titles()))

    def _step(self, from_: list[Any], to: list[Any], side: int) -> None:
        if not from_:
            return
        step = from_.pop()
        to.append(step)
        for row_id, values in zip(step[1], step[2 + side], strict=True):
            self.rows[row_id].update(values)
        self._tell(events.RowsChanged(step[1], JUDGEMENTS))
        self._tell(events.HistoryChanged(*self.titles()))


def inside_of(row_id: int) -> Inside:
    """A look into a network of two layers, as if taken at a row's object."""
    ramp = np.linspace(0, 1, 36, dtype=np.float32).reshape(6, 6)
    layers = [
        FeatureMaps(
            layer=name, kind="Conv2D", shape=(6, 6, count), channel=np.arange(count)[::-1].copy(),
            strength=np.ones(count, np.float32), maps=np.stack([ramp + k for k in range(count)]),
        )
        for name, count in (("stem", 3), ("deep", 12))
    ]  # fmt: skip
    gradients = np.stack([ramp, -ramp / 2])
    return Inside(
        task="redshift", model="fake 1", answer="galaxy", value=float(row_id),
        baseline_value=float(row_id - gradients.sum()), baseline="empty sky, 0 in every plane",
        plane_names=("r", "g"), is_colour=False, planes=np.stack([ramp, 1 - ramp]),
        gradients=gradients, occlusion=ramp - 0.5, patch=3, layers=tuple(layers),
        notes=("A note.",),
    )  # fmt: skip


def record_of(kind: str) -> Spectrum | Field | Network:
    """A small record of each kind."""
    random = np.random.default_rng(3)
    if kind == "spectrum":
        wavelength = np.arange(4000.0, 9000.0, 2.0)
        flux = 1 + 0.1 * random.normal(size=wavelength.size)
        return Spectrum(
            wavelength_angstrom=wavelength, flux=flux.astype(np.float32),
            ivar=np.full(wavelength.size, 100, np.float32), mask=np.zeros(wavelength.size, bool),
            flux_unit="", frame="barycentric", medium_in_file="vacuum", object_id="object",
        )  # fmt: skip
    if kind == "image":
        pixels = random.normal(10, 1, (80, 100)).astype(np.float32)
        return Field(images=(Image(pixels=pixels, band="r"),))
    samples = random.normal(0, 1e-21, 4096 * 4)
    return Network(
        strains=tuple(
            Strain(samples=samples, gps_start=1126259460.0, sample_rate_hz=4096.0, detector=name)
            for name in ("H1", "L1")
        )
    )


def posterior_of(z: float) -> Posterior:
    """A narrow posterior round ``z`` with three classes."""
    edges = np.linspace(0, 2, 401)
    centres = 0.5 * (edges[1:] + edges[:-1])
    mass = np.exp(-0.5 * ((centres - z) / 0.01) ** 2)
    density = np.stack([0.9 * mass, 0.08 * mass, 0.02 * mass])
    density /= (density * np.diff(edges)).sum()
    return Posterior(
        parameters=(Parameter(name="z", title="redshift", low=0, high=2),),
        quantiles=(z + 0.01 * (QUANTILE_LEVELS[None, :] - 0.5)),
        density=GridDensity(
            parameter="z", edges=edges, classes=("GALAXY", "QSO", "STAR"),
            density=density.astype(np.float32),
        ),
        classes=("GALAXY", "QSO", "STAR"),
        class_probability=np.array([0.9, 0.08, 0.02]),
    )  # fmt: skip
