"""The analyses: one declarative file each, listed here from top to bottom.

A task says what it reads, finds, prepares and decodes; arithmetic lives in ``science/``.
"""

from __future__ import annotations

from astrogui.tasks import (
    bbh,
    bbh_shen,
    gw_search,
    lens_finder,
    morphology,
    own_classes,
    redshift,
    redshift_euclid,
    star_galaxy,
    stellar,
)
from astrogui.tasks.task import Task

TASKS: tuple[Task, ...] = (
    redshift.TASK,
    star_galaxy.TASK,
    bbh.TASK,
    gw_search.TASK,
    stellar.TASK,
    redshift_euclid.TASK,
    lens_finder.TASK,
    morphology.TASK,
    bbh_shen.MASSES,
    bbh_shen.REMNANT,
)


def task_by_name(name: str) -> Task:
    """The task of that name; raises ``UsageProblem`` naming those there are."""
    from astrogui.errors import UsageProblem

    for task in TASKS:
        if task.name == name:
            return task
    if name.startswith(own_classes.PREFIX):
        return own_classes.own_task(name)
    names = ", ".join(task.name for task in TASKS)
    raise UsageProblem(f"There is no task {name!r}. The tasks are: {names}.")
