"""AstroGUI: one window for survey images, spectra and gravitational-wave strain."""

import os

__version__ = "0.1.0"

# From version 1.29 on, ONNX Runtime reports its use to its maker as soon as it is imported, and
# keeps an identifier in the user's cache. Whatever part of this program imports it, it stays mute.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
