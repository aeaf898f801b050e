"""Every test that the threat model names is there, and each row of it names one."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "explanation" / "threat-model.md").read_text("utf-8")
NAMED = set(re.findall(r"`(test_\w+)`", PAGE))


def test_every_test_that_is_named_is_there() -> None:
    there = {name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))}
    assert NAMED - there == set()


def test_each_threat_is_pinned() -> None:
    table = PAGE.partition("| threat |")[2].partition("\n\n")[0].splitlines()[2:]
    assert len(table) >= 10
    assert [row for row in table if "`test_" not in row] == []
