"""The faults we speak of: everything the world can do wrong, in words for the analyst.

``AstroguiError`` means the world is at fault; every other exception is a bug of ours. Fields go
into ``args``, so that an error survives the trip between processes.
"""

from __future__ import annotations


class AstroguiError(Exception):
    """A fault of the world, whose text is for the analyst."""

    def __str__(self) -> str:
        return " ".join(str(part) for part in self.args if part)


class FileProblem(AstroguiError):
    """A file cannot be used: which one, where in it, why, and what to do next."""

    def __init__(self, path: str, place: str, cause: str, advice: str) -> None:
        super().__init__(path, place, cause, advice)
        self.path, self.place, self.cause, self.advice = path, place, cause, advice

    def __str__(self) -> str:
        where = f"{self.path} ({self.place})" if self.place else self.path
        return f"{where}: {self.cause}. {self.advice}".rstrip()


class NotRecognised(FileProblem):
    """No reader knows this content."""


class Ambiguous(FileProblem):
    """Two readers claim the file, or the file leaves open what an array means."""


class Damaged(FileProblem):
    """A file of a known kind whose content contradicts itself or ends too soon."""


class MissingMetadata(FileProblem):
    """A unit, rate, axis or name that cannot be guessed is absent."""


class TooLarge(FileProblem):
    """The file asks for more memory than any honest file of its kind."""


class Unreadable(FileProblem):
    """The system refuses the file: absent, a directory, no permission, an optional package."""


class Unsuitable(FileProblem):
    """A readable observation that a task cannot answer: too short, all masked, wrong range."""


class ModelProblem(AstroguiError):
    """A model folder cannot be used."""


class ModelMissing(ModelProblem):
    """There is no model for a task where one was looked for."""


class ModelMismatch(ModelProblem):
    """A model folder's content is not what its card promises."""


class WorkerProblem(AstroguiError):
    """A helper process failed."""


class WorkerDied(WorkerProblem):
    """The process ended before it answered."""


class JobTimedOut(WorkerProblem):
    """The process made no progress within the time allowed."""


class JobCancelled(WorkerProblem):
    """The analyst stopped the job."""


class DeviceLost(WorkerProblem):
    """The accelerator vanished while a network ran."""


class OutOfDeviceMemory(WorkerProblem):
    """A batch did not fit the accelerator's memory."""


class ProjectProblem(AstroguiError):
    """A project file cannot be used."""


class ProjectLocked(ProjectProblem):
    """Another program is writing to the project."""


class ProjectTooNew(ProjectProblem):
    """The project was written by a newer version of the application."""


class ProjectDamaged(ProjectProblem):
    """The project file's content is broken."""


class DiskFull(ProjectProblem):
    """There is no space left for the project or an export."""


class ExportProblem(AstroguiError):
    """An export could not be written, or did not read back equal."""


class UsageProblem(AstroguiError):
    """A wrong argument on the command line or in a call, and what would be right."""
