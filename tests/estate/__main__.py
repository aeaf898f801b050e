"""`python -m tests.estate SEED FOLDER [FAULT ...|none|all]`: builds an estate, says how to use it, and stays until Ctrl-C."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from pathlib import Path

from tests.estate import faults
from tests.estate.generate import Estate, build


def told(estate: Estate) -> str:
    """How to use it by hand."""
    made = estate.company
    lines = [f"export {name}='{value}'" for name, value in estate.environment().items() if name.startswith(("AWS_", "REMIT_", "XDG_"))]
    lines += [
        f"# company {made.name}, {len(made.agents)} agents; operator profile: operator; admin of the database: {estate.url('postgres')}",
        f"remit connect code {estate.code}",
        f"remit connect aws --profile operator --endpoint-url {estate.cloud.server.endpoint} --region {made.region} --trail {estate.trail}",
        f"remit connect postgres '{estate.url('postgres')}' --name {made.connection} --log {estate.log}",
    ]
    lines += [
        f"# {agent.slug:28} {agent.form:16} {agent.folder:44} {' '.join(sorted(agent.identities(made.connection)))}"
        f" owner={agent.owner.mail if agent.owner else '-'}({agent.owner_by})"
        for agent in made.agents
    ]
    lines += [f"# fault {fault.rule:16} {' or '.join(fault.agents)}: {', '.join(fault.evidence)}" for fault in made.faults]
    return "\n".join(lines)


def main(words: list[str]) -> None:
    """Builds and waits."""
    if len(words) < 2 or not words[0].isdigit():
        sys.exit(__doc__)
    chosen = None if len(words) == 2 else set(faults.ALL) if words[2] == "all" else set() if words[2] == "none" else set(words[2:])
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    with suppress(KeyboardInterrupt), build(int(words[0]), Path(words[1]).resolve(), chosen) as estate:
        print(told(estate), flush=True)
        signal.pause()


if __name__ == "__main__":
    main(sys.argv[1:])
