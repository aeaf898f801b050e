"""A variable of a container is cited by the line that gives it its value."""

from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from remit.contracts.source import Scope
from remit.discover.sources.code.source import CodeSource
from remit.model.evidence import IdentitySeen

_ENCODED = """\
resource "aws_ecs_task_definition" "desk" {
  family = "desk"
  container_definitions = jsonencode([{
    name        = "desk"
    environment = [
      { name = "REGION", value = "eu-west-1" },
      { name = "APP_DATABASE_URL", value = "postgresql://app_desk:$${PASSWORD}@db/erp" }]
  }])
}
"""
_HEREDOC = """\
resource "aws_ecs_task_definition" "desk" {
  family                = "desk"
  container_definitions = <<EOF
[{"name": "desk", "environment": [
  {"name": "REGION", "value": "eu-west-1"},
  {"name": "APP_DATABASE_URL", "value": "postgresql://app_desk:$${PASSWORD}@db/erp"}]}]
EOF
}
"""


@pytest.mark.parametrize(("text", "line"), [(_ENCODED, 7), (_HEREDOC, 6)])
def test_the_line_of_the_variable_is_cited(text: str, line: int, tmp_path: Path):
    (tmp_path / "main.tf").write_text(text, "utf-8")
    found = [seen for seen in CodeSource().look(Scope(root=PurePath(tmp_path))) if isinstance(seen, IdentitySeen)]
    assert [(seen.ref, seen.place.line) for seen in found if seen.ref.startswith("postgres:")] == [("postgres:erp/app_desk", line)]
