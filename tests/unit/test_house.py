"""The rules of the house that no linter knows."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for path in (ROOT / "src" / "remit").rglob("*.py") if "demo/data" not in path.as_posix())
CEILING = 500
BANNED = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_source_file_can_be_read_in_one_sitting_and_says_what_it_is(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= CEILING
    assert ast.get_docstring(ast.parse(text)), "a module begins with its meaning"
    assert not BANNED & {path.stem, path.parent.name}


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name == "__init__.py"], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_package_has_one_sentence_and_nothing_else(path: Path) -> None:
    (only,) = ast.parse(path.read_text("utf-8")).body
    assert isinstance(only, ast.Expr)
    assert isinstance(only.value, ast.Constant)
    assert "\n" not in only.value.value


WRONG_IMPORTS = {
    "the ground floor may not import a stage": ("decide/index.py", "import remit.discover.resolve"),
    "a stage may not touch the disk": ("discover/resolve.py", "import os"),
    "a point may not import the log": ("points/mcp/point.py", "import remit.store.decisions"),
    "a plugin may not import its sibling": ("points/mcp/point.py", "import remit.points.authzen.point"),
    "only app may import a plugin": ("store/decisions.py", "import remit.systems.mcp.system"),
    "a stage may not move the hands of a system": ("remedy/plan.py", "import remit.systems.aws.change"),
    "app may not either, but for act": ("app/loop.py", "import remit.systems.aws.change"),
    "nor may the rest of its own system": ("systems/aws/evaluate.py", "import remit.systems.aws.change"),
    "a detection may not judge": ("watch/detections/copy.py", "import remit.watch.judge"),
    "a detection may not import another": ("watch/detections/copy.py", "import remit.watch.detections.dormant"),
    "a source may not join": ("discover/sources/code/source.py", "import remit.discover.link"),
}


@pytest.mark.parametrize("name", WRONG_IMPORTS)
def test_a_wrong_import_is_caught(name: str, tmp_path: Path) -> None:
    file, line = WRONG_IMPORTS[name]
    shutil.copytree(ROOT / "src" / "remit", tmp_path / "remit", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path / ".importlinter")
    target = tmp_path / "remit" / file
    assert target.exists()
    target.write_text(target.read_text("utf-8") + f"\n{line}  # planted\n", "utf-8")
    command = "import os, sys; sys.path.insert(0, os.getcwd()); from importlinter.cli import lint_imports_command as c; c()"
    done = subprocess.run([sys.executable, "-c", command, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout


def test_only_act_asks_the_registry_for_hands() -> None:
    """Finding by name needs no import, so no import rule sees it."""
    asking = {
        path.relative_to(ROOT / "src" / "remit").as_posix()
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value == "WRITER"
    }
    assert asking == {"app/act.py", "contracts/registry.py"}


def test_nothing_names_a_registry_or_a_path_of_one_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    wrong = re.compile(r"files\.pythonhosted\.org|pypi\.org/simple|registry\.npmjs\.org|(?<![\w.])/(?:work|farm|root)/[a-z]")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".png", ".svg"} or not path.is_file() or path == Path(__file__):
            continue
        found = wrong.search(path.read_text("utf-8", errors="replace"))
        assert found is None, f"{name}: `{found[0] if found else ''}`"
