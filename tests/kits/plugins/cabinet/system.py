"""The pure half, and the reading."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tests.kits.plugins.cabinet import cabinet_file as file

from remit.contracts.system import Auditor, Feature, Impossible, NotBuilt, RawRecord, Vocabulary, Works
from remit.document.pattern import resource_matcher
from remit.model.access import Access, LoginState, NativeObject, Principal, PrincipalAccess, Verdict
from remit.model.alignment import AlignmentLine
from remit.model.connection import Connection
from remit.model.evidence import Evidence, Gap
from remit.model.identity import Because
from remit.model.native import Native
from remit.model.place import Place
from remit.model.plan import Probe, Proposal, Step
from remit.model.remit import Remit
from remit.model.verbs import Verb

VERBS = {"open": Verb.READ, "fill": Verb.UPDATE, "empty": Verb.DELETE}
HOLDER = "cabinet:holder"


class CabinetReader:
    """The file, opened anew for each look."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.path = connection.settings["path"]
        file.load(self.path)

    def read(self) -> Iterator[NativeObject | Evidence | Gap]:
        """Every holder."""
        for name, body in file.load(self.path)["holders"].items():
            yield NativeObject(connection=self.connection.id, kind=HOLDER, id=name, body=body)

    def records(self, cursor: str | None) -> Iterator[RawRecord | Gap]:
        """None: it keeps no log."""
        return iter(())

    def current(self, step: Step) -> str | None:
        """The target's state."""
        holder = file.load(self.path)["holders"].get(step.arguments["holder"])
        return None if holder is None else file.taken(holder, step)

    def close(self) -> None:
        """Nothing stays open."""


class Cabinet:
    """The plugin."""

    kind = "cabinet"
    features: Mapping[str, Feature] = {
        "verbs": Works(),
        "compile": NotBuilt("nobody has asked yet"),
        "read": Works(),
        "access": Works(),
        "audit": Impossible("a cabinet keeps no log"),
        "change": Works(),
        "credentials": NotBuilt("nobody has asked yet"),
    }

    def vocabulary(self) -> Vocabulary:
        """What one can do with a drawer."""
        return Vocabulary(kind="cabinet", verbs=VERBS, fold=str.lower, is_complete=True)

    def compile(self, remit: Remit) -> Native:
        """Not built."""
        raise NotImplementedError

    def open(self, connection: Connection, environment: Mapping[str, str]) -> CabinetReader:
        """With the eyes alone."""
        return CabinetReader(connection)

    def least_privilege(self, connection: Connection, side: str) -> Native:
        """A file has none."""
        return Native(target="cabinet", media_type="text/plain", text=f"{side} the file")

    def principals(self, objects: Sequence[NativeObject]) -> Iterable[Principal]:
        """Every holder is one."""
        for item in objects:
            traits = item.body.get("traits", [])
            yield Principal(
                ref=ref(item.connection, item.id),
                short=f"{item.connection}/{item.id}",
                connection=item.connection,
                kind="holder",
                place=item.id,
                is_own="own" in traits,
                is_protected="protected" in traits,
                person=Because(place=Place("cabinet"), text="lives here") if "person" in traits else None,
                logins=tuple(
                    LoginState(name=f"key {key}", kind="key", fingerprint=key, is_active=on) for key, on in item.body["keys"].items()
                ),
            )

    def access(self, objects: Sequence[NativeObject], principals: Sequence[str]) -> Iterable[PrincipalAccess]:
        """Each drawer's actions; nothing for whoever is locked out."""
        for item in objects:
            if ref(item.connection, item.id) in principals:
                drawers = {} if item.body["locked"] else item.body["drawers"]
                yield PrincipalAccess(
                    principal=ref(item.connection, item.id),
                    access=tuple(
                        Access(system=item.connection, action=action, resource=drawer, verb=VERBS[action])
                        for drawer, actions in drawers.items()
                        for action in actions
                    ),
                )

    def decides(self, objects: Sequence[NativeObject], principal: str, action: str, resource: str, columns: Sequence[str] = ()) -> Verdict:
        """The drawer's actions, or those of `*`; a lock before all."""
        body = next((item.body for item in objects if ref(item.connection, item.id) == principal), None)
        if body is None:
            return Verdict(is_allowed=False, because="nobody of that name")
        if body["locked"]:
            return Verdict(is_allowed=False, is_explicit=True, because="locked out")
        return Verdict(is_allowed=any(action in body["drawers"].get(drawer, ()) for drawer in (resource, "*")))

    def concerns(self, action: str, resource: str) -> bool:
        """Every action is about every drawer."""
        return True

    def auditor(self, connection: Connection, objects: Sequence[NativeObject]) -> Auditor:
        """A cabinet keeps no log."""
        raise NotImplementedError

    def narrow(self, objects: Sequence[NativeObject], principal: str, keep: Sequence[AlignmentLine], label: str) -> Proposal:
        """A step for each drawer that changes."""
        item = held(objects, principal)
        now: dict[str, list[str]] = item.body["drawers"]
        wanted: dict[str, set[str]] = {}
        for drawer, actions in now.items():
            for line in keep:
                if line.action in actions and resource_matcher(drawer)(line.resource):
                    wanted.setdefault(line.resource, set()).add(line.action)
        drawers = dict.fromkeys((*now, *wanted))
        steps = [
            step(item, "drawer", name, file.text(now.get(name)), file.text(sorted(wanted[name]) if name in wanted else None))
            for name in drawers
        ]
        probes = [
            probe(item, action, name, action in wanted.get(name, ()) or action in wanted.get("*", ()))
            for name in drawers
            if name != "*"
            for action in VERBS
        ]
        return Proposal(steps=tuple(one for one in steps if one.before != one.after), probes=tuple(probes))

    def stop(self, objects: Sequence[NativeObject], principal: str, key_fingerprints: Sequence[str], label: str) -> Proposal:
        """The lock; of a person only the keys."""
        item = held(objects, principal)
        if "person" in item.body.get("traits", []):
            return Proposal(steps=keys_off(item, key_fingerprints))
        locked = step(item, "locked", "", file.text(item.body["locked"]), "true")
        probes = tuple(probe(item, action, drawer, False) for drawer, actions in item.body["drawers"].items() for action in actions)
        return Proposal(steps=(locked,) if locked.before != locked.after else (), probes=probes)

    def retire(self, objects: Sequence[NativeObject], principal: str, key_fingerprints: Sequence[str], label: str) -> Proposal:
        """Every drawer, every key, and the lock."""
        item = held(objects, principal)
        emptied = self.narrow(objects, principal, (), label)
        stopped = self.stop(objects, principal, (), label)
        return Proposal(steps=(*keys_off(item, item.body["keys"]), *stopped.steps, *emptied.steps), probes=emptied.probes)

    def after(self, objects: Sequence[NativeObject], steps: Sequence[Step]) -> Sequence[NativeObject]:
        """The holders with the targets put in place."""
        bodies = {item.id: copy.deepcopy(dict(item.body)) for item in objects}
        for one in steps:
            if one.arguments.get("holder") not in bodies:
                raise ValueError(f"`{one.target}` is nothing of this cabinet")
            file.put(bodies[one.arguments["holder"]], one, one.after)
        return [NativeObject(connection=item.connection, kind=item.kind, id=item.id, body=bodies[item.id]) for item in objects]

    def evaluate(self, case: Mapping[str, Any], load: Callable[[str], Any]) -> Verdict:
        """Not asked of a cabinet."""
        raise ValueError("a cabinet has no cases")


def ref(connection: str, holder: str) -> str:
    """Canonical."""
    return f"{connection}/{holder}"


def held(objects: Sequence[NativeObject], principal: str) -> NativeObject:
    """The holder that is a principal."""
    return next(item for item in objects if ref(item.connection, item.id) == principal)


def step(item: NativeObject, part: str, name: str, before: str | None, after: str | None) -> Step:
    """One change to one target."""
    target = f"{item.id} {part} {name}".strip()
    return Step(
        connection=item.connection,
        principal=ref(item.connection, item.id),
        operation=f"set {part}",
        target=target,
        what=f"set {target}",
        before=before,
        after=after,
        arguments={"holder": item.id, "part": part, "name": name},
    )


def keys_off(item: NativeObject, fingerprints: Iterable[str]) -> tuple[Step, ...]:
    """A step for each active key of these."""
    return tuple(step(item, "key", key, "true", "false") for key in fingerprints if item.body["keys"].get(key))


def probe(item: NativeObject, action: str, drawer: str, is_allowed: bool) -> Probe:
    """One thing to try."""
    return Probe(connection=item.connection, principal=ref(item.connection, item.id), action=action, resource=drawer, is_allowed=is_allowed)


SYSTEM = Cabinet()
