"""Where Remit keeps its state on this machine."""

from __future__ import annotations

from pathlib import Path

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
