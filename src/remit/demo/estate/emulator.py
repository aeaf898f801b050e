"""The AWS-compatible server of the estate, with a recorder in front: a process of its own that ends when whoever started it is gone.

It is moto, served twice by one process: at one address every call is recorded, as an organisation's trail does; the other is for setting
up, and for trying things that are nobody's work. Invariants:
- it listens on loopback alone, at ports that the system chooses;
- it ends with its standard input, however its owner ended, and stops a Postgres that was left behind in the folder that it was given;
- what was recorded is in the trail's bucket before anybody lists that bucket: a reader sees all that happened before it looked;
- reading and writing the trail itself is not recorded, as data events of a trail's own bucket seldom are.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from random import SystemRandom
from threading import Lock, Thread
from typing import Any

import msgspec

from remit.demo.estate import calls, recorder
from remit.demo.estate.cast import ACCOUNT, BUCKET_TRAIL
from remit.demo.estate.unbuilt import Supplement, path_of
from remit.model.errors import RefusedError

_MOST_WAITING = 200
"""Records in one file."""
_MOST_BODY = 1 << 20


class Emulator(msgspec.Struct, frozen=True, kw_only=True):
    """The running server."""

    recorded: str
    """`http://127.0.0.1:PORT`: calls are decided and recorded."""
    unrecorded: str
    """The same server: calls are decided and leave no record."""

    def enforce(self) -> None:
        """From now on every call is decided by the policies that stand there."""
        host, port = self.unrecorded.removeprefix("http://").split(":")
        server = HTTPConnection(host, int(port), timeout=10)
        try:
            server.request("POST", "/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
            server.getresponse().read()
        finally:
            server.close()


@contextmanager
def emulator(postgres: Path, log: Path) -> Iterator[Emulator]:
    """Starts it. `postgres`: the data folder of the server that must not outlive this process; `log`: what it has to say."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    environment["MOTO_ACCOUNT_ID"] = ACCOUNT
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "remit.demo.estate.emulator", str(postgres)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env=environment,
            start_new_session=True,  # a Ctrl-C of the terminal is for its owner alone
        )
    try:
        yield _answered(process, log)
    finally:
        with suppress(OSError):
            process.stdin.close() if process.stdin is not None else None
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _answered(process: subprocess.Popen[bytes], log: Path) -> Emulator:
    line = process.stdout.readline() if process.stdout is not None else b""
    try:
        return msgspec.json.decode(line, type=Emulator)
    except msgspec.DecodeError:
        raise RefusedError(f"the AWS server of the demo did not start; what it said stands in `{log}`") from None


# --- the process itself -------------------------------------------------------------------------------------------------------------


class Recorder:
    """A WSGI application in front of another one, that records each call of a known principal."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self._waiting: list[dict[str, Any]] = []
        self._lock = Lock()
        self._chance = SystemRandom()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """One call: passed on as it is, then recorded."""
        path = path_of(environ)
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        if _is_about_the_trail(path):
            self.deliver()
            return self._application(environ, start_response)
        signed = calls.signed_by(authorization)
        caller = _caller(signed[0]) if signed is not None else None
        if caller is None:
            return self._application(environ, start_response)
        body = _body(environ) if signed is not None and signed[1] != "s3" else b""
        status: list[int] = []

        def started(line: str, *more: Any) -> Any:
            status.append(int(line.split(" ", 1)[0]))
            return start_response(line, *more)

        answer = list(self._application(environ, started))
        is_error = bool(status) and status[-1] >= 400
        request = calls.Request(
            method=environ["REQUEST_METHOD"],
            path=path,
            query=environ.get("QUERY_STRING", ""),
            authorization=authorization,
            target=environ.get("HTTP_X_AMZ_TARGET", ""),
            body=body,
            status=status[-1] if status else 500,
            answer=b"".join(answer)[:_MOST_BODY] if is_error else b"",
        )
        doing = calls.doing_of(request)
        if doing is not None:
            self._keep(caller, doing)
        return answer

    def deliver(self) -> None:
        """Writes what was recorded into the trail's bucket."""
        with self._lock:
            if not self._waiting:
                return
            records, self._waiting = self._waiting, []
            key = recorder.file_key(datetime.now(UTC), self._chance)
            _put(key, recorder.packed(records))

    def _keep(self, caller: recorder.Caller, doing: recorder.Doing) -> None:
        with self._lock:
            self._waiting.append(recorder.record(caller, doing, datetime.now(UTC), self._chance))
            is_full = len(self._waiting) >= _MOST_WAITING
        if is_full:
            self.deliver()


def _is_about_the_trail(path: str) -> bool:
    return path == f"/{BUCKET_TRAIL}" or path.startswith(f"/{BUCKET_TRAIL}/")


def _body(environ: dict[str, Any]) -> bytes:
    """The body of a request, left there for whoever reads it next."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return b""
    if not 0 < length <= _MOST_BODY:
        return b""
    found: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = BytesIO(found)
    return found


def _caller(key: str) -> recorder.Caller | None:
    """Whose key this is; None where nobody of the account has it."""
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    session = sts_backends[ACCOUNT]["aws"].get_assumed_role_from_access_key(key)
    if session is not None:
        return recorder.Caller(arn=session.role_arn, key=key, session=session.session_name)
    for user in list(iam_backends[ACCOUNT]["aws"].users.values()):
        if any(one.access_key_id == key for one in list(user.access_keys)):
            return recorder.Caller(arn=user.arn, key=key)
    return None


def _put(key: str, body: bytes) -> None:
    from moto.s3.models import s3_backends

    s3_backends[ACCOUNT]["aws"].put_object(BUCKET_TRAIL, key, body)


def main() -> None:
    """Serves until standard input ends."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    class Quiet(MotoRequestHandler):
        """Answers without a line for each request."""

        def log(self, *_: Any) -> None:
            """Says nothing."""

    application = Supplement(DomainDispatcherApplication(create_backend_app))
    servers = [make_server("127.0.0.1", 0, one, threaded=True, request_handler=Quiet) for one in (Recorder(application), application)]
    for server in servers:
        Thread(target=server.serve_forever, daemon=True).start()
    recorded, unrecorded = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    print(json.dumps({"recorded": recorded, "unrecorded": unrecorded}), flush=True)
    sys.stdin.buffer.read()
    from remit.demo.estate.database import stop_left_behind

    stop_left_behind(Path(sys.argv[1]))
    os._exit(0)  # nothing here is worth keeping, and threads that answer do not hold it up


if __name__ == "__main__":
    main()
