"""Another program at the hub, in a process of its own: says what it hears, sends what it is told.

A line of JSON in is a message out; a line of JSON out is a message that came in.
"""

from __future__ import annotations

import json
import sys

from astropy import log
from pyvo import samp

samp.conf.use_internet = False
log.setLevel("WARNING")  # the hub tells of its start on standard output


def main() -> None:
    client = samp.SAMPIntegratedClient(name=sys.argv[1], addr="127.0.0.1")
    client.connect(hub_params=json.loads(sys.argv[2]))

    def hear(key, sender, message_id, mtype, params, extra):
        del key, extra
        if message_id is not None:
            client.reply(message_id, {"samp.status": "samp.ok", "samp.result": {}})
        print(json.dumps({"mtype": mtype, "params": params, "sender": sender}), flush=True)

    for mtype in sys.argv[3:]:
        client.bind_receive_message(mtype, hear)
    print(json.dumps({"ready": client.get_public_id()}), flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        if message.pop("wait", False):
            answer = client.ecall_and_wait(
                message["to"], message["mtype"], timeout="10", **message["params"]
            )
            print(json.dumps({"answer": answer}), flush=True)
        else:
            client.enotify_all(message["mtype"], **message["params"])
    client.disconnect()


if __name__ == "__main__":
    main()
