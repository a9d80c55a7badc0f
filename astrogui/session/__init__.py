"""The one object that drives the path of a file, for the window and for the command line.

``Session`` stays thin: a public method posts a command to the session's thread and returns a
future; the work belongs to the room that the command names.
"""
