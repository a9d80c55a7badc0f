"""How the `bbh_remnant_shen` network is made: see ``shen_recipe``, which serves both."""

from __future__ import annotations

from astrogui.training import shen_recipe

RECIPE = shen_recipe.recipe("bbh_remnant_shen", "shen_remnant")
