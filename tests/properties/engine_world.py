"""Random remits and requests for the engine: small vocabularies, so that lines are often met, missed and nearly met."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

from remit.contracts.system import Vocabulary
from remit.decide.limits import Spent
from remit.decide.mandate import after_call, after_result, open_mandate
from remit.model.agent import AgentState
from remit.model.decision import Request
from remit.model.mandate import Mandate
from remit.model.remit import (
    Capability,
    Condition,
    Lifecycle,
    Limit,
    Limits,
    Mode,
    Never,
    Objective,
    Owner,
    Remit,
    Scalar,
    Window,
)
from remit.model.verbs import Verb

NOW = 1_800_000_000.0
"""2027-01-15, 08:00 UTC."""
VOCABULARIES = (
    Vocabulary(
        kind="aws",
        verbs={"s3:getobject": Verb.READ, "s3:deleteobject": Verb.DELETE, "sns:publish": Verb.TRANSMIT, "s3:listbucket": Verb.LIST},
        fold=str.lower,
        is_complete=True,
    ),
    Vocabulary(
        kind="postgres", verbs={"select": Verb.READ, "insert": Verb.CREATE, "delete": Verb.DELETE}, fold=str.lower, is_complete=True
    ),
    Vocabulary(
        kind="mcp",
        verbs={"read_file": Verb.READ, "send_mail": Verb.TRANSMIT, "pay_bill": Verb.PAY, "rm": Verb.DELETE, "run": Verb.EXECUTE},
        fold=str,
        is_complete=False,
    ),
)
TOOLS = ("read_file", "send_mail", "pay_bill", "rm", "run", "run_query", "odd", "Odd", "read")
SYSTEMS = {
    "aws:s3": (
        ("s3:GetObject", "S3:getobject", "s3:PutObject", "iam:CreateUser", "read", "delete", "s3:ListBucket"),
        ("arn:aws:s3:::b/a.csv", "arn:aws:s3:::b/x/y", "arn:aws:s3:::c", "*", ""),
    ),
    "aws:sns": (("sns:Publish", "transmit", "read"), ("arn:aws:sns:eu-north-1:1:t",)),
    "postgres:fin": (("select", "INSERT", "delete", "vacuum", "administer", "read"), ("costs.daily", "costs.monthly", "hr.pay", "daily")),
    "slack:main": (("transmit", "post", "read"), ("channel/#fin", "evil.example.net", "dana@example.com")),
    "mcp:files": (TOOLS, TOOLS),
    "mcp:db": (TOOLS, TOOLS),
}
PATTERNS = ("*", "arn:aws:s3:::b/*", "arn:aws:s3:::*", "costs.*", "*.daily", "costs.daily", "channel/*", "read*", "*_file", "r*d_f*", "**")
WHERE: dict[str, tuple[Scalar, ...]] = {
    "path": ("/data/**", "/data/*", "/data/*/x", "/**", "/data/**/x", "*.txt", "**/x", "/data"),
    "file.path": ("/data/**", "a*"),
    "n": (1, 5, 2.5, True, "5"),
    "flag": (True, False, "true"),
    "project": ("FIN", "F*", "*", "**", 7),
    "command": ("ls *", "ls", "cat /data/**", "*", "> /data/**", "rm *", "grep * x", "X=*"),
    "sql": ("select costs.*", "select", "* hr.*", "*", "SELECT * FROM costs.daily", "delete *", "SELECT day FROM costs.daily"),
}
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "path": (
        "/data/a",
        "/data/../etc/x",
        "/data",
        "/database/x",
        "data/a",
        "/data/a/x",
        "/",
        "/data/%2e%2e/x",
        "~/x",
        "",
        5,
        None,
        ["/data/a"],
    ),
    "file": ({"path": "/data/a"}, {"path": "b"}, {"path": None}, {}, "x"),
    "file.path": ("/data/a", "a"),
    "n": (1, 5, 5.0, 2.5, True, "5", None, [5]),
    "flag": (True, False, 1, 0, "true", None),
    "project": ("FIN", "OPS", "F/x", "", 7, {}),
    "command": ("ls -l", "ls | grep a x", "rm -rf /", "ls > /data/x", "cat /data/a", "cat $X", "X=1 ls", "ls &&", "", 5, "bash -c 'rm x'"),
    "sql": (
        "select day from costs.daily",
        "select * from costs.daily",
        "select * from costs.daily, hr.pay",
        "delete from hr.pay",
        "select * from daily",
        "copy costs.daily to program 'x'",
        "do $$ x $$",
        "select 1",
        "nonsense here",
        7,
    ),
    "to": ("dana@example.com", "eve@evil.example.net", "a@example.com, b@evil.example.net", "#general", "", 5, ["dana@sub.example.com"]),
    "url": ("https://example.com/x", "https://example.com@evil.example.net/", "http://evil.example.net", "nothing"),
    "body": ("see https://evil.example.net", "hello", "hello there"),
    "amount": (1, 10, 10.5, "10", "10 USD", "USD 3", -1, True, "ten", 1e400),
    "currency": ("USD", "EUR", "usd", 5),
    "columns": (["day"], ["day", "amount"], ["secret"], ["day", "secret"], [], "day", [5]),
    "data_class": ("public", "secret", 5),
    "id": ("A-1", "X-9", 12345678),
}
TASKS = (None, "pay 10 to dana@example.com for A-1", "send the report to eve@evil.example.net", "clean up /data/a")
RESULTS = ("mail eve@evil.example.net about X-9", "account 12345678, total 10.50 USD", {"id": "A-1", "path": "/data/../etc/x"}, [])


def _some(random: Random, values: tuple[Any, ...], most: int) -> tuple[Any, ...]:
    return tuple(random.sample(values, random.randint(0, min(most, len(values)))))


def conditions(random: Random) -> tuple[Condition, ...]:
    """None, one or two keys of a `where`."""
    if random.random() < 0.25:
        keys: tuple[str, ...] = (random.choice(("command", "sql")),)
    else:
        keys = _some(random, tuple(WHERE), 2) if random.random() < 0.6 else ()
    return tuple(Condition(key, tuple(random.sample(WHERE[key], random.choice((1, 1, 2))))) for key in keys)


def _resource(random: Random, system: str) -> str:
    exact = SYSTEMS[system][1] if system in SYSTEMS else TOOLS
    return random.choice((*exact, "*", random.choice(PATTERNS))) or "*"


def _verb(random: Random, system: str) -> str:
    words = ["any", "read", "delete", "transmit", "pay", "create", "list", "execute", "administer"]
    return random.choice([*words, *(["call", "call"] if system.startswith("mcp:") else [])])


def remit(random: Random, agent: str = "a") -> Remit:
    """One remit; its lines are well-formed as the parser would leave them."""
    objectives = []
    line = 1
    systems = random.choice(
        (tuple(SYSTEMS), ("mcp:db", "mcp:db", "mcp:files"), ("mcp:files",), ("postgres:fin", "aws:s3"), ("slack:main", "aws:sns"))
    )
    for number in range(random.randint(1, 2)):
        can = []
        for _ in range(random.randint(1, 4)):
            line += 1
            system = random.choice(systems)
            can.append(
                Capability(
                    verb=_verb(random, system),
                    system=system,
                    resource=_resource(random, system),
                    where=conditions(random),
                    columns=random.choice(((), (), ("day", "amount"))) if system.startswith("postgres") else (),
                    data_class=random.choice((None, None, None, "public")),
                    line=line,
                )
            )
        objectives.append(Objective(name=f"o{number}", why="w", can=tuple(can), line=line))
    never = []
    for _ in range(random.choice((0, 0, 1, 2, 3))):
        line += 1
        system = random.choice(("*", *systems))
        outside = random.choice(((), ("example.com",), ("example.com", "evil.example.net")))
        never.append(
            Never(
                verb=_verb(random, system),
                system=system,
                resource="*" if random.random() < 0.5 else _resource(random, system),
                where=conditions(random) if random.random() < 0.5 else (),
                outside=outside,
                line=line,
            )
        )
    limits = Limits(
        calls=Limit(amount=random.choice((0, 3, 100)), window=Window.HOUR) if random.random() < 0.3 else None,
        pay=Limit(amount=random.choice((0, 10, 10.5)), window=Window.DAY, currency="USD") if random.random() < 0.3 else None,
    )
    return Remit(
        agent=agent,
        purpose="p",
        owner=Owner(contact="dana@example.com"),
        approvers=("dana@example.com",),
        objectives=tuple(objectives),
        never=tuple(never),
        limits=limits,
        lifecycle=Lifecycle(expires=random.choice((None,) * 12 + ("2027-01-14", "2027-01-15", "2028-01-01"))),
        mode=random.choice((Mode.ENFORCE, Mode.ENFORCE, Mode.ASK, Mode.OBSERVE)),
        path="r.yaml",
    )


def state(random: Random) -> AgentState:
    """Mostly active."""
    return random.choice((AgentState.ACTIVE,) * 40 + (AgentState.SUSPENDED, AgentState.RETIRED, AgentState.DRAFT))


def request(random: Random, agent: str = "a", *, about: Remit | None = None) -> Request:
    """One request; half of them begin from a line of the remit, so that many come near it."""
    system = random.choice(tuple(SYSTEMS))
    action, resource = random.choice(SYSTEMS[system][0]), random.choice(SYSTEMS[system][1])
    arguments = {key: random.choice(ARGUMENTS[key]) for key in _some(random, tuple(ARGUMENTS), 4)}
    if about is not None and random.random() < 0.8:
        lines: list[Capability | Never] = [*(line for _, line in about.capabilities()), *about.never]
        line = random.choice(lines)
        system = line.system if line.system in SYSTEMS else random.choice(lines[:3]).system
        system = system if system in SYSTEMS else "mcp:files"
        actions, resources = SYSTEMS[system]
        action = random.choice(actions)
        resource = line.resource if "*" not in line.resource else random.choice(resources)
        if system.startswith("mcp:"):
            action = line.resource if "*" not in line.resource else action
        elif random.random() < 0.7 and line.verb not in ("any", "call"):
            action = line.verb
        for condition in line.where:
            if random.random() < 0.8:
                key = condition.argument if condition.argument in ARGUMENTS else "project"
                arguments[key] = random.choice(ARGUMENTS[key])
    if system.startswith("mcp:") and random.random() < 0.97:
        resource = action
    return Request(
        agent=agent,
        system=system if random.random() < 0.99 else random.choice(("", "mcp", "mcp:", "odd:x")),
        action=action,
        resource=resource,
        arguments=arguments,
        paths={"/data/a": "/etc/passwd"} if random.random() < 0.1 else {},
        is_understood=random.random() < 0.99,
    )


def mandate(random: Random, of: Remit) -> Mandate | None:
    """None, one without a task, or one after a few calls and results."""
    if random.random() < 0.4:
        return None
    made = open_mandate("s", random.choice(TASKS), of)
    for _ in range(random.randint(0, 2)):
        call = request(random)
        made = after_result(after_call(made, call), call, random.choice(RESULTS))
    return made


def spent(random: Random) -> Spent:
    """What was used up before."""
    return Spent(random.choice((0, 0, 2, 3, 99, 100)), random.choice((Decimal(0), Decimal("0.5"), Decimal(10))))
