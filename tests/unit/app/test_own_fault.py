"""A fault of our own is told by its kind and its place, never in its words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from remit.app.api.exchange import failed
from remit.app.cli import main
from remit.app.findings import by_need
from remit.app.own_fault import own_fault


def raised(work: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught:
        work()
    assert isinstance(caught.value, Exception)
    return caught.value


def test_the_place_is_the_last_one_in_our_own_files() -> None:
    told = own_fault(raised(lambda: by_need(["hunter2"], {})))  # type: ignore[list-item]
    assert told.startswith("this is a fault of remit itself: AttributeError in app/findings.py:")
    assert "hunter2" not in told


def test_a_fault_that_passed_none_of_our_files_has_no_place() -> None:
    assert own_fault(ValueError("hunter2")) == "this is a fault of remit itself: ValueError"
    assert own_fault(raised(lambda: int("hunter2"))) == "this is a fault of remit itself: ValueError"


def test_programs_are_told_the_place_and_not_the_words() -> None:
    answer = failed(None, raised(lambda: by_need(["hunter2"], {})))  # type: ignore[arg-type,list-item]
    assert answer.status_code == 500
    assert " in app/findings.py:" in json.loads(answer.content)["error"]
    assert b"hunter2" not in answer.content


def test_the_command_line_tells_it_alike_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_words: list[str], _above: Mapping[str, str]) -> Callable[[], None]:
        return lambda: by_need(["hunter2"], {})  # type: ignore[list-item,return-value]

    monkeypatch.setattr(main, "build", broken)
    monkeypatch.setattr(main, "_prepare_streams", lambda: None)
    with pytest.raises(SystemExit) as ended:
        main.run({})
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert told.startswith("remit: this is a fault of remit itself: AttributeError in app/findings.py:")
    assert told.endswith("; what was begun is told by `remit doctor`\n")
    assert "hunter2" not in told
