"""One case of `remit evaluate aws`: a request, its whole context and every policy that it meets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from remit.model.access import Verdict
from remit.model.shown import printable
from remit.systems.aws.evaluation import Asked, Policies, decide
from remit.systems.aws.policy import Policy, policy_of
from remit.systems.aws.requester import requester_of
from remit.systems.aws.variables import Context


def evaluate_case(case: Mapping[str, Any], load: Callable[[str], Any]) -> Verdict:  # noqa: ARG001 - cases of AWS name no files
    """Decides a case; raises ValueError, in words, when it is not one."""
    request = case.get("request")
    if not isinstance(request, Mapping):
        raise ValueError("a case needs a `request`, an object")
    context = _context(request.get("context", {}))
    arn = context.get("aws:PrincipalArn")
    requester = requester_of(_text(request, "principal"), arn[0] if isinstance(arn, tuple) and len(arn) == 1 else None)
    action, resource = _text(request, "action"), _text(request, "resource")
    if ":" not in action or any(char in action for char in "*?"):
        raise ValueError("`action` is one action, such as `s3:GetObject`")
    account = request.get("resource_account") or _account_of(resource) or requester.account
    if not isinstance(account, str):
        raise ValueError("`resource_account` is the number of an account")
    asked = Asked(requester=requester, action=action, resource=resource, resource_account=account, context=context)
    return decide(asked, _policies(case))


def _text(request: Mapping[str, Any], name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"`request` needs `{name}`, a text")
    return value


def _account_of(resource: str) -> str:
    parts = resource.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def _context(value: Any) -> Context:
    if not isinstance(value, Mapping):
        raise ValueError("`context` is an object of lists of texts")
    values: dict[str, tuple[str, ...]] = {}
    for key, listed in value.items():
        items = [listed] if isinstance(listed, str | bool | int | float) else listed
        if not isinstance(items, list | tuple) or not all(isinstance(item, str | bool | int | float) for item in items):
            raise ValueError(f"the context key `{printable(str(key), 80)}` needs a list of texts")
        if key.lower() in (known.lower() for known in values):
            raise ValueError(f"the context key `{printable(str(key), 80)}` stands twice")
        values[str(key)] = tuple(str(item).lower() if isinstance(item, bool) else str(item) for item in items)
    return Context(values, is_whole=True)


def _policies(case: Mapping[str, Any]) -> Policies:
    def one(name: str) -> Policy | None:
        value = case.get(name)
        return None if value is None else _policy(value, name)

    def many(value: Any, name: str) -> list[Policy]:
        return [_policy(item, f"{name}[{number}]") for number, item in enumerate(_list(value, name))]

    def levels(name: str) -> Sequence[Sequence[Policy]]:
        return [many(level, f"{name}[{number}]") for number, level in enumerate(_list(case.get(name), name))]

    return Policies(
        identity=many(case.get("identity_policies"), "identity_policies"),
        resource=one("resource_policy"),
        boundary=one("permissions_boundary"),
        session=many(case.get("session_policies"), "session_policies"),
        service_control=levels("service_control_policies"),
        resource_control=levels("resource_control_policies"),
    )


def _list(value: Any, name: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"`{name}` is a list")
    return value


def _policy(value: Any, name: str) -> Policy:
    try:
        return policy_of(value, name)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
