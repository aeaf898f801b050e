"""`remit demo` before anything is started: what cannot work is told, and where it would run is nobody else's business."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from remit.demo import command
from remit.demo.face import is_free
from remit.demo.shell import Shell


def demo(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-m", "remit", "demo", *words], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_one_cannot_end_after_a_story_that_is_not_told(tmp_path: Path) -> None:
    done = demo("--once", "--no-story", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "remit: `--once` ends after the story, and `--no-story` tells none; give one of them\n"


def test_a_folder_that_holds_something_else_is_left_alone(open_folder: Path) -> None:
    (open_folder / "thesis.txt").write_text("years of work", "utf-8")
    done = demo("--folder", str(open_folder), home=open_folder)
    assert done.returncode == 1
    assert "is not empty, and is no folder of a demo" in done.stderr
    assert "Traceback" not in done.stderr
    assert (open_folder / "thesis.txt").read_text("utf-8") == "years of work"


def test_a_folder_that_cannot_be_made_is_told_so(open_folder: Path) -> None:
    (open_folder / "file").write_text("", "utf-8")
    done = demo("--folder", str(open_folder / "file" / "demo"), home=open_folder)
    assert done.returncode == 1
    assert "the demo cannot use" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_what_the_extra_brings_it_says_how_to_get_it(open_folder: Path) -> None:
    hidden = "import sys; sys.modules['moto'] = None; from remit.__main__ import main; main()"
    words = [sys.executable, "-c", hidden, "demo", "--folder", str(open_folder / "demo")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "pip install 'remit[demo]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_for_root_a_folder_that_others_may_not_enter_stays_closed(monkeypatch: pytest.MonkeyPatch, open_folder: Path) -> None:
    (open_folder / "closed").mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(open_folder / "closed"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert command.closed_above(open_folder / "closed" / "a" / "b") == open_folder / "closed"
    assert command.default_folder() == Path("/var/lib/remit/demo")
    monkeypatch.setenv("HOME", str(open_folder))
    assert command.default_folder().is_relative_to(open_folder)
    monkeypatch.setenv("HOME", str(open_folder / "closed"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert command.default_folder().is_relative_to(open_folder / "closed")


def test_a_port_at_which_somebody_listens_is_not_free() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert not is_free(other.getsockname()[1])
    assert is_free(0)


def test_a_command_runs_in_the_folder_with_the_estates_settings_and_none_of_the_persons_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    (tmp_path / "script.py").write_text(
        "import os, sys\nprint(os.getcwd())\nprint(os.environ.get('AWS_PROFILE'), os.environ.get('PGPASSWORD'), os.environ['DEMO'])\n"
        "print('next: nothing', file=sys.stderr)\nsys.exit(3)\n",
        "utf-8",
    )
    ran = Shell(tmp_path, {"DEMO": "here"}, 80, is_coloured=False).run("python script.py")
    assert (ran.code, ran.lines) == (3, [str(tmp_path.resolve()), "None None here"])
