"""The window: docks, actions, drag and drop, table models over the session.

Decisions a newcomer might otherwise reopen:

- The shell (menus, empty docks, start page) is painted before anything but Qt is imported; panels
  and viewers are filled in by idle steps afterwards (``start.py``). So ``main_window`` and what it
  imports at its top stay free of NumPy, pyqtgraph and the session.
- Session events reach widgets through one queued signal (``bridge.py``), futures likewise; no
  widget ever waits for anything.
- The catalogue keeps its own NumPy columns and an index array (``row_store``, ``catalogue_model``):
  a sorting proxy model takes minutes on a million rows.
- The viewer is a dock like the others; the main window has no central widget.
"""
