"""A small company as its store holds it after some weeks: agents, an AWS account, a database, decisions, remits, findings, plans.

Made without a server, by the functions that a scan uses, from the form in which the real systems tell of themselves. Whatever can be
written by strangers is hostile (`hostile.py`): names, tags, comments, paths, tools, resources, sessions, sentences of decision logs.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from tests.unit.systems.aws.iam_objects import arn, bucket, managed, policy, remit_itself, role, statement, user
from tests.web import hostile

from remit.app import mend
from remit.app.current import Current
from remit.app.intent import approve, approve_text, set_owner
from remit.app.loop import note_draft, watch
from remit.app.scan import keep_state, look, read_decisions
from remit.app.turn import join
from remit.model.access import NativeObject
from remit.model.connection import Connection
from remit.model.decision import LoggedDecision, Outcome, Step
from remit.model.event import Event, Result
from remit.model.evidence import Gap, GapKind
from remit.model.finding import FindingState
from remit.model.ids import slug_from_name
from remit.model.ledger import Scan
from remit.model.place import Place
from remit.model.plan import Plan, PlanState, Proof, StepState
from remit.model.times import text_from_time
from remit.store.records import Store
from remit.systems.postgres.objects import DATABASE, MEMBERSHIP, RELATION, ROLE, SCHEMA, SELF, native

ROOT = Path(__file__).resolve().parents[2]
DANA = "dana@lumen.example"
AWS, POSTGRES, CODE, EDGE = "aws:main", "postgres:finops", "code:company", "decisions:edge"
COST_TRIAGE, INVOICE_DESK, RETURNS, STOPPED, RETIRED = "cost-triage", "invoice-desk", "returns-agent", "shop-assistant", "release-notes"
HOSTILE = slug_from_name(f"Returns {hostile.SCRIPT} {hostile.RIGHT_TO_LEFT}")
_DAYS = 90
_SERVER = "postgresql://reader@127.0.0.1:9"
"""Nobody listens there."""


class World:
    """The store, and who lives in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'store.sqlite3'}"
        self.store = Store.open(self.url)
        self.now = datetime.now(UTC)
        self.plans: dict[str, str] = {}
        """Id of a plan by what is remarkable about it."""

    @property
    def at(self) -> str:
        """RFC 3339."""
        return text_from_time(self.now)

    @property
    def logs(self) -> Path:
        """Where decision logs of points without a store stand."""
        return self.folder / "state" / "decisions"

    def current(self) -> Current:
        """The store as it is now."""
        return Current(self.store, self.now)

    def ago(self, days: float) -> str:
        """RFC 3339 of so many days before."""
        return text_from_time(self.now - timedelta(days=days))

    def copy(self, folder: Path) -> World:
        """Another store with the same in it, to change."""
        other = World.__new__(World)
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        World.__init__(other, folder)
        other.plans = dict(self.plans)
        return other


def made_world(folder: Path) -> World:
    """The whole of it, in about two seconds."""
    world = World(folder)
    _code(world)
    _connect(world)
    _happened(world)
    current = world.current()
    with world.store.exclusive("scan"):
        join(current, world.at)
    _decided(world)
    _settled(world)
    current = world.current()
    watch(current, world.at)
    _findings(world)
    _plans(world)
    return world


# --- what is connected ---------------------------------------------------------------------------------------------------------------


def _code(world: World) -> None:
    tree = world.folder / "company"
    shutil.copytree(ROOT / "examples" / "company", tree)
    copied = tree / "archive" / "costs-2024" / "triage.py"
    copied.parent.mkdir(parents=True)
    copied.write_bytes((tree / "agents" / "costs" / "triage.py").read_bytes())
    for name, text in hostile.FILES.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    current = world.current()
    connection = Connection(id=CODE, kind="code", name="company", settings={"path": str(tree)}, since=world.ago(40))
    world.store.put(connection, seen=world.at)
    current.forget_connections()
    assert not look(current, connection, {}, world.at).fault


def _connect(world: World) -> None:
    current = world.current()
    aws = Connection(
        id=AWS, kind="aws", name="main", since=world.ago(40),
        settings={"profile": "reader", "write_profile": "writer", "region": "eu-west-1", "endpoint_url": "http://127.0.0.1:9", "trail": "s3://lumen-trail/AWSLogs"},
    )  # fmt: skip
    postgres = Connection(
        id=POSTGRES, kind="postgres", name="finops", since=world.ago(40),
        settings={"url": f"{_SERVER}/finops", "write_url": f"{_SERVER.replace('reader', 'writer')}/finops", "log": "/nowhere/log"},
    )  # fmt: skip
    for connection, objects in ((aws, list(_aws(world))), (postgres, list(_postgres()))):
        world.store.put(connection, seen=world.at)
        current.forget_connections()
        scan = keep_state(current, connection, objects, world.at)
        world.store.put(msgspec.structs.replace(scan, events=1_204, unread_records=3, unread_examples=_UNREAD, gaps=_GAPS), seen=world.at)
    world.logs.mkdir(parents=True)
    edge = Connection(id=EDGE, kind="decisions", name="edge", settings={"file": str(world.folder / "edge.jsonl")}, since=world.ago(9))
    world.store.put(edge, seen=world.at)
    broken = Connection(
        id="postgres:archive",
        kind="postgres",
        name="archive",
        settings={"url": f"{_SERVER}/archive"},
        since=world.ago(3),
    )
    fault = f"connection to 127.0.0.1, port 9 refused {hostile.SCRIPT} {hostile.RIGHT_TO_LEFT}"
    world.store.put(broken, seen=world.at)
    world.store.put(Scan(connection=broken.id, at=world.at, fault=fault), seen=world.at)


_UNREAD = (
    f"s3://lumen-trail/{hostile.IMAGE}: no event name {hostile.SCRIPT}",
    "s3://lumen-trail/x.json.gz#7: the reader stopped: KeyError",
)
_GAPS = (
    Gap(place=Place(f"s3://lumen-trail/{hostile.LONG}"), kind=GapKind.NO_PERMISSION, what=f"not permitted {hostile.SCRIPT}"),
    Gap(place=Place("s3://lumen-trail/2026/01/02.json.gz"), kind=GapKind.PARSE_ERROR, what=f"is no JSON {hostile.TEMPLATE}"),
)


def _aws(world: World) -> Iterator[NativeObject]:
    hostile_tags = {"Owner": hostile.IMAGE, hostile.SCRIPT: hostile.EVERYTHING[:250], "Description": hostile.RIGHT_TO_LEFT}
    broad = policy(
        statement(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "arn:aws:s3:::lumen-*/*", Sid="Broad"),
        statement("ce:*"),
        statement(["iam:PassRole", "iam:PutRolePolicy"], "*", Sid="Left"),
    )
    yield role("cost-triage", {"access": broad}, Tags={"Owner": "dana", "temporary-until": "2026-01-31"}, CreateDate=world.ago(300))
    yield role(
        "returns-agent", {"everything": policy(statement("s3:*"), statement("dynamodb:*"))}, Tags=hostile_tags, CreateDate=world.ago(200)
    )
    narrow = policy(statement("s3:GetObject", ["arn:aws:s3:::lumen-shop/*"], Sid="X1"))
    yield role("shop-assistant", {"read": narrow}, Tags={}, CreateDate=world.ago(20))
    hostile_policy = {
        hostile.SCRIPT: policy(statement("s3:Get*", [f"arn:aws:s3:::lumen-returns/{hostile.SCRIPT}*", "arn:aws:s3:::lumen-returns/*"]))
    }
    yield role(
        "returns",
        hostile_policy,
        attached=[arn("policy/shared")],
        Tags=hostile_tags,
        Description=hostile.EVERYTHING,
        CreateDate=world.ago(20),
    )
    keys = [{"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Active", "CreateDate": world.ago(400), "LastUsed": world.ago(2)}]
    yield user("lee", {"all": policy(statement("*"))}, AccessKeys=keys, Tags={"Owner": "lee"}, CreateDate=world.ago(900))
    yield managed("shared", policy(statement(["ses:SendEmail", "s3:ListAllMyBuckets"])))
    for name in ("lumen-billing-exports", "lumen-returns", "lumen-shop", "lumen-payroll"):
        yield bucket(name)
    yield remit_itself(arn("role/remit-read"))


def _postgres() -> Iterator[NativeObject]:
    def made(kind: str, body: dict[str, Any]) -> NativeObject:
        return native(POSTGRES, kind, body)

    yield made(DATABASE, {"name": "finops", "owner": "finops_owner", "acl": None, "version": 180004, "comment": hostile.SCRIPT})
    for name, more in {
        "finops_owner": {},
        "cost_triage": {"login": True, "comment": "for the agent cost-triage, owner: dana"},
        "returns_bot": {"login": True, "comment": hostile.EVERYTHING},
        "reporting": {},
        "reader": {"login": True},
        "writer": {"login": True, "createrole": True},
    }.items():
        yield made(ROLE, {**_ROLE, "name": name, **more})
    for granted, member in (
        ("reporting", "cost_triage"),
        ("finops_owner", "writer"),
        ("cost_triage", "writer"),
        ("returns_bot", "writer"),
    ):
        options = {"inherit": granted != "returns_bot", "set": True, "admin": member == "writer"}
        yield made(MEMBERSHIP, {"role": granted, "member": member, "grantor": "finops_owner", **options})
    yield made(
        SCHEMA,
        {
            "name": "costs",
            "owner": "finops_owner",
            "acl": ["finops_owner=UC/finops_owner", "reporting=U/finops_owner", "returns_bot=U/finops_owner"],
        },
    )
    tables = {
        "daily": ["finops_owner=arwdDxtm/finops_owner", "reporting=arwd/finops_owner", "returns_bot=r/finops_owner"],
        "salaries": ["finops_owner=arwdDxtm/finops_owner", "reporting=r/finops_owner"],
        hostile.SCRIPT: ["finops_owner=arwdDxtm/finops_owner", "reporting=rd/finops_owner", "returns_bot=rw/finops_owner"],
    }
    for name, acl in tables.items():
        columns = [{"name": column, "acl": None} for column in ("day", "account", "amount", hostile.IMAGE)]
        body = {"schema": "costs", "name": name, "kind": "table", "owner": "finops_owner", "acl": acl, "columns": columns}
        yield made(RELATION, {**body, "row_security": False, "force_row_security": False, "policies": [], "used_by": []})
    yield made(SELF, {"side": "read", "role": "reader", "unread": []})
    yield made(SELF, {"side": "write", "role": "writer", "unread": []})


_ROLE: dict[str, Any] = {
    "superuser": False, "inherit": True, "login": False, "createrole": False, "createdb": False, "replication": False, "bypassrls": False,
    "connection_limit": -1, "valid_until": None, "comment": None,
}  # fmt: skip


# --- what happened ---------------------------------------------------------------------------------------------------------------------


def _happened(world: World) -> None:
    rows = [
        (AWS, arn("role/cost-triage"), "aws:s3", "s3:GetObject", "arn:aws:s3:::lumen-billing-exports/daily/*", "cost-triage", 300),
        (AWS, arn("role/cost-triage"), "aws:ce", "ce:GetCostAndUsage", "*", "cost-triage", 90),
        (AWS, arn("role/cost-triage"), "aws:s3", "s3:GetObject", "arn:aws:s3:::lumen-payroll/2026/*", "cost-triage", 4),
        (AWS, arn("role/returns"), "aws:s3", "s3:GetObject", f"arn:aws:s3:::lumen-returns/{hostile.SCRIPT}", hostile.IMAGE, 60),
        (AWS, arn("role/returns"), "aws:ses", "ses:SendEmail", hostile.RIGHT_TO_LEFT, hostile.CONTROL, 12),
        (AWS, arn("role/returns-agent"), "aws:s3", "s3:DeleteObject", f"arn:aws:s3:::{hostile.LONG}/*", "returns-agent", 7),
        (AWS, arn("role/shop-assistant"), "aws:s3", "s3:GetObject", "arn:aws:s3:::lumen-shop/prices/*", "shop-assistant", 30),
        (POSTGRES, "postgres:finops/cost_triage", POSTGRES, "select", "costs.daily", "cost-triage", 200),
        (POSTGRES, "postgres:finops/returns_bot", POSTGRES, "select", f'costs."{hostile.SCRIPT}"', hostile.TEMPLATE, 20),
        (POSTGRES, "postgres:finops/returns_bot", POSTGRES, "update", "costs.daily", "returns", 9),
    ]  # fmt: skip
    world.store.add_events((event for line, row in enumerate(rows) for event in _events(world, line, *row)), {AWS: "end", POSTGRES: "end"})


def _events(
    world: World, line: int, source: str, principal: str, system: str, action: str, resource: str, session: str, count: int
) -> Iterator[Event]:
    for number in range(count):
        yield Event(
            id=f"{line}-{number}",
            source=source,
            happened=world.ago(_DAYS * (count - number) / count),
            principal=principal,
            system=system,
            action=action,
            resource=resource,
            result=Result.DENIED if number % 9 == 8 else Result.ALLOWED,
            place=f"s3://lumen-trail/{line}.json.gz#{number}",
            session=session,
            columns=("day", "account") if resource == "costs.daily" and action == "select" else (),
        )


def _decided(world: World) -> None:
    lines = [_line(world, turn, number) for turn in reversed(range(12)) for number in reversed(range(len(_DECIDED)))]
    log = world.folder / "edge.jsonl"
    log.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines) + b"{\n")
    scan = read_decisions(world.current(), EDGE, log, world.at)
    assert scan.events == len(lines)
    world.store.put(scan, seen=world.at)


_DECIDED = (
    (INVOICE_DESK, "read_document", "read_document", Outcome.ALLOW, "line 8 allows it: A bill can only be paid from what it says", ""),
    (INVOICE_DESK, "pay_bill", "pay_bill", Outcome.ALLOW, "line 12 allows it: Suppliers are paid on time", "pay-bills"),
    (INVOICE_DESK, "pay_bill", "pay_bill", Outcome.DENY, f"denied: `account` comes from a document: {hostile.EVERYTHING}", ""),
    (INVOICE_DESK, "send_message", "send_message", Outcome.DENY, "denied: `never` forbids it outside lumen.example", "never[1]"),
    (INVOICE_DESK, hostile.SCRIPT, hostile.IMAGE, Outcome.DENY, f"denied: no line allows {hostile.SCRIPT} {hostile.LONG}", ""),
    (INVOICE_DESK, "send_message", hostile.LONG, Outcome.ASK, f"asks: {hostile.RIGHT_TO_LEFT} {hostile.CONTROL}", hostile.IMAGE),
    (COST_TRIAGE, "create_issue", "create_issue", Outcome.ALLOW, "line 17 allows it", "tell-the-owner"),
)


def _line(world: World, turn: int, number: int) -> LoggedDecision:
    agent, action, resource, outcome, because, rule = _DECIDED[number]
    time = world.now - timedelta(hours=5 * turn, minutes=number)
    return LoggedDecision(
        time=time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        id=f"0192f3a1-{turn:04}-7000-8000-{number:012d}",
        agent=f"agent:{agent}",
        system="mcp:desk" if agent == INVOICE_DESK else "mcp:tickets",
        action=action,
        resource=resource,
        outcome=outcome,
        step=Step.CAPABILITY if outcome is Outcome.ALLOW else Step.NO_MATCH,
        line=f"{hostile.IMAGE}/invoice-desk.yaml:8",
        rule=rule,
        because=because,
        point="mcp",
        session=hostile.SCRIPT if number == 2 else f"session-{turn}",
        arguments=("account", hostile.SVG),
    )


# --- what people settled -----------------------------------------------------------------------------------------------------------------


def _settled(world: World) -> None:
    current = world.current()
    for slug, person in (
        (COST_TRIAGE, DANA),
        (INVOICE_DESK, DANA),
        (HOSTILE, f"{hostile.IMAGE} {hostile.SCRIPT}"),
        (STOPPED, DANA),
        (RETIRED, DANA),
    ):
        set_owner(current, slug, person, DANA, world.ago(30))
    remits = ROOT / "examples" / "remits"
    approve(current, remits / "invoice-desk.yaml", DANA, "operator", world.ago(25))
    text = (remits / "cost-triage.yaml").read_text()
    approve_text(current, text.replace("600/hour", "900/hour").encode(), "cost-triage.yaml", DANA, "operator", world.ago(25))
    approve_text(current, text.encode(), f"{hostile.IMAGE}.yaml", DANA, "operator", world.ago(2))
    bad = _REMIT.format(
        agent=HOSTILE, script=json.dumps(hostile.EVERYTHING), line=json.dumps(f"arn:aws:s3:::lumen-returns/{hostile.SCRIPT}*")
    )
    set_owner(current, HOSTILE, DANA, DANA, world.ago(29))
    approve_text(current, bad.encode(), "returns.yaml", DANA, "operator", world.ago(20))
    set_owner(current, HOSTILE, f"{hostile.IMAGE} {hostile.SCRIPT}", DANA, world.ago(19))
    note_draft(current, RETURNS, DANA, world.ago(5))


_REMIT = """\
remit: 1
agent: {agent}
purpose: {script}
owner: {{contact: dana@lumen.example}}
objectives:
  sort:
    why: {script}
    can:
      - {{read: "aws:s3", resource: {line}}}
      - {{read: "postgres:finops", resource: costs.daily}}
never:
  - {{any: "aws:iam"}}
lifecycle: {{review: 90d, dormant_after: 30d}}
mode: enforce
"""


def _findings(world: World) -> None:
    """One is accepted, one is over; a stranger wrote into what is told of both."""
    found = sorted(world.current().findings, key=lambda finding: finding.id)
    assert len(found) > 4, [finding.title for finding in found]
    accepted = msgspec.structs.replace(
        found[0], state=FindingState.ACCEPTED, accepted_until=text_from_time(world.now + timedelta(days=40))[:10], accepted_by=DANA,
        accepted_because=hostile.EVERYTHING,
    )  # fmt: skip
    closed = msgspec.structs.replace(
        found[0], id="finding:0123456789ab", key="over", state=FindingState.CLOSED, closed=world.ago(1), title=f"was so {hostile.ALL}",
        evidence=(hostile.IMAGE, hostile.LONG, hostile.LINK), owner=hostile.SCRIPT,
    )  # fmt: skip
    world.store.put_all([accepted, closed], seen=world.at)


def _plans(world: World) -> None:
    current = world.current()
    world.plans["open"] = mend.plan_right_size(current, COST_TRIAGE, world.ago(0.2)).id
    hostile_plan = mend.plan_right_size(current, HOSTILE, world.ago(0.1))
    world.plans["hostile"] = hostile_plan.id
    applied = msgspec.structs.replace(
        mend.plan_right_size(current, RETURNS, world.ago(3)),
        id="plan:0190000000a1aaaa",
        state=PlanState.APPLIED,
        changed=world.ago(2.9),
        proofs=tuple(_proofs()),
    )
    applied = msgspec.structs.replace(applied, step_states=(StepState.DONE,) * len(applied.steps))
    stuck = msgspec.structs.replace(
        hostile_plan,
        id="plan:0190000000b2bbbb",
        state=PlanState.STUCK,
        stuck_because=f"step 1 failed: {hostile.EVERYTHING}",
        step_states=(StepState.FAILED,) + (StepState.WAITING,) * (len(hostile_plan.steps) - 1),
        found={"0": hostile.EVERYTHING},
    )
    world.store.put_all([applied, stuck], seen=world.at)
    world.plans |= {"applied": applied.id, "stuck": stuck.id}
    stopping = mend.plan_quarantine(current, STOPPED, world.ago(1))
    mend.begin_quarantine(current, stopping, (DANA, "operator"), f"it answered with {hostile.EVERYTHING}")
    world.plans["quarantine"] = stopping.id
    retiring = mend.plan_retirement(current, RETIRED, (DANA, "operator"), world.ago(1))
    mend.carry_out_retirement(current, retiring, (DANA, "operator"), {})
    world.plans["retirement"] = retiring.id
    assert {plan.id for plan in world.store.all(Plan)} >= set(world.plans.values())


def _proofs() -> Iterator[Proof]:
    identity = arn("role/returns-agent")
    yield Proof(
        system=AWS,
        identity=identity,
        tried="s3:GetObject arn:aws:s3:::lumen-shop/x",
        expected="denied",
        got="denied",
        how="tried as the identity",
    )
    yield Proof(
        system=AWS,
        identity=identity,
        tried=f"s3:PutObject {hostile.SCRIPT}",
        expected="allowed",
        got=f"denied {hostile.IMAGE}",
        how="read back and evaluated",
    )
