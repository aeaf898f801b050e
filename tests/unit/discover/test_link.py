"""Which agents there are over time and over connections, and who acts as whom."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import msgspec
import pytest

from remit.contracts.source import Scope
from remit.discover.link import Linked, link
from remit.discover.resolve import resolve
from remit.discover.sources.code.secrets import fingerprint
from remit.discover.sources.code.source import SOURCE
from remit.model.access import LoginState, Principal
from remit.model.agent import AgentKind
from remit.model.event import Use
from remit.model.evidence import AgentSeen, Gap, GapKind, IdentitySeen
from remit.model.identity import Because
from remit.model.ledger import Inventory
from remit.model.place import Confidence, Place
from remit.model.standing import KnownAgent

THEN, NOW = "2026-11-01T00:00:00Z", "2026-11-26T10:00:00Z"
ACCOUNT = "111122223333"
PROMPT = "You look at yesterday's spend of every team, find what stands out, and write a short note to the team that caused it."
KEY = "AKIA" + "QWERTZUIOP234567"[:16].replace("QWERTZ", "B7K2MD")


def agent(name: str = "cost-triage", prompt: str = PROMPT, more: str = "") -> str:
    return f'from crewai import Agent\n{more}\nbot = Agent(role="{name}", goal="Explain spend.", backstory="""{prompt}""", tools=[])\n'


def role(name: str, account: str = ACCOUNT, **fields: Any) -> Principal:
    arn = f"arn:aws:iam::{account}:role/{name}"
    plain = {"ref": arn, "short": f"aws:role/{name.rpartition('/')[2]}", "connection": "aws:main", "kind": "role", "place": arn}
    return Principal(**{**plain, **fields})


def user(name: str, key: str = "", **fields: Any) -> Principal:
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    logins = (LoginState(name="access key", kind="aws-access-key", fingerprint=fingerprint(key.encode())),) if key else ()
    plain = {"ref": arn, "short": f"aws:user/{name}", "connection": "aws:main", "kind": "user", "place": arn, "logins": logins}
    return Principal(**{**plain, **fields})


def login(name: str, connection: str = "postgres:fin") -> Principal:
    ref = f"{connection}/{name}"
    return Principal(ref=ref, short=ref, connection=connection, kind="role", place=f"{connection} row pg_roles {name}")


def tree(folder: Path, files: Mapping[str, str]) -> Inventory:
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return resolve(SOURCE.look(Scope(root=PurePath(folder))))


def linked(
    inventory: Inventory | Mapping[str, Inventory],
    principals: list[Principal] | None = None,
    known: tuple[KnownAgent, ...] = (),
    databases: Mapping[str, str] | None = None,
    uses: tuple[Use, ...] = (),
    at: str = NOW,
) -> Linked:
    inventories = inventory if isinstance(inventory, Mapping) else {"code:shop": inventory}
    return link(inventories, principals or [], databases if databases is not None else {"postgres:fin": "finops"}, known, uses, at)


# --- who acts as whom ------------------------------------------------------------------------------------------------------------------


TRIAGE, EXPORT, DANA, DATA = role("team/triage-runner"), role("export"), user("dana", KEY), login("triage_rw")
ARN = TRIAGE.ref
DSN = "postgresql://triage_rw:${DB_PASSWORD}@db.internal:5432/finops"
AT = "services/triage"
CODE = {f"{AT}/main.py": agent()}
TERRAFORM = 'resource "aws_iam_role" "r" {\n  name = "triage-runner"\n}\n'
TASK = """
resource "aws_ecs_task_definition" "t" {
  family        = "NAME"
  task_role_arn = aws_iam_role.r.arn
  container_definitions = jsonencode([{
    name        = "NAME"
    environment = [{ name = "DATABASE_URL", value = "postgresql://triage_rw:$${PW}@h/finops" }]
  }])
}
"""
MANIFEST = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: sa, namespace: n, annotations: {eks.amazonaws.com/role-arn: "ARN"}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: n}
spec: {template: {spec: {serviceAccountName: sa, containers: [{name: c, image: "r/NAME:1", env: [{name: DSN, value: "DSNTEXT"}]}]}}}
"""
SAM = """
Resources:
  R: {Type: AWS::IAM::Role, Properties: {RoleName: triage-runner}}
  F:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: services/triage/, Handler: main.handler, Role: !GetAtt R.Arn, Environment: {Variables: {DATABASE_URL: "DSNTEXT"}}}
"""
SERVERS = '{"mcpServers": {"db": {"command": "npx", "args": ["server-postgres", "DSNTEXT"]}}}'
BOTH = {ARN, DATA.ref}


def filled(text: str, name: str = "triage") -> str:
    return text.replace("NAME", name).replace("ARN", ARN).replace("DSNTEXT", DSN)


EVIDENCE: dict[str, tuple[dict[str, str], set[str]]] = {
    "a role that code takes on": (
        {f"{AT}/main.py": agent(more=f'import boto3\nboto3.client("sts").assume_role(RoleArn="{ARN}", RoleSessionName="x")')},
        {ARN},
    ),
    "a connection in code": (
        {f"{AT}/main.py": agent(more='import psycopg\npsycopg.connect("host=db dbname=finops user=triage_rw")')},
        {DATA.ref},
    ),
    "a connection by words": (
        {f"{AT}/main.py": agent(more='import psycopg\npsycopg.connect(dbname="finops", user="triage_rw", host="db")')},
        {DATA.ref},
    ),
    "an address with a driver": (
        {f"{AT}/main.py": agent(more='from sqlalchemy import create_engine\ncreate_engine("postgresql+psycopg://triage_rw@db/finops")')},
        {DATA.ref},
    ),
    "an address that is only a default": (
        {f"{AT}/main.py": agent(more='import os\nurl = os.getenv("DATABASE_URL", "postgresql://triage_rw@db/finops")')},
        {DATA.ref},
    ),
    "a module that its file imports": (
        {
            f"{AT}/main.py": agent(more="from lib.db import connect"),
            "lib/db.py": 'import psycopg\n\ndef connect():\n    return psycopg.connect("postgresql://triage_rw@db/finops")\n',
            "lib/__init__.py": "",
        },
        {DATA.ref},
    ),
    "a module that nothing of it imports": ({**CODE, "lib/db.py": 'URL = "postgresql://triage_rw@db/finops"\n'}, set()),
    "a module that names the users of many": (
        {
            f"{AT}/main.py": agent(more="from lib.db import URLS"),
            "lib/db.py": 'URLS = ["postgresql://triage_rw@db/finops", "postgresql://other@db/finops"]\n',
            "lib/__init__.py": "",
        },
        set(),
    ),
    "an address in a comment or a docstring": (
        {f"{AT}/main.py": agent(more='# "postgresql://triage_rw@db/finops"\n"postgresql://triage_rw@db/finops"')},
        set(),
    ),
    "a map of settings beside it": (
        {
            **CODE,
            f"{AT}/k8s/map.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m}}\ndata:\n  ROLE_ARN: {ARN}\n",
        },
        {ARN},
    ),
    "an environment file": ({**CODE, f"{AT}/.env": f"DATABASE_URL={DSN}\nTRIAGE_ROLE_ARN={ARN}\n"}, BOTH),
    "an environment file in a folder of settings": ({**CODE, f"{AT}/deploy/prod.env": f"export DATABASE_URL='{DSN}'\n"}, {DATA.ref}),
    "an environment file of the only agent": ({**CODE, ".env": f"DATABASE_URL={DSN}\n"}, {DATA.ref}),
    "a user beside a database": ({**CODE, f"{AT}/.env": "PGHOST=db\nPGUSER=triage_rw\nPGDATABASE=finops\n"}, {DATA.ref}),
    "a user beside a database with a prefix": ({**CODE, f"{AT}/.env": "FIN_DB_USER=triage_rw\nFIN_DB_NAME=finops\n"}, {DATA.ref}),
    "a profile": ({**CODE, f"{AT}/deploy/aws/config": f"[profile triage]\nrole_arn = {ARN}\nregion = eu-west-1\n"}, {ARN}),
    "a compose service that is built from its folder": (
        {**CODE, "compose.yaml": f'services:\n  x:\n    build: ./{AT}\n    environment:\n      DSN: "{DSN}"\n      ROLE_ARN: {ARN}\n'},
        BOTH,
    ),
    "a compose service that runs its file": (
        {**CODE, "compose.yaml": f'services:\n  x:\n    image: python\n    command: python {AT}/main.py\n    environment: ["DSN={DSN}"]\n'},
        {DATA.ref},
    ),
    "another compose service": (
        {**CODE, "compose.yaml": f'services:\n  x:\n    build: ./web\n    environment:\n      DSN: "{DSN}"\n'},
        set(),
    ),
    "a workload beside it": ({**CODE, f"{AT}/k8s/app.yaml": filled(MANIFEST, "whatever")}, BOTH),
    "a workload by name": ({**CODE, "manifests/app.yaml": filled(MANIFEST, "cost-triage")}, BOTH),
    "a workload of another name": ({**CODE, "manifests/app.yaml": filled(MANIFEST, "shop-web")}, set()),
    "a task in Terraform": ({**CODE, f"{AT}/infra/main.tf": TERRAFORM + filled(TASK)}, BOTH),
    "a task in Terraform by name": ({**CODE, "infra/main.tf": TERRAFORM + filled(TASK, "cost-triage")}, BOTH),
    "a task in Terraform of another name": ({**CODE, "infra/main.tf": TERRAFORM + filled(TASK, "shop-web")}, set()),
    "a role beside the code": ({**CODE, f"{AT}/main.tf": TERRAFORM}, {ARN}),
    "a function in SAM": ({**CODE, "template.yaml": filled(SAM)}, BOTH),
    "a server of a client's configuration": ({**CODE, f"{AT}/.mcp.json": filled(SERVERS)}, {DATA.ref}),
    "a key in an environment file": ({**CODE, f"{AT}/.env.production": f"AWS_ACCESS_KEY_ID={KEY}\n"}, {DANA.ref}),
    "a key in code": ({f"{AT}/main.py": agent(more=f'AWS_KEY = "{KEY}"')}, {DANA.ref}),
    "what migrations use": ({**CODE, f"{AT}/.env": f"MIGRATION_DATABASE_URL={DSN}\n"}, set()),
    "a commented line": ({**CODE, f"{AT}/.env": f"# DATABASE_URL={DSN}\n"}, set()),
    "a database that is not connected": ({**CODE, f"{AT}/.env": f"DATABASE_URL={DSN.replace('finops', 'other')}\n"}, set()),
    "a role that does not exist": ({**CODE, f"{AT}/.env": f"DATABASE_URL={DSN.replace('triage_rw', 'nobody')}\n"}, set()),
    "a shared file of several agents": (
        {"a/main.py": agent("one-first"), "b/main.py": agent("two-second", PROMPT + " Twice."), ".env": f"DATABASE_URL={DSN}\n"},
        set(),
    ),
}


@pytest.mark.parametrize("name", EVIDENCE)
def test_an_identity_is_known_by(name: str, tmp_path: Path) -> None:
    files, expected = EVIDENCE[name]
    found = linked(tree(tmp_path, files), [TRIAGE, EXPORT, DANA, DATA])
    refs = {principal.ref for principal in (TRIAGE, EXPORT, DANA, DATA)}
    assert {bound.principal for bound in found.bound} & refs == expected
    for bound in found.bound:
        assert all((tmp_path / because.place.path).exists() for because in bound.because), "a binding points at its evidence"


def test_of_several_agents_the_one_that_reads_the_setting_is_meant(tmp_path: Path) -> None:
    files = {
        "a/main.py": agent("one-first", more='import os\nurl = os.environ["DATABASE_URL"]'),
        "b/main.py": agent("two-second", PROMPT + " Twice."),
        ".env": f"DATABASE_URL={DSN}\n",
    }
    assert [(bound.agent, bound.principal) for bound in linked(tree(tmp_path, files), [DATA]).bound] == [("one-first", DATA.ref)]


def test_a_database_address_is_never_certain_and_a_role_by_its_arn_is(tmp_path: Path) -> None:
    code = 'import boto3, psycopg\nboto3.client("sts").assume_role(RoleArn="ARN")\npsycopg.connect(dbname="finops", user="triage_rw")'
    found = linked(tree(tmp_path, {"a.py": agent(more=code.replace("ARN", ARN))}), [TRIAGE, DATA])
    assert {bound.principal: bound.confidence for bound in found.bound} == {ARN: Confidence.CERTAIN, DATA.ref: Confidence.LIKELY}


def test_a_name_that_fits_several_is_a_gap_with_its_candidates(tmp_path: Path) -> None:
    main = 'resource "aws_bedrockagent_agent" "a" {\n  agent_name = "cost-triage"\n  agent_resource_role_arn = aws_iam_role.r.arn\n}\n'
    twice = [role("triage-runner"), role("triage-runner", "444455556666")]
    found = linked(tree(tmp_path, {"main.tf": main + TERRAFORM}), twice)
    assert {bound.principal for bound in found.bound} == {"aws:role/triage-runner"}
    assert any(all(principal.ref in gap.what for principal in twice) for gap in found.gaps)
    database = linked(
        tree(tmp_path / "x", {"a.py": EVIDENCE["a connection in code"][0][f"{AT}/main.py"]}),
        [DATA, login("triage_rw", "postgres:replica")],
        databases={"postgres:fin": "finops", "postgres:replica": "finops"},
    )
    assert any("postgres:replica/triage_rw" in gap.what and "postgres:fin/triage_rw" in gap.what for gap in database.gaps)


def test_a_name_that_no_connected_system_has_is_a_gap_and_stays_as_written(tmp_path: Path) -> None:
    code = agent(more=f'import boto3\nboto3.client("sts").assume_role(RoleArn="arn:aws:iam::{ACCOUNT}:role/gone")')
    found = linked(tree(tmp_path, {"a.py": code}), [TRIAGE])
    assert [bound.principal for bound in found.bound] == [f"arn:aws:iam::{ACCOUNT}:role/gone"]
    assert any("role/gone" in gap.what for gap in found.gaps)
    elsewhere = linked(tree(tmp_path, {"a.py": code.replace(ACCOUNT, "999999999999")}), [TRIAGE])
    assert not elsewhere.gaps, "that account is not connected"


@pytest.mark.parametrize(
    ("principal", "binds"),
    [
        (role("cost-triage-role"), True),
        (role("svc-cost-triage"), True),
        (role("CostTriageAgent"), True),
        (role("triage"), False),
        (role("cost-triage-eu"), False),
        (role("cost-triage", is_own=True), False),
        (role("cost-triage", is_protected=True), False),
        (user("cost.triage", person=Because(place=Place("x"), text="a mail address")), False),
    ],
)
def test_likeness_of_names_binds_at_most_possibly(principal: Principal, binds: bool, tmp_path: Path) -> None:
    found = linked(tree(tmp_path, CODE), [principal])
    assert [(bound.principal, bound.confidence) for bound in found.bound] == ([(principal.ref, Confidence.POSSIBLE)] if binds else [])


def test_likeness_binds_nothing_where_anything_else_is_said(tmp_path: Path) -> None:
    inventory = tree(tmp_path, {**CODE, f"{AT}/.env": f"ROLE_ARN={ARN}\n"})
    found = linked(inventory, [TRIAGE, role("cost-triage")])
    assert [bound.principal for bound in found.bound] == [ARN]
    assert linked(tree(tmp_path / "x", CODE), [role("cost-triage"), role("cost-triage-role")]).bound == ()


def test_a_description_that_names_the_agent_binds_unless_it_names_nobody(tmp_path: Path) -> None:
    inventory = tree(tmp_path, CODE)
    told = [role("a", description="agent=cost-triage"), role("b", description="remit:agent: nobody"), role("c", description="not an agent")]
    assert [bound.principal for bound in linked(inventory, told).bound] == [told[0].ref]
    tagged = [
        role("d", agent=Because(place=Place("x#tag/agent"), text=text)) for text in ("agent:cost-triage", "cost-triage-eu", "finance")
    ]
    assert [linked(inventory, [one]).bound != () for one in tagged] == [True, False, False]


def use(principal: Principal, session: str, action: str = "s3:GetObject") -> Use:
    return Use(
        agent="", principal=principal.ref, source="aws:main", system="aws:s3", action=action, resource="*", first=THEN, last=NOW, allowed=1,
        denied=0, place="trail#1", session=session,
    )  # fmt: skip


def test_a_session_named_after_an_agent_binds_by_use_alone(tmp_path: Path) -> None:
    inventory = tree(tmp_path, CODE)
    own = role("remit-read", is_own=True)
    uses = (use(EXPORT, "cost-triage-7f3a"), use(EXPORT, "i-0abc"), use(own, "cost-triage"), use(TRIAGE, "somebody"))
    (bound,) = linked(inventory, [EXPORT, own, TRIAGE], uses=uses).bound
    assert (bound.agent, bound.principal, bound.is_named) == ("cost-triage", EXPORT.ref, False)


def test_an_agent_in_a_test_uses_no_identity(tmp_path: Path) -> None:
    found = linked(tree(tmp_path, {"tests/test_main.py": EVIDENCE["a connection in code"][0][f"{AT}/main.py"]}), [DATA])
    assert found.bound == ()
    assert [known.agent.is_test for known in found.agents] == [True]


def test_order_of_input_does_not_count(tmp_path: Path) -> None:
    inventories = {
        "code:a": tree(tmp_path / "a", {"x/main.py": agent("one"), "x/.env": f"ROLE_ARN={ARN}\n"}),
        "code:b": tree(tmp_path / "b", {"y/main.py": agent("one", PROMPT + " More.")}),
    }
    results = {
        msgspec.json.encode(linked(dict(some), list(principals)))
        for some in itertools.permutations(inventories.items())
        for principals in itertools.permutations([TRIAGE, DATA, DANA])
    }
    assert len(results) == 1


# --- ids that last ---------------------------------------------------------------------------------------------------------------------


def ids(found: Linked) -> dict[str, tuple[str, bool]]:
    return {known.agent.id: (str(known.agent.place.path), known.is_gone) for known in found.agents}


def test_an_agent_keeps_its_id_when_its_prompt_file_or_line_changes(tmp_path: Path) -> None:
    first = linked(tree(tmp_path / "1", {"a/main.py": agent("one")}), at=THEN)
    for number, files in enumerate(
        [
            {"a/main.py": "# moved down\n\n" + agent("one")},
            {"a/main.py": agent("one", "Another prompt altogether, which is long enough to be told apart from the first one.")},
            {"b/renamed.py": agent("one")},
            {"b/renamed.py": agent("one", PROMPT + " And more.")},
            {"a/main.py": agent("renamed")},
        ]
    ):
        again = linked(tree(tmp_path / str(number + 2), files), known=first.agents)
        assert [(known.agent.id, known.first_seen, known.is_gone) for known in again.agents] == [("one", THEN, False)], files


def test_an_id_never_comes_back_for_another_agent(tmp_path: Path) -> None:
    first = linked(tree(tmp_path / "1", {"a/main.py": agent("one")}), at=THEN)
    gone = linked(tree(tmp_path / "2", {"b/main.py": agent("two", PROMPT + " Two.")}), known=first.agents)
    assert ids(gone) == {"one": ("a/main.py", True), "two": ("b/main.py", False)}
    other = "Sells umbrellas to people who did not ask for them, politely, and never twice on the same day to anybody."
    new = linked(tree(tmp_path / "3", {"c/main.py": agent("one", other)}), known=gone.agents)
    assert ids(new) == {"one": ("a/main.py", True), "two": ("b/main.py", True), "one-shop": ("c/main.py", False)}
    back = linked(tree(tmp_path / "4", {"a/main.py": agent("one")}), known=new.agents)
    assert ids(back)["one"] == ("a/main.py", False)


def test_a_copy_gets_an_id_of_its_own_and_the_original_keeps_its_id(tmp_path: Path) -> None:
    first = linked(tree(tmp_path / "1", {"z/main.py": agent("one")}), at=THEN)
    second = linked(tree(tmp_path / "2", {"z/main.py": agent("one"), "a/main.py": agent("one")}), known=first.agents)
    found = {known.agent.id: known for known in second.agents}
    assert found["one"].agent.place.path == "z/main.py"
    (copy,) = set(found) - {"one"}
    assert found["one"].agent.copies == (copy,)
    assert found[copy].agent.copies == ("one",)
    assert found[copy].first_seen == NOW


def test_copies_are_found_over_connections(tmp_path: Path) -> None:
    found = linked({"code:a": tree(tmp_path / "a", {"m.py": agent("one")}), "code:b": tree(tmp_path / "b", {"m.py": agent("one")})})
    assert {known.agent.id: known.agent.copies for known in found.agents} == {"one": ("one-b",), "one-b": ("one",)}


def test_what_a_disconnected_connection_showed_is_gone_and_comes_back_with_it(tmp_path: Path) -> None:
    inventory = tree(tmp_path, {"a/main.py": agent("one")})
    first = linked({"code:old": inventory}, at=THEN)
    assert ids(linked({}, known=first.agents))["one"][1] is True
    again = linked({"code:new": inventory}, known=linked({}, known=first.agents).agents)
    assert [(known.agent.id, known.sources, known.is_gone) for known in again.agents] == [("one", ("code:new",), False)]


@pytest.mark.parametrize(
    ("gap", "is_gone"),
    [
        (Gap(place=Place("a/main.py"), kind=GapKind.NO_PERMISSION, what="no"), False),
        (Gap(place=Place("a"), kind=GapKind.NO_PERMISSION, what="no"), False),
        (Gap(place=Place("a/main.py", 3), kind=GapKind.PARSE_ERROR, what="no", is_file=False), False),
        (Gap(place=Place("b"), kind=GapKind.NO_PERMISSION, what="no"), True),
        (Gap(place=Place("a"), kind=GapKind.LEFT_OUT, what="no"), True),
    ],
)
def test_what_could_not_be_read_is_not_gone(gap: Gap, is_gone: bool, tmp_path: Path) -> None:
    first = linked(tree(tmp_path, {"a/main.py": agent("one")}), at=THEN)
    later = linked(resolve([gap]), known=first.agents)
    assert ids(later)["one"][1] is is_gone


# --- code and cloud --------------------------------------------------------------------------------------------------------------------


def hosted(name: str, role_name: str | None = "triage-runner", sort: str = "agent", number: int = 1) -> list[AgentSeen | IdentitySeen]:
    service, construct = ("bedrock", "AWS::Bedrock::Agent") if sort == "agent" else ("bedrock-agentcore", "AWS::BedrockAgentCore::Runtime")
    place = Place(f"arn:aws:{service}:eu-west-1:{ACCOUNT}:{sort}/{name}{number}")
    seen = AgentSeen(
        place=place, framework="bedrock-agents", construct=construct, language="aws", name=name, kind=AgentKind.MANAGED, model="m-1"
    )
    if role_name is None:
        return [seen]
    return [seen, IdentitySeen(place=place, ref=f"arn:aws:iam::{ACCOUNT}:role/{role_name}", because="role", subject=place)]


def declared(name: str, role_name: str = "triage-runner", label: str = "a") -> str:
    return (
        f'resource "aws_bedrockagent_agent" "{label}" {{\n  agent_name = "{name}"\n  instruction = "{PROMPT}"\n'
        f'  agent_resource_role_arn = aws_iam_role.{label}.arn\n}}\nresource "aws_iam_role" "{label}" {{\n  name = "{role_name}"\n}}\n'
    )


@pytest.mark.parametrize(
    ("code", "cloud", "agents", "gaps"),
    [
        (declared("cost-triage"), hosted("cost-triage"), 1, 0),
        (declared("cost-triage"), hosted("cost-triage", None), 1, 0),
        (declared("cost-triage"), hosted("cost-triage", "export"), 2, 0),
        (declared("cost-triage"), hosted("cost"), 2, 0),
        (declared("cost-triage"), hosted("cost_triage"), 1, 0),
        (declared("cost-triage"), hosted("cost-triage") + hosted("cost-triage", number=2), 3, 2),
        (declared("cost-triage") + declared("cost-triage", "export", "b"), hosted("cost-triage", "export"), 2, 0),
        (declared("cost-triage"), hosted("cost-triage", sort="runtime"), 2, 0),
    ],
)
def test_code_and_cloud_are_one_agent_by_name_and_role(code: str, cloud: list[Any], agents: int, gaps: int, tmp_path: Path) -> None:
    found = linked({"code:shop": tree(tmp_path, {"main.tf": code}), "aws:main": resolve(cloud)}, [role("triage-runner"), role("export")])
    assert len(found.agents) == agents
    assert sum("nothing tells which" in gap.what for gap in found.gaps) == gaps


def test_a_joined_agent_has_the_places_words_and_identity_of_both_sides(tmp_path: Path) -> None:
    inventories = {"code:shop": tree(tmp_path, {"main.tf": declared("cost-triage")}), "aws:main": resolve(hosted("cost-triage"))}
    found = linked(inventories, [role("triage-runner")])
    (known,) = found.agents
    assert known.sources == ("code:shop", "aws:main")
    assert (known.agent.place.path, known.agent.model, known.agent.purpose) == ("main.tf", "m-1", PROMPT)
    assert any(place.path.startswith("arn:") for place in known.agent.places)
    (bound,) = found.bound
    assert (bound.principal, len(bound.because)) == (role("triage-runner").ref, 2)


@pytest.mark.parametrize("first", ["code", "cloud"])
def test_whichever_side_was_seen_first_gives_the_id(first: str, tmp_path: Path) -> None:
    both = {"code:shop": tree(tmp_path, {"main.tf": declared("cost-triage")}), "aws:main": resolve(hosted("cost-triage"))}
    alone = {name: inventory for name, inventory in both.items() if name.startswith("code") is (first == "code")}
    before = linked(alone, at=THEN)
    after = linked(both, known=before.agents)
    assert [(known.agent.id, known.first_seen) for known in after.agents] == [("cost-triage", THEN)]
    apart = linked(alone, known=after.agents)
    assert [known.agent.id for known in apart.agents] == ["cost-triage"]


def test_a_runtime_is_joined_with_its_code_by_a_telling_name(tmp_path: Path) -> None:
    two, one = tree(tmp_path / "2", CODE), tree(tmp_path / "1", {"m.py": agent("triage")})
    assert len(linked({"code:shop": two, "aws:main": resolve(hosted("cost_triage", sort="runtime"))}).agents) == 1
    assert len(linked({"code:shop": one, "aws:main": resolve(hosted("triage", sort="runtime"))}).agents) == 2


def test_a_cloud_that_could_not_be_asked_for_its_agents_has_not_lost_them() -> None:
    first = linked({"aws:main": resolve(hosted("cost-triage"))}, at=THEN)
    unread = Gap(place=Place("bedrock-agent:ListAgents"), kind=GapKind.NO_PERMISSION, what="no")
    buckets = Gap(place=Place("s3:ListBuckets"), kind=GapKind.NO_PERMISSION, what="no")
    assert ids(linked({"aws:main": resolve([unread])}, known=first.agents))["cost-triage"][1] is False
    assert ids(linked({"aws:main": resolve([buckets])}, known=first.agents))["cost-triage"][1] is True
