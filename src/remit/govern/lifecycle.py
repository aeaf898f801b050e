"""States of an agent, and who may move them (remit language, section 8).

Decides whether a move is allowed and what it leads to; never performs it. Invariants:
- retired is for good;
- the approvers of the version in force approve the next one, apply, roll back and retire; a first version needs the owner that
  `remit owner` set among its own approvers;
- quarantine and release need no approver.
"""

from __future__ import annotations

import msgspec

from remit.model.agent import AgentState
from remit.model.errors import RefusedError
from remit.model.remit import Remit
from remit.model.shown import printable
from remit.model.standing import Ownership, Standing


def discovered(agent: str, at: str) -> Standing:
    """Where an agent begins."""
    return Standing(agent=agent, state=AgentState.DISCOVERED, since=at, by="remit")


def drafted(standing: Standing, at: str, by: str) -> Standing:
    """After a draft was written; only a discovered agent moves."""
    if standing.state is not AgentState.DISCOVERED:
        return standing
    return msgspec.structs.replace(standing, state=AgentState.DRAFT, since=at, by=by, because="a draft was written")


def approved(standing: Standing, at: str, by: str, because: str) -> Standing:
    """After a remit was approved: active; a suspended agent stays suspended and returns to active on release."""
    if standing.state is AgentState.RETIRED:
        raise RefusedError(f"agent `{standing.agent}` is retired, for good; a new agent needs another id")
    if standing.state is AgentState.SUSPENDED:
        return msgspec.structs.replace(standing, before=AgentState.ACTIVE)
    if standing.state is AgentState.ACTIVE:
        return standing
    return Standing(agent=standing.agent, state=AgentState.ACTIVE, since=at, by=by, because=because)


def suspended(standing: Standing, at: str, by: str, because: str) -> Standing:
    """After a quarantine; one that is suspended already stays as it is, so that a release still knows where to return to."""
    if standing.state is AgentState.RETIRED:
        raise RefusedError(f"agent `{standing.agent}` is retired: it is denied everywhere already")
    if standing.state is AgentState.SUSPENDED:
        return standing
    return Standing(agent=standing.agent, state=AgentState.SUSPENDED, since=at, by=by, because=because, before=standing.state)


def released(standing: Standing, at: str, by: str, because: str) -> Standing:
    """After a release: the state before."""
    if standing.state is not AgentState.SUSPENDED:
        raise RefusedError(f"agent `{standing.agent}` is {standing.state}, not suspended: there is nothing to release")
    before = standing.before or AgentState.DISCOVERED
    return Standing(agent=standing.agent, state=before, since=at, by=by, because=because)


def retired(standing: Standing, at: str, by: str, because: str) -> Standing:
    """After a retirement."""
    if standing.state is AgentState.RETIRED:
        return standing
    return Standing(agent=standing.agent, state=AgentState.RETIRED, since=at, by=by, because=because)


def may_approve(person: str, remit: Remit, in_force: Remit | None, owner: Ownership | None) -> None:
    """Raises RefusedError unless this person may approve this version."""
    if in_force is not None:
        _among(person, in_force.approvers, f"the version in force of `{remit.agent}`")
        return
    if owner is None:
        raise RefusedError(
            f"agent `{remit.agent}` has no owner, and a first version needs one: run `remit owner {remit.agent} PERSON` first"
        )
    if owner.person not in remit.approvers:
        raise RefusedError(
            f"the owner of `{remit.agent}`, `{printable(owner.person)}`, is not among the approvers of this first version: "
            f"{_listed(remit.approvers)}; add the owner under `approvers` or as `owner.contact`"
        )
    _among(person, remit.approvers, f"this version of `{remit.agent}`")


def may_change(person: str, agent: str, in_force: Remit | None, owner: Ownership | None, *, what: str) -> None:
    """Raises RefusedError unless this person may apply, roll back or retire; without an approved remit only the owner retires."""
    if in_force is not None:
        _among(person, in_force.approvers, f"the remit in force of `{agent}`")
        return
    if what != "retire":
        raise RefusedError(
            f"agent `{agent}` has no approved remit: `{what}` works from an approved remit alone; run `remit draft {agent}` first"
        )
    if owner is None:
        raise RefusedError(
            f"agent `{agent}` has neither an approved remit nor an owner: run `remit owner {agent} PERSON`, who then retires it"
        )
    if person != owner.person:
        raise RefusedError(
            f"only its owner, `{printable(owner.person)}`, retires `{agent}`, which has no approved remit; `{printable(person)}` is not"
        )


def _among(person: str, approvers: tuple[str, ...], of: str) -> None:
    if person not in approvers:
        raise RefusedError(f"`{printable(person)}` is no approver of {of}; its approvers: {_listed(approvers)}")


def _listed(people: tuple[str, ...]) -> str:
    return ", ".join(f"`{printable(person)}`" for person in people)
