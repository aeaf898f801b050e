"""`python -m tests.estate.judge SEED [none|all|FAULT ...] [--acts N] [--looks N]`: prints each difference from the truth."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.estate import story
from tests.estate.generate import build


def main(words: list[str]) -> None:
    """Builds and judges."""
    given: dict[str, int | None] = {"--acts": 3, "--looks": None}
    for option in given:
        if option in words:
            at = words.index(option)
            given[option] = int(words[at + 1])
            words = words[:at] + words[at + 2 :]
    if not words or not words[0].isdigit():
        sys.exit(__doc__)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, build(int(words[0]), Path(folder), story.planted(words[1:])) as estate:
        print(f"{estate.company.name}, seed {words[0]}: faults {[fault.rule for fault in estate.company.faults]}", flush=True)
        told = story.run(estate, given["--acts"] or 0, given["--looks"])
    for stage in story.STAGES:
        problems = told.problems.get(stage, [])
        print(f"== {stage}: {len(problems) or 'as it should be'}{f' on {told.tried[stage]} agents' if stage in told.tried else ''}")
        for problem in problems:
            print("   ", problem[:900])
    print(f"drafts: precision {told.drafts.precision:.3f}, recall {told.drafts.recall:.3f}; classes {sorted(told.classes)}")
    for sign, lines in (("+", told.drafts.wrong), ("-", told.drafts.missed)):
        for line in sorted(lines):
            print("   ", sign, *line)
    slowest = sorted(told.seconds.items(), key=lambda one: -one[1])
    print(f"{told.commands} commands: {', '.join(f'{command} {seconds:.0f} s' for command, seconds in slowest)}")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
