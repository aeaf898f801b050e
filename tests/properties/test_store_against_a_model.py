"""INVARIANT: whatever is appended, removed, added and rebound in whatever order, the store says what a plain list of it all says."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remit.model.agent import AgentState
from remit.model.event import Event, Result, Who
from remit.model.standing import Standing
from remit.store.records import Store
from remit.testing.kits.store import Clock

_few = st.sampled_from
_AGENTS = ("a", "b", "")
_EVENT = st.builds(
    lambda number, source, minute, principal, session, agent, resource, result: Event(
        id=str(number), source=source, happened=f"2026-07-01T00:{minute:02d}:00Z", principal=principal, system="aws:s3",
        action="s3:GetObject", resource=resource, result=result, place=f"{source}#{number}", session=session, agent=agent,
    ),
    st.integers(0, 30), _few(["aws:main", "aws:two"]), st.integers(0, 9), _few(["p", "q"]), _few(["s", "t", ""]), _few(_AGENTS),
    _few(["x", "y"]), _few(list(Result)),
)  # fmt: skip
_ASSIGN = st.dictionaries(st.tuples(_few(["p", "q"]), _few(["s", "t", ""])), _few(_AGENTS))
_STEP = st.one_of(
    st.tuples(st.just("add"), st.lists(_EVENT, max_size=12)),
    st.tuples(st.just("rebind"), _ASSIGN),
    st.tuples(st.just("put"), st.lists(st.tuples(_few("klm"), _few(list(AgentState))), max_size=4)),
    st.tuples(st.just("remove"), _few("klm")),
    st.tuples(st.just("rebuild"), st.none()),
)
Assign = Callable[[Who], str]


def _assign(table: dict[tuple[str, str], str]) -> Assign:
    return lambda who: who.agent or table.get((who.principal, who.session), "")


def _who(event: Event) -> Who:
    return Who(source=event.source, principal=event.principal, session=event.session, credential="", agent=event.agent)


def _standing(agent: str, state: AgentState) -> Standing:
    return Standing(agent=agent, state=state, since="", by="")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_STEP, max_size=12))
def test_the_store_says_what_a_list_of_everything_says(steps: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        with Store.open(f"sqlite:///{Path(folder)}/store.sqlite3", clock_ns=clock) as store:
            _live(store, clock, steps)


def _live(store: Store, clock: Clock, steps: list[tuple[str, object]]) -> None:
    events: dict[tuple[str, str], Event] = {}
    agents: dict[Who, str] = {}
    records: dict[str, AgentState] = {}
    pasts: list[tuple[str, dict[str, AgentState]]] = []
    for step, what in steps:
        clock.move(1)
        if step == "add":
            assert isinstance(what, list)
            new = {(event.source, event.id): event for event in reversed(what) if (event.source, event.id) not in events}
            assert store.add_events(what) == len(new)
            events |= new
            for event in new.values():
                agents.setdefault(_who(event), event.agent)
        elif step == "rebind":
            assert isinstance(what, dict)
            assign = _assign(what)
            store.rebind(assign)
            agents = {who: assign(who) for who in agents}
        elif step == "put":
            assert isinstance(what, list)
            store.put_all([_standing(key, state) for key, state in what], seen="")
            records |= dict(what)
        elif step == "remove":
            assert isinstance(what, str)
            assert store.remove(Standing, what, seen="") is (records.pop(what, None) is not None)
        else:
            store.rebuild()
        pasts.append((f"2026-07-31T12:{clock.now_ns // 10**9 % 3600 // 60:02d}:{clock.now_ns // 10**9 % 60:02d}Z", dict(records)))
        assert {item.agent: item.state for item in store.all(Standing)} == records
    for moment, past in pasts:
        assert {item.agent: item.state for item in store.all(Standing, as_of=moment)} == past
    _compare(store, list(events.values()), agents)


def _compare(store: Store, events: list[Event], agents: dict[Who, str]) -> None:
    expected: dict[tuple[str, str, str, str], list[Event]] = defaultdict(list)
    for event in events:
        expected[agents[_who(event)], event.source, event.principal, event.resource].append(event)
    found = {(use.agent, use.source, use.principal, use.resource): use for use in store.uses()}
    # What was only asked for by a stopped agent is no use.
    assert found.keys() == {key for key, some in expected.items() if any(event.result is not Result.STOPPED for event in some)}
    for key, use in found.items():
        times = [event.happened for event in expected[key]]
        denied = sum(event.result is Result.DENIED for event in expected[key])
        stopped = sum(event.result is Result.STOPPED for event in expected[key])
        assert (use.first, use.last, use.denied, use.allowed) == (min(times), max(times), denied, len(times) - denied - stopped)
        assert use.place in {event.place for event in expected[key] if event.happened == use.last}
    for agent in _AGENTS:
        theirs = sorted((event.happened for event in events if agents[_who(event)] == agent), reverse=True)
        assert [event.happened for event in store.events(agent, limit=7)] == theirs[:7]
