"""What a signed HTTP request to AWS calls, and how it ended: read with botocore's own descriptions of the services.

Only what a record of CloudTrail says is read. A request that no description knows is none that the emulator serves either, and is no call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote

import msgspec

from remit.demo.estate.recorder import Doing, on_bucket

_SCOPE = re.compile(r"Credential=([A-Z0-9]+)/\d{8}/[a-z0-9-]+/([a-z0-9-]+)/aws4_request")
_REST = {
    "s3": ("s3",),
    "lambda": ("lambda",),
    "bedrock": ("bedrock-agent", "bedrock-agent-runtime", "bedrock-runtime", "bedrock"),
    "bedrock-agentcore": ("bedrock-agentcore-control", "bedrock-agentcore"),
}
"""Services that say by method and path what is called: name in a signature -> descriptions of botocore."""
_ALIKE = {"ListObjectsV2": "ListObjects", "CopyObject": "PutObject", "UploadPartCopy": "UploadPart"}
"""What a trail calls otherwise, or what the same path stands for first."""
_CODE = re.compile(rb"<Code>([A-Za-z0-9.]{1,80})</Code>|\"(?:__type|code|Code)\": ?\"(?:[^\"#]*#)?([A-Za-z0-9.]{1,80})\"")
_MESSAGE = re.compile(rb"<Message>([^<]{1,2000})</Message>|\"[Mm]essage\": ?\"([^\"]{1,2000})\"")
_NO_CODE = {403: "AccessDenied", 404: "NoSuchKey"}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request and its answer, as far as a trail is about it."""

    method: str
    path: str
    """As it was sent, still quoted."""
    query: str = ""
    authorization: str = ""
    target: str = ""
    """The header `X-Amz-Target`."""
    body: bytes = b""
    status: int = 200
    answer: bytes = b""
    """Of an error what the server said."""


def signed_by(authorization: str) -> tuple[str, str] | None:
    """(id of the access key, service) in a signature of version 4; None where it is none."""
    found = _SCOPE.search(authorization)
    return (found[1], found[2]) if found is not None else None


def doing_of(request: Request) -> Doing | None:
    """What was called; None where that cannot be told."""
    signed = signed_by(request.authorization)
    if signed is None:
        return None
    service = signed[1]
    error, message = _error(request)
    if service == "s3":
        return _on_s3(request, error, message)
    if service in _REST:
        called = _rest(service, request)
        return Doing(service=service, name=called[0], parameters=called[1], error=error, message=message) if called else None
    if request.target:
        parameters = _json(request.body)
        return Doing(service=service, name=request.target.rpartition(".")[2], parameters=parameters, error=error, message=message)
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    name = form.pop("Action", "")
    form.pop("Version", None)
    return Doing(service=service, name=name, parameters=_named(form), error=error, message=message) if name else None


def _on_s3(request: Request, error: str, message: str) -> Doing | None:
    called = _rest("s3", request)
    if called is None:
        return None
    bucket, key = called[1].get("bucket", ""), called[1].get("key", "")
    if not bucket:
        return Doing(service="s3", name=called[0], error=error, message=message)
    prefix = parse_qs(request.query).get("prefix", [""])[0]
    return on_bucket(called[0], bucket, key, prefix, error, message)


def _rest(service: str, request: Request) -> tuple[str, dict[str, str]] | None:
    """Name of the operation, and what its path names."""
    given = dict(parse_qsl(request.query, keep_blank_values=True))
    for description in _REST[service]:
        for path, wanted, method, name in _operations(description):
            if method != request.method or any(key not in given or (value and given[key] != value) for key, value in wanted.items()):
                continue
            found = path.fullmatch(request.path.rstrip("/") or "/")
            if found is not None:
                return _ALIKE.get(name, name), {key: unquote(value) for key, value in found.groupdict().items()}
    return None


@cache
def _operations(description: str) -> list[tuple[re.Pattern[str], dict[str, str], str, str]]:
    """(path, wanted of the query, method, name) of every operation, those that want most first."""
    from botocore.loaders import Loader  # type: ignore[import-untyped]

    model = Loader().load_service_model(description, "service-2")
    found = []
    for name, operation in model["operations"].items():
        path, _, query = operation["http"]["requestUri"].partition("?")
        wanted = dict(parse_qsl(query, keep_blank_values=True)) | _required(
            model["shapes"].get(operation.get("input", {}).get("shape"), {})
        )
        found.append((_pattern(path.rstrip("/") or "/"), wanted, operation["http"]["method"], name))
    return sorted(found, key=lambda one: (-len(one[1]), one[0].pattern.count("(?P<"), one[3]))


def _required(shape: Mapping[str, Any]) -> dict[str, str]:
    """What must stand in the query, whatever its value."""
    members = [shape["members"][name] for name in shape.get("required", ())]
    return {member["locationName"]: "" for member in members if member.get("location") == "querystring"}


def _pattern(path: str) -> re.Pattern[str]:
    parts = []
    for part in re.split(r"(\{[A-Za-z]+\+?\})", path):
        named = re.fullmatch(r"\{([A-Za-z])([A-Za-z]*)(\+?)\}", part)
        parts.append(f"(?P<{named[1].lower()}{named[2]}>{'.+' if named[3] else '[^/]+'})" if named else re.escape(part))
    return re.compile("".join(parts), re.DOTALL)


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return _named(found) if isinstance(found, dict) else {}


def _named(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name[:1].lower() + name[1:]: value for name, value in parameters.items()}


def _error(request: Request) -> tuple[str, str]:
    if request.status < 400:
        return "", ""
    code, said = _CODE.search(request.answer), _MESSAGE.search(request.answer)
    name = next((one for one in code.groups() if one), b"").decode() if code else _NO_CODE.get(request.status, "InternalFailure")
    return name, next((one for one in said.groups() if one), b"").decode("utf-8", "replace") if said else ""
