"""Sessions: whose credentials are used, and what a server says that throttles, fails, hangs up or talks nonsense."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from remit.model.access import NativeObject
from remit.model.connection import Connection
from remit.model.errors import RefusedError
from remit.model.evidence import Gap, GapKind
from remit.systems.aws.faults import CallError
from remit.systems.aws.session import Clients, open_clients
from remit.systems.aws.system import SYSTEM

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00", "AWS_SECRET_ACCESS_KEY": "canary-secret-93", "AWS_EC2_METADATA_DISABLED": "true"}
CALLER = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/remit-read</Arn><UserId>AIDA</UserId>"
    "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)


class Server:
    """A server that answers GetCallerIdentity, and everything else by `how`; `asked` are the operations in order."""

    def __init__(self, how: Callable[[Any, str], None]) -> None:
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                action = parse_qs(body).get("Action", [self.path])[0]
                server.asked.append(action)
                if action == "GetCallerIdentity":
                    say(self, 200, CALLER)
                else:
                    how(self, action)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_address[1]}"


def say(handler: Any, status: int, text: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(text.encode())))
    handler.end_headers()
    handler.wfile.write(text.encode())


def error(status: int, code: str, message: str = "no") -> Callable[[Any, str], None]:
    text = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    return lambda handler, _: say(handler, status, text)


def hang_up(handler: Any, _: str) -> None:
    handler.close_connection = True
    handler.connection.shutdown(2)


@contextmanager
def serving(how: Callable[[Any, str], None]) -> Iterator[Server]:
    server = Server(how)
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


def _connection(address: str, **settings: str) -> Connection:
    return Connection(id="aws:main", kind="aws", name="main", settings={"endpoint_url": address, "region": "eu-west-1", **settings})


FAULTY = {
    "throttles": (error(400, "Throttling"), GapKind.NO_ANSWER, "AWS throttles `iam:GetAccountAuthorizationDetails`"),
    "has a bad day": (error(500, "InternalFailure"), GapKind.NO_ANSWER, "an error of its own (500)"),
    "hangs up": (hang_up, GapKind.NO_ANSWER, "no answer to `iam:"),
    "talks nonsense": (lambda handler, _: say(handler, 200, "<html>hello"), GapKind.NO_ANSWER, "UNUSABLE"),
    "answers with other members": (lambda handler, _: say(handler, 200, "<html><a>hello</a></html>"), GapKind.NO_ANSWER, "UNUSABLE"),
    "denies": (error(403, "AccessDenied"), GapKind.NO_PERMISSION, "no permission `iam:ListRoles`"),
    "denies explicitly": (
        error(403, "AccessDenied", "User is not authorized with an explicit deny in a policy"),
        GapKind.NO_PERMISSION,
        "a statement denies it explicitly",
    ),
    "has an expired token": (error(403, "ExpiredToken"), GapKind.NO_PERMISSION, "renew the credentials"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_server_leaves_gaps_and_never_an_empty_account_or_a_traceback(name: str) -> None:
    how, kind, told = FAULTY[name]
    with serving(how) as server:
        reader = SYSTEM.open(_connection(server.address), KEYS)
        found = list(reader.read())
        reader.close()
    assert {item.kind for item in found if isinstance(item, NativeObject)} == {"self"}
    gaps = [item for item in found if isinstance(item, Gap) and ":iam:" in item.place.path]
    assert gaps
    assert {gap.kind for gap in gaps} == {kind}
    assert any("users" in gap.what or gap.place.path.endswith((":user/*", ":iam::123456789012:*")) for gap in gaps), "users are unread"
    assert told == "UNUSABLE" or any(told in gap.what for gap in gaps)
    assert "canary" not in repr(found)


def test_a_service_that_does_not_answer_is_not_asked_again() -> None:
    with serving(hang_up) as server:
        reader = SYSTEM.open(_connection(server.address), KEYS)
        list(reader.read())
        reader.close()
    assert {action for action in server.asked if action.startswith(("Get", "List"))} == {
        "GetCallerIdentity",
        "GetAccountAuthorizationDetails",
    }


def test_a_change_is_sent_once_whatever_comes_back() -> None:
    for how in (hang_up, error(500, "InternalFailure"), error(400, "Throttling")):
        with serving(how) as server:
            clients = open_clients(_connection(server.address), KEYS, None)
            with pytest.raises(CallError):
                clients.once("iam", "delete_role_policy", RoleName="x", PolicyName="y")
            clients.close()
        assert server.asked == ["DeleteRolePolicy"]


def test_credentials_come_from_the_given_environment_and_not_from_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEPROCESS0000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    assert _key(open_clients(_connection("http://127.0.0.1:1"), KEYS, None)) == KEYS["AWS_ACCESS_KEY_ID"]
    nothing = {"AWS_SHARED_CREDENTIALS_FILE": "missing", "AWS_CONFIG_FILE": "missing", "AWS_EC2_METADATA_DISABLED": "true"}
    with pytest.raises(RefusedError, match="no AWS credentials"):
        open_clients(_connection("http://127.0.0.1:1"), nothing, None)


def _key(clients: Clients) -> str:
    return str(clients._session.get_credentials().access_key)


@pytest.mark.parametrize(
    ("address", "is_lookalike"),
    [
        ("http://127.0.0.1:5000", True),
        ("https://vpce-1.iam.eu-west-1.vpce.amazonaws.com", False),
        ("https://amazonaws.com.example.org", True),
    ],
)
def test_what_stands_in_for_aws_is_told_from_aws(address: str, is_lookalike: bool) -> None:
    assert open_clients(_connection(address), KEYS, None).is_lookalike is is_lookalike


PROFILES = """
[profile printing]
credential_process = {python} -c "import sys; sys.exit('canary-secret-93')"
[profile device]
role_arn = arn:aws:iam::123456789012:role/x
source_profile = printing
mfa_serial = arn:aws:iam::123456789012:mfa/dana
[profile half]
aws_access_key_id = AKIAEXAMPLEEXAMPLE00
[profile sso]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = x
"""
CANNOT_SIGN = {"printing": "cannot be had", "device": "asks for a code of a device", "half": "Partial credentials", "sso": "SSO"}


@pytest.mark.parametrize("profile", CANNOT_SIGN)
def test_a_profile_that_gives_no_credentials_is_told_in_words_without_what_it_printed(profile: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(PROFILES.replace("{python}", sys.executable), "utf-8")
    environment = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": "missing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with pytest.raises(RefusedError) as caught:
        SYSTEM.open(_connection("http://127.0.0.1:1", profile=profile), environment)
    assert CANNOT_SIGN[profile] in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_name_in_a_denial_does_not_make_it_a_wrong_key() -> None:
    denial = CallError("s3:ListBucket", "AccessDenied", 403, "no access to bucket InvalidToken-ExpiredToken")
    assert denial.is_denied
    assert not denial.is_wrong_key
    bare = CallError("bedrock:ListAgents", "403", 403, "<Code>SignatureDoesNotMatch</Code>")
    assert bare.is_wrong_key
    assert not bare.is_denied


ASSUMED = (
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLEEXAMPLE00</AccessKeyId><SecretAccessKey>y</SecretAccessKey>"
    "<SessionToken>z</SessionToken><Expiration>2036-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
)


def test_the_session_of_a_role_stays_at_the_address_that_the_profile_names(tmp_path: Path) -> None:
    """Else the credentials of the role would be sent to AWS itself."""
    signed: list[str] = []

    def how(handler: Any, action: str) -> None:
        say(
            handler,
            200,
            ASSUMED if action == "AssumeRole" else "<ListUsersResponse><ListUsersResult></ListUsersResult></ListUsersResponse>",
        )
        signed.append(handler.headers["Authorization"])

    with serving(how) as server:
        config = tmp_path / "config"
        config.write_text(f"[profile hands]\nregion = eu-west-1\nendpoint_url = {server.address}\n")
        environment = {**KEYS, "AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
        (tmp_path / "credentials").write_text("[hands]\naws_access_key_id = AKIAEXAMPLEEXAMPLE00\naws_secret_access_key = x\n")
        connection = Connection(id="aws:main", kind="aws", name="main", settings={}, since="")
        clients = open_clients(connection, environment, "hands")
        assert clients.is_lookalike
        agent = clients.acting_as("arn:aws:iam::123456789012:role/clerk", "proof")
        agent.call("iam", "list_users")
    assert server.asked == ["AssumeRole", "ListUsers"]
    assert "AKIAEXAMPLEEXAMPLE00" in signed[0]
    assert "ASIAEXAMPLEEXAMPLE00" in signed[1]
