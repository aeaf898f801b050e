"""Opens a place that an answer cites, with boto3, psycopg and plain reading, and says whether its text bears what is said of it.

It knows the kinds of sentences that the product says of a place; one that it does not know is a problem, so that nothing goes unlooked at.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from tests.estate.generate import Estate

_AROUND = 3
"""Lines around a cited one that still belong to the statement which begins there."""
_AS_CODE = {
    "s3:ListBucket": r"list_?objects", "lambda:InvokeFunction": r"invoke", "dynamodb:GetItem": r"get_?item", "dynamodb:Query": r"query",
    "bedrock:InvokeModel": r"invoke_?model|converse|bedrock",
}  # fmt: skip
"""How code writes actions whose call has another name; every other is its own name, with or without underscores."""
_FORBIDS_ALL = re.compile(r"\b(?:never|not)\b.*\banything\b", re.IGNORECASE)
"""Words that speak of every thing: "do not delete anything" forbids each."""
_NO_BODY = hashlib.sha256(b"").hexdigest()
_GRANTED = re.compile(r"`?(?P<who>[^`]+?)`? (?:was granted|has) (?P<what>[A-Z ]+) on (?P<on>.+)")


class Cited:
    """The places of one estate."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.opened: dict[str, int] = {}
        """Kind of place -> how many were opened."""
        self._objects: dict[str, list[Any]] = {}

    def problem(self, place: str, said: str, line: dict[str, Any]) -> str | None:
        """Why the text at a place does not bear what is said; None where it does. `line`: of a draft or an alignment."""
        where = f"{line.get('action') or line.get('verb')} on {line['resource']}: `{said}` at {place}"
        for kind, sayings in self._kinds.items():
            for begin, bears in sayings.items():
                if re.match(begin, said) and self._is_kind(kind, place):
                    self.opened[kind] = self.opened.get(kind, 0) + 1
                    try:
                        why = bears(place, said, line)
                    except (OSError, LookupError, ValueError, psycopg.Error) as error:
                        why = f"cannot be opened: {type(error).__name__}: {error}"
                    return f"{where}: {why}" if why else None
        return f"{where}: nothing here knows how to look at that"

    @staticmethod
    def _is_kind(kind: str, place: str) -> bool:
        if kind == "record":
            return place.startswith(("s3://", "postgresql-"))
        if kind == "iam":
            return place.startswith("arn:")
        if kind == "catalogue":
            return " row " in place
        return re.search(r":\d+$", place) is not None

    @cached_property
    def _kinds(self) -> dict[str, dict[str, Callable[[str, str, dict[str, Any]], str]]]:
        return {
            "record": {r"\S+ on .*, (allowed|refused) ": self._record, r"\S+ was used ": self._record},
            "iam": {
                r"allows ": self._statement, r"has the policy ": self._attached, r"the permissions boundary": self._boundary,
                r"its (instructions|agent card)": self._hosted, r"its model is ": self._hosted, r"the description of ": self._hosted,
            },
            "catalogue": {_GRANTED.pattern: self._granted, r"`.*` (inherits from|is a member of|may become) `": self._member},
            "code": {
                r"its (instructions|README|agent card): ": self._words, r"code calls ": self._call, r"code runs ": self._statement_in_code,
                r"its model is ": self._model, r"its tools name ": self._named, r"it is given the MCP server ": self._named,
                r"objectives\.": self._remit,
            },
        }  # fmt: skip

    # --- code -------------------------------------------------------------------------------------------------------------------------

    def lines(self, place: str) -> tuple[list[str], int]:
        """The lines of a file, and the index of the cited one."""
        path, _, number = place.rpartition(":")
        file = Path(path) if path.startswith("/") else self.estate.code / path
        found = file.read_text(encoding="utf-8").splitlines()
        return found, int(number) - 1 if int(number) <= len(found) else len(found) - 1

    def _words(self, place: str, said: str, line: dict[str, Any]) -> str:
        lines, at = self.lines(place)
        sentence = _squeezed(said.split(": ", 1)[1].removesuffix("..."))
        around = _squeezed(" ".join(lines[max(0, at - _AROUND) : at + _AROUND + 1]).replace("\\n", " "))
        own = re.findall(r"\w+", lines[at].replace("\\n", " "))
        runs = [_squeezed(" ".join(own[index : index + 4])) for index in range(max(1, len(own) - 3))]
        if (
            not any((len(run) > 5 and run in sentence) or sentence[:20] in _squeezed(lines[at]) for run in runs)
            and sentence[:30] not in around
        ):
            return f"the line is {lines[at]!r}"
        if sentence[:30] not in around:
            return f"the sentence stands nowhere near; the line is {lines[at]!r}"
        speaks = _speaks_of(lines[at], line["resource"]) or _FORBIDS_ALL.search(lines[at]) is not None
        return "" if speaks or line.get("is_way") else f"the line speaks of nothing of it: {lines[at]!r}"

    def _call(self, place: str, said: str, line: dict[str, Any]) -> str:
        lines, at = self.lines(place)
        action = said.removeprefix("code calls ")
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_?", action.partition(":")[2])
        if re.search(_AS_CODE.get(action, name), lines[at], re.IGNORECASE) is None:
            return f"no {action} in {lines[at]!r}"
        return self._names(place, lines[at], line["resource"])

    def _statement_in_code(self, place: str, said: str, line: dict[str, Any]) -> str:
        lines, at = self.lines(place)
        verb, _, table = said.removeprefix("code runs ").partition(" ")
        text = " ".join(lines[at : at + _AROUND])
        if re.search(verb, text, re.IGNORECASE) is None:
            return f"no {verb} in {text!r}"
        return "" if _squeezed(table) in _squeezed(text) else f"no {table} in {text!r}"

    def _names(self, place: str, text: str, resource: str) -> str:
        """Whether a line of code has the name of a thing, or a name of its own that stands for it somewhere in its folder."""
        sought = _tail(resource)
        if sought in text:
            return ""
        folder = (self.estate.code / place.rpartition(":")[0]).parent
        files = [path for path in folder.parent.rglob("*") if path.is_file() and path.stat().st_size < 200_000]
        around = "\n".join(
            path.read_text(encoding="utf-8", errors="replace")
            for path in files
            if folder.parent != self.estate.code or folder in path.parents
        )
        standing_for = [name for name in re.findall(r"\b[A-Za-z_]{3,}\b", text) if re.search(rf"\b{name}\b.*{re.escape(sought)}", around)]
        return "" if standing_for else f"no {sought} in {text!r}, nor a name that stands for it"

    def _model(self, place: str, said: str, line: dict[str, Any]) -> str:
        lines, at = self.lines(place)
        name = said.removeprefix("its model is ")
        return "" if name in lines[at] else f"no {name} in {lines[at]!r}"

    def _named(self, place: str, said: str, line: dict[str, Any]) -> str:
        lines, at = self.lines(place)
        name = said.rsplit(" ", 1)[1]
        return "" if name in lines[at] else f"no {name} in {lines[at]!r}"

    def _remit(self, place: str, said: str, line: dict[str, Any]) -> str:
        lines, at = self.lines(place)
        return (
            ""
            if ("resource" in lines[at] and _tail(line["resource"]).split("/")[0].rstrip("*") in lines[at]) or line.get("is_way")
            else repr(lines[at])
        )

    def identity_problem(self, place: str, said: str, identity: str) -> str | None:
        """Why a place does not show that an agent acts as an identity; `said` names a variable, a session, a resource or a key."""
        where = f"{identity}: `{said}` at {place}"
        self.opened["identity"] = self.opened.get("identity", 0) + 1
        name = identity.rpartition("/")[2]
        if place.startswith("arn:"):
            shown = self._bedrock(place)
            return None if name in shown else f"{where}: {shown[:300]}"
        if self._is_kind("record", place):
            shown = json.dumps(self.records(place)[int(place.rpartition("#")[2])]) if place.startswith("s3://") else self.log_line(place)
            session = re.findall(r"`([^`]+)`", said)[0]
            return None if name in shown and session in shown else f"{where}: {shown[:300]}"
        lines, at = self.lines(place)
        text = "\n".join(lines[at : at + 1 + 2 * _AROUND])
        named = [word for word in re.findall(r"`([^`]+)`", said) if word in lines[at]]
        own_key = next(
            (agent.aws.key_id for agent in self.estate.agents() if agent.aws and agent.aws.name == name and agent.aws.key_id), None
        )
        is_there = name in text or bool(named) or (own_key is not None and own_key in text) or re.search(r"aws_iam_role\.\w+", lines[at])
        return None if is_there else f"{where}: {text!r}"

    # --- records ----------------------------------------------------------------------------------------------------------------------

    def _record(self, place: str, said: str, line: dict[str, Any]) -> str:
        action, moment = said.split(" ", 1)[0], said.rsplit("last on ", 1)[1]
        if place.startswith("s3://"):
            record = self.records(place)[int(place.rpartition("#")[2])]
            return self._of_trail(record, action, moment, line)
        record = json.loads(self.log_line(place))
        if record["timestamp"].replace(" UTC", "").replace(" ", "T")[:23] != moment[:23]:
            return f"the record is of {record['timestamp']}"
        if re.search(action, record["message"], re.IGNORECASE) is None or _squeezed(line["resource"]) not in _squeezed(record["message"]):
            return f"the record says {record['message']}"
        return "" if (line.get("identity") or record["user"]).endswith(record["user"]) else f"the record is of {record['user']}"

    def _of_trail(self, record: dict[str, Any], action: str, moment: str, line: dict[str, Any]) -> str:
        if record["eventTime"] != moment:
            return f"the record is of {record['eventTime']}"
        name = action.partition(":")[2].removesuffix("Function").replace("ListBucket", "ListObjects")
        if not record["eventSource"].startswith(action.partition(":")[0]) or not record["eventName"].startswith(name):
            return f"the record is {record['eventSource']} {record['eventName']}"
        if _tail(line["resource"]).rstrip("*").rstrip("-?/") not in json.dumps([record["requestParameters"], record.get("resources")]):
            return f"the record is about {record['requestParameters']}"
        who = record["userIdentity"]["arn"]
        return "" if (line.get("identity") or "/").rpartition("/")[2] in who or not line.get("identity") else f"the record is of {who}"

    def records(self, place: str) -> list[Any]:
        """The records of the file of a trail."""
        bucket, _, key = place.removeprefix("s3://").rpartition("#")[0].partition("/")
        if key not in self._objects:
            body = self.estate.cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
            self._objects[key] = json.loads(gzip.decompress(body))["Records"]
        return self._objects[key]

    def log_line(self, place: str) -> str:
        """A line of the JSON log."""
        name, _, number = place.rpartition(":")
        return (self.estate.log / name).read_text(encoding="utf-8").splitlines()[int(number) - 1]

    # --- IAM --------------------------------------------------------------------------------------------------------------------------

    @property
    def _iam(self) -> Any:
        return self.estate.cloud.client("iam")

    def statement(self, place: str) -> dict[str, Any]:
        """The statement of a policy, inline or managed, with that number."""
        arn, _, inside = place.partition("#")
        found = re.search(r"\[(\d+)\]$", place)
        if found is None:
            raise ValueError("no number of a statement")
        if not inside:
            arn = arn[: arn.rindex("[")]
            version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            document = self._iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        else:
            policy = inside.removeprefix("inline/")[: -len(found[0])]
            name, kind = arn.rpartition("/")[2], "user" if ":user/" in arn else "role"
            read = self._iam.get_user_policy if kind == "user" else self._iam.get_role_policy
            document = read(PolicyName=policy, **{f"{kind.capitalize()}Name": name})["PolicyDocument"]
        statements = document["Statement"]
        return dict((statements if isinstance(statements, list) else [statements])[int(found[1])])

    def _statement(self, place: str, said: str, line: dict[str, Any]) -> str:
        statement = self.statement(place)
        actions = _listed(statement.get("Action", []))
        told = said.removeprefix("allows ").split(", ")
        if statement["Effect"] != "Allow" or not set(told) - {"..."} <= set(actions):
            return f"the statement is {statement}"
        if not any(_match(pattern, line["action"]) or _match(line["action"], pattern) for pattern in actions):
            return f"the statement allows {actions}"
        resources = _listed(statement.get("Resource", []))
        fits = any(_match(pattern, line["resource"]) or _match(line["resource"], pattern) for pattern in resources)
        return "" if fits else f"the statement is on {resources}"

    def _attached(self, place: str, said: str, line: dict[str, Any]) -> str:
        arn, _, inside = place.partition("#attached/")
        kind = "User" if ":user/" in arn else "Role"
        call = self._iam.list_attached_user_policies if kind == "User" else self._iam.list_attached_role_policies
        attached = call(**{f"{kind}Name": arn.rpartition("/")[2]})["AttachedPolicies"]
        return "" if any(one["PolicyArn"] == inside and one["PolicyName"] in said for one in attached) else f"attached are {attached}"

    def _boundary(self, place: str, said: str, line: dict[str, Any]) -> str:
        arn, _, inside = place.partition("#boundary/")
        boundary = self._iam.get_role(RoleName=arn.rpartition("/")[2])["Role"].get("PermissionsBoundary", {})
        return "" if boundary.get("PermissionsBoundaryArn") == inside else f"the boundary is {boundary}"

    def _hosted(self, place: str, said: str, line: dict[str, Any]) -> str:
        if ":agent/" in place:
            shown = self._bedrock(place)
        else:
            name = place.partition("#")[0].rpartition("/")[2]
            shown = self._iam.get_role(RoleName=name)["Role"].get("Description", "")
        sought = re.sub(r"^(its (instructions|agent card): |its model is |the description of [^:]*: )", "", said).removesuffix("...")
        return "" if _squeezed(sought) in _squeezed(shown.replace("\\n", " ")) else f"it says {shown[:300]}"

    def _bedrock(self, place: str) -> str:
        client = self.estate.cloud.client("bedrock-agent")
        # The emulator checks a signature over the body, which botocore leaves out of a request that has none.
        client.meta.events.register_first("before-sign.bedrock-agent", _sign_no_body)
        return json.dumps(client.get_agent(agentId=place.rpartition("/")[2])["agent"], default=str)

    # --- Postgres ---------------------------------------------------------------------------------------------------------------------

    def _granted(self, place: str, said: str, line: dict[str, Any]) -> str:
        found = _GRANTED.match(said)
        assert found is not None
        who, what, on = found["who"], found["what"], re.sub(r"^a column of | \(.*\)$", "", found["on"])
        kind = place.split(" row ")[1].split(" ")[0]
        query = {
            "pg_class": "SELECT a.grantee::regrole::text AS who, a.privilege_type AS what FROM pg_class c,"
            " aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a WHERE c.oid = %s::regclass",
            "pg_attribute": "SELECT a.grantee::regrole::text AS who, a.privilege_type AS what FROM pg_attribute t,"
            " aclexplode(t.attacl) a WHERE t.attrelid = %s::regclass",
        }  # fmt: skip
        if kind not in query:
            return f"no query for {kind}"
        with psycopg.connect(self.estate.url("postgres"), row_factory=dict_row) as connection:
            rows = connection.execute(query[kind].encode(), (on.split("(")[0],)).fetchall()
        wanted = "-" if who.upper().startswith(("PUBLIC", "EVERY")) else who
        fits = any(row["who"].strip('"') == wanted.strip('"') and row["what"] == what for row in rows)
        if not fits or not place.endswith(("relacl", "attacl")):
            return f"the row says {rows}"
        return (
            "" if what.lower() == line["action"] and on.split("(")[0] == line["resource"].split("(")[0] else f"that is no {line['action']}"
        )

    def _member(self, place: str, said: str, line: dict[str, Any]) -> str:
        member, group = re.findall(r"`([^`]+)`", said)
        with psycopg.connect(self.estate.url("postgres")) as connection:
            rows = connection.execute(
                "SELECT inherit_option, set_option FROM pg_auth_members WHERE member = to_regrole(%s) AND roleid = to_regrole(%s)",
                (f'"{member}"', f'"{group}"'),
            ).fetchall()
        return "" if rows and f"role/{member} -> role/{group}" in place.replace('"', "") else f"there is no such membership: {rows}"


def _sign_no_body(request: Any, **_: Any) -> None:
    if "X-Amz-Content-SHA256" not in request.headers:
        request.headers["X-Amz-Content-SHA256"] = _NO_BODY


def _listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]


def _match(pattern: str, text: str) -> bool:
    expression = "".join(".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.fullmatch(expression, text, re.IGNORECASE) is not None


def _squeezed(text: str) -> str:
    return "".join(re.findall(r"\w+", text.replace('\\"', " "))).lower()


def _tail(resource: str) -> str:
    """The part of a resource by which code and records call it: a bucket, a table, a queue, a secret."""
    if resource.startswith("arn:aws:s3:::"):
        return resource.removeprefix("arn:aws:s3:::").split("/")[0]
    return re.split(r"[:/]", resource.removesuffix("-*").removesuffix("-??????"))[-1] if resource.startswith("arn:") else resource


def _speaks_of(text: str, resource: str) -> bool:
    """Whether a text names a thing, or has a word of four letters in common with its name."""
    parts = [
        part.lower()
        for part in re.split(r"[^A-Za-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", resource.partition(":::")[2] or resource))
        if len(part) > 3
    ]
    return _tail(resource) in text or any(part[:4] in text.lower() for part in parts)


def places_of(lines: Iterable[dict[str, Any]]) -> int:
    """How many places all lines cite."""
    return sum(len(line.get("because", line.get("reasons", ()))) for line in lines)
