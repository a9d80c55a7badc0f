"""The contents of the docks, one panel a file; each reads widgets and makes one session call."""
