"""The shipped network and the whole path of a file, as the evaluation of a model calls them."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import ModelMissing
from astrogui.records.model_card import ModelCard
from astrogui.session.cards import Cards
from astrogui.session.session import Session
from astrogui.session.settings import model_search_path
from astrogui.tasks import task_by_name

Arrays = dict[str, NDArray[Any]]
log = logging.getLogger(__name__)


def network(task: str, models: str | None = None) -> Network:
    """The network that answers ``task``: a batch of prepared arrays to its raw outputs.

    Raises ``ModelMissing`` or ``ModelMismatch``.
    """
    from astrogui.inference.backends import guarded
    from astrogui.inference.model_folder import load_model

    folder = Cards(model_search_path(models or "")).folder(task)
    if folder is None:
        raise ModelMissing(f"There is no model for {task}. Train one: python main.py train {task}")
    model = load_model(folder)
    backend = guarded(model, log.warning)
    return Network(model.card, model.assets, backend.run)


class Network:
    """A shipped network with its card and arrays: prepared arrays in, raw outputs out."""

    def __init__(
        self,
        card: ModelCard,
        assets: Mapping[str, NDArray[Any]],
        run: Callable[[Arrays], Mapping[str, NDArray[Any]]],
    ) -> None:
        self.card, self.assets = card, assets
        self._run = run

    def __call__(self, prepared: Arrays) -> Arrays:
        given = {spec.name: np.ascontiguousarray(prepared[spec.name]) for spec in self.card.inputs}
        outputs = self._run(given)
        return {spec.name: outputs[spec.name] for spec in self.card.outputs}


class Answering:
    """Groups of files to exported rows by the same path as ``analyze``, one worker for all."""

    def __init__(self, task: str, models: str | None = None) -> None:
        self._task = task
        self._folder = tempfile.TemporaryDirectory(prefix="astrogui-")
        # Of the one task alone: what its answers would start is another's evaluation.
        self._session = Session(
            Path(self._folder.name) / "evaluation.astrogui",
            models=models,
            tasks=(task_by_name(task),),
        )

    def __call__(
        self, groups: Sequence[tuple[Path, ...]], options: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The rows of each group in turn; a refused file gives a row with its reason in flags."""
        words = {key: str(value) for key, value in options.items() if value is not None}
        asked = [
            self._session.add(group, tasks=(self._task,), options=words, as_one=True)
            for group in groups
        ]
        item_ids = [item_id for future in asked for item_id in future.result()]
        self._session.idle().result()
        row_ids = [
            row for item in dict.fromkeys(item_ids) for row in self._session.view.row_ids(item)
        ]
        return self._session.view.rows(row_ids)

    def draws(self, row: Mapping[str, Any]) -> Arrays:
        """By name the posterior draws (n,) behind a row; empty without any."""
        posterior = self._session.view.posterior(int(row["row_id"]), self._task)
        if posterior is None or posterior.draws is None:
            return {}
        columns = np.asarray(posterior.draws, np.float64).T
        return dict(zip(posterior.draw_names, columns, strict=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()
        self._folder.cleanup()
