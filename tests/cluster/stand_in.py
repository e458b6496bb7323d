"""What a worker's process applies to pictures in tests: it obeys the file's words."""

import os
import signal
import sys

from srcnn_theano.errors import UserError


def prepare(network, settings):
    def apply(source, target):
        word = source.read_text()
        if word == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "leave":
            sys.exit("nothing left to do")
        if word == "refuse":
            raise UserError(f"{source}: refused for {target}")
        if word == "memory":
            raise MemoryError
        print(f"{source}: done", file=sys.stderr)
        target.parent.mkdir()
        target.write_bytes(network.read_bytes() + word.encode())
        return [settings["sign"], source.name]

    return apply
