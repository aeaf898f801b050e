"""Windows from `tests/cases/detections/RULE/*.yaml`: one file a case, in as few words as a window needs.

it: says what must happen
agents: {slug: {fields of the agent or of what is known of it}}
identities: {name: {kind: role|user|login, fields of the principal, access: [{action, resource, verb, expires}], tag dates}}
uses: [{agent, identity, action, resource, ...}]       bound: [{agent, identity, ...}]
remits: {slug: {can: [lines], more: text}}             needed: {slug: [[class, identity, action, resource]]}
owners: {slug: person}    states: {slug: {state, since}}    unread: [connections]
finds: [{agent, key: part of it, severity, says: part of the title, evidence: part of a place, remedy: part, remedy_without: no part}]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from tests.unit.watch.records import NOW, because, bound, known, login, remit, role, use, user, window

from remit.contracts.detection import Window
from remit.contracts.system import Vocabulary
from remit.model.access import Access, LoginState, Principal, PrincipalAccess, Unread
from remit.model.agent import AgentState, Fingerprint, InferredAction, OwnerCandidate
from remit.model.alignment import Alignment, AlignmentLine, Class
from remit.model.place import Place
from remit.model.standing import Ownership, Standing
from remit.model.verbs import Verb
from remit.watch.judge import judge

FOLDER = Path(__file__).resolve().parents[1] / "cases" / "detections"
_AWS = {
    "s3:getobject": Verb.READ,
    "s3:putobject": Verb.UPDATE,
    "s3:deleteobject": Verb.DELETE,
    "iam:createuser": Verb.ADMINISTER,
    "sts:getcalleridentity": Verb.READ,
    "bedrock:invokemodel": Verb.EXECUTE,
}
VOCABULARIES = (
    Vocabulary("aws", _AWS, str.lower, is_complete=True),
    Vocabulary("postgres", {"select": Verb.READ, "insert": Verb.CREATE}, str.lower, is_complete=True),
)
_MAKERS = {"role": role, "user": user, "login": login}


def cases(rule: str) -> list[tuple[str, dict[str, Any]]]:
    """(name, case) of every case of a rule."""
    files = sorted((FOLDER / rule).glob("*.yaml"))
    return [(path.stem, yaml.safe_load(path.read_text("utf-8"))) for path in files]


def window_of(case: dict[str, Any]) -> Window:
    """The window of a case."""
    principals, access = {}, {}
    for name, fields in case.get("identities", {}).items():
        given = dict(fields or {})
        lines, is_unread = given.pop("access", None), given.pop("unread_access", False)
        principals[name] = _principal(name, given)
        if lines is not None:
            access[principals[name].ref] = _access(principals[name], lines, is_unread)
    bindings = [
        bound(
            one["agent"],
            principals[one["identity"]],
            **{key: _value(key, value) for key, value in one.items() if key not in {"agent", "identity"}},
        )
        for one in case.get("bound", ())
    ]
    uses = tuple(
        use(one.get("agent", ""), principals.get(one["identity"], one["identity"]), one["action"], one.get("resource", "*"), **_rest(one))
        for one in case.get("uses", ())
    )
    remits = {
        slug: remit(slug, "\n".join(fields.get("can", ['{read: aws:s3, resource: "*"}'])), fields.get("more", ""))
        for slug, fields in case.get("remits", {}).items()
    }
    return window(
        agents=[
            known(slug, **{key: _value(key, value) for key, value in (fields or {}).items()})
            for slug, fields in case.get("agents", {}).items()
        ],
        principals=list(principals.values()),
        bindings=bindings,
        access=access,
        uses=uses,
        remits=remits,
        judged=judge(uses, remits, VOCABULARIES, bindings),
        owners=[
            Ownership(agent=slug, person=person, since="2026-09-01T00:00:00Z", by="x") for slug, person in case.get("owners", {}).items()
        ],
        standings=[
            Standing(agent=slug, state=AgentState(fields["state"]), since=fields.get("since", "2026-09-01T00:00:00Z"), by="x")
            for slug, fields in case.get("states", {}).items()
        ],
        alignments={slug: _alignment(slug, lines, principals) for slug, lines in case.get("needed", {}).items()},
        unread=tuple(case.get("unread", ())),
        now=NOW,
    )


def _principal(name: str, fields: dict[str, Any]) -> Principal:
    kind = fields.pop("kind", "role")
    maker = _MAKERS[kind]
    for key in ("person", "owner", "expires"):
        if key in fields:
            fields[key] = because(str(fields[key]), f"tag `{key}` of {name}")
    if "assumed_by" in fields:
        fields["assumed_by"] = tuple(fields["assumed_by"])
    if "logins" in fields:
        fields["logins"] = tuple(LoginState(**login_) for login_ in fields["logins"])
    return maker(name, **fields)


def _access(principal: Principal, lines: list[dict[str, Any]], unread: bool) -> PrincipalAccess:
    listed = tuple(
        Access(
            system=f"aws:{line['action'].partition(':')[0]}" if ":" in line["action"] else principal.connection,
            action=line["action"],
            resource=line.get("resource", "*"),
            verb=Verb(line["verb"]) if "verb" in line else None,
            because=(because("grant", f"{principal.place}#inline/x[{number}]"),),
            expires=line.get("expires"),
        )
        for number, line in enumerate(lines)
    )
    return PrincipalAccess(principal=principal.ref, access=listed, unread=(Unread(place="x", why="no permission"),) if unread else ())


def _alignment(slug: str, lines: list[list[str]], principals: dict[str, Principal]) -> Alignment:
    rows = tuple(
        AlignmentLine(
            principal=principals[identity].ref,
            system=f"aws:{action.partition(':')[0]}" if ":" in action else principals[identity].connection,
            action=action,
            resource=resource,
            class_=Class(class_),
            why="so",
            because=(because("used", f"log.json:{number}"),),
            count=3,
        )
        for number, (class_, identity, action, resource) in enumerate(lines, 1)
    )
    return Alignment(agent=slug, is_from_draft=True, remit_hash="", lines=rows)


def _value(key: str, value: Any) -> Any:
    if key in ("owner_candidates", "teams"):
        return tuple(OwnerCandidate(name=name, because=because("owns it", "CODEOWNERS:3")) for name in value)
    if key == "fingerprint":
        return Fingerprint(whole=value.get("whole", "w"), prompt=value.get("prompt"), code=value.get("code"))
    if key == "inferred_actions":
        return tuple(InferredAction(system=one[0], action=one[1], resource=one[2], because=Place("tools.py", 3)) for one in value)
    if key == "places":
        return tuple(Place(path, line, line + 9) for path, line in value)
    return tuple(value) if isinstance(value, list) else value


def _rest(one: dict[str, Any]) -> dict[str, Any]:
    taken = {"agent", "identity", "action", "resource"}
    return {key: tuple(value) if isinstance(value, list) else value for key, value in one.items() if key not in taken}
