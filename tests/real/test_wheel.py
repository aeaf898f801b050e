"""The built package works by itself: in an environment of its own, with the runtime lock and nothing else."""

import json
import os
import re
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

import pytest

from remit.demo.claims import Claim
from remit.demo.story import STEPS

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.real


def run(*command: str | Path, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def built(folder: Path) -> Path:
    """The wheel, made of this tree."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist", cwd=ROOT)
    (wheel,) = (folder / "dist").glob("remit-*.whl")
    return wheel


def test_the_wheel_installs_from_the_runtime_lock_and_finds_the_agents_of_the_examples(tmp_path: Path) -> None:
    wheel = built(tmp_path)
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "-qq")
    run(*pip, "--require-hashes", "-r", ROOT / "requirements" / "runtime.txt", cwd=tmp_path)
    run(*pip, "--no-deps", wheel, cwd=tmp_path)
    remit = tmp_path / "env" / "bin" / "remit"
    assert run(remit, "--version", cwd=tmp_path).startswith("remit ")
    found = json.loads(run(remit, "discover", ROOT / "examples" / "company", "--json", cwd=tmp_path))
    assert {agent["name"] for agent in found["agents"]} >= {"invoice-desk", "cost-triage", "returns-agent"}
    run(remit, "check", ROOT / "examples" / "remits" / "cost-triage.yaml", cwd=tmp_path)
    assert "permit" in run(remit, "compile", ROOT / "examples" / "remits" / "cost-triage.yaml", "--to", "cedar", cwd=tmp_path)
    opens = "import sys; from remit.store.records import Store; print(Store.open(sys.argv[1]).sequence())"
    assert run(python, "-c", opens, f"sqlite:///{tmp_path}/data/store.sqlite3", cwd=tmp_path) == "0\n"


def test_with_its_demo_extra_and_nothing_else_the_wheel_tells_the_whole_story(open_folder: Path) -> None:
    wheel = built(open_folder)
    venv.create(open_folder / "env", with_pip=True)
    python = open_folder / "env" / "bin" / "python"
    # The versions that were tried together; what is installed is what the extra asks for.
    pinned = re.findall(r"^([A-Za-z0-9._-]+==[^\\\n]+?) *\\?$", (ROOT / "requirements" / "dev.txt").read_text("utf-8"), re.MULTILINE)
    (open_folder / "pinned.txt").write_text("\n".join(pinned), "utf-8")
    extra = f"{wheel}[demo]"
    run(python, "-m", "pip", "--disable-pip-version-check", "install", "-qq", "-c", open_folder / "pinned.txt", extra, cwd=open_folder)
    foreign = ("AWS_", "PG", "REMIT_", "XDG_", "PYTHON", "VIRTUAL_ENV")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    (open_folder / "home").mkdir()
    said = run(
        open_folder / "env" / "bin" / "remit", "demo", "--once", cwd=open_folder, environment={**own, "HOME": str(open_folder / "home")}
    )
    claims = sum(isinstance(part, Claim) for step in STEPS for part in step.parts)
    assert f"{claims} of {claims} claims held" in said, said
    assert said.count("\nheld ") == claims, said
    assert "FAILED" not in said
    assert "Traceback" not in said
