"""An estate that is connected, and what the product says of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import psycopg
from tests.estate.drive import Driver
from tests.estate.generate import Estate

SEED = 3
Line = dict[str, Any]


class World:
    """An estate that is connected, with what the product says of its agents."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.driver = Driver(estate)
        made, server = estate.company, estate.cloud.server
        self.driver.json("connect", "code", str(estate.code))
        self.driver.json(
            "connect", "aws", "--profile", "operator", "--endpoint-url", server.endpoint, "--region", made.region, "--trail", estate.trail
        )
        self.driver.json("connect", "postgres", estate.url("postgres"), "--name", made.connection, "--log", str(estate.log))
        self.agents = {one["id"]: one for one in self.driver.json("agents")["agents"]}

    @cached_property
    def drafts(self) -> dict[str, list[Line]]:
        """The lines of every draft, as they were at first."""
        return {one: self.draft(one) for one in self.agents}

    @cached_property
    def pages(self) -> dict[str, Any]:
        """The page of every agent, as it was at first."""
        return {one: self.page(one) for one in self.agents}

    def draft(self, agent: str) -> list[Line]:
        """The lines of a draft."""
        return list(self.driver.json("draft", agent)["lines"])

    def page(self, agent: str) -> Any:
        """What `remit agent` says."""
        return self.driver.json("agent", agent)

    def reasons(self, begin: str, ending: str = "") -> Iterator[tuple[str, Line, Line]]:
        """(agent, line of its draft, reason) of the reasons that begin so and stand in a file of that kind."""
        for agent, lines in self.drafts.items():
            for line in lines:
                for reason in line["reasons"]:
                    if reason["text"].startswith(begin) and reason["place"].rpartition(":")[0].endswith(ending):
                        yield agent, line, reason

    def findings(self, state: str = "open") -> dict[str, Any]:
        """Findings in a state, by id."""
        words = ["findings"] + (["--all"] if state != "open" else [])
        return {one["id"]: one for one in self.driver.json(*words)["findings"] if one["state"] == state}


def execute(world: World, statement: str) -> None:
    """As the owner of what it is on, so that grants are given by whom they were given before; nothing of it is an agent's doing."""
    schema = statement.partition(" ON ")[2].split(".")[0].strip('"')
    with psycopg.connect(world.estate.url("postgres"), autocommit=True) as connection:
        if statement.startswith(("GRANT", "REVOKE")) and " ON " in statement:
            connection.execute(f'SET ROLE "{schema}_owner"'.encode())
        connection.execute(statement.encode())
