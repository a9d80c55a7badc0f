"""From a job to its answers: read, find, prepare, run the network, decode, refine."""

from __future__ import annotations

import datetime
import traceback
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from time import monotonic
from typing import Any

import numpy as np

from astrogui import __version__
from astrogui.errors import AstroguiError, JobCancelled, UsageProblem
from astrogui.inference.backends import Backend, guarded, opened
from astrogui.inference.jobs import (
    Answer,
    Job,
    JobAdvanced,
    JobAnswered,
    JobBegan,
    JobBroke,
    JobDone,
    JobExplained,
    JobLooked,
    JobStopped,
    Report,
    RunnerNotice,
)
from astrogui.inference.model_folder import LoadedModel, find_model, load_model
from astrogui.records.posterior import Posterior
from astrogui.records.provenance import AnswerProvenance, Place
from astrogui.records.source import Source
from astrogui.tasks.insight import Opened, look
from astrogui.tasks.task import Arrays, Model, Task, group

REPORT_EVERY_S = 0.2
Steps = Generator[Arrays, Arrays, None]
"""A job under way: yields what the network is to be fed, is sent what it said."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A job with what answers it."""

    job: Job
    task: Task
    loaded: LoadedModel
    backend: Backend
    begun: float

    def provenance(self, method: str) -> AnswerProvenance:
        """How an answer given now was computed."""
        return AnswerProvenance(
            task=self.task.name,
            model=self.loaded.card.name,
            model_sha256=self.loaded.sha256,
            backend=self.backend.name,
            device=self.backend.device,
            seed=self.job.seed,
            application=__version__,
            preparation=self.task.preparation_version,
            method=method,
            versions=_versions(self.backend.libraries, self.task.libraries),
            options=self.job.options,
            computed_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
            duration_s=round(monotonic() - self.begun, 4),
        )


class _Meter:
    """Reports how far a job is, a few times a second at most."""

    def __init__(self, job_id: int, report: Callable[[Report], None]) -> None:
        self._job_id, self._report, self._last = job_id, report, monotonic()

    def __call__(self, fraction: float, words: str) -> None:
        if monotonic() - self._last >= REPORT_EVERY_S:
            self._last = monotonic()
            self._report(JobAdvanced(self._job_id, fraction, words))


class _Teller:
    """Reports the answers of a job, each with how it was computed.

    ``held`` answers are reported all in one: what follows them comes at once.
    """

    def __init__(self, way: _Way, report: Callable[[Report], None], held: bool) -> None:
        self._way, self._report, self._is_held = way, report, held
        self._answers: list[Answer] = []

    def __call__(self, pairs: Sequence[tuple[Place, Posterior]], refined: bool = False) -> None:
        usual = "network" if self._way.loaded.card.network else "without a network"
        origins = {
            method: self._way.provenance(method)
            for method in {_method(posterior, refined, usual) for _, posterior in pairs}
        }
        self._answers += [
            Answer(
                place=place,
                posterior=posterior,
                provenance=origins[_method(posterior, refined, usual)],
                refined=refined,
            )
            for place, posterior in pairs
        ]
        if not self._is_held:
            self.all()

    def all(self) -> None:
        """Report what is held."""
        if self._answers:
            answers, self._answers = tuple(self._answers), []
            self._report(JobAnswered(self._way.job.job_id, answers))


class Analyst:
    """Answers jobs with the models it has loaded; every word goes to ``report``.

    ``is_stopped`` tells whether a job has been cancelled: it is asked between batches and at
    every step of a refinement.
    """

    def __init__(
        self,
        report: Callable[[Report], None],
        is_stopped: Callable[[int], bool],
        *,
        task_named: Callable[[str], Task],
        read: Callable[[Source], Any],
        backend_for: Callable[..., Backend] = guarded,
    ) -> None:
        self._report = report
        self._is_stopped = is_stopped
        self._task_named = task_named
        self._read = read
        self._backend_for = backend_for
        self._loaded: dict[tuple[str, str], tuple[LoadedModel, Backend]] = {}
        self._opened: dict[str, Opened | None] = {}

    def together(self, first: Job, other: Job) -> bool:
        """Whether two jobs may share one call of the network: spectra of one task."""
        try:
            reads = self._task_named(first.task).reads
        except AstroguiError:
            return False
        same = (first.task, first.models_dir) == (other.task, other.models_dir)
        return same and reads == "spectrum"

    def run(self, jobs: Iterable[Job]) -> None:
        """Answer jobs of one task together; each succeeds or fails for itself."""
        under_way: dict[int, tuple[Job, Steps, Arrays]] = {}
        for job in jobs:
            steps = self._steps(job)
            fed = self._advance(job, steps, partial(next, steps))
            if fed is not None:
                under_way[job.job_id] = (job, steps, fed)
        while under_way:
            waiting = list(under_way.values())
            under_way = {}
            backend = self._model(waiting[0][0])[1]
            for (job, steps, _), said in zip(waiting, _run_joined(backend, waiting), strict=True):
                fed = self._advance(job, steps, partial(_give, steps, said))
                if fed is not None:
                    under_way[job.job_id] = (job, steps, fed)

    def _advance(self, job: Job, steps: Steps, step: Callable[[], Arrays]) -> Arrays | None:
        """Take a job one step on; None when it has ended, which is then reported.

        This is the edge of a job: whatever is raised becomes a report.
        """
        try:
            return step()
        except StopIteration:
            self._report(JobDone(job.job_id))
        except JobCancelled:
            self._report(JobStopped(job.job_id))
        except AstroguiError as error:
            self._report(JobBroke(job.job_id, error))
        except MemoryError:
            self._report(JobBroke(job.job_id, _too_large(job)))
        except Exception:
            self._report(JobBroke(job.job_id, None, traceback.format_exc()))
        steps.close()
        return None

    def _steps(self, job: Job) -> Steps:
        """The whole way of one job."""
        begun = monotonic()
        self._go_on(job)
        self._report(JobBegan(job.job_id))
        way = _Way(job, self._task_named(job.task), *self._model(job), begun)
        task = way.task
        record = group([self._read(source) for source in job.sources])
        model = Model(card=way.loaded.card, assets=way.loaded.assets, seed=job.seed)
        if job.explain:
            self._explain(way, record, model)
            return
        if job.look is not None:
            self._look(way, record, model, job.look)
            return
        refines = task.refine is not None and job.refine
        tell = _Teller(way, self._report, held=refines and task.refines_at_once)
        try:
            yield from self._answers(way, record, model, refines, tell)
        finally:
            tell.all()

    def _answers(self, way: _Way, record: Any, model: Model, refines: bool, tell: _Teller) -> Steps:
        """Every place of a record answered, batch after batch, then refined."""
        job, task, options = way.job, way.task, dict(way.job.options)
        advanced = _Meter(job.job_id, self._report)
        found: list[tuple[Place, Posterior]] = []
        fraction = 0.0
        advanced(fraction, "looking for what to answer")
        for places in task.find(record, model, options):
            for start in range(0, len(places), task.batch_size):
                self._go_on(job)
                chunk = places[start : start + task.batch_size]
                advanced(fraction, f"preparing {len(chunk)}")
                prepared = task.prepare(record, chunk, model, options)
                self._go_on(job)
                outputs = yield {n: prepared[n] for n in prepared if not n.startswith("_")}
                posteriors = task.decode(outputs, prepared, record, chunk, model)
                pairs = list(zip(chunk, posteriors, strict=True))
                tell(pairs)
                found += pairs
                # How many batches follow is unknown: a fraction that grows and never arrives.
                fraction = len(found) / (len(found) + task.batch_size) * (0.5 if refines else 1.0)
                advanced(fraction, f"{len(found)} answered")
        if refines:
            self._refine(way, record, model, found, advanced, tell)

    def _explain(self, way: _Way, record: Any, model: Model) -> None:
        """Report what the answer of the record's first place rests on."""
        task, options = way.task, dict(way.job.options)
        if task.explain is None:
            raise UsageProblem(f"{task.title}: this analysis cannot say what its answers rest on.")
        places = next(iter(task.find(record, model, options)), ())
        if not places:
            raise UsageProblem(f"{task.title}: the record holds nothing to answer.")
        place = places[0]

        def answer(records: Sequence[Any]) -> list[Posterior]:
            found: list[Posterior] = []
            for start in range(0, len(records), task.batch_size):
                batch = records[start : start + task.batch_size]
                self._go_on(way.job)
                fed = [task.prepare(altered, [place], model, options) for altered in batch]
                self._go_on(way.job)
                said = way.backend.run(
                    {n: np.concatenate([f[n] for f in fed]) for n in fed[0] if n[0] != "_"}
                )
                for i, altered in enumerate(batch):
                    outputs = {name: value[i : i + 1] for name, value in said.items()}
                    found += task.decode(outputs, fed[i], altered, [place], model)
            return found

        sensitivity = task.explain(record, task.name, answer)
        self._report(JobExplained(way.job.job_id, sensitivity))

    def _look(self, way: _Way, record: Any, model: Model, place: Place) -> None:
        """Report what the network sees of one object."""
        task, card = way.task, way.loaded.card
        if task.insight is None:
            raise UsageProblem(f"{task.title}: there is no network of pictures to look into.")

        advanced = _Meter(way.job.job_id, self._report)

        def run(arrays: Arrays) -> Arrays:
            self._go_on(way.job)
            advanced(0.0, "looking into the network")  # that it is alive, to whoever waits
            return way.backend.run(arrays)

        prepared = task.prepare(record, [place], model, dict(way.job.options))
        fed = {name: prepared[name] for name in prepared if not name.startswith("_")}
        posterior = task.decode(run(fed), prepared, record, [place], model)[0]
        if way.loaded.sha256 not in self._opened:
            self._opened[way.loaded.sha256] = opened(way.loaded)
        inner = self._opened[way.loaded.sha256]
        aim = task.insight.aim(posterior, card)
        self._report(
            JobLooked(way.job.job_id, look(task.name, task.insight, card, fed, aim, run, inner))
        )

    def _refine(
        self,
        way: _Way,
        record: Any,
        model: Model,
        found: Sequence[tuple[Place, Posterior]],
        advanced: _Meter,
        tell: _Teller,
    ) -> None:
        """Better answers where the task has a likelihood, one place after another."""
        assert way.task.refine is not None

        def progress(number: int, part: float) -> None:
            self._go_on(way.job)
            done = number + min(max(part, 0.0), 1.0)
            advanced(0.5 + 0.5 * done / len(found), "refining")

        for number, (place, posterior) in enumerate(found):
            part_done = partial(progress, number)
            part_done(0.0)
            better = way.task.refine(record, place, posterior, model, part_done)
            if better is not None:
                tell([(place, better)], refined=True)

    def _go_on(self, job: Job) -> None:
        if self._is_stopped(job.job_id):
            raise JobCancelled("The job was stopped.")

    def _model(self, job: Job) -> tuple[LoadedModel, Backend]:
        """The checked model of a job's task and what runs it, loaded once."""
        key = (job.task, job.models_dir)
        if key not in self._loaded:
            model = load_model(find_model(job.task, job.models_dir), task=job.task)
            backend = self._backend_for(model, lambda words: self._report(RunnerNotice(words)))
            self._loaded[key] = (model, backend)
        return self._loaded[key]


def _give(steps: Steps, said: Arrays | Exception) -> Arrays:
    """Hand the network's outputs to a job, or raise in it what kept them back."""
    return steps.throw(said) if isinstance(said, Exception) else steps.send(said)


def _run_joined(
    backend: Backend, waiting: Sequence[tuple[Job, Steps, Arrays]]
) -> list[Arrays | Exception]:
    """The outputs for each job's arrays from one call; when that fails, from one call each."""
    fed = [arrays for _, _, arrays in waiting]
    if len(fed) > 1 and len({_form(arrays) for arrays in fed}) == 1:
        counts = np.cumsum([len(next(iter(arrays.values()))) for arrays in fed])
        joined = {name: np.concatenate([arrays[name] for arrays in fed]) for name in fed[0]}
        try:
            outputs = backend.run(joined)
        except Exception:  # told by the single calls that follow, to the job that it concerns
            return [_run_one(backend, arrays) for arrays in fed]
        pieces = {name: np.split(value, counts[:-1]) for name, value in outputs.items()}
        return [{name: piece[i] for name, piece in pieces.items()} for i in range(len(fed))]
    return [_run_one(backend, arrays) for arrays in fed]


def _run_one(backend: Backend, arrays: Arrays) -> Arrays | Exception:
    try:
        return backend.run(arrays)
    except Exception as error:  # raised again inside the job
        return error


def _form(arrays: Arrays) -> tuple[Any, ...]:
    """What must agree for arrays to be joined along their first axis."""
    return tuple((name, array.shape[1:]) for name, array in sorted(arrays.items()))


def _too_large(job: Job) -> AstroguiError:
    from astrogui.errors import TooLarge

    return TooLarge(
        job.sources[0].path,
        job.sources[0].part,
        "there is not enough memory to analyse it",
        "Close other programs, or cut out the part you need.",
    )


def _method(posterior: Posterior, refined: bool, usual: str) -> str:
    """How the answer was reached: a refinement may name its method among its extras."""
    return str(posterior.extras.get("method") or "refined") if refined else usual


@lru_cache
def _versions(
    libraries: tuple[str, ...], where_installed: tuple[str, ...] = ()
) -> tuple[tuple[str, str], ...]:
    """The versions of the libraries that an answer depends on, as installed."""
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in ("numpy", "scipy", *libraries):
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:  # a frozen program may lack the metadata
            found.append((name, "unknown"))
    for name in where_installed:
        with suppress(PackageNotFoundError):
            found.append((name, version(name)))
    return tuple(found)
