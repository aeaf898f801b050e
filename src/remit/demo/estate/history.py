"""Ninety days before the start, as files of the trail and of the Postgres log: what happened on each day, in the form of those who log it.

Everything is drawn from one seed, relative to the start, so that two demos differ in their dates alone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import msgspec

from remit.demo.estate.cast import DATABASE
from remit.demo.estate.recorder import drawn_from, file_key, packed, record
from remit.demo.estate.work import Call, Day, Statement, happened

DAYS = 90
_SEED = "tidewater"


class History(msgspec.Struct, frozen=True):
    """All of it, oldest first."""

    calls: Sequence[Call]
    statements: Sequence[Statement]


def history(now: datetime, keys: Mapping[str, str]) -> History:
    """What happened in the ninety days up to a moment; `keys`: the id of each user's access key."""
    chance = drawn_from(_SEED)
    calls: list[Call] = []
    statements: list[Statement] = []
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for back in range(DAYS, -1, -1):
        for done in happened(Day(today - timedelta(days=back), back, chance, keys)):
            if done.at >= now:
                continue
            if isinstance(done, Call):
                calls.append(done)
            else:
                statements.append(done)
    return History(sorted(calls, key=lambda one: one.at), sorted(statements, key=lambda one: one.at))


def trail_files(calls: Sequence[Call]) -> dict[str, bytes]:
    """The files of a trail, one for each day, by their keys in the bucket."""
    chance = drawn_from(_SEED)
    days: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        days[f"{call.at:%Y-%m-%d}"].append(call)
    files = {}
    for _, done in sorted(days.items()):
        records = [record(call.caller, call.doing, call.at, chance) for call in done]
        files[file_key(done[-1].at + timedelta(minutes=4), chance)] = packed(records)
    return files


def write_log(statements: Sequence[Statement], folder: Path) -> None:
    """Writes the JSON logs, one for each day, as the server names and writes them."""
    chance = drawn_from(_SEED)
    days: dict[str, list[str]] = defaultdict(list)
    for statement in statements:
        days[f"{statement.at:%Y-%m-%d}"].append(log_line(statement, chance))
    for day, lines in days.items():
        (folder / f"postgresql-{day}_000000.json").write_text("\n".join(lines) + "\n", encoding="utf-8")


def log_line(statement: Statement, chance: Random) -> str:
    """One record of the JSON log (`log_destination = jsonlog`)."""
    text, count = _numbered(statement.sql)
    is_simple = statement.is_typed or count == 0
    begun = statement.at - timedelta(seconds=chance.randrange(1, 3))
    pid = chance.randrange(1000, 30000)
    body = {
        "timestamp": f"{statement.at:%Y-%m-%d %H:%M:%S}.{chance.randrange(1000):03d} UTC",
        "user": statement.login,
        "dbname": DATABASE,
        "pid": pid,
        "remote_host": "10.20.3.7",
        "remote_port": chance.randrange(30000, 60000),
        "session_id": f"{int(begun.timestamp()):x}.{pid:x}",
        "line_num": 3,
        "ps": "idle",
        "session_start": f"{begun:%Y-%m-%d %H:%M:%S} UTC",
        "vxid": f"{chance.randrange(2, 90)}/{chance.randrange(2, 9000)}",
        "txid": 0,
        "error_severity": "LOG",
        "message": f"statement: {text}" if is_simple else f"execute <unnamed>: {text}",
        "application_name": statement.application,
        "backend_type": "client backend",
        "query_id": 0,
    }
    if not is_simple:
        body["detail"] = "Parameters: " + ", ".join(f"${number} = '...'" for number in range(1, count + 1))
    return json.dumps(body)


def _numbered(sql: str) -> tuple[str, int]:
    """A statement as the server sees it, with numbers where a program gave values; and how many."""
    parts = sql.split("%s")
    text = parts[0] + "".join(f"${number}{part}" for number, part in enumerate(parts[1:], start=1))
    return text.replace("%%", "%"), len(parts) - 1


def deliver(files: Mapping[str, bytes], put: Callable[[str, bytes], None]) -> None:
    """Puts the files into the trail's bucket, oldest day first."""
    for key in sorted(files):
        put(key, files[key])
