"""Reads roles, users and groups part by part, where the one call that gives all of them is not permitted.

Every part that is not permitted is a gap with its place and permission, and its key is missing from the body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from remit.model.evidence import Gap
from remit.systems.aws.faults import CallError, gap
from remit.systems.aws.read import bodies
from remit.systems.aws.session import Clients
from remit.systems.aws.targets import text_of


class Parts:
    """One reading; what could not be read is appended to `gaps`."""

    def __init__(self, clients: Clients, root: str, gaps: list[Gap]) -> None:
        self._clients = clients
        self._root = root
        self._gaps = gaps

    def roles(self) -> Iterator[dict[str, Any]]:
        """Every role that may be seen."""
        for role in self._listed("list_roles", "Roles", f"{self._root}:role/*"):
            body = {
                **_base(role, "RoleName", "RoleId"),
                **bodies.document(text_of(role["AssumeRolePolicyDocument"]), "AssumeRolePolicy"),
            }
            name = {"RoleName": role["RoleName"]}
            self._part(body, "boundary, tags and last use", self._role_details, body, name)
            self._policies(body, "role", name)
            yield body

    def users(self) -> Iterator[dict[str, Any]]:
        """Every user that may be seen."""
        for user in self._listed("list_users", "Users", f"{self._root}:user/*"):
            body = _base(user, "UserName", "UserId")
            name = {"UserName": user["UserName"]}
            self._part(body, "boundary and tags", self._user_details, body, name)
            self._part(body, "groups", self._groups_of, body, name)
            self._policies(body, "user", name)
            yield body

    def groups(self) -> Iterator[dict[str, Any]]:
        """Every group that may be seen."""
        for group in self._listed("list_groups", "Groups", f"{self._root}:group/*"):
            body = _base(group, "GroupName", "GroupId")
            self._policies(body, "group", {"GroupName": group["GroupName"]})
            yield body

    def _listed(self, method: str, key: str, place: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        try:
            for page in self._clients.pages("iam", method):
                found.extend(page[key])
        except CallError as error:
            self._gaps.append(gap(place, f"{'the rest of ' if found else ''}{key.lower()} was not read", error))
        return found

    def _part(self, body: Mapping[str, Any], what: str, read: Callable[..., None], *arguments: Any) -> None:
        try:
            read(*arguments)
        except CallError as error:
            self._gaps.append(gap(body["Arn"], f"{what} not read", error, is_whole=False))

    def _role_details(self, body: dict[str, Any], name: dict[str, str]) -> None:
        role = self._clients.call("iam", "get_role", **name)["Role"]
        body["PermissionsBoundary"] = bodies.boundary(role)
        body["Tags"] = bodies.tags(role.get("Tags", ()))
        body["RoleLastUsed"] = bodies.instant((role.get("RoleLastUsed") or {}).get("LastUsedDate"))

    def _user_details(self, body: dict[str, Any], name: dict[str, str]) -> None:
        user = self._clients.call("iam", "get_user", **name)["User"]
        body["PermissionsBoundary"] = bodies.boundary(user)
        body["Tags"] = bodies.tags(user.get("Tags", ()))

    def _groups_of(self, body: dict[str, Any], name: dict[str, str]) -> None:
        pages = self._clients.pages("iam", "list_groups_for_user", **name)
        body["Groups"] = sorted(group["GroupName"] for page in pages for group in page["Groups"])

    def _policies(self, body: dict[str, Any], holder: str, name: dict[str, str]) -> None:
        self._part(body, "inline policies", self._inline, body, holder, name)
        self._part(body, "attached policies", self._attached, body, holder, name)

    def _inline(self, body: dict[str, Any], holder: str, name: dict[str, str]) -> None:
        names = [found for page in self._clients.pages("iam", f"list_{holder}_policies", **name) for found in page["PolicyNames"]]
        policies: list[dict[str, Any]] = []
        for policy in sorted(names):
            one: dict[str, Any] = {"PolicyName": policy}
            policies.append(one)
            self._part(body, f"inline policy `{policy}`", self._text, one, holder, name)
        body["InlinePolicies"] = policies

    def _text(self, policy: dict[str, Any], holder: str, name: dict[str, str]) -> None:
        answer = self._clients.call("iam", f"get_{holder}_policy", **name, PolicyName=policy["PolicyName"])
        policy.update(bodies.document(text_of(answer["PolicyDocument"])))

    def _attached(self, body: dict[str, Any], holder: str, name: dict[str, str]) -> None:
        pages = self._clients.pages("iam", f"list_attached_{holder}_policies", **name)
        body["AttachedPolicies"] = bodies.attached(policy for page in pages for policy in page["AttachedPolicies"])


def _base(item: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {
        "Arn": item["Arn"],
        **{name: item.get(name) for name in names},
        "Path": item.get("Path", "/"),
        "CreateDate": bodies.instant(item.get("CreateDate")),
    }
