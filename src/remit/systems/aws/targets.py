"""The targets of steps and the canonical texts of their states: what `before` and `after` of a step are of.

| target | text | steps |
| --- | --- | --- |
| `ARN#inline/NAME` | the policy's text, byte for byte | put, delete |
| `ARN#attached/POLICY-ARN` | `attachment_text` | attach, detach |
| `ARN#group/NAME` | `membership_text` | add, remove |
| `ARN#boundary` | `boundary_text` | put, delete |
| `ARN#key/FINGERPRINT` | `status_text` | make active or inactive; never deleted |
| `ARN#tag/KEY` | `tag_text` | set, remove |

ARN is that of a role or user. None stands for what is not there. The form of the target alone says which state is meant, whatever a step's
operation is called, so that a step and its undoing are about the same thing.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import msgspec

from remit.model.errors import RefusedError
from remit.model.shown import printable

INLINE, ATTACHED, MEMBER, BOUNDARY, KEY, TAG = "inline", "attached", "group", "boundary", "key", "tag"
ACTIVE, INACTIVE = "Active", "Inactive"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A target of a step, taken apart."""

    principal: str
    """ARN of the role or user."""
    holder: str
    """`role` or `user`."""
    name: str
    """Of the role or user, without its path."""
    part: str
    """`inline`, `attached`, `group`, `boundary`, `key` or `tag`."""
    item: str
    """What within it: a policy's name or ARN, a group's name, a key's fingerprint, a tag's key; empty for a boundary."""

    @property
    def account(self) -> str:
        """The account in which the principal is."""
        return self.principal.split(":")[4]


def target_of(text: str) -> Target:
    """Takes a target apart; raises RefusedError when it is none that Remit changes."""
    principal, mark, rest = text.partition("#")
    part, _, item = rest.partition("/")
    fields = principal.split(":", 5)
    holder, _, path = fields[5].partition("/") if len(fields) == 6 else ("", "", "")
    is_known = fields[:1] == ["arn"] and fields[2:3] == ["iam"] and holder in ("role", "user") and path and mark
    if not is_known or part not in (INLINE, ATTACHED, MEMBER, BOUNDARY, KEY, TAG) or bool(item) == (part == BOUNDARY):
        raise RefusedError(f"`{printable(text)}` is nothing in AWS that Remit changes")
    if holder == "role" and part in (MEMBER, KEY):
        raise RefusedError(f"`{printable(text)}`: a role has no {'access keys' if part == KEY else 'groups'}")
    return Target(principal=principal, holder=holder, name=path.rpartition("/")[2], part=part, item=item)


def text_of(document: Any) -> str:
    """A policy's text as it is kept: most answers carry it percent-encoded, some plain; a plain one has a brace, which encoding removes."""
    if not isinstance(document, str):
        return json.dumps(document)
    return document if "{" in document else unquote(document)


def status_text(status: str) -> str:
    """The canonical text of an access key's state."""
    return json.dumps({"Status": status})


def boundary_text(policy: str) -> str:
    """The canonical text of a permissions boundary."""
    return json.dumps({"PermissionsBoundary": policy})


def tag_text(value: str) -> str:
    """The canonical text of a tag's value."""
    return json.dumps({"Value": value})


def key_target(principal: str, fingerprint: str) -> str:
    """What a step on an access key changes: `ARN#key/FINGERPRINT`."""
    return f"{principal}#{KEY}/{fingerprint}"


def boundary_target(principal: str) -> str:
    """What a step on a permissions boundary changes: `ARN#boundary`."""
    return f"{principal}#{BOUNDARY}"


def value_in(text: str, name: str) -> str:
    """The value in a canonical text of one field; raises RefusedError when it is not of that form."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict) or list(parsed) != [name] or not isinstance(parsed[name], str):
        raise RefusedError(f"`{printable(text)}` is not a state that a target can have: it has the one field `{name}`")
    return str(parsed[name])
