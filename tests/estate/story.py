"""The whole loop on one estate, stage by stage, from connect to disconnect; each stage gives its differences from the truth."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.estate import acting, checks, faults, remits, score, truth
from tests.estate.drive import Driver
from tests.estate.generate import Estate
from tests.estate.truth import Agent, Company

STAGES = (
    "least privilege", "agents", "identities", "owners", "findings on drafts", "drafts", "findings on remits", "alignment", "right-size",
    "quarantine", "accept", "retire", "hostile text", "disconnect", "leaks",
)  # fmt: skip


@dataclass
class Told:
    """What a story found."""

    problems: dict[str, list[str]] = field(default_factory=dict)
    drafts: score.Score = field(default_factory=score.Score)
    classes: set[str] = field(default_factory=set)
    tried: dict[str, int] = field(default_factory=dict)
    """Stage -> how many agents it was tried on."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Command -> how long all of its runs took."""
    commands: int = 0
    """How many commands were run."""


class Story:
    """Runs the loop once."""

    def __init__(self, estate: Estate, acts: int, looks: int | None = None) -> None:
        self.estate = estate
        self.made = estate.company
        self.driver = Driver(estate)
        self.acts = acts
        """On how many agents each acting stage is tried."""
        self.looked = _telling(self.made, looks)
        """Agents for whom a remit is drafted and approved, and whose alignment is read."""
        self.told = Told()
        self.found: dict[str, str] = {}

    def run(self) -> Told:
        """Every stage; one that fails as a whole is a problem, and the next goes on."""
        self._stage("least privilege", self._connect)
        agents, missing = self.find()
        self._stage("agents", lambda: missing)
        self._stage("identities", lambda: [text for text in checks.identities(self.made, agents) if text not in missing])
        self._stage("owners", lambda: [text for text in checks.owners(self.made, agents) if text not in missing])
        self._stage("findings on drafts", lambda: checks.findings(self.made, agents, self.driver.json("findings")))
        self._stage("drafts", self.draft)
        self._stage("findings on remits", self._remits)
        self._stage("alignment", self._alignment)
        self._stage("right-size", lambda: self._act("right-size", acting.right_size, self._lively()))
        self._stage("quarantine", lambda: self._act("quarantine", acting.quarantine_and_release, self._lively()[::-1]))
        self._stage("accept", self._accept)
        self._stage(
            "retire", lambda: self._act("retire", acting.retire, [agent for agent in self._lively() if self._is_alone(agent)], most=1)
        )
        self._stage("hostile text", self._hostile)
        self._stage("disconnect", self._disconnect)
        self._stage("leaks", self.driver.leaks)
        for said in self.driver.said:
            self.told.seconds[said.words[0]] = self.told.seconds.get(said.words[0], 0.0) + said.seconds
            self.told.commands += 1
        return self.told

    def find(self) -> tuple[Any, list[str]]:
        """Which agent there is which here; gives what `agents` says, and the differences."""
        agents = self.driver.json("agents")
        self.found, missing = checks.matched(self.made, agents)
        return agents, missing

    def _stage(self, name: str, stage: Callable[[], list[str]]) -> None:
        try:
            self.told.problems[name] = stage()
        except Exception as error:
            self.told.problems[name] = [f"{type(error).__name__}: {error}"]

    def _connect(self) -> list[str]:
        problems = self.driver.make_identities()
        self.driver.connect()
        return problems

    def draft(self) -> list[str]:
        """Drafts a remit for every agent, and compares it with the one written by hand."""
        problems = []
        for agent in self.looked:
            if agent.slug not in self.found:
                continue
            path = self.estate.folder / "drafts" / f"{agent.slug}.yaml"
            path.parent.mkdir(exist_ok=True)
            self.driver.run("draft", self.found[agent.slug], "--write", str(path), expect=None)
            if path.exists():
                self.told.drafts += score.score(path.read_text(encoding="utf-8"), remits.remit(self.made, agent), f"{agent.slug} ")
            else:
                problems.append(f"{agent.slug}: nothing was drafted")
        return problems

    def _remits(self) -> list[str]:
        for agent in [*self.looked, *(agent for agent in self.made.agents if agent.copy_of)]:
            if agent.slug in self.found and agent.owner is not None:
                acting.approve(self.driver, agent.slug, self.found[agent.slug])
        self.driver.json("scan")
        return checks.findings(self.made, self.driver.json("agents"), self.driver.json("findings"))

    def _alignment(self) -> list[str]:
        problems = []
        for agent in self.looked:
            if agent.slug in self.found:
                shown = self.driver.json("agent", self.found[agent.slug])
                if agent.owner is not None:
                    problems += checks.alignment(self.made, agent, shown)
                self.told.classes |= {row["class"] for row in shown["alignment"]}
                problems += [f"{agent.slug}: a row without a reason: {row}" for row in shown["alignment"] if not row["why"]]
        expected = {line.class_ for agent in self.looked for line in self.made.lines(agent)}
        return problems + [f"class {one} does not occur" for one in sorted(expected - self.told.classes)]

    def _lively(self) -> list[Agent]:
        """Agents with an owner, no copies: those on which acting is tried."""
        return [agent for agent in self.looked if agent.slug in self.found and agent.owner is not None]

    def _is_alone(self, agent: Agent) -> bool:
        persons = any(identity is not None and identity.person for identity in (agent.aws, agent.database))
        return not persons and not any(acting.meet(agent, other) for other in self.made.agents if other.slug != agent.slug)

    def _act(self, name: str, act: Callable[[Driver, str, str], list[str]], on: list[Agent], most: int | None = None) -> list[str]:
        problems = []
        for agent in on[: most or self.acts]:
            self.told.tried[name] = self.told.tried.get(name, 0) + 1
            try:
                problems += [f"{agent.slug}: {text}" for text in act(self.driver, agent.slug, self.found[agent.slug])]
            except Exception as error:
                problems.append(f"{agent.slug}: {type(error).__name__}: {error}")
        return problems

    def _accept(self) -> list[str]:
        listed = self.driver.json("findings")["findings"]
        if not listed:
            return []
        first = next((finding for finding in listed if finding["state"] == "open"), listed[0])
        until = self.estate.now.replace(year=self.estate.now.year + 1).strftime("%Y-%m-%d")
        self.driver.json("accept", first["id"], "--because", "known, and mended next month", "--until", until)
        again = {finding["id"]: finding["state"] for finding in self.driver.json("findings")["findings"]}
        return [f"{first['id']} is {again[first['id']]} after accept"] if again.get(first["id"], "accepted") != "accepted" else []

    def _hostile(self) -> list[str]:
        """What people read holds no control character, whatever tags, prompts and logs say."""
        for words in (
            ("agents",),
            ("findings",),
            ("scan",),
            *(("agent", self.found[agent.slug]) for agent in self.looked[:2] if agent.slug in self.found),
        ):
            self.driver.run(*words, expect=None)
        control = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202e]")
        return [
            f"{said.words}: {control.search(said.out + said.err)!r}" for said in self.driver.said if control.search(said.out + said.err)
        ]

    def _disconnect(self) -> list[str]:
        name = f"postgres:{self.made.connection}"
        self.driver.json("disconnect", name)
        self.driver.json("scan")
        left = self.driver.json("agents")
        _, problems = checks.matched(self.made, left)
        known = {agent.slug for agent in self.made.agents}
        return [text for text in problems if text.split(" ")[0] in known and "found 0" in text]


def _telling(made: Company, most: int | None) -> list[Agent]:
    """The agents (no copies) that show most: the fewest whose rows have every class first."""
    left = [agent for agent in made.agents if not agent.copy_of]
    if most is None:
        return left
    chosen: list[Agent] = []
    seen: set[str] = set()
    while left and len(chosen) < most:
        best = max(
            left, key=lambda agent: (len({line.class_ for line in made.lines(agent)} - seen), agent.owner is not None, len(agent.probes))
        )
        left.remove(best)
        chosen.append(best)
        seen |= {line.class_ for line in made.lines(best)}
    return chosen


def run(estate: Estate, acts: int, looks: int | None = None) -> Told:
    """The story of an estate. `acts`: on how many agents each acting stage is tried; `looks`: how many are looked at (None: all)."""
    return Story(estate, acts, looks).run()


def expected_classes() -> set[str]:
    """All five."""
    return {truth.NEEDED_USED, truth.NEEDED_UNUSED, truth.USED_NOT_NEEDED, truth.UNNEEDED, truth.NEEDED_NOT_GRANTED}


def planted(words: list[str]) -> set[str] | None:
    """The faults that words on a command line ask for: `all`, `none`, names, or as the seed draws them."""
    if not words:
        return None
    return set(faults.ALL) if words == ["all"] else set() if words == ["none"] else set(words)
