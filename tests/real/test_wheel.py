"""The built package works by itself: in an environment of its own, with the runtime lock and nothing else."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.real


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_wheel_installs_from_the_runtime_lock_and_finds_the_agents_of_the_examples(tmp_path: Path) -> None:
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist", cwd=ROOT)
    (wheel,) = (tmp_path / "dist").glob("remit-*.whl")
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
