"""Names that code, texts and logs give, in the system's own naming; and what of a resource a person would call it.

Source of the forms: `forms.toml`. Invariant: a name that cannot be told to be one thing gives None, never a guess.
"""

from __future__ import annotations

import pkgutil
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence

from remit.understand.material import Concerns, Known

_FORMS = tomllib.loads((pkgutil.get_data("remit.understand", "forms.toml") or b"").decode())
_QUEUE_URL = re.compile(r"https?://(?:sqs\.)?([a-z0-9-]+)[.\w-]*(?::\d+)?/(\d{12})/([\w.-]+)\Z")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d\Z")
_ENDING = re.compile(r"\*\.[A-Za-z0-9.]{1,12}\Z")
_UNSETTLED = re.compile(r"[{}<>$%]|\s")
_PROFILES: tuple[str, ...] = tuple(_FORMS["aws_regional_profiles"]["prefixes"])
_NAME_PARTS = re.compile(r'"(?:[^"]|"")*"|[^".]+')
_VENDORS: tuple[str, ...] = tuple(_FORMS["models"]["vendors"])


def said_as(system: str, verb: str) -> frozenset[str]:
    """The verbs of a text that may mean this verb of a system: people send a message where SQS creates one."""
    kind, _, service = system.partition(":")
    said = _FORMS["said"].get(service, {}) if kind == "aws" else {}
    return frozenset(said.get(verb, (verb,)))


def spoken_kinds() -> Mapping[str, str]:
    """The word for a kind of thing -> its service."""
    return {word: service for service, words in _FORMS["spoken"].items() for word in words}


def resource_of_name(service: str, name: str) -> str | None:
    """The ARN of a thing of a service by its name."""
    return None if _UNSETTLED.search(name) else _arn(service, name)


def as_policies_write(system: str, resource: str) -> str:
    """A resource that a log names, in the form that policies and remits write: a log group is what is in it."""
    is_group = system == "aws:logs" and ":log-group:" in resource and resource.count(":") == 6
    return f"{resource}:*" if is_group else resource


def native_action(kind: str, action: str) -> str:
    """The system's own action for the word that code's reader gives it."""
    return str(_FORMS.get(kind, {}).get(action, action)) if kind != "aws" else action


def has_no_resource(concerns: Concerns | None, action: str) -> bool:
    """Whether an action is about no resource at all, so that a policy can only write `*`."""
    return concerns is not None and concerns(action, "*") and not concerns(action, "arn:*:*:*:*:*")


def aws_resource(concerns: Concerns | None, action: str, name: str | None) -> str | None:
    """The ARN (or pattern of ARNs) that an action on a name is about; `*` for an action that is about none; None where it is not known."""
    if has_no_resource(concerns, action):
        return "*"
    if not name or name == "*" or _UNSETTLED.search(name):
        return None
    arn = name if name.startswith("arn:") else _arn(action.partition(":")[0].lower(), name)
    if arn is not None and arn.startswith("arn:aws:s3:::"):
        # Objects are granted by folder: what a name ends in says nothing about who may read it.
        arn = _ENDING.sub("*", arn)
    return _fitted(concerns, action, arn) if arn is not None else None


def _arn(service: str, name: str) -> str | None:
    queue = _QUEUE_URL.match(name)
    if queue is not None:
        region = queue[1] if _REGION.match(queue[1]) else "*"
        return f"arn:aws:sqs:{region}:{queue[2]}:{queue[3]}"
    if "://" in name or (service == "ses" and "@" in name):
        return None  # mail is sent as the address or as its domain, whichever of them is verified
    if service == "bedrock":
        return next(iter(model_arns(name)), None)
    form = _FORMS["aws"].get(service)
    return str(form).format(name if service == "logs" else name.lstrip("/")) if form is not None else None


def model_arns(model: str | None) -> tuple[str, ...]:
    """The ARNs of a model of Bedrock by its id, the one that is called first; none for an id that is none of Bedrock's.

    A profile over several regions needs the model in each of them too.
    """
    if not model or _UNSETTLED.search(model):
        return ()
    if model.startswith("arn:aws:bedrock:"):
        return (model,)
    model = model.removeprefix("bedrock/").removeprefix("converse/").removeprefix("bedrock:")
    prefix = next((prefix for prefix in _PROFILES if model.startswith(prefix)), "")
    plain = model[len(prefix) :]
    if not plain.startswith(_VENDORS):
        return ()
    one = str(_FORMS["aws"]["bedrock"]).format(plain)
    return (str(_FORMS["aws_regional_profiles"]["profile"]).format(model), one) if prefix else (one,)


def _fitted(concerns: Concerns | None, action: str, arn: str) -> str | None:
    """The form of a resource that an action is about: objects of a bucket, or the bucket of an object."""
    if concerns is None or concerns(action, arn):
        return arn
    for other in (f"{arn.rstrip('/')}/*", arn.partition("/")[0]):
        if other != arn and concerns(action, other):
            return other
    return None


def relation_of(known: Known, connection: str, name: str | None, seen: Iterable[str] = ()) -> str | None:
    """`schema.table` for the name of a table in code; None where several fit, or the database is known and has none.

    `seen` are relations that its identity was seen to use, which settle a bare name that several schemas have.
    """
    if not name or _UNSETTLED.search(name.replace('"', "")):
        return None
    parts = [part.strip('"').replace('""', '"') for part in _NAME_PARTS.findall(name)]
    called = known.relations_called(connection, parts[-1]) if parts else frozenset()
    if len(parts) > 1:
        return _written_as_known(known, connection, name, parts[-2:])
    if not called:
        return None if connection in known.relations else f"public.{name}"
    public = f"public.{name}"
    used = called & frozenset(seen)
    if len(called) == 1 or public in called:
        return public if public in called else next(iter(called))
    return next(iter(used)) if len(used) == 1 else None


def _written_as_known(known: Known, connection: str, name: str, parts: Sequence[str]) -> str:
    """`schema.table` as the database writes it, where exactly one of its relations has that name; else as the code does."""
    exact = [relation for relation in known.relations_called(connection, parts[1]) if _bare(relation) == ".".join(parts)]
    by_letters = [
        relation
        for called in known.relations.get(connection, {}).values()
        for relation in called
        if _bare(relation).lower() == ".".join(parts).lower()
    ]
    found = exact or by_letters
    return found[0] if len(found) == 1 else name


def _bare(relation: str) -> str:
    return relation.replace('"', "")


def container_of(resource: str) -> str:
    """The thing in which what is observed is grouped: the bucket of an object, else the resource itself."""
    if resource.startswith("arn:") and resource.split(":", 3)[2:3] == ["s3"]:
        return resource.partition("/")[0]
    return resource


def generalised(resources: Sequence[str]) -> str:
    """The smallest pattern that a person can read for what was seen in one container: a folder that all share, never more than it."""
    distinct = sorted(set(resources))
    if len(distinct) == 1:
        return distinct[0]
    container = container_of(distinct[0])
    split = [resource[len(container) :].split("/")[:-1] for resource in distinct]
    shared: list[str] = []
    for folders in zip(*split, strict=False):
        if len(set(folders)) > 1:
            break
        shared.append(folders[0])
    return f"{container}{'/'.join(shared) or ''}/*"


def spoken_names(resource: str) -> tuple[str, ...]:
    """What people may call a resource: the bucket and the folders in it, the table, the queue; nothing for `*`."""
    if resource.startswith("arn:"):
        parts = resource.split(":", 5)
        rest = parts[5] if len(parts) > 5 else ""
        if parts[2] == "s3":
            return tuple(part for part in rest.split("/") if part.strip("*"))
        if parts[2] == "secretsmanager":
            rest = re.sub(r"-(?:\w{6}|\*|\?{6})\Z", "", rest)
        named = [part for part in re.split(r"[/:]", rest) if part.strip("*")]
        return tuple(named[1:] or named)
    if resource.startswith("function/"):
        resource = resource.removeprefix("function/").partition("(")[0]
    elif "/" in resource and not resource.startswith('"'):
        return (resource.partition("/")[2],)
    return (resource.rpartition(".")[2].strip('"'),) if resource.strip("*") else ()
