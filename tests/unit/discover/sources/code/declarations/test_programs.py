"""Which file a command runs."""

import pytest

from remit.discover.sources.code.declarations.forms.programs import program_key


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["python", "-m", "agents.costs.triage"], "runs:agents/costs/triage.py"),
        (["python -m agents.costs.triage --once"], "runs:agents/costs/triage.py"),
        (["uvicorn", "app.server:app", "--port", "80"], "runs:app/server.py"),
        (["python", "/app/agents/x.py"], "runs:app/agents/x.py"),
        (["node", "./dist/agent.js"], "runs:dist/agent.js"),
        (["sh", "-c", "exec python agents/x.py"], "runs:agents/x.py"),
        (["redis-server", "--port", "6379"], None),
        (["http://model:11434"], None),
        ([], None),
    ],
)
def test_a_command_names_the_file_that_it_runs(words: list[str], key: str | None) -> None:
    assert program_key(words) == key
