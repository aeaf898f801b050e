"""The system kit on every system, found by its folder alone; and the kit itself, on systems that do one thing wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import cedarpy
import msgspec
import pytest
from tests.kits.plugins.lockers.system import Lockers
from tests.servers import postgres_server

from remit.contracts import registry
from remit.contracts.system import Feature, NotBuilt, ReadSide, Vocabulary, Works
from remit.document.pattern import resource_matcher, value_matcher
from remit.model.decision import Request
from remit.model.native import Native, Residue
from remit.model.remit import Remit
from remit.model.verbs import Verb
from remit.systems.aws.evaluate import evaluate_case
from remit.systems.cedar.request import cedar_request
from remit.testing.kits.system import Evaluate, violations

SYSTEMS: Mapping[str, ReadSide] = registry.find("SYSTEM", extra=["tests.kits.plugins"])


def by_cedar(native: Native, request: Request) -> bool:
    """Cedar's own evaluator."""
    principal, action, resource, context, entities = cedar_request(request, None)
    asked = {"principal": principal, "action": action, "resource": resource, "context": context}
    answer = cedarpy.is_authorized(asked, native.text, entities)
    assert not answer.diagnostics.errors
    return answer.allowed


def by_filter(native: Native, request: Request) -> bool:
    """A tool filter, as its module documents it."""
    form = json.loads(native.text)
    servers = [server for server in form["servers"] if f"mcp:{server['server']}" == request.system]
    if form["agent"] != request.agent or not servers:
        return False
    return meets(servers[0]["tools"], request, absent=False) and not meets(servers[0]["never"], request, absent=True)


def meets(entries: list[dict[str, Any]], request: Request, *, absent: bool) -> bool:
    """Whether an entry is about the call; `absent` says what an argument of no such type counts as."""
    for entry in entries:
        tests = [fits(values, request.arguments.get(name), absent) for name, values in entry.get("where", {}).items()]
        if resource_matcher(entry["name"])(request.action) and all(tests):
            return True
    return False


def fits(values: list[Any], value: Any, absent: bool) -> bool:
    """One argument of the kit's calls against the values of an entry."""
    if not any(type(one) is type(value) for one in values):
        return absent
    return value_matcher(values)(value, {})


def by_list(native: Native, request: Request) -> bool:
    """The wall of lockers."""
    table = Lockers().vocabulary()
    verb = request.action if request.action in set(Verb) and request.action not in table.verbs else table.verb_of(request.action)
    head, *lines = native.text.splitlines()
    met = {words[0] for words in (line.split(" ", 3) for line in lines) if meets_line(words, request, str(verb))}
    return head == f"of {request.agent}" and met == {"may"}


def meets_line(words: list[str], request: Request, verb: str) -> bool:
    """Whether a line of the list is about the request."""
    return words[1] in (verb, "any") and words[2] in (request.system, "*") and resource_matcher(words[3])(request.resource)


def by_iam(native: Native, request: Request) -> bool:
    """IAM's rules, with the policy on the identity of the agent that the remit is of."""
    if request.agent != "keeper" or not request.action.startswith("s3:"):
        return False
    asked = {
        "principal": "arn:aws:iam::123456789012:role/keeper",
        "action": request.action,
        "resource": request.resource,
        "resource_account": "123456789012",
        "context": {"aws:CurrentTime": ["2026-03-01T10:00:00Z"]},
    }
    return evaluate_case({"id": "kit", "request": asked, "identity_policies": [json.loads(native.text)]}, load=json.loads).is_allowed


@cache
def granted_live(text: str) -> frozenset[tuple[str, str]]:
    """What a live Postgres lets the role do on the kit's tables once the text was run there: (action, name of the table)."""
    with postgres_server() as server:
        server.execute("CREATE ROLE keeper")
        for name in TABLES:
            server.execute(f'CREATE TABLE public."{name}" ()')
        server.execute(text)
        asked = """SELECT p, c.relname FROM pg_class c, unnest(ARRAY['select', 'insert', 'update', 'delete', 'truncate']) p
            WHERE c.relnamespace = 'public'::regnamespace AND has_table_privilege('keeper', c.oid, p)"""
        return frozenset((str(action), str(name)) for action, name in server.execute(asked))


TABLES = ("own-desk", "own-secret-1", "shared", "drawer", "somebody's")
PLACE = "postgres:place"


def by_postgres(native: Native, request: Request) -> bool:
    """A live Postgres. Of the words that are no privilege, `copy` is an INSERT; nobody was made owner or given an attribute."""
    action = "insert" if request.action == "copy" else request.action
    is_about_it = request.agent == "keeper" and request.system == PLACE
    return is_about_it and (action, request.resource.removeprefix("public.")) in granted_live(native.text)


EVALUATORS: dict[str, Evaluate] = {"cedar": by_cedar, "mcp": by_filter, "lockers": by_list, "aws": by_iam, "postgres": by_postgres}


def test_a_system_is_found_by_its_folder_alone():
    assert {"cedar", "mcp", "lockers"} <= SYSTEMS.keys()


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_the_system_passes_the_kit(name: str):
    assert violations(SYSTEMS[name], EVALUATORS.get(name)) == []


def lockers(**features: Feature) -> Lockers:
    system = Lockers()
    system.features = {**Lockers.features, **features}
    return system


class _Silent(Lockers):
    def __init__(self) -> None:
        self.features = {name: feature for name, feature in Lockers.features.items() if name != "audit"}


class _Unfolded(Lockers):
    def vocabulary(self) -> Vocabulary:
        return msgspec.structs.replace(super().vocabulary(), verbs={"Look Into": Verb.READ})


class _Lax(Lockers):
    def vocabulary(self) -> Vocabulary:
        class Lenient(Vocabulary, frozen=True):
            def verb_of(self, action: str) -> Verb | None:
                return self.verbs.get(action, Verb.READ)

        table = super().vocabulary()
        return Lenient(table.kind, table.verbs, table.fold, table.is_complete)


class _Wider(Lockers):
    def compile(self, remit: Remit) -> Native:
        native = super().compile(remit)
        return msgspec.structs.replace(native, text=native.text + "\nmay any lockers:place *")


class _Narrower(Lockers):
    def compile(self, remit: Remit) -> Native:
        native = super().compile(remit)
        return msgspec.structs.replace(native, text="\n".join(line for line in native.text.splitlines() if "own-*" not in line))


class _Misplaced(Lockers):
    def compile(self, remit: Remit) -> Native:
        return msgspec.structs.replace(super().compile(remit), residue=(Residue(rule="never[9]", line=1, why="so"),))


class _Empty(Lockers):
    def compile(self, remit: Remit) -> Native:
        return msgspec.structs.replace(super().compile(remit), text=" ")


class _Idle(Lockers):
    def compile(self, remit: Remit) -> Native:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("system", "told"),
    [
        (_Silent(), "`audit` is not answered"),
        (lockers(read=NotBuilt(" ")), "no reason is given"),
        (lockers(flight=Works()), "`flight` is no feature"),
        (lockers(verbs=NotBuilt("later")), "`verbs` is declared a gap"),
        (lockers(compile=NotBuilt("later")), "`compile` is declared a gap"),
        (_Unfolded(), "can never be found"),
        (_Lax(), "an unmapped action is `read`, and must be administer"),
        (_Wider(), "allows what the remit does not"),
        (_Narrower(), "denies what the remit allows"),
        (_Misplaced(), "the residue names `never[9]`"),
        (_Empty(), "what is compiled is empty"),
        (_Idle(), "`compile` is declared to work, and does nothing"),
    ],
)
def test_the_kit_tells_what_a_system_does_wrong(system: ReadSide, told: str):
    assert any(told in violation for violation in violations(system, by_list))


def test_a_system_that_compiles_needs_an_evaluator():
    assert violations(Lockers()) == ["`compile` works, and nothing evaluates what it compiles"]
