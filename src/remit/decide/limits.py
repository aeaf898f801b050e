"""What an agent has used up, and whether one more request would exceed a limit (remit language, section 5).

Invariants:
- a limit looks only at requests that it counts, and is met when this one would exceed it;
- an amount or currency that cannot be read exceeds; sums are decimal, never binary;
- memory per agent is bounded, and where entries are joined to stay within it, the count errs on the side of more.

Left to others: what time it is, and when a request counts as allowed (`app`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import msgspec

from remit.decide.arguments import PAY_AMOUNT, PAY_CURRENCY, PAY_INSIDE, folded
from remit.decide.index import Index
from remit.model.decision import Decision, Outcome, Request
from remit.model.remit import Limit, Window

_MAX_ENTRIES = 4096
"""Entries kept per agent and window; beyond, neighbours are joined at the later one's time."""
_MAX_SESSIONS = 4096
"""Sessions remembered per agent; the one used longest ago goes first."""
_ZERO = Decimal(0)


class Spent(msgspec.Struct, frozen=True):
    """What the agent has used up within the windows of its remit's limits, before this request."""

    calls: int = 0
    pay: Decimal = _ZERO


NOTHING_SPENT = Spent()


@lru_cache(maxsize=4096)
def exact_amount(amount: float) -> Decimal:
    """A limit's amount as a decimal number: 0.1 is one tenth."""
    return Decimal(repr(amount))


class Payment(msgspec.Struct, frozen=True):
    """The amount and currency that a `pay` request says; None where they cannot be read."""

    amount: Decimal | None
    currency: str | None


def payment_of(arguments: Mapping[str, Any]) -> Payment:
    """Reads how much a request pays. Two amounts or currencies that differ are unreadable, and so are a negative amount and one that
    stands deeper inside a list or an object, where it may be one of several."""
    values: list[tuple[str, Any]] = []
    for name, value in arguments.items():
        own = folded(name)
        if own in PAY_INSIDE and isinstance(value, Mapping):
            values.extend((folded(inner), held) for inner, held in value.items())
        else:
            values.append((own, value))
    amounts: set[Decimal | None] = set()
    currencies: set[str | None] = set()
    for name, value in values:
        if name in PAY_AMOUNT:
            amount, currency = _amount_of(value)
            amounts.add(amount)
            if currency is not None:
                currencies.add(currency)
        elif name in PAY_CURRENCY:
            currencies.add(value.strip().upper() if isinstance(value, str) and value.strip().isalpha() else None)
        elif _holds_amount(value):
            amounts.add(None)
    return Payment(
        amount=amounts.pop() if len(amounts) == 1 else None,
        currency=currencies.pop() if len(currencies) == 1 else None,
    )


def _holds_amount(value: Any) -> bool:
    """Whether an amount stands somewhere inside a list or an object."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Mapping):
            if any(isinstance(name, str) and folded(name) in PAY_AMOUNT for name in found):
                return True
            waiting.extend(found.values())
        elif isinstance(found, list | tuple):
            waiting.extend(found)
    return False


def _amount_of(value: Any) -> tuple[Decimal | None, str | None]:
    """A number, `12.50`, or `12.50 USD` and `USD 12.50`."""
    currency = None
    if isinstance(value, str):
        words = value.split()
        letters = [word for word in words if word.isascii() and word.isalpha()]
        if len(words) == 2 and len(letters) == 1 and len(letters[0]) == 3:
            currency = letters[0].upper()
            words.remove(letters[0])
        if len(words) != 1 or not words[0].isascii() or not words[0].replace(".", "", 1).isdigit():
            return None, currency
        value = words[0]
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return None, None
    try:
        amount = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        return None, currency
    return (amount if amount.is_finite() and amount >= 0 else None), currency


def over_pay(limit: Limit, spent: Spent, arguments: Mapping[str, Any]) -> str | None:
    """Why a `pay` request would exceed the limit; None when it would not."""
    payment = payment_of(arguments)
    if payment.amount is None:
        return "the amount cannot be read"
    if payment.currency is None or payment.currency != (limit.currency or "").upper():
        return "the currency cannot be read or is another"
    if spent.pay + payment.amount > exact_amount(limit.amount):
        return f"the sum would exceed {exact_amount(limit.amount).normalize():f} {limit.currency} a {limit.window.value}"
    return None


class _Running:
    """Entries of one agent in one sliding window, with their sum."""

    __slots__ = ("_entries", "_seconds", "_total")

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._entries: deque[tuple[float, Decimal]] = deque()
        self._total = _ZERO

    def sum(self, now: float) -> Decimal:
        """The sum of what is younger than the window."""
        begin = now - self._seconds
        while self._entries and self._entries[0][0] <= begin:
            self._total -= self._entries.popleft()[1]
        return self._total

    def add(self, now: float, amount: Decimal) -> None:
        self._entries.append((max(now, self._entries[-1][0]) if self._entries else now, amount))
        self._total += amount
        if len(self._entries) > _MAX_ENTRIES:
            self._join_older_half()

    def _join_older_half(self) -> None:
        joined = []
        for _ in range(_MAX_ENTRIES // 4):
            first, second = self._entries.popleft(), self._entries.popleft()
            joined.append((second[0], first[1] + second[1]))
        self._entries.extendleft(reversed(joined))


class Meter:
    """Counts what agents were allowed, from its start; the only thing in `decide` that changes.

    One meter belongs to one thread. Times are seconds since some fixed moment and must not go backwards by much: an earlier
    time counts as the latest one seen.
    """

    def __init__(self) -> None:
        self._sliding: dict[tuple[str, str, Window], _Running] = {}
        self._sessions: dict[str, dict[tuple[str, str], Decimal]] = {}

    def spent(self, index: Index, request: Request, now: float) -> Spent:
        """What the agent of a request has used up in the windows of its remit's limits."""
        remit = index.remit_of(request.agent)
        if remit is None or (remit.limits.calls is None and remit.limits.pay is None):
            return NOTHING_SPENT
        calls = self._used(remit.agent, "calls", remit.limits.calls, request.session, now)
        return Spent(int(calls), self._used(remit.agent, "pay", remit.limits.pay, request.session, now))

    def record(self, index: Index, request: Request, decision: Decision, now: float) -> None:
        """Counts a request that was allowed; in `observe` also one that was allowed beyond a limit."""
        remit = index.remit_of(request.agent)
        if remit is None or decision.outcome not in (Outcome.ALLOW, Outcome.MODIFY):
            return
        calls, pay = remit.limits.calls, remit.limits.pay
        if calls is not None:
            self._add(remit.agent, "calls", calls, request.session, now, Decimal(1))
        if pay is not None and "pay" in index.verbs_of(request):
            amount = payment_of(request.arguments).amount
            if amount:
                self._add(remit.agent, "pay", pay, request.session, now, amount)

    def _used(self, agent: str, what: str, limit: Limit | None, session: str, now: float) -> Decimal:
        if limit is None:
            return _ZERO
        if limit.window is Window.TASK:
            return self._sessions.get(agent, {}).get((what, session), _ZERO)
        running = self._sliding.get((agent, what, limit.window))
        return running.sum(now) if running is not None else _ZERO

    def _add(self, agent: str, what: str, limit: Limit, session: str, now: float, amount: Decimal) -> None:
        seconds = limit.window.seconds
        if seconds is None:
            sessions = self._sessions.setdefault(agent, {})
            sessions[what, session] = sessions.pop((what, session), _ZERO) + amount
            if len(sessions) > _MAX_SESSIONS:
                del sessions[next(iter(sessions))]
            return
        key = (agent, what, limit.window)
        if key not in self._sliding:
            self._sliding[key] = _Running(seconds)
        self._sliding[key].add(now, amount)
