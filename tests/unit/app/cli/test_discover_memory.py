"""What a hostile folder costs: a real process, measured by the system."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from remit.testing.kits.source import hostile_tree

_LIMIT_KIB = 1024 * 1024
_MIB = 1024 * 1024
_MEASURED = """
import resource, sys
from remit.__main__ import main
try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def _scan(root: Path) -> tuple[dict, int]:
    """The document of a scan, and the most memory that it took, in KiB."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, "discover", str(root), "--json"], capture_output=True, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.decode("utf-8")), int(done.stderr.split()[-1]) // (1024 if sys.platform == "darwin" else 1)


def test_a_hostile_folder_is_scanned_within_a_gibibyte_and_its_ledger_names_each_file(tmp_path: Path):
    hostile_tree(tmp_path / "root", tmp_path / "outside")
    document, peak = _scan(tmp_path / "root")
    assert peak < _LIMIT_KIB
    reasons = {skipped["path"]: skipped["why"].split(":")[0] for skipped in document["coverage"]["files_skipped"]}
    assert {
        "sparse.py": "too large",
        "junk.py": "binary",
        "noise.py": "not a text in a known encoding",
        "pipe.py": "not a regular file",
        "climbs": "leads outside",
        "climbs.py": "leads outside",
        "loop": "link",
        "circle": "link",
        "dangling.py": "link",
        "ignored": "left out",
        "node_modules": "left out",
        ".git": "left out",
    }.items() <= reasons.items()


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mcp.json", "[" * (7 * _MIB)),
        (".mcp.json", '{"mcpServers": {' + ",".join(f'"s{number}": {{"command": "x"}}' for number in range(30_000)) + "}}"),
        ("agents.yaml", "mcpServers:\n" + "- [a, b, c, d, e, f, g, h]\n" * 280_000),
        ("x.py", "from agents import Agent\n" + "x = [1, 2, 3, 4, 5, 6, 7, 8]\n" * 80_000),
        ("x.py", "from agents import Agent\n" + "x = [1, 2, 3, 4, 5, 6, 7, 8]\n" * 250_000),
        ("x.py", "from agents import Agent\nx = " + "(" * (3 * _MIB)),
        ("x.py", "from agents import Agent\nx = a" + ".b()" * 100_000),
        ("x.ts", "import { Agent } from '@openai/agents'\n" + "const x = [1, 2, 3, 4, 5, 6, 7, 8]\n" * 80_000),
        ("main.tf", 'resource "aws_bedrockagent_agent" "a" {}\n' + "x = [1, 2, 3, 4, 5, 6, 7, 8]\n" * 80_000),
    ],
    ids=["json nest", "json", "yaml", "python", "large python", "python nest", "python chain", "typescript", "terraform"],
)
def test_a_large_file_made_to_be_costly_stays_within_a_gibibyte(tmp_path: Path, name: str, text: str):
    (tmp_path / name).write_text(text, "utf-8")
    document, peak = _scan(tmp_path)
    assert peak < _LIMIT_KIB
    coverage = document["coverage"]
    assert coverage["files_read"] + len(coverage["files_skipped"]) == 1


def test_the_measure_sees_memory():
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
