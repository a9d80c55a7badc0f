"""The project file: one SQLite database in WAL mode.

Facts (files, answers) are appended and never edited; judgements are undoable, each written with
its inverse in one transaction, so that undo is data and outlives a restart. SQLite keeps; fast
sorting of many rows is the window's business.
"""
