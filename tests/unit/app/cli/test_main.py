"""What nobody foresaw still ends in a sentence: which file it was, or that the output was not taken."""

from __future__ import annotations

import pytest

from remit.app.cli import main


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            FileNotFoundError(2, "No such file or directory", "/data/x\x1b[2J"),
            "remit: `/data/x\\x1b[2J` cannot be used: no such file or directory",
        ),
        (OSError(28, "No space left on device"), "remit: the output cannot be written: no space left on device"),
    ],
    ids=["a file", "the output"],
)
def test_a_fault_of_the_system_names_its_file_or_the_output(
    fault: OSError, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fails(*_: object) -> None:
        raise fault

    monkeypatch.setattr(main, "build", lambda *_: fails)
    monkeypatch.setattr(main, "_give_up_output", lambda: None)
    with pytest.raises(SystemExit) as ended:
        main.run({})
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"{said}\n"
