"""What PyInstaller gathers of astropy: its data, and modules that it imports by name.

The hook that PyInstaller brings imports every part, also those for matplotlib, which we leave out.
"""

from PyInstaller.utils.hooks import collect_data_files, collect_submodules, copy_metadata


def _is_wanted(name: str) -> bool:
    words = name.split(".")
    if words[:2] == ["astropy", "tests"]:  # astropy itself imports the runner of its tests
        return words[2:3] != ["figures"]
    return not {"tests", "wcsaxes", "samp", "setup_package"} & set(words)


hiddenimports = collect_submodules("astropy", filter=_is_wanted)
datas = [
    *collect_data_files("astropy", excludes=["**/tests/**"]),
    *copy_metadata("astropy"),
    *copy_metadata("numpy"),
]
# The parsers of units were written by ply, which looks for its tables as source.
datas += collect_data_files("astropy", include_py_files=True, includes=["**/*_parsetab.py"])
datas += collect_data_files("astropy", include_py_files=True, includes=["**/*_lextab.py"])
