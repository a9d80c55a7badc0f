"""What an analysis declares: what it reads, how it prepares, decodes and refines."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import MissingMetadata
from astrogui.records.catalogue import Column
from astrogui.records.image import Field, Image
from astrogui.records.model_card import ModelCard
from astrogui.records.posterior import Parameter, Posterior
from astrogui.records.provenance import Place
from astrogui.records.sensitivity import Sensitivity
from astrogui.records.source import Kind, Source
from astrogui.records.spectrum import Spectrum
from astrogui.records.strain import Network, Strain
from astrogui.tasks.insight import Insight
from astrogui.tasks.option import Option

Record = Spectrum | Field | Network
Arrays = dict[str, NDArray[Any]]
Options = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """What a task may know of the model that answers it: its card and its plain arrays."""

    card: ModelCard
    assets: Mapping[str, NDArray[Any]]  # from assets.npz; empty when there is none
    seed: int = 0  # recorded with the answer; every random number is drawn from it


class Find(Protocol):
    """The places of a record that get an answer, in batches, so that rows appear early."""

    def __call__(
        self, record: Any, model: Model, options: Options
    ) -> Iterator[Sequence[Place]]: ...


class Prepare(Protocol):
    """Named arrays for the network, each with the batch first: (len(places), ...)."""

    def __call__(
        self, record: Any, places: Sequence[Place], model: Model, options: Options
    ) -> Arrays: ...


class Decode(Protocol):
    """One posterior a place from the network's raw outputs."""

    def __call__(
        self,
        outputs: Arrays,
        prepared: Arrays,
        record: Any,
        places: Sequence[Place],
        model: Model,
    ) -> list[Posterior]: ...


class Refine(Protocol):
    """A better answer of the same place, where a likelihood exists; None to keep the first."""

    def __call__(
        self,
        record: Any,
        place: Place,
        posterior: Posterior,
        model: Model,
        progress: Callable[[float], None],
    ) -> Posterior | None: ...


class Explain(Protocol):
    """Which parts of the record an answer rests on.

    ``answer`` gives the posterior, before any refinement, of each altered record it is handed.
    Raises ``UsageProblem`` where there is nothing to explain.
    """

    def __call__(
        self, record: Any, task: str, answer: Callable[[Sequence[Any]], list[Posterior]]
    ) -> Sensitivity: ...


class FollowUp(NamedTuple):
    """A further analysis that an answer gives reason for: of the same files, with options."""

    task: str
    options: Mapping[str, str]


BatchNotices = Callable[[Sequence[Mapping[str, Any]]], list[str]]
"""Rows that were answered together, as cells: what they give reason to doubt, in words."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """One analysis. Adding one costs its file, a recipe, a model folder and a line in TASKS.

    ``prepare`` may add keys that the network does not take (they start with "_"): they reach
    ``decode`` untouched. ``find`` may put measured values into ``Place.values``; the columns that
    they and ``Posterior.extras`` fill are declared in ``columns`` or, where their names depend on
    the record (one flux a band), by ``record_columns``. ``insight`` says how one looks into the
    network of an analysis of pictures. Every file that a task ``accepts`` is analysed without being
    asked, or only those that are ``wanted``. ``follow_up`` says of an answer which analysis is to
    be run about it; what that one may be told through this one, as ``TASK.NAME``, ``hands_on``.
    """

    name: str
    title: str
    reads: Kind
    accepts: Callable[[Source], bool]
    wanted: Callable[[Source], bool] | None = None
    find: Find
    prepare: Prepare
    decode: Decode
    refine: Refine | None = None
    refines_at_once: bool = False  # in milliseconds: the first answer comes with the refined one
    explain: Explain | None = None
    insight: Insight | None = None
    parameters: tuple[Parameter, ...] = ()
    classes: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    record_columns: Callable[[Sequence[str]], tuple[Column, ...]] | None = None
    group_by: Callable[[Source], Hashable | None] | None = None
    views: tuple[str, ...] = ()
    batch_size: int = 64
    preparation_version: str = "1"
    match_tolerance_arcsec: float = 1.0
    options: tuple[Option, ...] = ()
    libraries: tuple[str, ...] = ()  # beside numpy, scipy and the network's, where installed
    batch_notices: BatchNotices | None = None
    follow_up: Callable[[Place, Posterior], FollowUp | None] | None = None
    hands_on: tuple[str, ...] = ()

    def fits(self, sources: Sequence[Source]) -> bool:
        """Whether it can answer an observation of these files."""
        is_kind = bool(sources) and self.reads == sources[0].kind
        return is_kind and any(self.accepts(source) for source in sources)

    def comes_unasked(self, sources: Sequence[Source]) -> bool:
        """Whether it answers them without being asked for by name."""
        is_wanted = self.wanted is None or any(self.wanted(source) for source in sources)
        return is_wanted and self.fits(sources)

    def handed_on(self, task: str, options: Options) -> dict[str, str]:
        """Of its options those for an analysis that it starts: for that alone, else for all."""
        mine = {key: key.partition(".")[2] for key in self.hands_on if key.startswith(f"{task}.")}
        given = {name: options.get(key, options.get(name)) for key, name in mine.items()}
        return {name: text for name, text in given.items() if text is not None}


def group(records: Sequence[Any]) -> Record:
    """Records of one observation as the value that tasks take: Spectrum, Field or Network."""
    first = records[0]
    if isinstance(first, Spectrum):
        return first
    if isinstance(first, Image):
        return Field(images=tuple(records))
    if isinstance(first, Strain):
        return Network(strains=tuple(records))
    raise TypeError(f"no task reads a {type(first).__name__}")


def whole_record(record: Any, model: Model, options: Options) -> Iterator[Sequence[Place]]:
    """The ``find`` of spectra: the one place is the record itself."""
    del model, options
    yield (
        Place(
            label=record.object_id or "spectrum",
            object_id=record.object_id,
            ra_deg=record.ra_deg,
            dec_deg=record.dec_deg,
        ),
    )


def seeded(model: Model, *words: object) -> np.random.Generator:
    """A generator that depends on the recorded seed and the given words only."""
    import zlib

    salt = zlib.crc32("/".join(str(word) for word in words).encode())
    return np.random.default_rng([model.seed, salt])


def required_detector(strain: Strain) -> str:
    """The detector's name; raises ``MissingMetadata`` where the file does not say."""
    if not strain.detector:
        raise MissingMetadata(
            strain.provenance.path,
            strain.provenance.part,
            "the file does not say which detector it comes from",
            "Rename it in the GWOSC manner or convert it with a detector attribute.",
        )
    return strain.detector
