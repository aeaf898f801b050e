"""Agents in Terraform: resources of the table, their names, tools and roles followed through the module (the files of the same folder).

A variable's default may be overridden, so only one in the same file settles a value; a local cannot, so it does in the whole module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from remit.discover.sources.code.declarations.environment import identities_of, names_of_image
from remit.discover.sources.code.declarations.facts import facts
from remit.discover.sources.code.declarations.forms.owners import owners_of
from remit.discover.sources.code.declarations.page import Found, Page, credentials_from, purpose_from, unique
from remit.discover.sources.code.declarations.trees.hcl import EXPRESSION, Block, Blocks, parse_hcl
from remit.discover.sources.code.declarations.trees.node import Node
from remit.discover.sources.code.reader import Project
from remit.model.agent import AgentKind
from remit.model.evidence import AgentSeen, IdentitySeen, Role
from remit.model.place import Confidence, Place

_REFERENCE = re.compile(r"^(?:\"\$\{)?\s*([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[[^\]]*\])+)\s*(?:\}\")?$")
_ROLE = re.compile(r"\b(aws_iam_role|awscc_iam_role)\.([\w-]+)(?:\[[^\]]*\])?\.(?:arn|id|name)\b")
_ACCOUNT = re.compile(r"\b(google_service_account)\.([\w-]+)(?:\[[^\]]*\])?\.(?:email|id|name|member)\b")
_ROLE_TEXT = re.compile(r":role/(?:[^\"$]*/)?([\w+=,.@-]+)\"?$")
_MAX_FILES = 200


class Module(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The blocks of a folder."""

    resources: dict[tuple[str, str], Block]
    locals: dict[str, Node]
    provider_tags: tuple[Node, ...]


def terraform(page: Page, blocks: Blocks) -> Found:
    """The agents that a file of Terraform declares."""
    rows = {name: row for row in facts("iac")["terraform"] for name in row["types"]}
    agents = [
        block
        for block in blocks.blocks
        if block.kind == "resource" and len(block.labels) >= 2 and (block.labels[0] in rows or _is_azure_agent(block))
    ]
    workloads = [block for block in blocks.blocks if block.kind == "resource" and block.labels[:1] and block.labels[0] in _WORKLOADS]
    if not agents and not workloads:
        return
    module = _module(page)
    for block in workloads:
        yield from _workload(page, blocks, module, block)
    for block in agents:
        yield from _agent(page, blocks, module, block, rows.get(block.labels[0], _AZURE_ROW))


_WORKLOADS = {
    "aws_ecs_task_definition": ("task_role_arn", "family"),
    "aws_lambda_function": ("role", "function_name"),
    "aws_iam_role": ("name", "name"),
}
"""What may run an agent, or be its role: the attribute that names the role, and the one that says what it is."""
_CONTAINER_NAME = re.compile(r"\bname\"?\s*[=:]\s*\"([\w.-]+)\"")
_IMAGE = re.compile(r"\bimage\"?\s*[=:]\s*\"([^\"$\s]+)\"")
_GIVEN = re.compile(r"\bname\"?\s*[=:]\s*\"(\w+)\"\s*,?\s*\"?value\"?\s*[=:]\s*\"([^\"\n]*)\"")


def _workload(page: Page, blocks: Blocks, module: Module, block: Block) -> Found:
    """Whom a task, a function or a role is: what it runs is found by its names, or by what stands beside it."""
    attribute, label = _WORKLOADS[block.labels[0]]
    place = Place(page.path, block.line, block.end)
    name = _settled(block.find(label), blocks, module)
    if block.labels[0] == "aws_iam_role":
        if name is not None:
            at = page.place(block.attributes[label].line)
            because = "a role that is declared here"
            yield IdentitySeen(
                place=at, ref=f"aws:role/{name}", because=because, subject=place, about=(f"role:{name}",), confidence=Confidence.POSSIBLE
            )
        return
    node = block.attributes.get("container_definitions")
    text = "" if node is None else node.text.replace("$${", "${")
    names = [*([name] if name else []), *_CONTAINER_NAME.findall(text)[:1]]
    about = unique([*(f"name:{one}" for one in names), *(one for image in _IMAGE.findall(text)[:1] for one in names_of_image(image))])
    role = block.find(attribute)
    if role is not None and not role.is_empty:
        for seen in _identity(page, role, attribute, blocks, module, place):
            if isinstance(seen, IdentitySeen):
                yield msgspec.structs.replace(seen, because=f"{attribute} of what runs here", about=about)
    given = [(key, value, _written_at(page, node, key, place)) for key, value in _GIVEN.findall(text)]
    variables = block.find("environment.variables")
    if variables is not None and variables.is_map:
        given += [(key.text, value.text, page.place(key.line)) for key, value in variables.entries() if value.is_scalar]
    yield from identities_of(given, "of what runs here", place, about)


def _written_at(page: Page, node: Node | None, key: str, block: Place) -> Place:
    """The line of the containers' text on which a variable is given its value."""
    if node is None:
        return block
    lines = page.text.split("\n")[node.line - 1 : block.end]
    number = next((number for number, line in enumerate(lines, node.line) if f'"{key}"' in line), None)
    return block if number is None else page.place(number)


_AZURE_ROW: dict[str, object] = {
    "name": ["name"],
    "model": ["body.properties.definition.model", "body.properties.model"],
    "purpose": ["body.properties.definition.instructions", "body.properties.instructions", "body.properties.description"],
    "role": [],
    "managed": True,
}


def _is_azure_agent(block: Block) -> bool:
    written = block.attributes.get("type")
    if block.labels[0] not in {"azapi_resource", "azapi_data_plane_resource"} or written is None:
        return False
    return written.text.split("@", 1)[0].lower() in {name.lower() for name in facts("iac")["azapi"]["agents"]}


def _module(page: Page) -> Module:
    """All files of the folder, read once."""
    key = ("declarations-terraform", page.folder)
    known = page.project.memo.get(key)
    if isinstance(known, Module):
        return known
    made = _read_module(page.project, page.folder)
    page.project.memo[key] = made
    return made


def _read_module(project: Project, folder: str) -> Module:
    resources: dict[tuple[str, str], Block] = {}
    local: dict[str, Node] = {}
    tags: list[Node] = []
    paths = sorted(path for path in project.paths if path.startswith(folder) and path.endswith(".tf") and "/" not in path[len(folder) :])
    for path in paths[:_MAX_FILES]:
        file = project.file(path)
        for block in () if file is None else parse_hcl(file.data).blocks:
            if block.kind == "resource" and len(block.labels) == 2:
                resources[block.labels[0], block.labels[1]] = block
            elif block.kind == "locals":
                local.update(block.attributes)
            elif block.kind == "provider":
                tags.extend(value for inner in block.inner("default_tags") if (value := inner.attributes.get("tags")) is not None)
    return Module(resources=resources, locals=local, provider_tags=tuple(tags))


def _settled(node: Node | None, blocks: Blocks, module: Module, depth: int = 0) -> str | None:
    """The text that an attribute stands for, or None."""
    if node is None or depth > 5 or not node.is_scalar:
        return None
    if node.tag is None:
        return node.value
    match = _REFERENCE.match(node.text)
    parts = match[1].split(".") if match is not None else []
    if len(parts) == 2 and parts[0] == "local":
        return _settled(module.locals.get(parts[1]), blocks, module, depth + 1)
    if len(parts) == 2 and parts[0] == "var":
        declared = next((block for block in blocks.blocks if block.kind == "variable" and block.labels == (parts[1],)), None)
        return None if declared is None else _settled(declared.attributes.get("default"), blocks, module, depth + 1)
    return None


def _agent(page: Page, blocks: Blocks, module: Module, block: Block, row: dict[str, object]) -> Found:
    place = Place(page.path, block.line, block.end)
    purposes = [node for name in _list(row["purpose"]) if (node := block.find(name)) is not None]
    kind, label = block.labels[0], block.labels[1]
    yield AgentSeen(
        place=place,
        role=Role.GROUPING if row.get("grouping") else Role.AGENT,
        framework="terraform",
        construct=kind,
        language="terraform",
        name=next((text for name in _list(row["name"]) if (text := _settled(block.find(name), blocks, module))), None),
        aliases=(label,),
        model=next((text for name in _list(row["model"]) if (text := _settled(block.find(name), blocks, module))), None),
        tools=_tools(block, blocks, module),
        purpose=purpose_from(*(_settled(node, blocks, module) for node in purposes)),
        purpose_place=Place(page.path, purposes[0].line, purposes[0].end) if purposes else None,
        delegates_to=_joined("terraform_delegates", block, blocks, module),
        kind=AgentKind.MANAGED if row.get("managed") else AgentKind.PRODUCTION,
        is_test=page.is_test,
    )
    for name in _list(row["role"]):
        node = block.find(name)
        if node is not None and not node.is_empty:
            yield from _identity(page, node, name, blocks, module, place)
    environment = block.find("environment_variables")
    if environment is not None and environment.is_map:
        yield from credentials_from(page, ((key.text, key.line) for key, _ in environment.entries()), place)
    yield from owners_of(page, _tags(block, module), place)


def _list(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _identity(page: Page, node: Node, attribute: str, blocks: Blocks, module: Module, subject: Place) -> Found:
    """The role that an attribute names: an ARN, or a role of the module by its own name."""
    because = f"{attribute} of the agent"
    at = page.place(node.line)
    text = _settled(node, blocks, module)
    if text is not None:
        ref = text if text.startswith("arn:") else f"gcp:service-account/{text}" if "@" in text else f"aws:role/{text}"
        yield IdentitySeen(place=at, ref=ref, because=because, subject=subject)
        return
    refs = unique(ref for ref in _refs(node.text, blocks, module) if ref is not None)
    if len(refs) == 1:
        yield IdentitySeen(place=at, ref=refs[0], because=because, subject=subject)
    else:
        shown = " ".join(node.text.split())[:100]
        yield page.gap(node.line, f"`{attribute}` is `{shown}`, which is not settled in this module: the identity is not known from here")


def _refs(text: str, blocks: Blocks, module: Module) -> Iterator[str | None]:
    local = re.fullmatch(r"local\.([\w-]+)", text.strip())
    if local is not None and (node := module.locals.get(local[1])) is not None and node.is_scalar:
        text = node.text
    named = _ROLE_TEXT.search(text)
    if named is not None:
        yield f"aws:role/{named[1]}"
    if "?" in text:
        return
    for pattern, form in ((_ROLE, "aws:role/{}"), (_ACCOUNT, "gcp:service-account/{}")):
        for match in pattern.finditer(text):
            block = module.resources.get((match[1], match[2]))
            if block is not None:
                node = block.attributes.get("name") or block.attributes.get("role_name") or block.attributes.get("account_id")
                name = _settled(node, blocks, module) or _of_own_file(node, module)
                yield None if name is None else form.format(name)


def _of_own_file(node: Node | None, module: Module) -> str | None:
    """A local behind a template that holds nothing else."""
    if node is None or node.tag != EXPRESSION:
        return None
    match = re.fullmatch(r"\"\$\{local\.([\w-]+)\}\"", node.text.strip())
    found = None if match is None else module.locals.get(match[1])
    return None if found is None else found.value


def _tools(block: Block, blocks: Blocks, module: Module) -> tuple[str, ...] | None:
    """Names of action groups: listed in the resource, or resources of their own."""
    listed = block.attributes.get("action_groups")
    if listed is not None and not listed.is_list:
        return None
    own = [item.get("action_group_name") for item in (() if listed is None else listed.items)]
    names = [name for node in own if (name := _settled(node, blocks, module)) is not None]
    return unique([*names, *_joined("terraform_tools", block, blocks, module)])


def _joined(table: str, block: Block, blocks: Blocks, module: Module) -> tuple[str, ...]:
    """Names that other resources of the module give to this agent."""
    address = re.compile(rf"\b{re.escape(block.labels[0])}\.{re.escape(block.labels[1])}\b")
    found: list[str] = []
    for kind, (agent, name) in facts("iac")[table].items():
        for (other, _), resource in module.resources.items():
            target = resource.attributes.get(agent) if other == kind else None
            if target is not None and address.search(target.text):
                text = _settled(resource.attributes.get(name), blocks, module)
                if text is not None:
                    found.append(text)
    return unique(found)


def _tags(block: Block, module: Module) -> Iterator[tuple[Node, Node]]:
    own = block.attributes.get("tags")
    for node in (own, *module.provider_tags):
        if node is not None and node.is_scalar and (match := re.search(r"local\.([\w-]+)", node.text)) is not None:
            node = module.locals.get(match[1])
        if node is not None and node.is_map:
            yield from node.entries()
        if node is not None and node.is_list:
            for item in node.items:
                key, value = item.get("key"), item.get("value")
                if key is not None and value is not None:
                    yield key, value
