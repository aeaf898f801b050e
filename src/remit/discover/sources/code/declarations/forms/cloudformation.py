"""Agents in CloudFormation and SAM templates (YAML and JSON).

A value that an intrinsic makes is unknown unless a parameter's default settles it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from remit.discover.sources.code.declarations.environment import Setting, identities_of, names_of_image
from remit.discover.sources.code.declarations.facts import facts
from remit.discover.sources.code.declarations.forms.owners import owners_of
from remit.discover.sources.code.declarations.page import Found, Page, credentials_from, purpose_from, unique
from remit.discover.sources.code.declarations.trees.node import Node, Shape
from remit.model.agent import AgentKind
from remit.model.evidence import AgentSeen, IdentitySeen, Role
from remit.model.place import Confidence, Place

_PART = re.compile(r"\$\{([^}!]+)\}")


def cloudformation(page: Page) -> Found:
    """The agents among the resources of a template."""
    resources = page.root.get("Resources") if page.root.is_map else None
    if resources is None or not resources.is_map:
        return
    rows = {name: row for row in facts("iac")["cloudformation"] for name in row["types"]}
    template = Template(page.root)
    for key, resource in resources.entries():
        row = rows.get(resource.string("Type") or "") if resource.is_map else None
        if row is not None:
            yield from _agent(page, template, key, resource, row)
        elif resource.is_map and resource.string("Type") in _WORKLOADS:
            yield from _workload(page, template, key, resource)


_WORKLOADS = {
    "AWS::ECS::TaskDefinition": ("TaskRoleArn", "Family"),
    "AWS::Lambda::Function": ("Role", "FunctionName"),
    "AWS::Serverless::Function": ("Role", "FunctionName"),
    "AWS::IAM::Role": ("RoleName", "RoleName"),
}
"""What may run an agent, or be its role: the property that names the role, and the one that says what it is."""


def _workload(page: Page, template: Template, key: Node, resource: Node) -> Found:
    """Whom a task, a function or a role is: what it runs is found by its names, its code, or by what stands beside it."""
    properties = resource.get("Properties") or resource
    kind = resource.string("Type") or ""
    attribute, label = _WORKLOADS[kind]
    place = page.place(key.line, resource.end)
    name = template.settled(properties.get(label))
    pair = properties.entry(attribute)
    if kind == "AWS::IAM::Role":
        if name is not None and pair is not None:
            at, because = page.place(pair[0].line), "a role that is declared here"
            tags = (f"role:{name}",)
            yield IdentitySeen(place=at, ref=f"aws:role/{name}", because=because, subject=place, about=tags, confidence=Confidence.POSSIBLE)
        return
    containers = properties.get("ContainerDefinitions")
    listed = [] if containers is None else [item for item in containers.items if item.is_map]
    names = [name, *(template.settled(item.get("Name")) for item in listed)]
    images = [one for item in listed for one in names_of_image(template.settled(item.get("Image")))]
    code = properties.get("CodeUri")
    folder = f"dir:{page.folder}{code.value.strip('./')}".rstrip("/") if code is not None and code.value else None
    about = unique([*(f"name:{one}" for one in names if one), *images, *([folder] if folder and folder != "dir:" else [])])
    if pair is not None:
        ref, _ = template.role(pair[1])
        if ref is not None:
            at = page.place(pair[0].line)
            yield IdentitySeen(place=at, ref=ref, because=f"{attribute} of what runs here", subject=place, about=about)
    yield from identities_of(_given(page, template, properties, listed), "of what runs here", place, about)


def _given(page: Page, template: Template, properties: Node, containers: list[Node]) -> Iterator[Setting]:
    """The environment of a function, and of the containers of a task."""
    variables = properties.get("Environment", "Variables")
    if variables is not None and variables.is_map:
        yield from ((key.text, template.settled(value) or "", page.place(key.line)) for key, value in variables.entries())
    for container in containers:
        environment = container.get("Environment")
        for item in () if environment is None else environment.items:
            if item.is_map:
                yield item.string("Name") or "", template.settled(item.get("Value")) or "", page.place(item.line)


class Template:
    """The parameters and resources of a template, by which values are settled."""

    def __init__(self, root: Node) -> None:
        self._parameters = root.get("Parameters")
        self._resources = root.get("Resources")

    def default(self, name: str) -> str | None:
        """The default of a parameter."""
        return None if self._parameters is None else self._parameters.string(name, "Default")

    def settled(self, node: Node | None, depth: int = 0) -> str | None:
        """The text that a node stands for, or None."""
        if node is None or depth > 5:
            return None
        function, argument = intrinsic(node)
        if function is None:
            return node.value if node.is_scalar else None
        if function == "Ref":
            return self.default(argument.text) if argument.is_scalar else None
        if function == "Sub":
            return self._substituted(argument, depth)
        if function == "Join" and argument.is_list and len(argument.items) == 2 and argument.items[1].is_list:
            parts = [self.settled(item, depth + 1) for item in argument.items[1].items]
            return None if any(part is None for part in parts) else argument.items[0].text.join(part or "" for part in parts)
        return None

    def _substituted(self, argument: Node, depth: int) -> str | None:
        text, given = (argument.items[0], argument.items[1]) if argument.is_list and len(argument.items) == 2 else (argument, None)
        if not text.is_scalar:
            return None
        written = text.text
        for match in _PART.finditer(text.text):
            name = match[1].strip()
            own = None if given is None else given.get(name)
            value = self.settled(own, depth + 1) if own is not None else self.default(name)
            if value is None:
                return None
            written = written.replace(match[0], value)
        return written

    def role(self, node: Node) -> tuple[str | None, str]:
        """(reference of the role that a node stands for, what is written there)."""
        text = self.settled(node)
        if text is not None:
            return (text if text.startswith("arn:") else f"aws:role/{text.rsplit('/', 1)[-1]}"), text
        function, argument = intrinsic(node)
        target = argument.items[0].text if argument.is_list and argument.items else argument.text
        if function == "Sub":
            whole = _PART.fullmatch(target.strip())
            named = re.search(r":role/(?:[^$]*/)?([^/${}]+)$", target)
            if named is not None:
                return f"aws:role/{named[1]}", target
            target = whole[1] if whole is not None else target
        logical = target.split(".", 1)[0]
        resource = None if self._resources is None else self._resources.get(logical)
        if resource is None or resource.string("Type") != "AWS::IAM::Role":
            return None, target
        name = self.settled(resource.get("Properties", "RoleName"))
        return (None if name is None else f"aws:role/{name}"), logical


def intrinsic(node: Node) -> tuple[str | None, Node]:
    """(name of the function, its argument) of `!Sub x` or `{"Fn::Sub": x}`; (None, node) for a value."""
    if node.tag is not None:
        return node.tag, Node(shape=node.shape, line=node.line, end=node.end, text=node.text, pairs=node.pairs, items=node.items)
    if node.shape is Shape.MAP and len(node.pairs) == 1:
        key, value = node.pairs[0]
        if key.text == "Ref" or key.text.startswith("Fn::"):
            return key.text.removeprefix("Fn::"), value
    return None, node


def _agent(page: Page, template: Template, key: Node, resource: Node, row: dict[str, object]) -> Found:
    properties = resource.get("Properties") or resource
    place = page.place(key.line, resource.end)
    purposes = [pair for name in _list(row["purpose"]) if (pair := properties.entry(name)) is not None]
    tools = _action_groups(template, properties)
    yield AgentSeen(
        place=place,
        role=Role.GROUPING if row.get("grouping") else Role.AGENT,
        framework="cloudformation",
        construct=resource.string("Type") or "",
        language=page.language,
        name=next((text for name in _list(row["name"]) if (text := template.settled(properties.get(name)))), None),
        aliases=(key.text,),
        model=next((text for name in _list(row["model"]) if (text := template.settled(properties.get(*name.split("."))))), None),
        tools=tools,
        purpose=purpose_from(*(template.settled(value) for _, value in purposes)),
        purpose_place=page.place(purposes[0][0].line) if purposes else None,
        delegates_to=_collaborators(template, properties),
        kind=AgentKind.MANAGED if row.get("managed") else AgentKind.PRODUCTION,
        is_test=page.is_test,
    )
    yield from _identity(page, template, properties, row, place)
    environment = properties.get("EnvironmentVariables")
    if environment is not None and environment.is_map:
        yield from credentials_from(page, ((name.text, name.line) for name, _ in environment.entries()), place)
    yield from owners_of(page, _tags(properties), place)


def _list(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _identity(page: Page, template: Template, properties: Node, row: dict[str, object], place: Place) -> Found:
    for name in _list(row["role"]):
        pair = properties.entry(name)
        if pair is None:
            continue
        ref, written = template.role(pair[1])
        if ref is None:
            yield page.gap(
                pair[0].line, f"`{name}` is `{written[:100]}`, whose name is made when it is deployed: the role is not known from here"
            )
        else:
            yield IdentitySeen(place=page.place(pair[0].line), ref=ref, because=f"{name} of the agent", subject=place)


def _action_groups(template: Template, properties: Node) -> tuple[str, ...] | None:
    groups = properties.get("ActionGroups")
    if groups is None:
        return ()
    if not groups.is_list:
        return None
    return unique(name for group in groups.items if group.is_map and (name := template.settled(group.get("ActionGroupName"))))


def _collaborators(template: Template, properties: Node) -> tuple[str, ...]:
    listed = properties.get("AgentCollaborators")
    items = () if listed is None else listed.items
    return unique(name for item in items if item.is_map and (name := template.settled(item.get("CollaboratorName"))))


def _tags(properties: Node) -> Iterator[tuple[Node, Node]]:
    tags = properties.get("Tags")
    if tags is None:
        return
    if tags.is_map:
        yield from tags.entries()
    for item in tags.items:
        key, value = item.get("Key"), item.get("Value")
        if key is not None and value is not None:
            yield key, value
