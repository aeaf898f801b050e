"""What the commands on a store share: their options, who runs them, and how they print."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remit.app.persons import acting, operating_system_user
from remit.model.shown import printable

if TYPE_CHECKING:
    from remit.app.current import Current
    from remit.store.records import Store

StoreUrl = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="The store: `sqlite:///PATH` or `postgresql://...`. Default: REMIT_STORE, else a file in your data folder.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print lines of comma-separated values.")]
AsPerson = Annotated[
    str | None,
    typer.Option(
        "--as", metavar="PERSON", help="Who does this, recorded as claimed. Default: your operating-system user.", show_default=False
    ),
]
AgentId = Annotated[str, typer.Argument(metavar="ID", help="The agent, with or without `agent:`.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


_OBEYED = re.compile("[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""Characters beyond ASCII that a terminal or an editor acts on instead of showing; they occur in texts alone."""


def open_store(url: str | None) -> Store:
    """The store of `--store`, of REMIT_STORE, or of the user's data folder."""
    from remit.app.settings import store_url
    from remit.store.records import Store  # here: help and wrong usage need none of it

    return Store.open(store_url(url, os.environ))


def open_store_for_decisions(url: str | None) -> Store:
    """The same store, where it exists: a server of it that hangs is given up at once, since whoever asks for a decision waits."""
    from remit.app.settings import store_url
    from remit.app.store_policy import ANSWER_SECONDS
    from remit.store.records import Store  # here: help and wrong usage need none of it

    return Store.open(store_url(url, os.environ), must_exist=True, wait_s=ANSWER_SECONDS, answers_within_s=ANSWER_SECONDS)


def open_current(url: str | None) -> Current:
    """Everything that the store holds now."""
    from remit.app.current import Current

    return Current(open_store(url), now=now())


def now() -> datetime:
    """The time of this command, UTC."""
    return datetime.now(UTC)


def os_user() -> str:
    """The operating-system user's name."""
    return operating_system_user()


def person(claimed: str | None, store: Store) -> str:
    """Who runs this: the claimed person on a local store, else the operating-system user."""
    return acting(claimed, os_user(), is_local=store.is_local, called="`--as`")


def environment() -> Mapping[str, str]:
    """What systems may read of the process's environment: profiles, key files, password files."""
    return dict(os.environ)


def print_json(document: Any) -> None:
    """One document; what a terminal would obey, such as marks that turn the direction of writing, stands in it escaped."""
    text = json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8", "replace").decode("utf-8")
    sys.stdout.write(_OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def say(text: str) -> None:
    """A message, on standard error."""
    sys.stderr.write(f"{text}\n")


def next_command(*commands: str) -> None:
    """What is sensible to do next, on standard error."""
    for number, command in enumerate(commands):
        sys.stderr.write(f"{'next:' if number == 0 else '   or'} {printable(command, 400)}\n")


def steps_in_order(*commands: str) -> None:
    """What has to be done next, one after the other, on standard error."""
    for number, command in enumerate(commands):
        sys.stderr.write(f"{'next:' if number == 0 else ' then'} {printable(command, 400)}\n")
