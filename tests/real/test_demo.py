"""`remit demo` interrupted, killed or started twice: it leaves nothing that is in the way (the whole story is told in `test_wheel`)."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

pytestmark = pytest.mark.real
_SECONDS_TO_END = 60


class Demo:
    """A running demo, read line by line."""

    def __init__(self, home: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "remit", "demo", *words],
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said: list[str] = []

    def until(self, pattern: str) -> str:
        """Reads on to a line with this in it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if re.search(pattern, line):
                return line
        raise AssertionError(f"it ended before `{pattern}`:\n{''.join(self.said)}")

    def ended(self, code: int) -> str:
        """Reads to the end, which comes with this code; everything that it said."""
        assert self.process.stdout is not None
        self.said.extend(self.process.stdout)
        assert self.process.wait(_SECONDS_TO_END) == code, "".join(self.said)
        return "".join(self.said)


def environment(home: Path) -> dict[str, str]:
    """That of a person with an empty home."""
    foreign = ("AWS_", "PG", "REMIT_", "XDG_")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(foreign)}, "HOME": str(home)}


@contextmanager
def started(home: Path, *words: str) -> Iterator[Demo]:
    """A demo that does not outlive the test."""
    demo = Demo(home, *words)
    try:
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.process.send_signal(signal.SIGTERM)
            demo.process.wait(_SECONDS_TO_END)
        if demo.process.stdout is not None:
            demo.process.stdout.close()


def processes_of(home: Path) -> dict[int, str]:
    """Every process with this home in its environment, and its command line: children at any depth, and servers that are nobody's child."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"HOME={home}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue  # it has ended meanwhile, or is somebody else's
    return {pid: line for pid, line in found.items() if line}


def assert_servers_run(lines: Iterable[str]) -> None:
    """The AWS server and Postgres are among these command lines; what else runs at a given moment is chance."""
    told = "\n".join(lines)
    assert "remit.demo.estate.emulator" in told
    assert "/bin/postgres" in told


def assert_ended(pids: Iterable[int]) -> None:
    """Each of these processes ends soon; waited for without asking again and again."""
    left = []
    for pid in pids:
        try:
            watched = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        ended, _, _ = select.select([watched], [], [], _SECONDS_TO_END)
        os.close(watched)
        left += [] if ended else [pid]
    assert left == []


def test_interrupted_in_the_middle_it_ends_with_130_and_nothing_is_left(open_folder: Path) -> None:
    with started(open_folder, "--once") as demo:
        demo.until(r"\$ remit connect aws")
        running = processes_of(open_folder)
        assert_servers_run(running.values())
        demo.process.send_signal(signal.SIGINT)
        assert "everything that was started is stopped" in demo.ended(130)
    assert_ended(running)
    assert processes_of(open_folder) == {}


def test_a_second_demo_is_told_of_the_first_and_one_that_was_killed_is_in_nobodys_way(open_folder: Path) -> None:
    with socket.socket() as other, started(open_folder, "--no-story", "--port", str(taken(other))) as first:
        first.until("so the web UI is at one that is free")
        address = first.until(r"^open http://127\.0\.0\.1:\d+/").split()[1]
        first.until("Ctrl-C ends the demo")
        site = "/".join(address.split("/")[:3])
        with urlopen(f"{site}/healthz") as answer:
            assert answer.status == 200
        with started(open_folder, "--no-story") as second:
            assert f"a demo runs already at {site} (process {first.process.pid})" in second.ended(1)
        running = processes_of(open_folder)
        assert_servers_run(running.values())
        first.process.kill()
        first.ended(-signal.SIGKILL)
        assert_ended(running)
    with started(open_folder, "--no-story", "--port", "0") as third:
        third.until(r"^open http://127\.0\.0\.1:\d+/")
        running = processes_of(open_folder)
        assert_servers_run(running.values())
        third.process.send_signal(signal.SIGINT)
        third.ended(130)
    assert_ended(running)
    assert processes_of(open_folder) == {}


def taken(other: socket.socket) -> int:
    """A port at which somebody listens."""
    other.bind(("127.0.0.1", 0))
    other.listen()
    return int(other.getsockname()[1])
