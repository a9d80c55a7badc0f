"""What every process of the program sets up before anything else is imported."""

import os
import subprocess
import sys

import pytest

PRODUCT = """
from astrogui.__main__ import main
assert main(["--help"]) == 0
import os
import numpy as np
np.ones((400, 400)) @ np.ones((400, 400))
print("threads", len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads as Linux shows")
@pytest.mark.parametrize("asked", ["", "2"])
def test_matrices_are_multiplied_by_one_thread_unless_more_are_asked_for(asked):
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    if asked:
        environment["OPENBLAS_NUM_THREADS"] = asked
    said = subprocess.run(
        [sys.executable, "-c", PRODUCT], env=environment, capture_output=True, text=True, check=True
    )
    threads = int(said.stdout.split()[-1])
    assert threads == min(int(asked or 1), os.cpu_count() or 1)
