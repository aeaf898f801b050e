"""Where Remit keeps its state on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from remit.model.errors import UsageError
from remit.store.suspended import FILE_NAME


def state_folder(given: Path | None = None) -> Path:
    """The folder of `--state`, else the user's state folder (`~/.local/state/remit` on Linux)."""
    if given is not None:
        return given
    import platformdirs  # here: most commands are given a folder or need none

    return Path(platformdirs.user_state_dir("remit", appauthor=False))


def decision_log(state: Path) -> Path:
    """Where decisions are logged when `--log` is not given; a scan reads every log of that folder."""
    return state / "decisions" / "decisions.jsonl"


def suspended_file(state: Path) -> Path:
    """Where quarantines stand for points without a store."""
    return state / FILE_NAME


def store_url(given: str | None, environment: Mapping[str, str]) -> str | None:
    """The address of `--store`, else of REMIT_STORE; None: the file in the user's data folder.

    A password may stand in the environment alone: a command line is read by every process of the machine, and kept by shells.
    """
    if not given:
        return environment.get("REMIT_STORE") or None
    from remit.store.address import address  # here: most commands have no store

    if address(given).has_password:
        raise UsageError(
            "`--store` holds a password; put the whole address into REMIT_STORE, or the password into a password file of libpq"
        )
    return given
