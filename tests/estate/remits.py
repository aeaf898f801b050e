"""Remits written by hand, one for each purpose, with the names of an estate put in.

The lines stand in `purposes/*.yaml`, written from what the agent is for; nothing here looks at what is granted or used.
`python -m tests.estate.remits` writes the files of the five seeds under `tests/estate/remits/`.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from string import Template

from tests.estate.company import company, purposes
from tests.estate.truth import Agent, Company

SEEDS = (1, 2, 3, 4, 5)
FOLDER = Path(__file__).parent / "remits"
_MODEL_LINE = """\
  think:
    why: The agent thinks with a foundation model that runs in the account.
    can:
      - {execute: aws:bedrock, resource: "arn:aws:bedrock:$region::foundation-model/$model"}
"""


def owner_of(made: Company, agent: Agent) -> str:
    """The mail address of who answers for an agent; where nobody does, whoever is asked to."""
    return agent.owner.mail if agent.owner else made.people[0].mail


def remit(made: Company, agent: Agent, name: str | None = None) -> str:
    """The remit of an agent; `name`: the id that it is known by elsewhere."""
    contact = owner_of(made, agent)
    lines = [
        "# Written by hand from what the agent is for.",
        "remit: 1",
        f"agent: {name or agent.slug}",
        f"purpose: {json.dumps(agent.says)}",
        f"owner: {{team: {json.dumps(agent.team)}, contact: {contact}}}",
        f"approvers: [{contact}, security@{made.domain}]",
        f"identities: {json.dumps(sorted(agent.identities(made.connection)))}",
    ]
    body = Template(str(purposes()[agent.purpose]["remit"])).substitute(agent.names)
    if agent.form == "strands":
        thinking = next(doing.on for doing in agent.doings if doing.op == "bedrock.invoke")
        body = body.replace("objectives:\n", "objectives:\n" + Template(_MODEL_LINE).substitute(agent.names | {"model": thinking}), 1)
    return "\n".join(lines) + "\n" + textwrap.dedent(body).rstrip() + "\nmode: enforce\n"


def files(seed: int) -> dict[str, str]:
    """The remit files of a seed, by file name."""
    made = company(seed, None)
    return {f"{agent.slug}.yaml": remit(made, agent) for agent in made.agents}


def main() -> None:
    """Writes them."""
    for seed in SEEDS:
        folder = FOLDER / str(seed)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files(seed).items():
            (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
