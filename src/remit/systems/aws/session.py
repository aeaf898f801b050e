"""Connections to AWS: sessions made from a connection's settings, and calls whose faults are told in one form.

Invariants:
- credentials come from the profile, the given environment or the default chain, and are never kept, shown or put into an error;
- reading retries, within bounds; a change is sent once (`Clients.once`), because nobody knows whether an unanswered one happened;
- policy texts come back byte for byte: nothing parses them on the way.

botocore is imported when a connection is opened, so that a command without AWS does not wait for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import msgspec

from remit.model.connection import Connection
from remit.model.errors import RefusedError
from remit.model.shown import printable
from remit.systems.aws.faults import NO_CREDENTIALS, UNREACHABLE, UNUSABLE, CallError

_READ_ATTEMPTS = 4
_OPTIONAL_ATTEMPTS = 2
_CONNECT_SECONDS = 5
_READ_SECONDS = 20
DEFAULT_REGION = "us-east-1"
_MFA = "Remit runs without a person; give a profile with credentials that need none, such as one of `aws sso login`"
_PERMISSIONS = {
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjects": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
}
"""Where the permission is not called like the operation."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a session acts as, as STS says."""

    arn: str
    account: str
    user_id: str

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, `aws-us-gov`."""
        return self.arn.split(":", 2)[1]


class Answer(dict[str, Any]):
    """What a call gave; a member that should be there and is not is a CallError, as any other answer that is not understood."""

    def __init__(self, permission: str, members: Mapping[str, Any]) -> None:
        super().__init__(members)
        self._permission = permission

    def __missing__(self, name: str) -> Any:
        raise CallError(self._permission, UNUSABLE, 0, f"the answer has no `{name}`")


class Clients:
    """The clients of one session."""

    def __init__(self, session: Any, region: str, endpoint: str | None, again: Callable[[], Any]) -> None:
        """`again` makes another session of the same settings, whose credentials are replaced before they are asked for."""
        self._session = session
        self.region = region
        self._endpoint = endpoint
        self._again = again
        self._elsewhere = endpoint or session.get_scoped_config().get("endpoint_url")
        """Another address than AWS's own, given with the connection or by the profile."""
        self._made: dict[tuple[str, str, int], Any] = {}
        self._making = Lock()
        """Clients may be used by several threads at once, and made by one alone."""
        self._lost: dict[str, CallError] = {}
        self._unbuilt: dict[tuple[str, str], CallError] = {}

    def call(self, service: str, method: str, *, region: str | None = None, **arguments: Any) -> dict[str, Any]:
        """One call, retried within bounds; raises CallError."""
        return self._answer(service, method, region, _READ_ATTEMPTS, arguments)

    def optional(self, service: str, method: str, *, region: str | None = None, **arguments: Any) -> dict[str, Any]:
        """As `call`, for operations that a server may not have: it does not wait long, and what is not there is asked for once."""
        if (service, method) in self._unbuilt:
            raise self._unbuilt[service, method]
        try:
            # What stands in for AWS fails at what it does not have, every time.
            return self._answer(service, method, region, 1 if self.is_lookalike else _OPTIONAL_ATTEMPTS, arguments)
        except CallError as error:
            error.is_optional = True
            if error.is_unbuilt:
                self._unbuilt[service, method] = error
            raise

    def once(self, service: str, method: str, **arguments: Any) -> dict[str, Any]:
        """One call, sent exactly once; raises CallError."""
        return self._answer(service, method, None, 1, arguments)

    def pages(self, service: str, method: str, *, region: str | None = None, **arguments: Any) -> Iterator[dict[str, Any]]:
        """The pages of a listing; raises CallError, in the middle too."""
        client = self._client(service, region, _READ_ATTEMPTS)
        if not client.can_paginate(method):
            yield self.call(service, method, region=region, **arguments)
            return
        pages = iter(client.get_paginator(method).paginate(**arguments))
        while True:
            page = self._guarded(service, client, method, lambda: next(pages, None))
            if page is None:
                return
            yield page

    def caller(self) -> Caller:
        """Whom this session acts as; raises CallError."""
        answer = self.optional("sts", "get_caller_identity")
        return Caller(arn=answer["Arn"], account=answer["Account"], user_id=answer["UserId"])

    def acting_as(self, role: str, session_name: str) -> Clients:
        """Clients with fresh credentials of a role, kept nowhere; raises CallError."""
        given = self.call("sts", "assume_role", RoleArn=role, RoleSessionName=session_name, DurationSeconds=900)["Credentials"]
        # INVARIANT (same place): of the same settings, so that the role's credentials go where the role's session was asked for.
        core = self._again()
        core.set_credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return Clients(core, self.region, self._endpoint, self._again)

    @property
    def is_lookalike(self) -> bool:
        """Whether the server is another than AWS's own, so that it may not weigh everything that AWS weighs."""
        host = urlsplit(self._elsewhere or "").hostname
        return host is not None and not host.endswith((".amazonaws.com", ".amazonaws.com.cn"))

    def close(self) -> None:
        """Closes what is open."""
        for client in self._made.values():
            client.close()
        self._made.clear()

    def _answer(self, service: str, method: str, region: str | None, attempts: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
        client = self._client(service, region, attempts)
        answer: dict[str, Any] = self._guarded(service, client, method, lambda: getattr(client, method)(**arguments))
        return answer

    def _guarded(self, service: str, client: Any, method: str, ask: Callable[[], Any]) -> Any:
        from botocore import exceptions  # type: ignore[import-untyped]
        from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]

        if service in self._lost:
            raise self._lost[service]
        permission = _permission(client, method)
        try:
            answer = ask()
            return None if answer is None else Answer(permission, answer)
        except exceptions.ClientError as error:
            said = error.response.get("Error", {})
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            raise CallError(permission, str(said.get("Code", "")), status, str(said.get("Message", ""))) from None
        except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
            # One service that does not answer is not asked again, and the others are: an endpoint may exist in some regions alone.
            self._lost[service] = CallError(permission, UNREACHABLE, 0, str(error))
            raise self._lost[service] from None
        except (exceptions.SSOError, exceptions.TokenRetrievalError) as error:
            raise CallError(permission, NO_CREDENTIALS, 0, str(error)) from None
        except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.CredentialRetrievalError) as error:
            # Its text may hold what a program for credentials printed.
            raise CallError(permission, NO_CREDENTIALS, 0, type(error).__name__) from None
        except (exceptions.BotoCoreError, ResponseParserError, OSError, ValueError, KeyError, RecursionError) as error:
            raise CallError(permission, UNUSABLE, 0, f"the answer is not understood ({type(error).__name__})") from None

    def _client(self, service: str, region: str | None, attempts: int) -> Any:
        key = (service, region or self.region, attempts)
        with self._making:
            if key not in self._made:
                self._made[key] = self._new(service, region or self.region, attempts)
            return self._made[key]

    def _new(self, service: str, region: str, attempts: int) -> Any:
        from botocore.config import Config  # type: ignore[import-untyped]
        from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]
        from botocore.handlers import json_decode_policies  # type: ignore[import-untyped]

        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": attempts},
            s3={"addressing_style": "path"} if self._elsewhere else None,
            user_agent_extra="remit",
        )
        try:
            client = self._session.create_client(service, region_name=region, endpoint_url=self._endpoint, config=config)
        except (BotoCoreError, ValueError) as error:
            raise CallError(f"{service}:*", UNUSABLE, 0, str(error)) from None
        # The text of a policy is compared byte for byte; a parsed one has lost its spaces and the order of its duplicates.
        client.meta.events.unregister("after-call.iam", json_decode_policies)
        if service != "s3":
            client.meta.events.register_first(f"before-sign.{client.meta.service_model.service_id.hyphenize()}", _sign_the_body)
        return client


def _sign_the_body(request: Any, **_: Any) -> None:
    """Signs the hash of the body as a header, as S3's requests do: a server behind a proxy need not have the body to check it."""
    body = request.body or b""
    if isinstance(body, str):
        body = body.encode()
    if isinstance(body, bytes) and "X-Amz-Content-SHA256" not in request.headers:
        request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(body).hexdigest()


def _permission(client: Any, method: str) -> str:
    model = client.meta.service_model
    name = f"{model.signing_name}:{client.meta.method_to_api_mapping[method]}"
    return _PERMISSIONS.get(name, name)


def regions_of(connection: Connection) -> tuple[str, ...]:
    """The regions in which agents are looked for: `region` may name several, with commas between."""
    return tuple(dict.fromkeys(part.strip() for part in (connection.setting("region") or "").split(",") if part.strip()))


def open_clients(connection: Connection, environment: Mapping[str, str], profile: str | None) -> Clients:
    """A session with this profile, or with the environment's credentials; raises RefusedError in words."""
    from botocore.exceptions import BotoCoreError, CredentialRetrievalError

    try:
        session = _session(environment, profile)
        region = next(iter(regions_of(connection)), None) or session.get_config_variable("region") or DEFAULT_REGION
        if session.get_scoped_config().get("mfa_serial"):
            raise RefusedError(f"{connection.id}: profile `{printable(profile or 'default')}` asks for a code of a device: {_MFA}")
        if session.get_credentials() is None:
            raise RefusedError(f"{connection.id}: no AWS credentials: {_where(profile, environment)}")
    except CredentialRetrievalError:
        # Its text may hold what a program for credentials printed.
        raise RefusedError(
            f"{connection.id}: the credentials cannot be had from what the profile names; {_where(profile, environment)}"
        ) from None
    except BotoCoreError as error:
        raise RefusedError(f"{connection.id}: {printable(str(error))}; {_where(profile, environment)}") from None
    endpoint = connection.setting("endpoint_url") or environment.get("AWS_ENDPOINT_URL") or None
    return Clients(session, region, endpoint, lambda: _session(environment, profile))


def known_caller(connection: Connection, clients: Clients, profile: str | None) -> Caller:
    """Whom the session acts as; raises RefusedError where AWS does not say, for then nothing else would be answered."""
    try:
        return clients.caller()
    except CallError as error:
        whose = f"profile `{printable(profile)}`" if profile else "the default credentials"
        raise RefusedError(f"{connection.id}: AWS cannot be asked with {whose}: {error.words()}") from None


def _where(profile: str | None, environment: Mapping[str, str]) -> str:
    config = environment.get("AWS_CONFIG_FILE", "~/.aws/config")
    if profile:
        return f"look at profile `{printable(profile)}` in `{printable(config)}` and in the credentials file beside it"
    return "give `--profile`, or set up the default credentials as for the AWS command line"


def _session(environment: Mapping[str, str], profile: str | None) -> Any:
    """A session that reads this environment, not that of the process."""
    has_keys = bool(environment.get("AWS_ACCESS_KEY_ID"))
    chosen = profile or (None if has_keys else environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE"))
    core = _bare_session(chosen)
    for name, variables in {
        "config_file": ("AWS_CONFIG_FILE",),
        "credentials_file": ("AWS_SHARED_CREDENTIALS_FILE",),
        "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
        "ca_bundle": ("AWS_CA_BUNDLE",),
    }.items():
        value = next((environment[variable] for variable in variables if environment.get(variable)), None)
        if value is not None:
            core.set_config_variable(name, value)
    resolver = core.get_component("credential_provider")
    if profile is None and has_keys:
        core.set_credentials(
            environment["AWS_ACCESS_KEY_ID"], environment.get("AWS_SECRET_ACCESS_KEY", ""), environment.get("AWS_SESSION_TOKEN") or None
        )
    elif chosen is None:
        resolver.remove("env")
    if environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        resolver.remove("iam-role")
    return core


@cache
def _loader() -> Any:
    """The descriptions of AWS's services: large, and the same for every session."""
    from botocore.loaders import create_loader  # type: ignore[import-untyped]

    return create_loader()


def _bare_session(profile: str | None) -> Any:
    import botocore.session  # type: ignore[import-untyped]

    core = botocore.session.Session(profile=profile)
    core.register_component("data_loader", _loader())
    return core
