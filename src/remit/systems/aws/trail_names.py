"""What a record of CloudTrail was allowed by: the IAM actions of its operation, and the ARN of what each was about.

A resource is taken, in this order, from the words of a denial, from the record's `resources`, from a parameter that is an ARN, and from
parameters that fill the format of an ARN in the catalogue (`${TableName}` by `tableName`); only a form that the action can be about
counts. What is not said is `*`.
"""

from __future__ import annotations

import pkgutil
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from remit.systems.aws.catalogue import action_of, concerns, service

_VERSION = re.compile(r"(?:\d{8}|_?\d{4}_\d\d_\d\d)(?:v\d+)?\Z")
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_QUEUE_URL = re.compile(r"https?://[^/]*/(\d{12})/([A-Za-z0-9_.-]{1,80})\Z")
_NAME_TEXT = re.compile(r"[^\x00-\x1f*?]{1,1024}\Z")
_WHERE = frozenset({"partition", "region", "account"})
_HTTP_VERBS = {"Create": "POST", "Get": "GET", "Update": "PATCH", "Delete": "DELETE", "Put": "PUT", "Import": "PUT", "Tag": "PUT"}
_DENIAL = re.compile(r"\AUser: \S+ is not authorized to perform: ([a-z0-9-]+:[A-Za-z0-9]+) on resource: \"?(arn:[^\s\"]+)\"?")
_DENIAL_OF_SES = re.compile(r"\AUser `\S+' is not authorized to perform `(ses:[A-Za-z0-9]+)' on resource `(arn:[^\s`']+)'")
_MOST_MESSAGE = 4096
_SUFFIX = "amazonaws.com"
_PROFILE = re.compile(r"(us|us-gov|eu|apac|ap|au|ca|jp|sa|me|af|global)\.[a-z0-9-]+\.")
_MOST_PARTS = 2000
_MOST_DEPTH = 6
_SECRET_TAIL = re.compile(r"-[A-Za-z0-9]{6}\Z")


class Names:
    """`cloudtrail.toml`, ready for look-up."""

    class Call(msgspec.Struct, frozen=True, kw_only=True):
        """What a record says was called."""

        source: str
        name: str
        body: Mapping[str, Any]

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._sources: Mapping[str, str] = table["sources"]
        self._events: Mapping[str, Mapping[str, str]] = table["events"]
        self._parameters: Mapping[str, Sequence[str]] = table["parameters"]
        self._listed = frozenset(f"{prefix}:{name}" for prefix, names in table["listed"].items() for name in names)

    def used(self, call: Call) -> list[tuple[str, str]]:
        """(action, resource) that the call needed, each once."""
        found: dict[tuple[str, str], None] = {}
        parameters = _object(call.body.get("requestParameters"))
        if (told := _told_by_denial(call.body)) is not None:
            return [told]
        for action in self._actions(call, parameters):
            for resource in self._resources(action, call.body, parameters) or ["*"]:
                found[action, resource] = None
        if call.name in ("CopyObject", "UploadPartCopy") and (copied := _copied_from(call.body, parameters)):
            found["s3:GetObject", copied] = None
        return list(found)

    # --- actions ---

    def _actions(self, call: Call, parameters: Mapping[str, Any]) -> Iterator[str]:
        label = call.source.removesuffix(".cn").removesuffix(f".{_SUFFIX}").lower()
        prefix = self._sources.get(label, label.split(".")[-1] if label not in self._sources else label)
        name = _VERSION.sub("", call.name)
        if prefix == "apigateway":
            yield f"apigateway:{next((verb for word, verb in _HTTP_VERBS.items() if name.startswith(word)), 'GET')}"
            return
        name = self._events.get(prefix, {}).get(name, name)
        if prefix == "s3" and parameters.get("versionId") and name in ("GetObject", "DeleteObject", "GetObjectAcl", "GetObjectTagging"):
            name = name.replace("Object", "ObjectVersion", 1)
        known = action_of(f"{prefix}:{name}")
        yield known.name if known else f"{prefix}:{name}"
        if call.name == "ReEncrypt":
            yield "kms:ReEncryptTo"

    # --- resources ---

    def _resources(self, action: str, body: Mapping[str, Any], parameters: Mapping[str, Any]) -> list[str]:
        known = action_of(action)
        if known is not None and not known.types:
            return []
        for candidates in (_listed(body), _arns(parameters), self._built(action, body, parameters)):
            fitting = [arn for arn in dict.fromkeys(candidates) if concerns(action, arn)]
            if fitting:
                return fitting
        return []

    def _built(self, action: str, body: Mapping[str, Any], parameters: Mapping[str, Any]) -> Iterator[str]:
        """ARNs by the format of the catalogue that has most parts and is filled."""
        known = action_of(action)
        if known is None or action in self._listed:
            return
        prefix = action.partition(":")[0].lower()
        region = str(body.get("awsRegion") or "")
        where = {"partition": partition_of(region), "region": region, "account": _account(body)}
        flat = _flat(parameters)
        if prefix == "sqs" and (queue := _QUEUE_URL.match("".join(flat.get("queueurl", ())[:1]))):
            yield f"arn:{where['partition']}:sqs:{region}:{queue[1]}:{queue[2]}"
            return
        if "modelid" in flat and "foundation-model" in known.types:
            is_profile = _PROFILE.match(flat["modelid"][0])
            kind, account = ("inference-profile", where["account"]) if is_profile else ("foundation-model", "")
            yield f"arn:{where['partition']}:bedrock:{region}:{account}:{kind}/{flat['modelid'][0]}"
            return
        formats = service(prefix).formats
        for name in sorted(known.types, key=lambda one: -formats[one].count("${")):
            filled = list(self._filled(prefix, formats[name], where, flat))
            if filled:
                yield from filled
                return
        if prefix == "s3" and "object" in known.types and (bucket := flat.get("bucketname")):
            yield f"arn:{where['partition']}:s3:::{bucket[0]}/*"

    def _filled(self, prefix: str, form: str, where: Mapping[str, str], flat: Mapping[str, list[str]]) -> Iterator[str]:
        wanted = [name for name in _PLACEHOLDER.findall(form) if name.lower() not in _WHERE]
        found = [self._values(prefix, name, flat) for name in wanted]
        if not found or not all(found) or any(len(values) > 1 for values in found[:-1]):
            return
        for last in found[-1]:
            given = {**where, **dict(zip(wanted, [*(values[0] for values in found[:-1]), last], strict=True))}
            yield _written(form, given)

    def _values(self, prefix: str, placeholder: str, flat: Mapping[str, list[str]]) -> list[str]:
        for name in (*self._parameters.get(f"{prefix}.{placeholder}", ()), placeholder):
            if values := flat.get(name.lower()):
                return [_as_named(prefix, placeholder, text) for text in values]
        return []


def _told_by_denial(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """The action and resource that AWS's own words name when it denies; a denied call often leaves its parameters out."""
    message = body.get("errorMessage")
    if not isinstance(message, str) or len(message) > _MOST_MESSAGE:
        return None
    match = _DENIAL.search(message) or _DENIAL_OF_SES.search(message)
    known = action_of(match[1]) if match else None
    if match is None or known is None or not _NAME_TEXT.match(match[2]) or not concerns(known.name, match[2]):
        return None
    return known.name, match[2]


def _written(form: str, given: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: given.get(match[1]) or given.get(match[1].lower()) or "", form)


def _listed(body: Mapping[str, Any]) -> Iterator[str]:
    """The ARNs that the record lists; of several objects it gives what their names begin with."""
    for item in _list(body.get("resources")):
        for name, tail in (("ARN", ""), ("ARNPrefix", "*")):
            text = item.get(name) if isinstance(item, Mapping) else None
            if isinstance(text, str) and _NAME_TEXT.match(text):
                yield text + tail


def _flat(parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """The names among the parameters, by folded key, through lists and objects; what cannot stand in an ARN is left out."""
    found: dict[str, list[str]] = {}
    waiting: list[tuple[str, Any, int]] = [(str(key), value, 0) for key, value in parameters.items()]
    for key, value, depth in waiting:
        if len(waiting) > _MOST_PARTS:
            break
        if isinstance(value, str) and _NAME_TEXT.match(value):
            found.setdefault(key.lower(), []).append(value)
        elif isinstance(value, list) and depth < _MOST_DEPTH:
            waiting.extend((key, one, depth + 1) for one in value)
        elif isinstance(value, Mapping) and depth < _MOST_DEPTH:
            if key.lower() == "requestitems":  # batches of DynamoDB name their tables by the keys
                found.setdefault("tablename", []).extend(name for name in value if isinstance(name, str) and _NAME_TEXT.match(name))
            waiting.extend((str(inner), one, depth + 1) for inner, one in value.items())
    return found


def _as_named(prefix: str, placeholder: str, text: str) -> str:
    """A parameter as it stands in the ARN."""
    if placeholder.endswith("WithoutLeadingSlash"):
        return text.removeprefix("/")
    if prefix == "secretsmanager" and placeholder == "SecretId" and not _SECRET_TAIL.search(text):
        return f"{text}-??????"  # six characters that only AWS knows; they meet `-*` and `-??????` of a policy
    if prefix == "lambda" and placeholder == "FunctionName":
        return text.rpartition("function:")[2]
    return text


def _copied_from(body: Mapping[str, Any], parameters: Mapping[str, Any]) -> str | None:
    source = parameters.get("x-amz-copy-source")
    text = source if isinstance(source, str) else next((one for one in _list(source) if isinstance(one, str)), "")
    path = text.removeprefix("/").partition("?")[0]
    if "/" not in path or not _NAME_TEXT.match(path):
        return None
    return f"arn:{partition_of(str(body.get('awsRegion') or ''))}:s3:::{path}"


def _arns(parameters: Mapping[str, Any]) -> Iterator[str]:
    """The texts among the parameters that are ARNs."""
    for values in _flat(parameters).values():
        yield from (text for text in values if text.startswith("arn:"))


def partition_of(region: str) -> str:
    """The partition that a region is in."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _account(body: Mapping[str, Any]) -> str:
    account = body.get("recipientAccountId") or _object(body.get("userIdentity")).get("accountId")
    return account if isinstance(account, str) and re.fullmatch(r"\d{12}", account) else "*"


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


@cache
def names() -> Names:
    """The table."""
    return Names(tomllib.loads((pkgutil.get_data("remit.systems.aws", "cloudtrail.toml") or b"").decode()))
