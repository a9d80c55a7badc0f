"""The analyses that a session knows: the program's, and the analyst's own models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from astrogui.errors import ModelMissing, UsageProblem
from astrogui.records.source import Source
from astrogui.session.cards import Cards
from astrogui.session.own_models import own_tasks
from astrogui.tasks.task import Task


class KnownTasks:
    """``all`` is replaced as a whole where a model joins, in the session's thread."""

    def __init__(self, tasks: Sequence[Task], models: str) -> None:
        """``models`` is the search path of the model folders."""
        self.all: tuple[Task, ...] = (*tasks, *own_tasks(models))
        self.cards = Cards(models)
        self._models = models

    def named(self, name: str) -> Task | None:
        return next((task for task in self.all if task.name == name), None)

    def those(self, names: Sequence[str] | None) -> tuple[Task, ...]:
        """Those of these names, None for all; raises ``UsageProblem`` as ``check`` does."""
        self.check(names or ())
        return tuple(task for task in self.all if names is None or task.name in names)

    def check(self, names: Iterable[str]) -> None:
        """Raises ``UsageProblem`` for a task that does not exist."""
        known = {task.name for task in self.all}
        if unknown := set(names) - known:
            raise UsageProblem(
                f"There is no task {', '.join(sorted(unknown))}. "
                f"The tasks are: {', '.join(sorted(known))}."
            )

    def unasked(self, sources: Sequence[Source]) -> list[str]:
        """The names of those that answer such files without being asked."""
        return [task.name for task in self.all if task.comes_unasked(sources)]

    def take_up(self, name: str) -> None:
        """Know a model of the analyst's own that was made since; raises ``ModelMissing``."""
        found = [task for task in own_tasks(self._models) if task.name == name]
        if not found:
            raise ModelMissing(f"There is no model {name} in {self._models}.")
        self.cards.forget(name)
        self.all = (*(task for task in self.all if task.name != name), *found)
