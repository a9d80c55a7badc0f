"""The hub of this desktop: where it says how to be reached, joining it, and being one."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import astrogui
from astrogui.session.samp_files import SampProblem, is_loopback

log = logging.getLogger(__name__)


class NoHub(SampProblem):
    """No hub runs: one can be started."""


def lock_file() -> Path:
    """Where the hub of this desktop says how to reach it; raises ``SampProblem``."""
    named = os.environ.get("SAMP_HUB", "")
    if not named:
        return Path.home() / ".samp"
    if not named.startswith("std-lockurl:"):
        raise SampProblem(f"SAMP_HUB={named}: only the standard profile is known here.")
    return Path(unquote(urlparse(named.removeprefix("std-lockurl:")).path))


def running_hub() -> dict[str, str] | None:
    """What the hub's lock file says; None where there is none, or its hub is dead."""
    try:
        lines = lock_file().read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return None
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    found = {key.strip(): value.strip() for key, value in pairs}
    url = found.get("samp.hub.xmlrpc.url", "").replace("\\", "")
    if not url or "samp.secret" not in found:
        return None
    found["samp.hub.xmlrpc.url"] = url
    return found if _answers(url) else None


def _answers(url: str) -> bool:
    import socket

    parts = urlparse(url)
    if not is_loopback(url):
        return True  # refused later, in words
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=2):
            return True
    except OSError:
        return False


def check_address(url: str) -> None:
    """Raises ``SampProblem`` for a hub on another computer."""
    if not is_loopback(url):
        raise SampProblem(
            f"The SAMP hub is at {url}, which is not this computer. Start a hub here instead."
        )


def register(hub: dict[str, str]) -> tuple[Any, Any]:
    """A hub proxy, and a client that is registered and hears."""
    samp = _library()
    proxy = samp.SAMPHubProxy()
    proxy.connect(hub_params=hub, pool_size=4)
    client = samp.SAMPClient(
        proxy,
        metadata={
            "samp.name": "AstroGUI",
            "samp.description.text": "Survey images, spectra and strain, with calibrated answers",
            "astrogui.version": astrogui.__version__,
        },
        addr="127.0.0.1",
    )
    # Nobody needs to read this computer's environment variables.
    client.unbind_receive_call("client.env.get", declare=False)
    client.start()
    client.register()
    return proxy, client


def start_hub() -> Any:
    """A hub of our own that runs, without the profile that web pages use."""
    samp = _library()
    hub = samp.SAMPHubServer(addr="127.0.0.1", web_profile=False, label="AstroGUI")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hub.start()
    return hub


def _library() -> Any:
    """``pyvo.samp``, told to leave the network alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyvo import samp

    samp.conf.use_internet = False
    logging.getLogger("astropy").setLevel(logging.WARNING)
    return samp


def quietly(action: Callable[[], Any]) -> None:
    """Do what may fail because the other side has gone."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            action()
    except Exception as error:
        log.debug("while leaving the SAMP hub: %s", error)
