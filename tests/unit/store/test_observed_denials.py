"""What a point let pass in `observe` and `enforce` would have denied is counted apart, however it is counted."""

import msgspec

from remit.model.decision import Outcome
from remit.model.event import Event, Result
from remit.store.records import Store


def decision(number: int, outcome: Outcome, would: Outcome | None) -> Event:
    return Event(
        id=f"d{number}",
        source="decisions:edge",
        happened=f"2026-11-26T10:00:{number:02d}Z",
        principal="",
        system="mcp:desk",
        action="send",
        resource="send",
        result=Result.ALLOWED if outcome is Outcome.ALLOW else Result.DENIED,
        place=f"edge.jsonl:{number}",
        agent="desk",
        decision=f"d{number}",
        outcome=outcome,
        would=would,
    )


def test_observed_denials_are_counted_beside_what_was_allowed(store: Store) -> None:
    some = [decision(1, Outcome.ALLOW, Outcome.DENY), decision(2, Outcome.ALLOW, None), decision(3, Outcome.DENY, None)]
    store.add_events(some)
    store.add_events([decision(4, Outcome.ALLOW, Outcome.DENY), decision(5, Outcome.ALLOW, Outcome.ASK)])
    (use,) = store.uses(agent="desk")
    assert (use.allowed, use.denied, use.would_deny) == (4, 1, 2)
    store.rebind(lambda who: "other")
    store.rebuild()
    (use,) = store.uses(agent="other")
    assert (use.allowed, use.denied, use.would_deny) == (4, 1, 2)
    assert [event.result for event in store.events("other")] == [Result.ALLOWED] * 2 + [Result.DENIED] + [Result.ALLOWED] * 2


def test_what_was_asked_while_an_agent_was_stopped_is_an_event_and_no_use(store: Store) -> None:
    stopped = [msgspec.structs.replace(decision(number, Outcome.DENY, None), result=Result.STOPPED) for number in (1, 2)]
    store.add_events(stopped)
    assert store.uses(agent="desk") == []
    store.add_events([decision(3, Outcome.ALLOW, None), msgspec.structs.replace(decision(4, Outcome.DENY, None), result=Result.STOPPED)])
    store.rebuild()
    (use,) = store.uses(agent="desk")
    assert (use.allowed, use.denied) == (1, 0)
    assert [event.result for event in store.events("desk")] == [Result.STOPPED, Result.ALLOWED, Result.STOPPED, Result.STOPPED]
