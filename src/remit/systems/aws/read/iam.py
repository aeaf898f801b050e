"""Reads IAM: roles, users, groups, policies and identity providers, with the texts of their policies byte for byte.

One paged call gives nearly all of it. Where that call is not permitted, every part is asked for by itself.

Invariants:
- what could not be read is a gap that names its place and the missing permission, and its key is missing from the body: never empty;
- of an access key nothing is kept but its fingerprint and its last four characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from remit.model.access import NativeObject
from remit.model.evidence import Gap
from remit.systems.aws.faults import UNUSABLE, CallError, gap
from remit.systems.aws.objects import GROUP, POLICY, PROVIDER, ROLE, USER
from remit.systems.aws.read import bodies, parts
from remit.systems.aws.read.logins import logins_of
from remit.systems.aws.session import Caller, Clients
from remit.systems.aws.targets import text_of

_DETAILS = ("User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy")
_PAGES = {"PageSize": 1000}
_LISTS = ("UserDetailList", "RoleDetailList", "GroupDetailList", "Policies")


class IamReading:
    """One reading of IAM."""

    def __init__(self, clients: Clients, connection: str, caller: Caller) -> None:
        self._clients = clients
        self._connection = connection
        self._root = f"arn:{caller.partition}:iam::{caller.account}"
        self._gaps: list[Gap] = []
        self._wanted: set[str] = set()
        """Managed policies that something refers to."""

    def read(self) -> Iterator[NativeObject | Gap]:
        """Everything, object by object, and then what could not be read."""
        try:
            details = self._details()
        except CallError as error:
            if not error.is_denied and not error.is_unbuilt:
                yield gap(f"{self._root}:*", "roles, users, groups and policies were not read", error)
                return
            partly = parts.Parts(self._clients, self._root, self._gaps)
            yield from self._principals(partly.roles(), partly.users(), partly.groups())
            yield from self._policies({})
        else:
            users, roles, groups, policies = details
            yield from self._principals(
                [self._role(role) for role in roles], [self._user(user) for user in users], [self._group(group) for group in groups]
            )
            yield from self._policies({policy["Arn"]: policy for policy in policies})
        yield from self._providers()
        yield from self._gaps

    def _details(self) -> list[list[dict[str, Any]]]:
        found: list[list[dict[str, Any]]] = [[] for _ in _LISTS]
        for page in self._clients.pages("iam", "get_account_authorization_details", Filter=list(_DETAILS), PaginationConfig=_PAGES):
            if not any(name in page for name in _LISTS):
                raise CallError("iam:GetAccountAuthorizationDetails", UNUSABLE, 0, "the answer lists nothing at all")
            for kept, name in zip(found, _LISTS, strict=True):
                kept.extend(page.get(name, ()))
        return found

    def _principals(
        self, roles: Iterable[dict[str, Any]], users: Iterable[dict[str, Any]], groups: Iterable[dict[str, Any]]
    ) -> Iterator[NativeObject]:
        described = self._listed("list_roles", "Roles", f"{self._root}:role/*", "descriptions of roles were not read")
        for role in roles:
            more = described.get(role["Arn"])
            if more is not None:
                role = {**role, "Description": more.get("Description", ""), "MaxSessionDuration": more.get("MaxSessionDuration")}
            yield self._object(ROLE, role)
        signed_in = self._listed("list_users", "Users", f"{self._root}:user/*", "when passwords were last used was not read")
        listed = list(users)
        for user, (logins, gaps) in zip(listed, logins_of(self._clients, listed), strict=True):
            self._gaps += gaps
            more = signed_in.get(user["Arn"])
            if more is not None:
                user = {**user, "PasswordLastUsed": bodies.instant(more.get("PasswordLastUsed"))}
            yield self._object(USER, {**user, **logins})
        for group in groups:
            yield self._object(GROUP, group)

    def _object(self, kind: str, body: dict[str, Any]) -> NativeObject:
        self._wanted.update(item["PolicyArn"] for item in body.get("AttachedPolicies", ()))
        if body.get("PermissionsBoundary"):
            self._wanted.add(body["PermissionsBoundary"])
        return NativeObject(connection=self._connection, kind=kind, id=body["Arn"], body=body)

    def _role(self, role: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **_named(role, "RoleName", "RoleId"),
            **bodies.document(text_of(role["AssumeRolePolicyDocument"]), "AssumeRolePolicy"),
            "InlinePolicies": bodies.inline(role.get("RolePolicyList", ())),
            "AttachedPolicies": bodies.attached(role.get("AttachedManagedPolicies", ())),
            "PermissionsBoundary": bodies.boundary(role),
            "Tags": bodies.tags(role.get("Tags", ())),
            "RoleLastUsed": bodies.instant((role.get("RoleLastUsed") or {}).get("LastUsedDate")),
        }

    def _user(self, user: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **_named(user, "UserName", "UserId"),
            "InlinePolicies": bodies.inline(user.get("UserPolicyList", ())),
            "AttachedPolicies": bodies.attached(user.get("AttachedManagedPolicies", ())),
            "PermissionsBoundary": bodies.boundary(user),
            "Groups": sorted(user.get("GroupList", ())),
            "Tags": bodies.tags(user.get("Tags", ())),
        }

    def _group(self, group: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **_named(group, "GroupName", "GroupId"),
            "InlinePolicies": bodies.inline(group.get("GroupPolicyList", ())),
            "AttachedPolicies": bodies.attached(group.get("AttachedManagedPolicies", ())),
        }

    def _listed(self, method: str, key: str, place: str, what: str) -> dict[str, dict[str, Any]]:
        try:
            return {item["Arn"]: item for page in self._clients.pages("iam", method, PaginationConfig=_PAGES) for item in page[key]}
        except CallError as error:
            self._gaps.append(gap(place, what, error, is_whole=False))
            return {}

    def _policies(self, known: Mapping[str, Mapping[str, Any]]) -> Iterator[NativeObject]:
        """The managed policies: those of the account, and those of AWS that something refers to."""
        for arn in sorted({*(arn for arn in known if not bodies.is_aws_managed(arn)), *self._wanted}):
            policy = known.get(arn)
            yield self._object(POLICY, self._asked(arn) if policy is None else _policy(policy))

    def _asked(self, arn: str) -> dict[str, Any]:
        body: dict[str, Any] = {"Arn": arn, "PolicyName": arn.rpartition("/")[2], "IsAwsManaged": bodies.is_aws_managed(arn)}
        try:
            policy = self._clients.call("iam", "get_policy", PolicyArn=arn)["Policy"]
            body |= {
                "PolicyName": policy["PolicyName"],
                "DefaultVersionId": policy["DefaultVersionId"],
                "AttachmentCount": policy.get("AttachmentCount"),
                "Tags": bodies.tags(policy.get("Tags", ())),
            }
            version = self._clients.call("iam", "get_policy_version", PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
            body |= bodies.document(text_of(version["Document"]))
        except CallError as error:
            self._gaps.append(gap(arn, "the policy's text was not read", error, is_whole=False))
        return body

    def _providers(self) -> Iterator[NativeObject]:
        for method, key, kind in (
            ("list_open_id_connect_providers", "OpenIDConnectProviderList", "oidc"),
            ("list_saml_providers", "SAMLProviderList", "saml"),
        ):
            try:
                for provider in self._clients.call("iam", method)[key]:
                    yield self._object(PROVIDER, self._provider(provider["Arn"], kind))
            except CallError as error:
                self._gaps.append(gap(f"{self._root}:{kind}-provider/*", "identity providers were not read", error))

    def _provider(self, arn: str, kind: str) -> dict[str, Any]:
        body: dict[str, Any] = {"Arn": arn, "Type": kind}
        if kind == "oidc":
            try:
                answer = self._clients.call("iam", "get_open_id_connect_provider", OpenIDConnectProviderArn=arn)
                body |= {"Url": answer.get("Url", ""), "ClientIds": sorted(answer.get("ClientIDList", ()))}
            except CallError as error:
                self._gaps.append(gap(arn, "the identity provider's clients were not read", error, is_whole=False))
        return body


def _named(item: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The names, path and age that roles, users and groups have alike."""
    return {
        "Arn": item["Arn"],
        **{name: item.get(name) for name in names},
        "Path": item.get("Path", "/"),
        "CreateDate": bodies.instant(item.get("CreateDate")),
    }


def _policy(policy: Mapping[str, Any]) -> dict[str, Any]:
    body = {
        "Arn": policy["Arn"],
        # A reply may leave the name out, which is the end of the ARN.
        "PolicyName": policy.get("PolicyName") or policy["Arn"].rpartition("/")[2],
        "DefaultVersionId": policy.get("DefaultVersionId"),
        "IsAwsManaged": bodies.is_aws_managed(policy["Arn"]),
        "AttachmentCount": policy.get("AttachmentCount"),
    }
    for version in policy.get("PolicyVersionList", ()):
        if version.get("IsDefaultVersion") or version.get("VersionId") == body["DefaultVersionId"]:
            return body | bodies.document(text_of(version["Document"]))
    return body
