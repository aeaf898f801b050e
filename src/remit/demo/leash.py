"""Runs a command until standard input ends: what the demo starts ends with the demo, however that ended.

python -m remit.demo.leash COMMAND ARGS...
"""

from __future__ import annotations

import signal
import subprocess
import sys
from threading import Thread

_SECONDS_TO_END = 10


def main() -> None:
    """Starts the command, and interrupts it when nobody holds the other end of standard input any more."""
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)

    def watch() -> None:
        sys.stdin.buffer.read()
        child.send_signal(signal.SIGINT)
        try:
            child.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            child.kill()

    Thread(target=watch, daemon=True).start()
    sys.exit(child.wait())


if __name__ == "__main__":
    main()
