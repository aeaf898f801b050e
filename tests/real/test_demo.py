"""`remit demo` as a person runs it: the whole story holds; interrupted, killed or started twice, it leaves nothing that is in the way."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from remit.demo.claims import Claim
from remit.demo.story import STEPS

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


def folder_of(home: Path) -> Path:
    """Where its run stands."""
    (mark,) = home.rglob(".remit-demo")
    return mark.parent


def processes_of(demo: Demo, home: Path) -> list[int]:
    """Everything that it started, at any depth, and the Postgres server, which is nobody's child."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(pid): int(parent) for pid, parent in (line.split() for line in listed.splitlines())}
    found = {demo.process.pid}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    postmaster = int((folder_of(home) / "postgres" / "postmaster.pid").read_text("utf-8").splitlines()[0])
    return sorted({*found, postmaster} - {demo.process.pid})


def assert_ended(pids: list[int]) -> None:
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


def test_the_whole_story_holds_in_an_empty_home(open_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun = time.monotonic()
    with started(open_folder, "--once") as demo:
        said = demo.ended(0)
    claims = sum(isinstance(part, Claim) for step in STEPS for part in step.parts)
    assert f"{claims} of {claims} claims held" in said
    assert said.count("\nheld ") == claims
    assert "FAILED" not in said
    assert "Traceback" not in said
    with capsys.disabled():
        print(f"\nremit demo --once: {time.monotonic() - begun:.0f} s in all; {said.rstrip().splitlines()[-2:]}")


def test_interrupted_in_the_middle_it_ends_with_130_and_nothing_is_left(open_folder: Path) -> None:
    with started(open_folder, "--once") as demo:
        demo.until(r"\$ remit connect aws")
        pids = processes_of(demo, open_folder)
        assert len(pids) >= 3  # the AWS server, Postgres, the command that runs
        demo.process.send_signal(signal.SIGINT)
        assert "everything that was started is stopped" in demo.ended(130)
    assert_ended(pids)


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
        pids = processes_of(first, open_folder)
        first.process.kill()
        first.ended(-signal.SIGKILL)
        assert_ended(pids)
    with started(open_folder, "--no-story", "--port", "0") as third:
        third.until(r"^open http://127\.0\.0\.1:\d+/")
        pids = processes_of(third, open_folder)
        third.process.send_signal(signal.SIGINT)
        third.ended(130)
    assert_ended(pids)


def taken(other: socket.socket) -> int:
    """A port at which somebody listens."""
    other.bind(("127.0.0.1", 0))
    other.listen()
    return int(other.getsockname()[1])
