"""The kinds of record that a store keeps: the key of each, and the form of its body.

Invariants:
- a body of an older form is brought up by the kind's own steps when it is read, and stays on the disk as it was written;
- a body of a newer form is refused: this version of Remit would read it wrongly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from remit.model.access import NativeObject
from remit.model.alignment import Reach
from remit.model.connection import Connection
from remit.model.draft import Draft
from remit.model.errors import RefusedError
from remit.model.finding import Finding
from remit.model.identity import Bound
from remit.model.ledger import Reading, Scan
from remit.model.plan import Plan
from remit.model.shown import printable
from remit.model.standing import ApprovedRemit, KnownAgent, Ownership, Standing

MAX_KEY_BYTES = 1000
"""A longer key is cut, and ends in its own hash: an index entry of Postgres holds no more than 2,700 bytes."""
_ENCODER = msgspec.json.Encoder(order="deterministic")

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""One step from a form of a body to the next."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of record."""

    name: str
    """As it stands in the table; never changes."""
    type: type[Any]
    key: Callable[[Any], str]
    upgrades: tuple[Upgrade, ...] = ()
    """From form 1 to 2, from 2 to 3 ..."""

    @property
    def form(self) -> int:
        """The form that is written today."""
        return len(self.upgrades) + 1


_KINDS = (
    Kind(name="connection", type=Connection, key=lambda record: str(record.id)),
    Kind(name="agent", type=KnownAgent, key=lambda record: str(record.agent.id)),
    Kind(name="standing", type=Standing, key=lambda record: str(record.agent)),
    Kind(name="ownership", type=Ownership, key=lambda record: str(record.agent)),
    Kind(name="remit", type=ApprovedRemit, key=lambda record: remit_key(record.agent, record.version)),
    Kind(name="object", type=NativeObject, key=lambda record: f"{record.connection}|{record.kind}|{record.id}"),
    Kind(name="reading", type=Reading, key=lambda record: str(record.connection)),
    Kind(name="scan", type=Scan, key=lambda record: str(record.connection)),
    Kind(name="reach", type=Reach, key=lambda record: str(record.agent)),
    Kind(name="bound", type=Bound, key=lambda record: f"{record.agent}|{record.principal}"),
    Kind(name="draft", type=Draft, key=lambda record: str(record.agent)),
    Kind(name="finding", type=Finding, key=lambda record: str(record.id)),
    Kind(name="plan", type=Plan, key=lambda record: str(record.id)),
)
KINDS: Mapping[type[Any], Kind] = {kind.type: kind for kind in _KINDS}


def remit_key(agent: str, version: int) -> str:
    """The key of one approved version; versions of an agent sort by number."""
    return f"{agent}@{version:06d}"


def kind_of(type_: type[Any]) -> Kind:
    """The kind of a type of record; a type that is not kept is a mistake of the caller."""
    try:
        return KINDS[type_]
    except KeyError:
        raise TypeError(f"a store keeps no `{type_.__name__}`") from None


def body_of(record: Any) -> bytes:
    """The JSON of a record: equal records give equal bytes."""
    try:
        return _ENCODER.encode(record)
    except UnicodeEncodeError:
        # Half a surrogate pair from hostile input: UTF-8 has no form for it, so it is written out as an escape.
        return _ENCODER.encode(msgspec.convert(_storable(msgspec.to_builtins(record)), type(record)))


def digest_of(body: bytes) -> bytes:
    """What bodies are compared by."""
    return hashlib.sha256(body).digest()[:16]


def record_of(kind: Kind, key: str, form: int, body: str) -> Any:
    """The record of a body. Raises RefusedError, in words, for a damaged body or one of a newer form."""
    if form > kind.form:
        raise RefusedError(
            f"the {kind.name} `{printable(key)}` in the store has form {form}, and this version of remit reads up to {kind.form}: "
            "run the newer remit that wrote it"
        )
    try:
        if form == kind.form:
            return msgspec.json.decode(body, type=kind.type)
        found = msgspec.json.decode(body)
        for step in kind.upgrades[form - 1 :]:
            found = step(found)
        return msgspec.convert(found, kind.type)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, KeyError, TypeError, ValueError) as error:
        raise RefusedError(f"the {kind.name} `{printable(key)}` in the store is damaged: {printable(str(error))}") from None


def storable(text: str) -> str:
    """Text that every database takes: NUL and halves of surrogate pairs become escapes."""
    if text.isascii():
        return text if "\0" not in text else text.replace("\0", "\\x00")
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def storable_key(text: str) -> str:
    """Storable text of a bounded length, different for different texts."""
    text = storable(text)
    if len(text) * 4 <= MAX_KEY_BYTES:
        return text
    encoded = text.encode("utf-8")
    if len(encoded) <= MAX_KEY_BYTES:
        return text
    return f"{encoded[: MAX_KEY_BYTES - 100].decode('utf-8', 'ignore')}#sha256:{hashlib.sha256(encoded).hexdigest()}"


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {_storable(name): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(inner) for inner in value]
    return value
