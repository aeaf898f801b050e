"""Every benchmark in turn, each in a process of its own: `python -m benchmarks [NAME ...]`.

`discover` scans the folders that stand in REMIT_BENCH_FOLDERS (separated as PATH is), or the examples.
"""

from __future__ import annotations

import os
import subprocess
import sys

NAMES = ("decide", "serve", "gateway", "discover", "store", "align", "loop", "web")


def main() -> int:
    """Run those that are named, or all; 0 if every one ended well."""
    wanted = sys.argv[1:] or list(NAMES)
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        sys.stderr.write(f"no benchmark `{unknown[0]}`; there are {', '.join(NAMES)}\n")
        return 2
    folders = os.environ.get("REMIT_BENCH_FOLDERS", os.path.join("examples", "company")).split(os.pathsep)
    ended = []
    for name in wanted:
        sys.stdout.write(f"\n=== {name}\n")
        sys.stdout.flush()
        words = folders if name == "discover" else []
        ended.append(subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *words], check=False).returncode)
    return 1 if any(ended) else 0


if __name__ == "__main__":
    sys.exit(main())
