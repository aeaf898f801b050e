"""Conditions: every operator of the IAM policy language, over a context that may be known in part.

Source of the rules: the IAM user guide, "Condition operators" and "Set operators for multivalued context keys". In short:
- an absent key: an operator of a positive sense is not met, one of a negated sense is, `...IfExists` is; `ForAllValues` is met,
  `ForAnyValue` is not; `Null` asks for the absence itself;
- several values in the policy are alternatives (for a negated operator: none of them may match);
- a key with several values without a set operator: one value that matches is enough, and a negated operator needs that none does;
- a value that is not of the operator's type (no number, date, address) matches nothing.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import msgspec

from remit.systems.aws.truth import NO, Truth, all_of, any_of, depends, negation, truth
from remit.systems.aws.variables import Context, Unknown, fits, plain, written_out

_EPOCH = re.compile(r"-?\d{1,15}(\.\d+)?\Z")
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:?\d\d)?)?)?)?\Z")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\Z")


class Test(msgspec.Struct, frozen=True):
    """One key of a condition block."""

    operator: str
    """Without set operator and `IfExists`: `StringEquals`."""
    key: str
    values: tuple[str, ...]
    quantifier: str = ""
    """`ForAllValues`, `ForAnyValue` or nothing."""
    if_exists: bool = False

    @property
    def written(self) -> str:
        """The operator as a policy writes it."""
        prefix = f"{self.quantifier}:" if self.quantifier else ""
        return f"{prefix}{self.operator}{'IfExists' if self.if_exists else ''}"


def test_of(operator: str, key: str, values: Sequence[str]) -> Test | None:
    """A test; None when there is no such operator."""
    quantifier, _, base = operator.rpartition(":")
    if quantifier and quantifier.lower() not in _QUANTIFIERS:
        return None
    if_exists = base.lower().endswith("ifexists")
    known = _NAMES.get(base.lower().removesuffix("ifexists") if if_exists else base.lower())
    if known is None or (known == "Null" and if_exists):
        return None
    return Test(known, key, tuple(values), _QUANTIFIERS.get(quantifier.lower(), ""), if_exists)


def is_met(test: Test, context: Context, *, has_variables: bool = True, grants: bool = True) -> Truth:
    """Whether a test is met; `grants` says whether it limits a statement that allows.

    INVARIANT (fail closed): where a variable of a negated operator has no value, a grant is not met and a denial is.
    """
    found = context.get(test.key)
    if isinstance(found, Unknown):
        return depends(test.key)
    if test.operator == "Null":
        return any_of(_null(value, not found, context, has_variables) for value in test.values)
    if not found:
        return _absent(test, grants)
    is_negated, compare = _OPERATORS[test.operator]
    expected = [written_out(value, context, has_variables=has_variables) for value in test.values]
    if is_negated and grants and any(value.pattern is None for value in expected):
        return NO

    def one(value: str) -> Truth:
        answers = []
        for pattern in expected:
            if pattern.depends_on:
                answers.append(depends(*pattern.depends_on))
            elif pattern.pattern is not None:
                answers.append(truth(compare(value, pattern.pattern)))
        met = any_of(answers)
        return negation(met) if is_negated else met

    answers = [one(value) for value in found]
    if test.quantifier == "ForAllValues":
        return all_of(answers)
    if test.quantifier == "ForAnyValue":
        return any_of(answers)
    return all_of(answers) if is_negated else any_of(answers)


def _absent(test: Test, grants: bool) -> Truth:
    if test.quantifier == "ForAnyValue":
        return truth(test.if_exists and not grants)  # the guide does not say what the two mean together: take the stricter reading
    return truth(test.if_exists or test.quantifier == "ForAllValues" or _OPERATORS[test.operator][0])


def _null(value: str, is_absent: bool, context: Context, has_variables: bool) -> Truth:
    written = written_out(value, context, has_variables=has_variables)
    if written.depends_on:
        return depends(*written.depends_on)
    wanted = (written.pattern or "").lower()
    return truth(wanted == ("true" if is_absent else "false"))


# --- comparing one value with one of the policy ------------------------------------------------------------------------------

_Compare = Callable[[str, str], bool]


def _string_equals(value: str, wanted: str) -> bool:
    return value == plain(wanted)


def _string_equals_ignoring_case(value: str, wanted: str) -> bool:
    return value.casefold() == plain(wanted).casefold()


def _string_like(value: str, wanted: str) -> bool:
    return fits(wanted, value)


def _bool(value: str, wanted: str) -> bool:
    value, wanted = value.lower(), plain(wanted).lower()
    return value == wanted and value in ("true", "false")


def _binary(value: str, wanted: str) -> bool:
    try:
        return base64.b64decode(value, validate=True) == base64.b64decode(plain(wanted), validate=True)
    except (binascii.Error, ValueError):
        return False


def _number(text: str) -> Decimal | None:
    if not _NUMBER.match(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def moment(text: str) -> Decimal | None:
    """A date of the policy language (ISO 8601 in its W3C forms, or seconds since 1970) as seconds; None: it is none."""
    if (match := _DATE.match(text)) is None:
        return Decimal(text) if _EPOCH.match(text) else None
    if len(text) == 4:
        return Decimal(text)  # a year alone reads as a number of seconds
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        base = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC)
    except ValueError:
        return None
    seconds = Decimal(int((base - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()))
    if zone not in (None, "Z"):
        away = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
        seconds += -away if zone[0] == "+" else away
    return seconds + (Decimal(f"0.{fraction}") if fraction else 0)


def _ordered(read: Callable[[str], Decimal | None], holds: Callable[[Decimal, Decimal], bool]) -> _Compare:
    def compare(value: str, wanted: str) -> bool:
        one, other = read(value), read(plain(wanted))
        return one is not None and other is not None and holds(one, other)

    return compare


def _ip(value: str, wanted: str) -> bool:
    try:
        network = ipaddress.ip_network(plain(wanted), strict=False)
        address = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    if isinstance(network, ipaddress.IPv4Network):
        return isinstance(address, ipaddress.IPv4Network) and address.subnet_of(network)
    return isinstance(address, ipaddress.IPv6Network) and address.subnet_of(network)


def _arn(value: str, wanted: str) -> bool:
    """Each of the six parts by itself; the last may hold colons. `ArnEquals` and `ArnLike` are the same."""
    parts, patterns = value.split(":", 5), wanted.split(":", 5)
    if len(parts) != 6 or len(patterns) != 6 or parts[0] != "arn":
        return False
    return all(fits(pattern, part) for pattern, part in zip(patterns, parts, strict=True))


_FAMILIES: dict[str, tuple[_Compare, str]] = {
    "StringEquals": (_string_equals, "StringNotEquals"),
    "StringEqualsIgnoreCase": (_string_equals_ignoring_case, "StringNotEqualsIgnoreCase"),
    "StringLike": (_string_like, "StringNotLike"),
    "NumericEquals": (_ordered(_number, lambda a, b: a == b), "NumericNotEquals"),
    "NumericLessThan": (_ordered(_number, lambda a, b: a < b), ""),
    "NumericLessThanEquals": (_ordered(_number, lambda a, b: a <= b), ""),
    "NumericGreaterThan": (_ordered(_number, lambda a, b: a > b), ""),
    "NumericGreaterThanEquals": (_ordered(_number, lambda a, b: a >= b), ""),
    "DateEquals": (_ordered(moment, lambda a, b: a == b), "DateNotEquals"),
    "DateLessThan": (_ordered(moment, lambda a, b: a < b), ""),
    "DateLessThanEquals": (_ordered(moment, lambda a, b: a <= b), ""),
    "DateGreaterThan": (_ordered(moment, lambda a, b: a > b), ""),
    "DateGreaterThanEquals": (_ordered(moment, lambda a, b: a >= b), ""),
    "Bool": (_bool, ""),
    "BinaryEquals": (_binary, ""),
    "IpAddress": (_ip, "NotIpAddress"),
    "ArnEquals": (_arn, "ArnNotEquals"),
    "ArnLike": (_arn, "ArnNotLike"),
}
_OPERATORS: dict[str, tuple[bool, _Compare]] = {
    **{name: (False, compare) for name, (compare, _) in _FAMILIES.items()},
    **{negated: (True, compare) for compare, negated in _FAMILIES.values() if negated},
}
_NAMES = {name.lower(): name for name in (*_OPERATORS, "Null")}
_QUANTIFIERS = {"forallvalues": "ForAllValues", "foranyvalue": "ForAnyValue"}
