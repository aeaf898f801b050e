"""The readers of declaration files: one for each syntax, with every form behind it.

A file is parsed once; each form then says what it sees in it. What cannot be parsed is a gap; the rest of a broken file is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

import msgspec

from remit.discover.sources.code.declarations.facts import facts
from remit.discover.sources.code.declarations.forms import (
    agents_yaml,
    canvas,
    cloudformation,
    compose,
    dify,
    hosting,
    kubernetes,
    mcp_servers,
    n8n,
    pipelines,
    platforms,
    settings,
    terraform,
    vendor_text,
)
from remit.discover.sources.code.declarations.forms.markdown import instructions, is_instructions, markdown_agents
from remit.discover.sources.code.declarations.page import Found, Page
from remit.discover.sources.code.declarations.trees.front_matter import front_matter
from remit.discover.sources.code.declarations.trees.hcl import parse_hcl
from remit.discover.sources.code.declarations.trees.json import parse_json
from remit.discover.sources.code.declarations.trees.node import Tree, null
from remit.discover.sources.code.declarations.trees.toml import parse_toml
from remit.discover.sources.code.declarations.trees.yaml import parse_yaml
from remit.discover.sources.code.reader import Project, SourceFile
from remit.model.evidence import Evidence, Gap, GapKind
from remit.model.place import Place

Form = Callable[[Page], Found]

_YAML_FORMS: tuple[Form, ...] = (
    mcp_servers.mcp_servers,
    pipelines.pipelines,
    dify.dify,
    agents_yaml.crewai,
    agents_yaml.agent_mapping,
    agents_yaml.mcp_agent,
    agents_yaml.microsoft,
    agents_yaml.adk,
    agents_yaml.single_agent,
    agents_yaml.client_agents,
    kubernetes.kubernetes,
    compose.compose,
    cloudformation.cloudformation,
    hosting.agentcore,
    platforms.autogen,
    platforms.copilot_studio,
)
_JSON_FORMS: tuple[Form, ...] = (
    mcp_servers.mcp_servers,
    n8n.n8n,
    canvas.canvas,
    agents_yaml.client_agents,
    agents_yaml.agent_mapping,
    agents_yaml.crewai,
    cloudformation.cloudformation,
    kubernetes.kubernetes,
    hosting.langgraph,
    platforms.autogen,
    platforms.microsoft365,
    platforms.copilot_studio,
    platforms.arm,
    platforms.make,
)
_TOML_FORMS: tuple[Form, ...] = (mcp_servers.mcp_servers, agents_yaml.client_agents)


_MAX_SAMPLE = 512 * 1024
_RECORDING = b"interactions:"
"""Recorded HTTP traffic of tests: large, and whatever it quotes is declared elsewhere."""
_NEVER = ("pnpm-lock.yaml", ".lock.yml", ".lock.yaml", "package-lock.json", "composer.lock", "tsconfig.json", "package.json")
_EXTRA_JSON = re.compile(r"\.json(?:c)?\.(?:example|sample|template|tmpl|dist)\Z|\.json\.[a-z]+\Z")
_TEMPLATES = re.compile(r"(?:\A|/)templates/.*\.ya?ml\Z|\.(?:j2|tmpl|tpl)\Z")
_YAML_SIGNS = (
    "agents:",
    "agent:",
    "type: agent",
    "agent_mode",
    "agent_class",
    "agent_type",
    "AgentConfig.json",
    "kind: app",
    "mcpServers",
    "mcp_servers",
    "mcp:",
    "servers:",
    "jobs:",
    "steps:",
    "script:",
    "AWS::",
    "services:",
    "backstory",
    "goal:",
    "instruction:",
    "instructions:",
    "system_prompt",
    "customModes",
    "extensions:",
    "autogen",
    "kagent",
    "GptComponentMetadata",
    "definitions:",
    "kind: ConfigMap",
)
_JSON_SIGNS = (
    "mcpServers",
    "mcp_servers",
    '"mcp',
    "context_servers",
    "n8n-nodes-langchain",
    '"agent"',
    '"agents"',
    '"edges"',
    "autogen",
    "AWS::Bedrock",
    "declarative-agent",
    "declarativeAgent",
    '"ai-agent:',
    "BotConfiguration",
    '"instructions"',
    '"customModes"',
    '"graphs"',
    '"backstory"',
    '"goal"',
    "kagent",
    "deploymentTemplate.json",
)


@lru_cache(maxsize=8)
def _bytes(*texts: str) -> tuple[bytes, ...]:
    return tuple(text.encode() for text in texts)


@lru_cache(maxsize=1)
def _yaml_signs() -> tuple[bytes, ...]:
    """The signs above, and the kinds and types that the tables name."""
    tables = facts("iac"), facts("declarations")
    kinds = [*tables[0]["workloads"]["kinds"], *tables[0]["kubernetes_servers"]["kinds"]]
    kinds += [kind for row in tables[0]["kubernetes"] for kind in row["kinds"]]
    declared = [*tables[1]["microsoft"]["kinds"], *tables[1]["microsoft"]["groupings"]]
    kinds += [*declared, *(kind.lower() for kind in declared)]
    types = [f"type: {name}" for name in tables[1]["semantic_kernel"]["types"]]
    return _bytes(*_YAML_SIGNS, *types, *(f"kind: {kind}" for kind in kinds if kind != "Service"))


class TreeReader(msgspec.Struct, frozen=True, kw_only=True):
    """Reads the files of one syntax: those of a client always, others when their bytes show that something is declared."""

    name: str
    language: str
    endings: tuple[str, ...]
    signs: Callable[[], tuple[bytes, ...]]
    """One of these texts stands in a file that declares something; plain texts, because most files hold none and are only searched."""
    parse: Callable[[str], Tree]
    forms: tuple[Form, ...]
    signals: re.Pattern[bytes] | None = None

    def wants(self, path: str) -> bool:
        lower = path.lower()
        if lower.endswith(self.endings):
            return not lower.endswith(_NEVER)
        return self.language == "json" and _EXTRA_JSON.search(lower) is not None

    def read(self, file: SourceFile, project: Project) -> Iterator[Evidence | Gap]:
        if not mcp_servers.is_client_file(file.path) and not self._shows(file.data):
            return
        if self.language == "yaml" and _TEMPLATES.search(file.path):
            tree = parse_yaml(file.text, is_template=True)
        else:
            tree = self.parse(file.text)
        yield from _troubles(file.path, tree)
        for root in tree.documents:
            page = Page(
                path=file.path,
                text=file.text,
                language=self.language,
                root=root,
                project=project,
                is_test=file.is_test,
                documents=tree.documents,
            )
            for form in self.forms:
                yield from form(page)

    def _shows(self, data: bytes) -> bool:
        """Whether something may be declared here; of a very large file only its ends are asked, where its kind shows."""
        if data.startswith(_RECORDING):
            return False
        sample = data if len(data) <= _MAX_SAMPLE else data[:_MAX_SAMPLE] + data[-_MAX_SAMPLE:]
        return any(sign in sample for sign in self.signs())


class MarkdownReader:
    """Reads Markdown: instructions for coding agents, and agents by their front matter."""

    name = "declarations-markdown"
    signals: re.Pattern[bytes] | None = None

    def wants(self, path: str) -> bool:
        return path.lower().endswith((".md", ".mdc", ".markdown")) or is_instructions(path)

    def read(self, file: SourceFile, project: Project) -> Iterator[Evidence | Gap]:
        page = Page(path=file.path, text=file.text, language="markdown", root=null(1), project=project, is_test=file.is_test)
        if is_instructions(file.path):
            yield from instructions(page)
            return
        matter = front_matter(file.text)
        if matter is not None:
            yield from markdown_agents(page, matter)


class TerraformReader:
    """Reads Terraform, with the module around a file."""

    name = "declarations-terraform"
    signals: re.Pattern[bytes] | None = re.compile(
        rb"bedrock|agent|dialogflow|reasoning_engine|discovery_engine|google_ces|azapi|assistant|aws_iam_role|aws_ecs_task|aws_lambda_function"
    )

    def wants(self, path: str) -> bool:
        return path.endswith((".tf", ".tofu"))

    def read(self, file: SourceFile, project: Project) -> Iterator[Evidence | Gap]:
        blocks = parse_hcl(file.data)
        page = Page(path=file.path, text=file.text, language="terraform", root=null(1), project=project, is_test=file.is_test)
        for trouble in blocks.troubles:
            yield Gap(place=Place(file.path, trouble.line), kind=GapKind.PARSE_ERROR, what=trouble.what, is_file=False)
        yield from terraform.terraform(page, blocks)


class VendorTextReader:
    """Reads the metadata of Salesforce's agents and Snowflake's statements that create agents."""

    name = "declarations-vendor-text"
    signals: re.Pattern[bytes] | None = re.compile(rb"<(?:GenAiPlanner|Bot\b)|\bagent\b", re.IGNORECASE)

    def wants(self, path: str) -> bool:
        return path.endswith(".sql") or vendor_text.is_salesforce_agent(path)

    def read(self, file: SourceFile, project: Project) -> Iterator[Evidence | Gap]:
        language = "sql" if file.path.endswith(".sql") else "xml"
        page = Page(path=file.path, text=file.text, language=language, root=null(1), project=project, is_test=file.is_test)
        yield from vendor_text.snowflake(page) if language == "sql" else vendor_text.salesforce(page)


class BicepReader:
    """Reads Bicep, by the types of its resources."""

    name = "declarations-bicep"
    signals: re.Pattern[bytes] | None = re.compile(rb"/agents@|/applications@|/assistants@|agentDeployments@")

    def wants(self, path: str) -> bool:
        return path.endswith(".bicep")

    def read(self, file: SourceFile, project: Project) -> Iterator[Evidence | Gap]:
        page = Page(path=file.path, text=file.text, language="bicep", root=null(1), project=project, is_test=file.is_test)
        yield from platforms.bicep_agents(page)


class SettingsReader:
    """Reads files of settings for the identities that they name."""

    name = "declarations-settings"
    signals: re.Pattern[bytes] | None = re.compile(rb"postgres|arn:aws|dbname|(?:DB|DATABASE|PG)_?(?:USER|ROLE)", re.IGNORECASE)

    def wants(self, path: str) -> bool:
        return settings.is_settings_file(path)

    def read(self, file: SourceFile, project: Project) -> Iterator[Evidence | Gap]:
        page = Page(path=file.path, text=file.text, language="settings", root=null(1), project=project, is_test=file.is_test)
        if not file.is_test:
            yield from settings.settings(page)


def _troubles(path: str, tree: Tree) -> Iterator[Gap]:
    """What could not be read: one gap a line, and of a file that is broken all over only the first lines."""
    by_line = {trouble.line: trouble for trouble in reversed(tree.troubles)}
    for line in sorted(by_line)[:5]:
        trouble = by_line[line]
        kind = GapKind.DEPTH if trouble.is_deep else GapKind.PARSE_ERROR
        yield Gap(place=Place(path, line), kind=kind, what=trouble.what, is_file=not tree.documents)


READERS: tuple[TreeReader | MarkdownReader | TerraformReader | BicepReader | VendorTextReader | SettingsReader, ...] = (
    TreeReader(
        name="declarations-yaml",
        language="yaml",
        endings=(".yml", ".yaml", ".roomodes", ".yml.j2", ".yaml.j2", ".yaml.tmpl", ".yml.tmpl", ".yaml.example", ".yml.example"),
        signs=_yaml_signs,
        parse=parse_yaml,
        forms=_YAML_FORMS,
    ),
    TreeReader(
        name="declarations-json",
        language="json",
        endings=(".json", ".jsonc", ".json5", ".code-workspace"),
        signs=lambda: _bytes(*_JSON_SIGNS),
        parse=parse_json,
        forms=_JSON_FORMS,
    ),
    TreeReader(
        name="declarations-toml",
        language="toml",
        endings=(".toml", ".toml.tmpl"),
        signs=tuple,
        parse=parse_toml,
        forms=_TOML_FORMS,
    ),
    MarkdownReader(),
    TerraformReader(),
    BicepReader(),
    VendorTextReader(),
    SettingsReader(),
)
