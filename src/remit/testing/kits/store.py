"""What every backend of the store must do: drive one through its whole interface and list what it does wrong.

`violations(place)` wants none, where `place()` gives the URL of a new, empty store each time. Proved are the rules of `store.records`:
nothing overwritten, current and earlier states, one order of keys everywhere, events counted once whatever their order, uses that stay few,
bindings that move them, derived tables that come out the same when made anew, whole or nothing, one holder at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Protocol

from remit.model.agent import AgentState
from remit.model.errors import RefusedError
from remit.model.event import Event, Result, Who
from remit.model.standing import ApprovedRemit, Ownership, Standing
from remit.store.interning import MOST_CREDENTIALS
from remit.store.records import Store

NOON_NS = 1_785_499_200_000_000_000
"""31 July 2026, 12:00 UTC: where the kit's clock begins."""
SEEN = "2026-07-31T11:00:00Z"


class Opens(Protocol):
    """How the kit opens a store: `Store.open`, or something in its place."""

    def __call__(self, url: str | None, *, clock_ns: Callable[[], int], wait_s: float) -> Store:
        """A store at that place."""
        ...


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now_ns = NOON_NS

    def __call__(self) -> int:
        """Nanoseconds since 1970."""
        return self.now_ns

    def move(self, seconds: int) -> None:
        """On, or back."""
        self.now_ns += seconds * 1_000_000_000


class Bench:
    """One empty store under test, with its clock."""

    def __init__(self, url: str, opens: Opens) -> None:
        self._url = url
        self._opens = opens
        self.clock = Clock()
        self.store = self.another()

    def another(self) -> Store:
        """A second handle to the same store, as another process has it."""
        return self._opens(self._url, clock_ns=self.clock, wait_s=0.3)


def violations(place: Callable[[], str], opens: Opens = Store.open, only: str = "") -> list[str]:
    """What the backend does wrong, a line each. `only` is how the names of the cases begin that are tried."""
    found = []
    chosen = {name: case for name, case in _CASES.items() if name.startswith(only)}
    if not chosen:
        raise ValueError(f"no case begins with `{only}`")
    for name, case in chosen.items():
        try:
            bench = Bench(place(), opens)
            try:
                case(bench)
            finally:
                bench.store.close()
        except AssertionError as error:
            found.append(f"{name}: {error}")
        except Exception as error:  # noqa: BLE001 - a backend that fails in an unknown way is wrong, and the next case is still tried
            found.append(f"{name}: {type(error).__name__}: {error}")
    return found


_CASES: dict[str, Callable[[Bench], None]] = {}


def _case(name: str) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
    def add(case: Callable[[Bench], None]) -> Callable[[Bench], None]:
        _CASES[name] = case
        return case

    return add


def _same(got: object, expected: object) -> None:
    if got != expected:
        raise AssertionError(f"got {got!r}, expected {expected!r}")


def _standing(agent: str, state: AgentState = AgentState.ACTIVE, because: str = "") -> Standing:
    return Standing(agent=agent, state=state, since=SEEN, by="kit", because=because)


def _event(number: int, minute: int, **change: object) -> Event:
    fields: dict[str, object] = {
        "id": f"e{number}",
        "source": "aws:main",
        "happened": f"2026-07-01T{minute // 60:02d}:{minute % 60:02d}:00Z",
        "principal": "arn:aws:iam::123456789012:role/reader",
        "system": "aws:s3",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::data/a",
        "result": Result.ALLOWED,
        "place": f"log#{number}",
    }
    return Event(**(fields | change))  # type: ignore[arg-type]


# --- records ---------------------------------------------------------------------------------------------------------------------


@_case("what was put is read back by another handle and after closing")
def _is_kept(bench: Bench) -> None:
    _same(bench.store.put(_standing("a"), seen=SEEN, by="dana"), True)
    with bench.another() as other:
        _same(other.get(Standing, "a"), _standing("a"))
    bench.store.close()
    _same(bench.store.all(Standing), [_standing("a")])
    _same(bench.store.get(Ownership, "a"), None)


@_case("an equal record appends nothing, a different one a version")
def _appends(bench: Bench) -> None:
    store = bench.store
    first, second = _standing("a"), _standing("a", AgentState.SUSPENDED, "odd")
    changed = [store.put(item, seen=SEEN, by="dana") for item in (first, first, second, second, first)]
    _same(changed, [True, False, True, False, True])
    history = store.history(Standing, "a")
    _same([version.record for version in history], [first, second, first])
    _same({(version.seen, version.by, version.is_gone) for version in history}, {(SEEN, "dana", False)})
    _same(sorted({version.sequence for version in history}), [version.sequence for version in history])
    _same(store.put_all([first, _standing("b"), second], seen=SEEN), [_standing("b"), second])


@_case("a removed record is gone, and its history stays")
def _removes(bench: Bench) -> None:
    store = bench.store
    _same(store.remove(Standing, "a", seen=SEEN), False)
    store.put_all([_standing("a"), _standing("b")], seen=SEEN)
    _same([store.remove(Standing, "a", seen=SEEN), store.remove(Standing, "a", seen=SEEN)], [True, False])
    _same((store.get(Standing, "a"), store.all(Standing)), (None, [_standing("b")]))
    _same(
        [(version.is_gone, version.record) for version in store.history(Standing, "a")], [(False, _standing("a")), (True, _standing("a"))]
    )
    _same((store.put(_standing("a"), seen=SEEN), store.get(Standing, "a")), (True, _standing("a")))


@_case("the state of an earlier time is read as it was")
def _as_of(bench: Bench) -> None:
    store, states = bench.store, list(AgentState)
    for state in states:
        store.put_all([_standing("a", state), _standing(f"b-{state.value}")], seen=SEEN)
        bench.clock.move(60)
    store.remove(Standing, "a", seen=SEEN)
    for minute, state in enumerate(states):
        for moment in (f"2026-07-31T12:{minute:02d}:00Z", f"2026-07-31T14:{minute:02d}:59.9+02:00"):
            _same(store.get(Standing, "a", as_of=moment), _standing("a", state))
            _same(len(store.all(Standing, as_of=moment)), minute + 2)
            _same(len(store.all(Standing, "b-", as_of=moment)), minute + 1)
    _same((store.get(Standing, "a", as_of="2026-07-31T11:59:59Z"), store.all(Standing, as_of="2026-07-31T11:59:59Z")), (None, []))
    _same(store.get(Standing, "a", as_of="2026-07-31T13:00:00Z"), None)
    for nonsense in ("yesterday", "2026-07-31T12:00:00", ""):
        with _refuses("a time"):
            store.get(Standing, "a", as_of=nonsense)


@_case("a clock that steps back does not turn the order round")
def _steps_back(bench: Bench) -> None:
    bench.store.put(_standing("a"), seen=SEEN)
    bench.clock.move(-3600)
    with bench.another() as other:
        other.put(_standing("a", AgentState.RETIRED), seen=SEEN)
    recorded = [version.recorded for version in bench.store.history(Standing, "a")]
    _same(recorded, sorted(recorded))
    _same(bench.store.get(Standing, "a", as_of=recorded[-1]), _standing("a", AgentState.RETIRED))


@_case("prefixes and order compare byte by byte, and nothing in a key is special")
def _keys(bench: Bench) -> None:
    keys = ["a", "B", "a%", "a_", "aa", "ab", "é", "z", "Z", "ä", "a\\", "a'", 'a"', "\u65e5\u672c", "\U0001f600", "a\uffff", "a\ud7ff"]
    bench.store.put_all([_standing(key) for key in keys], seen=SEEN)
    by_bytes = sorted(keys, key=str.encode)
    _same([item.agent for item in bench.store.all(Standing)], by_bytes)
    for prefix in (*keys, "a\U0010ffff", "nothing"):
        _same([item.agent for item in bench.store.all(Standing, prefix)], [key for key in by_bytes if key.startswith(prefix)])


@_case("text that a database cannot hold is kept in another form, and long keys stay apart")
def _hostile(bench: Bench) -> None:
    bench.store.put(_standing("a", because="\0 \ud800 \x1b[2J ' \" ; -- \u202e"), seen="s\0", by="\udfff")
    kept = bench.store.get(Standing, "a")
    _same(kept is not None and "\x1b[2J" in kept.because and "\u202e" in kept.because, True)
    _same(bench.store.put(_standing("a", because="\0 \ud800 \x1b[2J ' \" ; -- \u202e"), seen=SEEN), False)
    longest = [f"{letter * 70_000}{end}" for letter in ("x", "\U0001f600") for end in "12"]
    bench.store.put_all([_standing(key) for key in (*longest, "n\0", "n\\x00")], seen=SEEN)
    for key in longest:
        _same(bench.store.get(Standing, key), _standing(key))
    hostile = _event(1, 0, id="\0\ud800", principal="p\0", resource="r\ud800" + "x" * 9000, session="\0", place="\0", columns=("c\0", "d"))
    _same(bench.store.add_events([hostile, hostile, _event(2, 0, id="y" * 70_000), _event(3, 0, id="y" * 70_001)]), 3)
    _same(len(bench.store.uses()), 2)
    _same({event.columns for event in bench.store.events()}, {("c\\x00", "d"), ()})


@_case("a sequence grows with each appended record, of its kind and of all, and with nothing else")
def _sequence(bench: Bench) -> None:
    store = bench.store
    seen = [(store.sequence(), store.sequence(Standing))]
    steps: tuple[Callable[[], object], ...] = (
        lambda: store.put(_standing("a"), seen=SEEN),
        lambda: store.put(Ownership(agent="a", person="dana", since=SEEN, by="lee"), seen=SEEN),
        lambda: store.remove(Standing, "a", seen=SEEN),
    )
    for step in steps:
        step()
        seen.append((store.sequence(), store.sequence(Standing)))
    _same([later[0] > earlier[0] for earlier, later in pairwise(seen)], [True, True, True])
    _same([later[1] > earlier[1] for earlier, later in pairwise(seen)], [True, False, True])
    store.remove(Standing, "a", seen=SEEN)
    store.add_events([_event(1, 0)], {"aws:main": "1"})
    with bench.another() as other:
        _same((other.sequence(), other.sequence(Standing)), seen[-1])
        _same(other.sequence(ApprovedRemit), 0)


# --- whole or nothing ------------------------------------------------------------------------------------------------------------


class _StopError(Exception):
    pass


@_case("a transaction is kept whole or not at all")
def _transaction(bench: Bench) -> None:
    store = bench.store
    with store.transaction():
        store.put(_standing("a"), seen=SEEN)
        store.put(_standing("b"), seen=SEEN)
        _same(store.get(Standing, "a"), _standing("a"))
        with bench.another() as other:
            _same(other.all(Standing), [])
    before = (store.all(Standing), store.sequence(), store.uses())
    try:
        with store.transaction():
            store.put(_standing("a", AgentState.RETIRED), seen=SEEN)
            store.remove(Standing, "b", seen=SEEN)
            store.add_events([_event(1, 0)], {"aws:main": "1"})
            raise _StopError
    except _StopError:
        pass
    _same((store.all(Standing), store.sequence(), store.uses()), before)
    _same((store.cursor("aws:main"), store.events()), (None, []))


@_case("one writer at a time: a second one waits, then is refused in words, and the next one goes on")
def _one_writer(bench: Bench) -> None:
    with bench.another() as other:
        with bench.store.transaction():
            bench.store.put(_standing("a"), seen=SEEN)
            with _refuses("another process"):
                other.put(_standing("b"), seen=SEEN)
        _same(other.put(_standing("b"), seen=SEEN), True)
        _same(len(bench.store.all(Standing)), 2)


@_case("one holder of a name at a time, who is named")
def _exclusive(bench: Bench) -> None:
    with bench.another() as other:
        with bench.store.exclusive("scan"):
            with _refuses("another `scan` is at work on this store, process "), other.exclusive("scan"):
                _same("a second holder", "let in by nobody")
            with other.exclusive("apply"):
                other.put(_standing("a"), seen=SEEN)
        with other.exclusive("scan"):
            pass
        try:
            with other.exclusive("scan"):
                raise _StopError
        except _StopError:
            pass
        with bench.store.exclusive("scan"):
            bench.store.put(_standing("b"), seen=SEEN)


@contextmanager
def _refuses(words: str) -> Iterator[None]:
    try:
        yield
    except RefusedError as error:
        if words not in str(error):
            raise AssertionError(f"refused with {str(error)!r}, expected {words!r} in it") from None
        return
    raise AssertionError(f"not refused; expected {words!r}")


# --- events ----------------------------------------------------------------------------------------------------------------------


@_case("events are counted once, in whatever order and batches they come")
def _counts(bench: Bench) -> None:
    store = bench.store
    denied = {"result": Result.DENIED}
    _same(store.add_events([_event(3, 30), _event(1, 10, **denied), _event(3, 30)], {"aws:main": "c3"}), 2)
    _same(store.add_events([_event(2, 20, result=Result.FAILED), _event(1, 10, **denied)], {"aws:main": "c2"}), 1)
    _same(store.add_events([_event(5, 50), _event(4, 40, **denied), _event(1, 10, source="aws:other")]), 3)
    _same((store.cursor("aws:main"), store.cursor("aws:other"), store.cursor("none")), ("c2", None, None))
    main, other = store.uses()
    _same((main.first, main.last, main.allowed, main.denied, main.place), ("2026-07-01T00:10:00Z", "2026-07-01T00:50:00Z", 3, 2, "log#5"))
    _same((other.source, other.allowed + other.denied), ("aws:other", 1))
    _same([event.id for event in store.events()], ["e5", "e4", "e3", "e2", "e1", "e1"])
    _same(store.add_events([]), 0)
    _same((store.add_events([], {"aws:main": "c9"}), store.cursor("aws:main")), (0, "c9"))


@_case("an event is read back as it was")
def _round_trip(bench: Bench) -> None:
    from remit.model.decision import Outcome

    full = _event(
        1, 5, happened="2026-07-01T00:05:00.25Z", session="s", credential="c", agent="a", person="dana", decision="d",
        outcome=Outcome.ASK, would=Outcome.DENY, because="no line", columns=("day", "amount"), result=Result.DENIED,
    )  # fmt: skip
    bench.store.add_events([full, _event(2, 1)])
    _same(bench.store.events("a"), [_event(1, 5, **_fields(full, happened="2026-07-01T00:05:00.250000Z"))])
    _same(bench.store.events(""), [_event(2, 1)])
    (use,) = bench.store.uses("a")
    _same((use.session, use.credential, use.columns, use.denied), ("s", "c", ("day", "amount"), 1))


def _fields(event: Event, **change: object) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__struct_fields__} | change


@_case("an event whose time cannot be read is set aside, or stops its batch with nothing kept")
def _bad_time(bench: Bench) -> None:
    bad = [_event(number, 0, happened=time) for number, time in enumerate(("", "soon", "2026-07-01T00:00:00", "9999-99-99T00:00:00Z"))]
    for event in bad:
        with _refuses(event.place):
            bench.store.add_events([_event(9, 0), event], {"aws:main": "1"})
    _same((bench.store.uses(), bench.store.cursor("aws:main")), ([], None))
    aside: list[str] = []
    _same(bench.store.add_events([*bad, _event(9, 0)], set_aside=lambda event, _why: aside.append(event.id)), 1)
    _same(aside, [event.id for event in bad])


@_case("sessions and temporary credentials at random make no more uses")
def _bounded(bench: Bench) -> None:
    events = [_event(number, number % 60, session=f"s{number}") for number in range(300)]
    events += [_event(1000 + number, 70, credential=f"c{number}") for number in range(3 * MOST_CREDENTIALS)]
    bench.store.add_events(events)
    uses = bench.store.uses()
    _same(len(uses) <= MOST_CREDENTIALS + 1, True)
    _same(sum(use.allowed for use in uses), len(events))
    _same({event.credential for event in bench.store.events(limit=3 * MOST_CREDENTIALS)}, {f"c{n}" for n in range(3 * MOST_CREDENTIALS)})


@_case("an agent's events are listed newest first, whatever their sessions")
def _listed(bench: Bench) -> None:
    events = [_event(number, number * 7 % 1440, session=f"s{number % 9}", agent="ab"[number % 5 == 0]) for number in range(400)]
    bench.store.add_events(events)
    mine = sorted((event for event in events if event.agent == "b"), key=lambda event: event.happened, reverse=True)
    _same([event.happened for event in bench.store.events("b", limit=20)], [event.happened for event in mine[:20]])
    middle = mine[30].happened
    older = [event.happened for event in mine if event.happened < middle][:15]
    _same([event.happened for event in bench.store.events("b", limit=15, before=middle)], older)
    _same(len({event.id for event in bench.store.events("b", limit=1000)}), len(mine))
    _same(bench.store.events("nobody"), [])


@_case("denials of points are counted from a time on, and what systems denied is not among them")
def _denials(bench: Bench) -> None:
    of_point = [
        _event(
            number,
            number,
            source="decisions:edge",
            result=(Result.DENIED, Result.STOPPED, Result.ALLOWED)[number % 3],
            session=f"s{number}",
        )
        for number in range(30)
    ]
    bench.store.add_events([*of_point, *(_event(100 + number, number, result=Result.DENIED) for number in range(30))])
    _same(bench.store.denied_since("2026-07-01T00:00:00Z"), 20)
    _same(bench.store.denied_since("2026-07-01T00:15:00Z"), 10)
    _same(bench.store.denied_since("2026-07-01T01:00:00Z"), 0)
    _same(bench.store.denied_since("2026-07-01T00:00:00Z", most=3) <= 3, True)


@_case("resources are found by any part of their name, whatever its case, and signs of patterns are signs")
def _touched(bench: Bench) -> None:
    names = ("arn:aws:s3:::Data-1/a", "arn:aws:s3:::data-2/a", "a%b", "a_b", "axb", "a\\b")
    events = [
        _event(number * 2 + more, number, resource=name, agent="ab"[more], action=("read", "list")[more])
        for number, name in enumerate(names)
        for more in (0, 1)
    ]
    stopped = _event(90, 9, resource="data-3", agent="c", result=Result.STOPPED)
    bench.store.add_events([*events, stopped])
    _same({item.resource: item.agents for item in bench.store.touched("DATA-")}, {**dict.fromkeys(names[:2], ("a", "b")), "data-3": ()})
    for text in ("a%b", "a_b", "a\\b"):
        _same([item.resource for item in bench.store.touched(text)], [text])
    _same(len(bench.store.touched("a", most=2)), 2)
    _same(bench.store.touched("nothing"), [])


# --- bindings --------------------------------------------------------------------------------------------------------------------


def _mixed(count: int) -> Sequence[Event]:
    return [
        _event(
            number, number * 37 % 1440, principal=f"p{number % 3}", session=f"s{number % 4}", resource=f"r{number % 2}",
            result=list(Result)[number % 3], agent="said" if number % 10 == 0 else "",
        )
        for number in range(count)
    ]  # fmt: skip


def _assigns() -> tuple[Callable[[Who], str], ...]:
    return (
        lambda who: who.agent,
        lambda who: who.agent or {"p0": "one", "p1": "one"}.get(who.principal, ""),
        lambda who: who.agent or {"p0": "two", "p1": "one", "p2": "two"}[who.principal],
        lambda who: who.agent or ("three" if who.session == "s1" else "two"),
        lambda who: who.agent or f"{who.principal}-{who.session}",
        lambda _who: "all",
        lambda who: who.agent,
    )


@_case("other bindings move what happened to other agents, and nothing is lost or counted twice")
def _rebinds(bench: Bench) -> None:
    store, events = bench.store, _mixed(240)
    store.add_events(events[:120], assign=_assigns()[1])
    store.add_events(events[120:])
    for assign in _assigns():
        store.rebind(assign)
        _same(store.rebind(assign), 0)
        expected: dict[tuple[str, str, str], list[Event]] = {}
        for event in events:
            who = Who(source=event.source, principal=event.principal, session=event.session, credential="", agent=event.agent)
            expected.setdefault((assign(who), event.principal, event.resource), []).append(event)
        found = {(use.agent, use.principal, use.resource): use for use in store.uses()}
        _same(found.keys(), expected.keys())
        for key, use in found.items():
            times = [event.happened for event in expected[key]]
            denials = sum(event.result is Result.DENIED for event in expected[key])
            _same((use.first, use.last, use.denied, use.allowed), (min(times), max(times), denials, len(times) - denials))
            _same(store.uses(use.agent, use.principal).count(use), 1)
        before = store.uses()
        store.rebuild()
        _same(store.uses(), before)


@_case("heads made anew are the heads that were kept")
def _rebuilds(bench: Bench) -> None:
    store = bench.store
    for round_ in range(3):
        store.put_all([_standing(f"a{number}", because=str(number * round_)) for number in range(20)], seen=SEEN)
        store.remove(Standing, f"a{round_}", seen=SEEN)
    before = store.all(Standing)
    store.rebuild()
    _same(store.all(Standing), before)
    _same(len(before), 19)
    _same(store.put_all(before, seen=SEEN), [])
