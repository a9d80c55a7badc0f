"""Files that other programs offer by SAMP: of this computer, of the web only where allowed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from astrogui.errors import AstroguiError

LARGEST_BYTES = 4_000_000_000  # of a file that is fetched
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SampProblem(AstroguiError):
    """What prevents talking to other programs, and what to do about it."""


def taken_file(url: str, folder: Path, allow_web: bool = False) -> str:
    """The path of what another program offers, fetched into ``folder`` where it is no file.

    Addresses of this computer are followed (other programs hand out their tables so), those of the
    web only with ``allow_web``. For a pool's thread. Raises ``SampProblem``.
    """
    if urlparse(url).scheme not in {"http", "https"}:
        return local_path(url)
    if not is_loopback(url) and not allow_web:
        raise SampProblem(
            f"{url} is on the network, which is not used unless you allow it (menu Interop)."
        )
    from urllib.request import HTTPRedirectHandler, build_opener

    class Staying(HTTPRedirectHandler):
        """Follows no redirection from this computer to another."""

        def redirect_request(self, *parts: Any) -> Any:
            if not allow_web and not is_loopback(str(parts[-1])):
                raise SampProblem(f"{url} leads to {parts[-1]}, which is not this computer.")
            return super().redirect_request(*parts)

    folder.mkdir(parents=True, exist_ok=True)
    name = os.path.basename(unquote(urlparse(url).path)) or "received"
    target = _free_name(folder, name)
    try:
        with build_opener(Staying).open(url, timeout=20) as answer, open(target, "xb") as file:
            _copy(answer, file, url)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise SampProblem(f"{url} could not be fetched ({error}).") from error
    except SampProblem:
        target.unlink(missing_ok=True)
        raise
    return str(target)


def local_path(url: str) -> str:
    """The path of a file: URL of this computer; raises ``SampProblem`` for any other."""
    parts = urlparse(url)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost", "127.0.0.1"}:
        raise SampProblem(f"{url} is no file of this computer.")
    path = unquote(parts.path)
    if os.name == "nt":
        path = path.lstrip("/")
    if not os.path.isfile(path):
        raise SampProblem(f"{path}: there is no such file.")
    return path


def file_url(path: str | os.PathLike[str]) -> str:
    """A path as the URL that goes to other programs."""
    return Path(path).absolute().as_uri()


def is_loopback(url: str) -> bool:
    """Whether an address is of this computer."""
    return (urlparse(url).hostname or "") in LOOPBACK


def _copy(answer: Any, file: Any, url: str) -> None:
    size = 0
    while chunk := answer.read(1 << 20):
        size += len(chunk)
        if size > LARGEST_BYTES:
            raise SampProblem(f"{url} is larger than {LARGEST_BYTES / 1e9:.0f} GB.")
        file.write(chunk)


def _free_name(folder: Path, name: str) -> Path:
    """A name in the folder that is not taken yet."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)[-80:].lstrip(".")
    stem, dot, ending = (safe or "received").rpartition(".")
    stem, ending = (stem, dot + ending) if stem else (ending, "")
    number, path = 1, folder / f"{stem}{ending}"
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{ending}"
    return path
