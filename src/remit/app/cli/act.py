"""`remit plan`, `apply`, `rollback`, `quarantine`, `release`, `retire`: changes to identity systems, proved and reversible."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from remit.app.cli.options import (
    AgentId,
    AsJson,
    AsPerson,
    StoreUrl,
    Yes,
    environment,
    next_command,
    now,
    open_current,
    os_user,
    person,
    print_json,
    say,
    steps_in_order,
)
from remit.app.cli.progress import Steps
from remit.model.errors import RefusedError, RemitError, UsageError
from remit.model.plan import PlanKind, PlanState
from remit.model.shown import printable
from remit.model.times import text_from_time

if TYPE_CHECKING:
    from remit.app.current import Current
    from remit.model.plan import Plan

PlanId = Annotated[
    str,
    typer.Argument(
        metavar="PLAN",
        help="Its id, with or without `plan:`; or an agent, where one plan of it is meant.",
        show_default=False,
    ),
]
Because = Annotated[
    str, typer.Option("--because", metavar="TEXT", help="Why; it is recorded, and told to whoever is denied.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("plan", epilog="    remit plan cost-triage\n    remit plan cost-triage --json | jq .replay")(plan)
    app.command("apply", epilog="    remit apply plan:0192f3a1 --as dana@example.com")(apply)
    app.command("rollback", epilog="    remit rollback cost-triage --as dana@example.com")(rollback)
    app.command("quarantine", epilog='    remit quarantine cost-triage --because "sends data to a stranger"')(quarantine)
    app.command("release", epilog="    remit release cost-triage")(release)
    app.command("retire", epilog="    remit retire cost-triage --as dana@example.com")(retire)


def plan(identifier: AgentId, store: StoreUrl = None, as_json: AsJson = False) -> None:
    """Plan to take away what an agent does not need: the native difference, the replay of recorded use, the blind spots.

    Nothing is changed. Works from a draft too, and says so; `apply` wants an approved remit.
    """
    from remit.app.mend import plan_right_size
    from remit.app.views.half_done import half_done_of, half_done_text, ways_text

    current = open_current(store)
    slug = current.known(identifier).agent.id
    made = plan_right_size(current, slug, text_from_time(now()))
    for stuck in half_done_of(current.plans.of(slug)):
        say(f"{half_done_text(stuck)}; {ways_text(stuck, _approver_of(current, slug))}; this plan is made of what is there now")
    if as_json:
        from remit.app.views.plans_json import plan_json

        print_json(plan_json(current, made))
    else:
        from remit.app.cli.plans_text import show_plan

        show_plan(current, made)
    if made.is_from_draft:
        owner = current.owner(made.agent)
        named = [] if owner else [f"remit owner {made.agent} PERSON # approves its first remit"]
        after = f"remit approve {made.agent}.yaml --as {owner or 'PERSON'} # when you have read it; then plan again"
        steps_in_order(*named, f"remit draft {made.agent} --write {made.agent}.yaml", after)
    elif made.steps:
        next_command(f"remit apply {made.id} --as {_approver_of(current, made.agent)}")
    else:
        next_command(f"remit agent {made.agent}")


def apply(identifier: PlanId, store: StoreUrl = None, as_json: AsJson = False, as_person: AsPerson = None) -> None:
    """Approve a plan and apply it, or go on with a half-done one. Every step is written down first, and the end is proved.

    Exit codes: 0 applied, 1 refused or stuck (with the reason), 2 wrong usage.
    """
    current = open_current(store)
    done = _carried_out("apply", current, identifier, as_person, is_quiet=as_json)
    _tell(current, done, as_json=as_json)


def rollback(identifier: PlanId, store: StoreUrl = None, as_json: AsJson = False, as_person: AsPerson = None) -> None:
    """Take back what a plan did, in reverse order. Works on applied, half-done and stuck plans."""
    current = open_current(store)
    done = _carried_out("rollback", current, identifier, as_person, is_quiet=as_json)
    _tell(current, done, as_json=as_json)


def quarantine(
    identifier: AgentId, because: Because, store: StoreUrl = None, as_json: AsJson = False, as_person: AsPerson = None, yes: Yes = False
) -> None:
    """Stop an agent: denied at every point that asks the store, and its identities stopped in their systems, with proof.

    Other agents on the same identities are stopped with them; they are named first, and on a terminal it asks. `release` takes it back.
    """
    from remit.app.mend import begin_quarantine, carry_out_quarantine, unreached_points

    if not because.strip():
        raise UsageError("`--because` is empty; say why, for whoever finds the agent stopped")
    current = open_current(store)
    slug = current.known(identifier).agent.id
    approver = _approver(current, as_person)
    with Steps(current.store, approver[0], is_quiet=as_json, agent=slug).interruptible() as steps:
        made = _planned_stop(current, slug, approver, because.strip())
        _confirm(current, made, "stopped with it", yes=yes)
        steps.plan = made.id
        begin_quarantine(current, made, approver, because.strip())
        say(f"`{slug}` is denied from now on at every point that asks this store")
        for log in unreached_points(current, slug):
            named = printable(log, 1000)
            say(f"the point that writes {named} is reached only where it asks this store (`--agent`); if not, stop it by hand")
        if not unreached_points(current, slug):
            say("points started from files alone (`--remit`) are not reached by the store; stop them by hand where there are any")
        done = carry_out_quarantine(current, made, approver, because.strip(), environment(), steps.told)
    _tell(current, done, as_json=as_json, after=f"remit release {slug}")


def _planned_stop(current: Current, slug: str, approver: tuple[str, str], because: str) -> Plan:
    """The plan of a quarantine; where none can be made the agent is denied all the same, before that is said."""
    from remit.app.mend import plan_quarantine, suspend
    from remit.model.agent import AgentState

    try:
        return plan_quarantine(current, slug, text_from_time(now()))
    except RemitError as error:
        if current.state(slug) is not AgentState.RETIRED:
            suspend(current, slug, approver, because)
            denied = f"`{slug}` is denied from now on at every point that asks this store; its identities are not stopped"
            raise RefusedError(f"{denied}: {error}") from error
        raise


def release(identifier: AgentId, store: StoreUrl = None, as_json: AsJson = False, as_person: AsPerson = None) -> None:
    """End a quarantine: the identities as they were before, with proof, and the agent in the state it had."""
    from remit.app.mend import carry_out_release

    current = open_current(store)
    slug = current.known(identifier).agent.id
    approver = _approver(current, as_person)
    with Steps(current.store, approver[0], is_quiet=as_json, agent=slug, again=f"remit release {slug}").interruptible() as steps:
        done = carry_out_release(current, slug, approver, environment(), steps.told)
    _tell(current, done, as_json=as_json, after=f"remit agent {slug}")


def retire(identifier: AgentId, store: StoreUrl = None, as_json: AsJson = False, as_person: AsPerson = None, yes: Yes = False) -> None:
    """Retire an agent, for good: denied everywhere, its own identities stopped and emptied, with proof; the record stays.

    An identity that another agent uses is left to it, and reported as kept. A person is never locked out.
    """
    from remit.app.mend import carry_out_retirement, plan_retirement

    current = open_current(store)
    slug = current.known(identifier).agent.id
    approver = _approver(current, as_person)
    with Steps(current.store, approver[0], is_quiet=as_json, agent=slug).interruptible() as steps:
        made = plan_retirement(current, slug, approver, text_from_time(now()))
        _confirm(current, made, "on the same identities, which are left to them", yes=yes)
        steps.plan = made.id
        done = carry_out_retirement(current, made, approver, environment(), steps.told)
    _tell(current, done, as_json=as_json)


def _carried_out(what: str, current: Current, identifier: str, as_person: str | None, *, is_quiet: bool) -> Plan:
    from remit.app.meant import plan_meant
    from remit.app.mend import carry_out

    approver = _approver(current, as_person)
    with Steps(current.store, approver[0], is_quiet=is_quiet).interruptible() as steps:
        steps.plan = plan_meant(current, identifier, what).id
        return carry_out(current, steps.plan, approver, environment(), what, steps.told)


# --- who, and telling ------------------------------------------------------------------------------------------------------------------


def _approver(current: Current, claimed: str | None) -> tuple[str, str]:
    return person(claimed, current.store), os_user()


def _approver_of(current: Current, slug: str) -> str:
    """Whom to name in the next command; who may approve is decided where it is done."""
    return printable(current.owner(slug) or "PERSON", 120)


def _confirm(current: Current, made: Plan, what: str, *, yes: bool) -> None:
    if made.also_affects:
        say(f"{len(made.also_affects)} other {'agent' if len(made.also_affects) == 1 else 'agents'} {what}: {', '.join(made.also_affects)}")
    for sentence in made.residue:
        say(f"left as it is: {printable(sentence, 400)}")
    if yes or not sys.stdin.isatty() or not sys.stderr.isatty():
        return
    for step in made.steps:
        say(f"  {current.identity_text(step.principal)}: {printable(step.what, 300)}")
    if not typer.confirm("Go on?", err=True):
        raise RefusedError("not done: you said no")


def _tell(current: Current, done: Plan, *, as_json: bool, after: str = "") -> None:
    if as_json:
        from remit.app.views.plans_json import outcome_json

        print_json(outcome_json(current, done))
    else:
        from remit.app.cli.plans_text import show_outcome

        show_outcome(current, done)
    if done.state is PlanState.STUCK:
        say(f"remit: `{done.id}` is stuck: {printable(done.stuck_because, 1000)}")
        from remit.app.views.half_done import ways_on

        next_command(*(f"{command} # {what}" for command, what in ways_on(done, "PERSON")))
        raise typer.Exit(1)
    if after:
        next_command(after)
    elif done.kind is PlanKind.RIGHT_SIZE and done.state is PlanState.APPLIED:
        back = f"remit rollback {done.id} --as {_approver_of(current, done.agent)} # takes it back"
        next_command(f"remit agent {done.agent}", back)
    elif done.kind is PlanKind.RIGHT_SIZE:
        next_command(f"remit plan {done.agent} # makes a new one; a plan is applied once")
    elif done.kind is PlanKind.RETIRE:
        next_command("remit agents")
