"""What PyInstaller gathers of openTSNE: its compiled modules import one another by name."""

from PyInstaller.utils.hooks import collect_submodules

hiddenimports = collect_submodules("openTSNE", filter=lambda name: "tests" not in name.split("."))
