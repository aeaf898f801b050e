"""A scan of real folders, beside `git grep` for the same signals in the same run.

Each is a process of its own, and before each the folder's pages are given back to the system, so that both read cold; the order
alternates. `git grep` looks for the union of what makes a reader parse a file, and does nothing with what it finds: it is the floor
of what any scan costs, not a peer. Memory is the most that the process held.

    python -m benchmarks.discover FOLDER...
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from remit.discover.sources.code.readers import readers


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a line for each folder and one for all; `--json` prints one document."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.discover", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="what to scan (default: this project)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args(arguments)
    folders = options.folders or [str(Path(__file__).resolve().parents[1])]
    results = [measure(folder, options.runs) for folder in folders]
    if options.as_json:
        json.dump({"folders": results}, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return 0
    for result in results:
        print(_line(result))
    if len(results) > 1:
        keys = ("files", "bytes", "agents", "seconds", "git_grep_seconds")
        total: dict[str, Any] = {key: sum(result[key] for result in results) for key in keys}
        print(_line({**total, "folder": "all", "peak_mib": max(result["peak_mib"] for result in results)}))
    return 0


def measure(folder: str, runs: int) -> dict[str, Any]:
    """Median times of both over one folder, and what the scan found."""
    ours, theirs, peaks = [], [], []
    document: dict[str, Any] = {}
    for number in range(runs):
        for is_ours in (True, False) if number % 2 == 0 else (False, True):
            _forget(folder)
            if is_ours:
                seconds, peak, output = _timed([sys.executable, "-m", "remit", "discover", folder, "--json"], folder=None)
                ours.append(seconds)
                peaks.append(peak)
                document = json.loads(output)
            else:
                theirs.append(_timed(_git_grep(), folder=folder)[0])
    coverage = document["coverage"]
    return {
        "folder": Path(folder).name,
        "files": coverage["files_read"],
        "bytes": coverage["bytes_read"],
        "agents": len(document["agents"]),
        "seconds": statistics.median(ours),
        "git_grep_seconds": statistics.median(theirs),
        "peak_mib": max(peaks),
    }


def _git_grep() -> list[str]:
    command = ["git", "-c", "core.fsmonitor=false", "grep", "--no-index", "--exclude-standard", "-c", "-P"]
    for reader in readers():
        if reader.signals is not None:
            flags = "(?i)" if reader.signals.flags & re.IGNORECASE else ""
            command += ["-e", flags + reader.signals.pattern.decode("ascii")]
    return command


def _timed(command: Sequence[str], folder: str | None) -> tuple[float, float, bytes]:
    """Seconds, peak MiB and output of a process."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, cwd=folder, env={**os.environ, "LC_ALL": "C.UTF-8"})
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            raise SystemExit(f"`{command[0]}` ended with {process.returncode}")
        output.seek(0)
        return seconds, usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024), output.read()


def _forget(folder: str) -> None:
    """Gives the pages of every file back, so that the next reader reads from the disk."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                handle = os.open(os.path.join(path, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                continue
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


def _line(result: dict[str, Any]) -> str:
    seconds, grep = result["seconds"], result["git_grep_seconds"]
    megabytes = result["bytes"] / 1e6
    return (
        f"{result['folder'][:36]:36} {result['files']:6,} files {megabytes:7.1f} MB {result['agents']:5,} agents: {seconds:6.2f} s, "
        f"{result['files'] / seconds:6,.0f} files/s, {megabytes / seconds:5.1f} MB/s, {result['peak_mib']:4.0f} MiB; "
        f"git grep {grep:5.2f} s; ratio {seconds / grep:5.1f}"
    )


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
