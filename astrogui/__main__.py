"""Chooses among window, command line and worker, importing only the branch taken."""
