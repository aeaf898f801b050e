"""Shell arguments are parsed into the commands in them; text of the cases is never run."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from remit.decide.answers import ABSENT, MATCH, NO, Answer
from remit.decide.statements.shell import commands_of
from remit.decide.statements.shell_pattern import ShellPattern

CASES = Path(__file__).parents[3] / "cases" / "decide"
ATTACKS: dict[str, str] = yaml.safe_load((CASES / "shell-attacks.yaml").read_text(encoding="utf-8"))
DATA: dict[str, str] = yaml.safe_load((CASES / "shell-data.yaml").read_text(encoding="utf-8"))


def some(pattern: str, text: str) -> Answer:
    """The answer as a `never` needs it."""
    units = commands_of(text)
    if not units:
        return ABSENT
    answers = [ShellPattern(pattern).answer(unit, {}) for unit in units]
    return MATCH if MATCH in answers else ABSENT if ABSENT in answers else NO


def every(patterns: list[str], text: str) -> bool:
    """Whether each command matches one of the patterns, as several lines of a `can` need it."""
    units = commands_of(text)
    return bool(units) and all(any(ShellPattern(pattern).answer(unit, {}) is MATCH for pattern in patterns) for unit in units or ())


def test_there_are_enough_attacks() -> None:
    assert len(ATTACKS) >= 150


@pytest.mark.parametrize("name", ATTACKS)
def test_a_forbidden_program_is_found_however_it_is_started(name: str) -> None:
    assert some("rm *", ATTACKS[name]) is not NO


@pytest.mark.parametrize("name", ATTACKS)
def test_a_forbidden_program_never_passes_as_an_allowed_one(name: str) -> None:
    allowed = ["ls *", "echo *", "cat *", "env *", "sudo *", "find *", "git *", "bash *", "sh *", "xargs *", ": *", "true *"]
    assert not every(allowed, ATTACKS[name])


@pytest.mark.parametrize("name", DATA)
def test_a_forbidden_word_that_is_only_data_is_no_command(name: str) -> None:
    assert some("rm *", DATA[name]) is NO


@pytest.mark.parametrize(
    ("patterns", "text", "is_allowed"),
    [
        (["ls *"], "ls -la", True),
        (["ls *"], "ls", True),
        (["ls"], "ls -la", False),
        (["ls *"], "/bin/ls -la", True),
        (["/bin/ls *"], "/bin/ls -la", True),
        (["/bin/ls *"], "/tmp/ls -la", False),
        (["/bin/ls *"], "ls -la", False),
        (["git status"], "git status", True),
        (["git status"], "git status --short", False),
        (["git commit -m *"], "git commit -m 'a b; rm c'", True),
        (["ls *"], "ls | grep x", False),
        (["ls *", "grep *"], "ls | grep x", True),
        (["ls *"], "ls $X", False),
        (["ls *"], "ls *.py", False),
        (["*"], "ls $X", False),
        (["*"], "ls -la | wc -l", True),
        (["*"], "ls > /tmp/x", False),
        (["*", "> /tmp/**"], "ls > /tmp/x", True),
        (["*", "> /tmp/**"], "ls > /tmp/../etc/passwd", False),
        (["*", "> /tmp/**"], "ls > x", False),
        (["*", ">> /tmp/**"], "ls > /tmp/x", False),
        (["ls * > /tmp/**"], "ls -l > /tmp/x", True),
        (["ls *", ">& 1"], "ls 2>&1", True),
        (["ls *", "2>&1"], "ls 2>&1", True),
        (["ls *", "2>/dev/null"], "ls 2>/dev/null", True),
        (["ls *", "> /dev/null"], "ls &> /dev/null", True),
        (["ls *"], "FOO=1 ls", False),
        (["ls *", "FOO=*"], "FOO=1 ls", True),
        (["ls *", "FOO=*"], "BAR=1 ls", False),
        (["ls *", "FOO=*"], "FOO=$(rm x) ls", False),
        (["cat /data/**"], "cat /data/a/b", True),
        (["cat /data/**"], "cat /data/../etc/passwd", False),
        (["cat /data/**"], "cat '/data/a b'", True),
        (["cat /data/**"], "cat data/a", False),
        (["cat /data/**"], "cat /database/x", False),
        (["cat /data/**"], "cat /data/a /etc/passwd", False),
        (["cat /data/*"], "cat /data/a/b", False),
        (["sudo *"], "sudo ls", False),
        (["ls *"], "sudo ls", False),
        (["sudo *", "ls *"], "sudo ls", True),
        (["env *", "ls *"], "env A=1 ls -l", True),
        (["cat *"], "cat <<'EOF'\na; rm b\nEOF\n", True),
        (["bash *", "ls *"], "bash -c 'ls -l'", True),
        (["bash *"], "bash -c 'ls -l'", False),
        (["find *"], "find . -name x", True),
        (["find *", "wc *"], "find . -exec wc -l {} +", False),
        (["ls *"], "", False),
        (["ls *"], "# ls", False),
        (["echo hello"], "echo 'hello'", True),
        (["echo hello"], "echo hel\\lo", True),
        (["echo 'a b'"], "echo 'a b'", True),
        (["echo a b"], "echo 'a b'", False),
        (["* --version"], "python --version", True),
        (["* --version"], "python x --version y", False),
        (["ls *"], "LS -l", False),
    ],
)
def test_a_command_is_allowed_only_when_each_part_of_it_is(patterns: list[str], text: str, is_allowed: bool) -> None:
    assert every(patterns, text) is is_allowed


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        ("git push *", "git push origin", MATCH),
        ("git push *", "git status", NO),
        ("git push *", "git $X", ABSENT),
        ("git push *", 'git --git-dir="$D" status', NO),
        ("rm * /etc/**", "rm -f /etc/x", MATCH),
        ("rm * /etc/**", "rm -f etc/x", ABSENT),
        ("rm * /etc/**", "rm -f /tmp/x", NO),
        ("curl *", "echo $X", NO),
        ("curl *", "$X https://example.com", ABSENT),
        ("> /etc/**", "echo a > /etc/passwd", MATCH),
        ("> /etc/**", "echo a > $F", ABSENT),
        ("> /etc/**", "echo a > /tmp/x", NO),
        ("> /etc/**", "cat /etc/passwd", NO),
        ("PATH=**", "PATH=/x ls", MATCH),
        ("PATH=**", "PATH=$X ls", ABSENT),
        ("PATH=**", "LANG=C ls", NO),
        ("rm *", "", ABSENT),
    ],
)
def test_a_never_is_met_by_what_could_be_the_forbidden_command(pattern: str, text: str, answer: Answer) -> None:
    assert some(pattern, text) is answer


def test_a_link_in_a_word_is_followed_as_the_point_resolved_it() -> None:
    units = commands_of("cat /data/link")
    assert units is not None
    assert ShellPattern("cat /data/**").answer(units[0], {"/data/link": "/etc/passwd"}) is NO


def test_text_that_is_deep_or_huge_is_absent_and_ends() -> None:
    assert commands_of("(" * 3000 + "ls" + ")" * 3000) is None
    assert commands_of("ls; " * 30_000) is None
    assert commands_of('echo "' + "$(" * 500) is None
