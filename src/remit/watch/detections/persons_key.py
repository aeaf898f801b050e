"""Agents that act as a person: with the access key of somebody's user, or on somebody's own login.

Whose it is, a name, tag or path says (`Principal.person`); a user of AWS with a password for the console is a person's too. It is over
when the agent's key is switched off or gone.
"""

from __future__ import annotations

from collections.abc import Iterator

from remit.contracts.detection import Rule, Window
from remit.model.access import Principal
from remit.model.finding import Severity, Spotted
from remit.model.identity import Bound
from remit.model.shown import printable
from remit.watch.window import agents_of, bindings_by_agent, severity_by_reach

RULE = Rule(
    id="persons-key",
    title="An agent acts with a person's own key or login",
    why="It can do all that the person can, its acts are the person's in every log, and it ends when they leave, or worse, does not.",
    severity=Severity.HIGH,
    remedy="give it an identity of its own; `remit quarantine AGENT --because TEXT` stops the key that it holds, never the person",
    references=("https://owasp.org/www-project-non-human-identities-top-10/2025/",),
)


def detect(window: Window) -> Iterator[Spotted]:
    """One finding for each agent and person's identity."""
    bound = bindings_by_agent(window)
    for known in agents_of(window):
        for binding in bound.get(known.agent.id, ()):
            principal = window.principals[binding.principal]
            why = _why_person(principal)
            if why is None or _is_switched_off(principal, binding):
                continue
            text, place = why
            places = (*(str(because.place) for because in binding.because), principal.place, *((place,) if place else ()))
            what = "the key" if binding.key_fingerprints else "the login"
            yield Spotted(
                agent=known.agent.id,
                key=binding.principal,
                title=f"`{known.agent.id}` acts with {what} of `{printable(principal.short)}`, which is a person's own: {printable(text)}",
                evidence=places,
                severity=severity_by_reach(window, [binding.principal], RULE.severity),
            )


def _why_person(principal: Principal) -> tuple[str, str] | None:
    """Why an identity is a person's, and the place that shows it; None where nothing does."""
    if principal.person is not None:
        return principal.person.text, str(principal.person.place)
    if principal.kind != "user" or not principal.ref.startswith("arn:"):
        return None
    if any(login.kind == "password" and login.is_active for login in principal.logins):
        return "it has a password for the console", ""
    return None


def _is_switched_off(principal: Principal, binding: Bound) -> bool:
    """Whether the agent holds keys, and none of them works any more."""
    keys = [login for login in principal.logins if login.fingerprint in binding.key_fingerprints]
    return bool(keys) and len(keys) == len(binding.key_fingerprints) and not any(login.is_active for login in keys)
