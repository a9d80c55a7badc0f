"""The program: window, command line and helper processes. See ``astrogui/__main__.py``."""

from astrogui.__main__ import main

if __name__ == "__main__":
    raise SystemExit(main())
