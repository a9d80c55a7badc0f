"""AstroGUI: one window for survey images, spectra and gravitational-wave strain."""

__version__ = "0.1.0"
