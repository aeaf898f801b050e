"""Policy documents, read strictly into records.

Source of the rules: the IAM user guide, "Grammar of the IAM JSON policy language". A document that breaks the grammar is a
`PolicyError` in words: whoever meets one denies, or says that it could not be read; it is never taken for less than it may be.

What the records leave to others: variables in resources and values (`variables`), whether a condition is met (`conditions`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from remit.model.shown import printable
from remit.systems.aws.conditions import Test, test_of

ANYBODY = ("AWS", "*")
NEWEST = "2012-10-17"
_VERSIONS = (NEWEST, "2008-10-17")
_ELEMENTS = frozenset(
    ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"),
)
_TOP = frozenset({"Version", "Id", "Statement"})
_TYPES = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})


class PolicyError(ValueError):
    """A document that is not a policy; the text says why."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement. Of `actions` and `not_actions` one is None, and so of resources and principals (there both may be)."""

    place: str
    """For people, with its number: `arn:...:role/x#inline/NAME[0]`."""
    sid: str = ""
    is_allow: bool
    actions: tuple[str, ...] | None
    """Lower case, for actions have none."""
    not_actions: tuple[str, ...] | None
    written: tuple[str, ...]
    """The actions as the document writes them."""
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    principals: tuple[tuple[str, str], ...] | None = None
    """Type and name; `("AWS", "*")` is everybody."""
    not_principals: tuple[tuple[str, str], ...] | None = None
    tests: tuple[Test, ...] = ()
    has_variables: bool = True
    """Whether `${...}` in it stands for something: from version 2012-10-17 on."""
    source: Mapping[str, Any] = {}
    """The statement as written, for who writes it again."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy document."""

    place: str
    version: str
    statements: tuple[Statement, ...]


def policy_of(document: Any, place: str) -> Policy:
    """Reads a document; raises PolicyError."""
    if isinstance(document, str):
        document = _json(document)
    if not isinstance(document, Mapping):
        raise PolicyError("a policy is a JSON object")
    for key in document:
        if key not in _TOP:
            raise PolicyError(f"`{printable(str(key), 60)}` is no element of a policy")
    version = document.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise PolicyError(f"`Version` is `{printable(str(version), 60)}`; there are `{_VERSIONS[0]}` and `{_VERSIONS[1]}`")
    statements = document.get("Statement")
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, list | tuple):
        raise PolicyError("a policy needs a `Statement`")
    read = tuple(_statement(one, f"{place}[{number}]", version == NEWEST) for number, one in enumerate(statements))
    return Policy(place=place, version=version, statements=read)


def _json(text: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise PolicyError(f"`{printable(key, 60)}` stands twice in one object")
            found[key] = value
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except (json.JSONDecodeError, RecursionError) as error:
        raise PolicyError("the text is not JSON") from error


def _statement(source: Any, place: str, has_variables: bool) -> Statement:
    if not isinstance(source, Mapping):
        raise PolicyError("a statement is a JSON object")
    for key in source:
        if key not in _ELEMENTS:
            raise PolicyError(f"`{printable(str(key), 60)}` is no element of a statement")
    effect = source.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError("`Effect` is `Allow` or `Deny`")
    actions, not_actions = _either(source, "Action", "NotAction", needed=True)
    resources, not_resources = _either(source, "Resource", "NotResource", needed=False)
    for action in actions or not_actions or ():
        if action != "*" and ":" not in action:
            raise PolicyError(f"`{printable(action, 80)}` is no action; write it like `s3:GetObject`")
    principals, not_principals = (_principals(source.get(name), name) for name in ("Principal", "NotPrincipal"))
    if principals is not None and not_principals is not None:
        raise PolicyError("a statement has `Principal` or `NotPrincipal`, not both")
    sid = source.get("Sid", "")
    return Statement(
        place=place,
        sid=sid if isinstance(sid, str) else "",
        is_allow=effect == "Allow",
        actions=_folded(actions),
        not_actions=_folded(not_actions),
        written=actions or not_actions or (),
        resources=resources,
        not_resources=not_resources,
        principals=principals,
        not_principals=not_principals,
        tests=tuple(_tests(source.get("Condition"))),
        has_variables=has_variables,
        source=source,
    )


def _folded(actions: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if actions is None else tuple(action.lower() for action in actions)


def _either(source: Mapping[str, Any], name: str, negated: str, *, needed: bool) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    if name in source and negated in source:
        raise PolicyError(f"a statement has `{name}` or `{negated}`, not both")
    if needed and name not in source and negated not in source:
        raise PolicyError(f"a statement needs `{name}` or `{negated}`")
    return _texts(source, name), _texts(source, negated)


def _texts(source: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    if name not in source:
        return None
    value = source[name]
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(one, str) and one for one in values):
        raise PolicyError(f"`{name}` is a text or a list of texts")
    return tuple(values)


def _principals(value: Any, name: str) -> tuple[tuple[str, str], ...] | None:
    if value is None:
        return None
    if value == "*":
        return (ANYBODY,)
    if not isinstance(value, Mapping):
        raise PolicyError(f"`{name}` is `*` or an object")
    found: list[tuple[str, str]] = []
    for kind, names in value.items():
        if kind not in _TYPES:
            raise PolicyError(f"`{printable(str(kind), 60)}` is no type of principal")
        listed = [names] if isinstance(names, str) else names
        if not isinstance(listed, list | tuple) or not all(isinstance(one, str) for one in listed):
            raise PolicyError(f"`{name}` names principals by texts")
        found.extend((kind, one) for one in listed)
    return tuple(found)


def _tests(block: Any) -> Iterable[Test]:
    if block is None:
        return
    if not isinstance(block, Mapping):
        raise PolicyError("`Condition` is an object")
    for operator, keys in block.items():
        if not isinstance(keys, Mapping):
            raise PolicyError(f"the operator `{printable(str(operator), 60)}` needs an object of keys")
        for key, values in keys.items():
            listed = list(values) if isinstance(values, list | tuple) else [values]
            if not all(isinstance(one, str | int | float | bool) for one in listed):
                raise PolicyError(f"the values of `{printable(str(key), 60)}` are texts")
            test = test_of(str(operator), str(key), [_text(one) for one in listed])
            if test is None:
                raise PolicyError(f"`{printable(str(operator), 60)}` is no condition operator")
            yield test


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
