"""What a point on a store decides by: fresh at each call, and a denial with its reason for whatever is wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text
from tests.servers import LivePostgres

from remit.app.signing import KEY_FILE, TRUSTED_FILE, sign
from remit.app.store_policy import StorePolicy
from remit.app.wiring import Decider, vocabularies
from remit.document.parse import parse_or_raise
from remit.govern import lifecycle
from remit.model.agent import AgentState
from remit.model.decision import Decision, Outcome, Request, Step
from remit.model.errors import RefusedError
from remit.model.standing import ApprovedRemit, Ownership, Standing
from remit.store.decisions import DecisionLog
from remit.store.records import Store

SEEN = "2026-07-31T12:00:00Z"
REMIT = """
remit: 1
agent: {agent}
purpose: Read the files of a project.
owner: {{contact: dana@example.com}}
objectives:
  read:
    why: The report is about what stands in the files.
    can:
      - {{call: "mcp:files", resource: {tool}}}
"""


class World:
    """A store, the people who fill it, and a point that asks."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.store = Store.open(url)
        self.opened = 0
        self.policy = StorePolicy(self._open, vocabularies=vocabularies())
        self.one = StorePolicy(self._open, agent="reader", vocabularies=vocabularies())
        self.log = DecisionLog(folder / "decisions.jsonl")

    def _open(self) -> Store:
        self.opened += 1
        return Store.open(self.url, wait_s=0.5)

    def approve(self, agent: str = "reader", tool: str = "read", version: int = 1, **change: object) -> ApprovedRemit:
        document = REMIT.format(agent=agent, tool=tool)
        remit = parse_or_raise(document.encode(), "reader.yaml")
        at = f"2026-07-31T12:00:{version:02}Z"
        signature, key = sign(self.store, remit.hash, "dana@example.com", "dana", at)
        made = ApprovedRemit(
            agent=agent, version=version, hash=remit.hash, document=document, path="reader.yaml", by="dana@example.com",
            os_user="dana", at=at, signature=signature, key=key,
        )  # fmt: skip
        made = msgspec.structs.replace(made, **change)
        self.store.put(made, seen=SEEN)
        self.stand(agent)
        return made

    def stand(self, agent: str = "reader", state: AgentState = AgentState.ACTIVE, because: str = "") -> None:
        self.store.put(Standing(agent=agent, state=state, since=SEEN, by="dana", because=because), seen=SEEN)

    def ask(self, agent: str = "reader", tool: str = "read") -> Decision:
        """The same question to the policy of all agents and to that of one: they agree."""
        request = Request(agent=agent, system="mcp:files", action=tool, resource=tool, arguments={})
        decisions = [Decider(policy, self.log, point="test")([request])[0] for policy in (self.policy, self.one)]
        if agent == "reader":
            assert len({(decision.outcome, decision.step, decision.because) for decision in decisions}) == 1, decisions
        return decisions[0]

    def close(self) -> None:
        self.log.close()
        self.policy.close()
        self.one.close()
        self.store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data-home"))
    server: LivePostgres | None = request.getfixturevalue("postgres") if request.param == "postgres" else None
    made = World(server.new_database("policy") if server is not None else f"sqlite:///{tmp_path}/data/store.sqlite3", tmp_path)
    yield made
    made.close()
    if server is not None:
        server.drop_database("policy")


def _denied(decision: Decision, step: Step, words: str) -> None:
    assert (decision.outcome, decision.step) == (Outcome.DENY, step), decision
    assert words in decision.because


def test_an_approved_remit_of_an_active_agent_allows_what_it_says_and_nothing_else(world: World) -> None:
    world.approve()
    assert world.ask().outcome is Outcome.ALLOW
    _denied(world.ask(tool="write"), Step.NO_MATCH, "write")
    _denied(world.ask("nobody"), Step.STANDING, "")
    remit = world.policy().remits["reader"]
    assert (remit.is_signed, remit.path) == (True, "reader.yaml")


def test_an_empty_store_denies_everybody(world: World) -> None:
    _denied(world.ask(), Step.STANDING, "")
    assert world.policy().fault == ""


@pytest.mark.parametrize("state", [state for state in AgentState if state is not AgentState.ACTIVE])
def test_an_agent_in_any_other_state_is_denied(world: World, state: AgentState) -> None:
    world.approve()
    assert world.ask().outcome is Outcome.ALLOW
    world.stand(state=state)
    _denied(world.ask(), Step.STANDING, "")


def test_an_approved_remit_without_a_standing_and_a_standing_without_a_remit_are_denials(world: World) -> None:
    world.approve()
    world.store.remove(Standing, "reader", seen=SEEN)
    _denied(world.ask(), Step.STANDING, "")
    world.stand("other")
    _denied(world.ask("other"), Step.STANDING, "")


def test_the_newest_version_is_in_force_and_its_agent_alone_is_touched(world: World) -> None:
    world.approve(tool="read", version=2)
    world.approve("reader-two", tool="read")
    world.approve(tool="write", version=10)
    _denied(world.ask(tool="read"), Step.NO_MATCH, "")
    assert world.ask(tool="write").outcome is Outcome.ALLOW
    assert world.ask("reader-two").outcome is Outcome.ALLOW
    assert set(world.one().remits) == {"reader"}


_MOVES = (
    "import sys\n"
    "from remit.store.records import Store\n"
    "from remit.model.standing import Standing\n"
    "from remit.govern import lifecycle\n"
    "with Store.open(sys.argv[1]) as store:\n"
    "    now = store.get(Standing, 'reader')\n"
    "    store.put(getattr(lifecycle, sys.argv[2])(now, sys.argv[3], 'sec', 'it reads too much'), seen=sys.argv[3])\n"
)


def test_a_quarantine_from_another_process_holds_from_the_next_call_on_and_a_release_ends_it(world: World) -> None:
    world.approve()
    assert world.ask().outcome is Outcome.ALLOW
    subprocess.run([sys.executable, "-c", _MOVES, world.url, "suspended", SEEN], check=True)
    _denied(world.ask(), Step.STANDING, "suspended")
    assert world.policy().suspended["reader"].because == "it reads too much"
    subprocess.run([sys.executable, "-c", _MOVES, world.url, "released", SEEN], check=True)
    assert world.ask().outcome is Outcome.ALLOW
    assert world.policy().suspended == {}


def test_nothing_is_compiled_again_for_what_did_not_change(world: World) -> None:
    world.approve()
    world.approve("other")
    first = world.policy()
    assert world.policy() is first
    world.store.put(Ownership(agent="reader", person="dana", since=SEEN, by="lee"), seen=SEEN)
    assert world.policy() is first, "no standing and no remit was appended"
    world.stand(state=AgentState.SUSPENDED)
    second = world.policy()
    assert second is not first
    assert second.remits["other"] is first.remits["other"]
    assert second.index.entries["other"] is first.index.entries["other"]
    assert second.remits["reader"] is first.remits["reader"]


# --- what cannot be trusted ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"document": REMIT.format(agent="reader", tool='"*"')}, "is not the text that was approved"),
        ({"document": "remit: 1\nagent: reader\n"}, "purpose"),
        ({"document": "\ud800: ["}, ""),
        ({"by": "eve@example.com"}, "does not verify"),
        ({"signature": ""}, "does not verify"),
        ({"hash": "sha256:" + "0" * 64}, "does not verify"),
    ],
    ids=["text", "remit", "letters", "person", "signature", "hash"],
)
def test_a_remit_that_is_not_what_somebody_signed_denies_its_agent_alone(world: World, change: dict[str, object], words: str) -> None:
    world.approve("other")
    world.approve()
    world.approve(version=2, **change)
    _denied(world.ask(), Step.FAULT, words)
    assert world.ask("other").outcome is Outcome.ALLOW
    world.approve(version=3)
    assert world.ask().outcome is Outcome.ALLOW


def test_the_approval_of_one_agent_cannot_be_passed_on_to_another(world: World) -> None:
    approved = world.approve("other")
    world.stand("reader")
    world.store.put(msgspec.structs.replace(approved, agent="reader"), seen=SEEN)
    _denied(world.ask(), Step.FAULT, "is not the text that was approved")


def test_an_older_approval_that_is_put_there_again_never_comes_back_into_force(world: World) -> None:
    wide = world.approve(tool='"*"')
    narrow = world.approve(version=2)
    assert world.ask(tool="write").outcome is Outcome.DENY
    world.store.put(msgspec.structs.replace(wide, version=3), seen=SEEN)
    _denied(world.ask(tool="write"), Step.FAULT, "put there again")
    _denied(world.ask(), Step.FAULT, "put there again")
    world.store.put(msgspec.structs.replace(narrow, version=4), seen=SEEN)
    _denied(world.ask(), Step.FAULT, "put there again")
    world.approve(version=5)
    assert world.ask().outcome is Outcome.ALLOW
    assert world.ask(tool="write").outcome is Outcome.DENY


def test_an_approval_by_a_key_that_nobody_trusts_is_a_denial_until_somebody_does(world: World, tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/elsewhere/store.sqlite3") as elsewhere:
        remit = parse_or_raise(REMIT.format(agent="reader", tool="read").encode(), "reader.yaml")
        signature, key = sign(elsewhere, remit.hash, "dana@example.com", "dana", SEEN)
    world.approve(signature=signature, key=key, at=SEEN)
    _denied(world.ask(), Step.FAULT, "which this installation does not know")
    world.store.folder.mkdir(parents=True, exist_ok=True)
    (world.store.folder / TRUSTED_FILE).write_text(key)
    assert world.ask().outcome is Outcome.ALLOW
    (world.store.folder / TRUSTED_FILE).unlink()
    _denied(world.ask(), Step.FAULT, "which this installation does not know")


def test_a_damaged_key_of_the_installation_denies_everybody(world: World) -> None:
    world.approve()
    assert world.ask().outcome is Outcome.ALLOW
    (world.store.folder / KEY_FILE).write_bytes(b"x")
    _denied(world.ask(), Step.FAULT, "is damaged")


@pytest.mark.parametrize("kind", ["standing", "remit"])
@pytest.mark.parametrize("value", ["body = '{'", "form = 99"])
def test_a_damaged_record_denies_its_agent_alone(world: World, kind: str, value: str) -> None:
    world.approve("other")
    world.approve()
    with world.store._database.write() as connection:
        connection.execute(text(f"UPDATE remit_record SET {value} WHERE kind = '{kind}' AND key LIKE 'reader%'"))
    decision = world.ask()
    assert (decision.outcome, "in the store" in decision.because) == (Outcome.DENY, True), decision
    assert world.ask("other").outcome is Outcome.ALLOW


def _gone(world: World) -> None:
    path = Path(world.url.removeprefix("sqlite:///"))
    path.rename(path.with_name("elsewhere"))
    path.mkdir()


def test_a_store_that_cannot_be_asked_any_more_denies_everybody_and_is_asked_again(tmp_path: Path) -> None:
    world = World(f"sqlite:///{tmp_path}/data/store.sqlite3", tmp_path)
    world.approve()
    assert world.ask().outcome is Outcome.ALLOW
    _gone(world)
    _denied(world.ask(), Step.FAULT, "the store")
    _denied(world.ask(), Step.FAULT, "is a folder")
    path = Path(world.url.removeprefix("sqlite:///"))
    path.rmdir()
    path.with_name("elsewhere").rename(path)
    assert world.ask().outcome is Outcome.ALLOW
    world.close()


def test_any_failure_of_a_store_is_a_denial(tmp_path: Path) -> None:
    def broken() -> Store:
        raise KeyError("whatever")

    log = DecisionLog(tmp_path / "log.jsonl")
    decider: Callable[..., list[Decision]] = Decider(StorePolicy(broken), log, point="test")
    (decision,) = decider([Request(agent="reader", system="mcp:files", action="read", resource="read", arguments={})])
    _denied(decision, Step.FAULT, "the store cannot be read: KeyError")
    log.close()


def test_lifecycle_and_policy_mean_the_same_by_suspended(world: World) -> None:
    world.approve()
    standing = world.store.get(Standing, "reader")
    assert standing is not None
    world.store.put(lifecycle.suspended(standing, SEEN, "sec", "odd"), seen=SEEN)
    _denied(world.ask(), Step.STANDING, "suspended")


def test_a_store_that_hangs_is_not_waited_for_by_each_who_asks(world: World) -> None:
    world.approve()
    now, opened, is_up = [0.0], [0], [False]

    def hangs() -> Store:
        opened[0] += 1
        if is_up[0]:
            return Store.open(world.url)
        now[0] += 2.0
        raise RefusedError("the server does not answer")

    policy = StorePolicy(hangs, vocabularies=vocabularies(), monotonic=lambda: now[0])
    assert [policy().fault for _ in range(5)] == ["the server does not answer"] * 5
    assert opened[0] == 1
    is_up[0] = True
    now[0] += 1.9
    assert (policy().fault, policy().remits, opened[0]) == ("the server does not answer", {}, 1), "nobody is allowed meanwhile"
    now[0] += 0.2
    assert (policy().fault, list(policy().remits), opened[0]) == ("", ["reader"], 2)
    policy.close()


def test_an_agent_that_is_held_is_denied_until_the_store_took_a_stop_of_it(world: World) -> None:
    world.approve()
    for policy in (world.policy, world.one):
        policy.hold("reader")
        policy.hold("nobody known")
    _denied(world.ask(), Step.STANDING, "suspended")
    world.store.put(Ownership(agent="reader", person="lee", since=SEEN, by="x"), seen=SEEN)
    world.approve(version=2)
    _denied(world.ask(), Step.STANDING, "suspended")
    world.stand(state=AgentState.SUSPENDED, because="it loops")
    _denied(world.ask(), Step.STANDING, "suspended")
    world.stand(state=AgentState.ACTIVE)
    assert world.ask().outcome is Outcome.ALLOW, "the store was told of the stop, and of its end"


def test_an_approval_after_a_stop_that_the_store_did_not_take_does_not_end_it(world: World) -> None:
    world.stand(state=AgentState.DRAFT)
    for policy in (world.policy, world.one):
        policy.hold("reader")
    assert world.ask().outcome is Outcome.DENY
    world.approve()
    _denied(world.ask(), Step.STANDING, "suspended")
    world.stand(state=AgentState.SUSPENDED, because="it loops")
    world.stand(state=AgentState.ACTIVE, because="released")
    assert world.ask().outcome is Outcome.ALLOW, "the store took a stop, and its end, between two calls"


@pytest.mark.parametrize("release", [AgentState.ACTIVE, AgentState.DRAFT])
def test_a_release_ends_what_is_held_of_an_agent_that_the_store_knew_as_stopped(world: World, release: AgentState) -> None:
    world.approve()
    world.stand(state=AgentState.SUSPENDED, because="it loops")
    for policy in (world.policy, world.one):
        policy.hold("reader")
    _denied(world.ask(), Step.STANDING, "suspended")
    world.stand(state=release, because="released")
    decision = world.ask()
    assert "suspended" not in decision.because
    assert decision.outcome is (Outcome.ALLOW if release is AgentState.ACTIVE else Outcome.DENY)
