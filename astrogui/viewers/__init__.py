"""Views: widgets that show records and answers. They know no session and open no files.

``VIEWS`` names each view with the place of its class; a class is imported when its view is first
wanted, because pyqtgraph alone takes half a second.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

VIEWS: tuple[tuple[str, str], ...] = (
    ("image", "astrogui.viewers.image_view:ImageView"),
    ("spectrum", "astrogui.viewers.spectrum_view:SpectrumView"),
    ("strain", "astrogui.viewers.strain_view:StrainView"),
    ("posterior", "astrogui.viewers.posterior_view:PosteriorView"),
    ("sky", "astrogui.viewers.sky_view:SkyView"),
    ("ringdown", "astrogui.viewers.ringdown_view:RingdownView"),
    ("search", "astrogui.viewers.search_view:SearchView"),
)


def view_class(name: str) -> Any:
    """The class of a view of ``VIEWS``; raises ``KeyError`` with the names there are."""
    places = dict(VIEWS)
    if name not in places:
        raise KeyError(f"no view {name!r} among {list(places)}")
    module, _, cls = places[name].partition(":")
    return getattr(import_module(module), cls)
