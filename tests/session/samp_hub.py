"""A real hub in a process of its own: prints how it is reached, ends with its standard input."""

from __future__ import annotations

import json
import sys

from astropy import log
from pyvo import samp

samp.conf.use_internet = False
log.setLevel("WARNING")  # the hub tells of its start on standard output


def main() -> None:
    hub = samp.SAMPHubServer(addr="127.0.0.1", web_profile=False, lockfile=sys.argv[1])
    hub.start()
    print(json.dumps(hub.params), flush=True)
    sys.stdin.read()
    hub.stop()


if __name__ == "__main__":
    main()
