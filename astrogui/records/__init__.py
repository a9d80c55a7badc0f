"""Values that cross rooms: frozen, checked by their constructors, arrays read-only.

Nothing here opens a file, knows a network or imports Qt.
"""
