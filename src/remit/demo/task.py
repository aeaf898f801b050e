"""Lets the supplier desk do one task, through the gateway, and says what it was told for each call.

python -m remit.demo.task honest
python -m remit.demo.task poisoned
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from remit.app.cli.page import Page
from remit.demo import agents
from remit.model.errors import RefusedError
from remit.model.shown import printable

_TASKS = {"honest": agents.HONEST, "poisoned": agents.POISONED}
_ROOM = 9


def main(words: Sequence[str]) -> int:
    """The exit code: 0 when every call was answered, allowed or denied."""
    folder = os.environ.get("DEMO", "")
    if len(words) != 1 or words[0] not in _TASKS or not folder:
        sys.stderr.write("usage: python -m remit.demo.task honest|poisoned (after `source environment` in the folder of the demo)\n")
        return 2
    task = _TASKS[words[0]]
    page = Page()
    page.item("task  ", (task.words, "bold"))
    try:
        told = agents.run_task(Path(folder), dict(os.environ), task.words, task.calls)
    except RefusedError as error:
        sys.stderr.write(f"remit: {error}\n")
        return 1
    for answer in told:
        mark = ("denied", "bold red") if answer.is_error else ("allowed", "green")
        values = ", ".join(printable(str(value), 60) for value in answer.arguments.values())
        page.item(mark, (answer.tool, "bold"), f"({values})", room=_ROOM)
        text = " ".join(answer.text.split())
        page.line((printable(text, 600 if answer.is_error else 70), "" if answer.is_error else "dim"), indent=_ROOM)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
