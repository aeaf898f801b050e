"""The part of the loop that acts, driven by commands and checked on the live servers as the agent itself."""

from __future__ import annotations

from typing import Any

from tests.estate import live, remits
from tests.estate.drive import Driver
from tests.estate.generate import Estate
from tests.estate.truth import Agent, Doing


def approve(driver: Driver, slug: str, known: str) -> None:
    """Sets the owner and approves the hand-written remit of an agent."""
    made = driver.estate.company
    agent = made.agent(slug)
    person = remits.owner_of(made, agent)
    path = driver.estate.folder / "remits" / f"{slug}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(remits.remit(made, agent, known.removeprefix("agent:")), encoding="utf-8")
    driver.json("owner", known, person)
    driver.json("approve", str(path), "--as", person)


def picture(estate: Estate) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    """Everything that decides, in both systems."""
    return live.policies(estate), live.privileges(estate)


def unrestored(before: tuple[dict[str, Any], list[tuple[Any, ...]]], now: tuple[dict[str, Any], list[tuple[Any, ...]]]) -> list[str]:
    """What differs between two pictures."""
    refs = sorted({*before[0], *now[0]})
    problems = [f"in AWS: {ref}: {before[0].get(ref)} -> {now[0].get(ref)}" for ref in refs if now[0].get(ref) != before[0].get(ref)]
    changed = sorted(set(before[1]) ^ set(now[1]))
    return problems + [f"in Postgres: {row}" for row in changed[:6]]


def right_size(driver: Driver, slug: str, known: str) -> list[str]:
    """Plans, applies, tries as the agent, rolls back, compares, applies again; gives what is not as it should be."""
    estate = driver.estate
    agent = estate.company.agent(slug)
    person = remits.owner_of(estate.company, agent)
    before = picture(estate)
    plan = driver.json("plan", known, expect=None)
    if not plan.get("steps"):
        left = [(probe.op, probe.on) for probe in own(estate, agent, [*agent.probes, *agent.stray])]
        return [f"no steps, and {left} is not needed; blind spots {plan.get('blind_spots')}, residue {plan.get('residue')}"] if left else []
    problems = would_deny(estate, agent, plan)
    applied = driver.json("apply", plan["plan"], "--as", person, expect=None)
    problems += state_of("apply", applied, "applied") + after(estate, agent)
    undone = driver.json("rollback", plan["plan"], "--as", person, expect=None)
    problems += state_of("rollback", undone, "undone") + [f"not restored {text}" for text in unrestored(before, picture(estate))]
    again = driver.json("plan", known, expect=None)
    second = driver.json("apply", again["plan"], "--as", person, expect=None)
    return problems + state_of("second apply", second, "applied") + after(estate, agent)


def would_deny(estate: Estate, agent: Agent, plan: dict[str, Any]) -> list[str]:
    """Recorded calls that a plan would have denied, other than those outside the purpose."""
    stray = [doing.on.split("/")[0] for doing in agent.stray]
    denied = [call for call in plan["replay"]["would_deny"] if not any(text in str(call["resource"]) for text in stray)]
    return [f"would deny {denied}"] if denied else []


def state_of(what: str, answer: dict[str, Any], wanted: str) -> list[str]:
    """What is wrong with how a plan ended: its state, or a proof that does not hold."""
    failed = [proof for proof in answer["proofs"] if proof["expected"] != proof["got"]]
    if answer["state"] == wanted and answer["proofs"] and not failed:
        return []
    return [f"{what}: {answer['state']}, not {wanted}; {len(answer['proofs'])} proofs, failed {failed} {answer.get('stuck_because', '')}"]


def own(estate: Estate, agent: Agent, doings: list[Doing]) -> list[Doing]:
    """Those that an identity gives which is the agent's alone: not one that others share, and no person's."""
    found = []
    for doing in doings:
        identity = agent.aws if doing.system == "aws" else agent.database
        others = [other for other in estate.agents() if other.slug != agent.slug and other.copy_of != agent.slug]
        shared = any(identity in (other.aws, other.database) for other in others)
        if identity is not None and identity.person is None and not shared:
            found.append(doing)
    return found


def after(estate: Estate, agent: Agent) -> list[str]:
    """What an agent can do once its identities were narrowed: what it needs, and no longer what it does not."""
    expected = {(doing.op, doing.on): live.DENIED for doing in own(estate, agent, [*agent.probes, *agent.stray])}
    expected |= {(doing.op, doing.on): live.ALLOWED for doing in agent.doings if doing.is_granted}
    return differing(estate, agent, expected)


def stopped(estate: Estate, agent: Agent) -> list[str]:
    """What an agent can still do although it was stopped: nothing must work, but on a person's own login, which is never stopped."""
    persons = agent.database is not None and agent.database.person is not None
    tries = [doing for doing in [*agent.doings, *agent.probes, *agent.stray] if not (persons and doing.system == "postgres")]
    return differing(estate, agent, {(doing.op, doing.on): live.DENIED for doing in tries})


def differing(estate: Estate, agent: Agent, expected: dict[tuple[str, str], str]) -> list[str]:
    """Where trying as the agent shows something else than expected."""
    got = live.tried(estate, agent, [*agent.doings, *agent.probes, *agent.stray])
    return [f"{key} is {got[key]}, not {wanted}" for key, wanted in expected.items() if got[key] not in {wanted, live.UNTRIED}]


def quarantine_and_release(driver: Driver, slug: str, known: str) -> list[str]:
    """Stops an agent, tries everything as it, lets it go, and compares."""
    estate = driver.estate
    agent = estate.company.agent(slug)
    before, could = picture(estate), live.tried(estate, agent, agent.doings)
    answer = driver.json("quarantine", known, "--because", "the estate tries it", "--yes", expect=None)
    problems = state_of("quarantine", answer, "applied") + [f"quarantined: {text}" for text in stopped(estate, agent)]
    shared = {other.slug for other in estate.agents() if other.slug != slug and meet(agent, other)}
    if bool(shared) != bool(answer["also_affects"]):
        problems.append(f"also_affects {answer['also_affects']}, not {sorted(shared)}")
    for other in estate.agents():
        if not meet(agent, other) and other.doings and other.slug != slug:
            expected = {(doing.op, doing.on): live.ALLOWED for doing in other.doings if doing.is_granted}
            problems += [f"{other.slug} suffers: {text}" for text in differing(estate, other, expected)]
            break
    released = driver.json("release", known, expect=None)
    problems += state_of("release", released, released["state"] if released["state"] == "undone" else "applied") + [
        f"not released {text}" for text in unrestored(before, picture(estate))
    ]
    return problems + ([f"after release {text}" for text in differing(estate, agent, could)])


def meet(one: Agent, other: Agent) -> bool:
    """Whether two agents act as the same identity."""
    return (one.aws is not None and one.aws is other.aws) or (one.database is not None and one.database is other.database)


def retire(driver: Driver, slug: str, known: str) -> list[str]:
    """Retires an agent for good; nothing of it works any more."""
    estate = driver.estate
    agent = estate.company.agent(slug)
    answer = driver.json("retire", known, "--as", remits.owner_of(estate.company, agent), "--yes", expect=None)
    problems = state_of("retire", answer, "applied") + [f"retired: {text}" for text in stopped(estate, agent)]
    state = driver.json("agent", known)["state"]
    return problems + ([f"state is {state} after retire"] if state != "retired" else [])
