"""Compose files: services that run an agent (a model's key, address or `models:` entry), and MCP servers that a gateway is given."""

from __future__ import annotations

import re
from collections.abc import Iterator

from remit.discover.sources.code.declarations.environment import identities_of, names_of_image
from remit.discover.sources.code.declarations.forms.kubernetes import runs_model
from remit.discover.sources.code.declarations.forms.owners import owners_of
from remit.discover.sources.code.declarations.forms.programs import program_key
from remit.discover.sources.code.declarations.masking import is_known_name
from remit.discover.sources.code.declarations.page import Found, Page, credentials_from, unique, variables_in
from remit.discover.sources.code.declarations.trees.node import Node, scalar
from remit.discover.sources.code.declarations.words import words_of
from remit.model.agent import AgentKind
from remit.model.evidence import AgentSeen, McpServerSeen, Role
from remit.model.place import Confidence, Place

_NAME = re.compile(r"(?:docker-)?compose|stack|swarm", re.IGNORECASE)
_GATEWAY = "mcp/gateway"


def compose(page: Page) -> Found:
    """The services of a compose file."""
    services = page.root.get("services") if page.root.is_map else None
    if services is None or not services.is_map or page.root.entry("apiVersion") is not None:
        return
    if _NAME.search(page.name) is None and not any(
        service.is_map and (service.has("image") or service.has("build")) for _, service in services.entries()
    ):
        return
    for key, service in services.entries():
        if service.is_map:
            yield from _gateway(page, key, service)
            yield from _service(page, key, service)


def _service(page: Page, key: Node, service: Node) -> Found:
    variables = list(_variables(service))
    models = service.get("models")
    uses_models = models is not None and not models.is_empty
    image = service.string("image")
    if image is not None and ("mcp-gateway" in image or _GATEWAY in image):
        return
    place = page.place(key.line, service.end)
    yield from _identities(page, key, service, place)
    if not uses_models and not runs_model(variables, image):
        return
    yield AgentSeen(
        place=place,
        role=Role.DEPLOYMENT,
        framework="compose",
        construct="service",
        language="yaml",
        name=key.text,
        aliases=unique(name for name in (service.string("container_name"),) if name),
        model=_model(page, models),
        kind=AgentKind.PRODUCTION,
        key=_key(page, service, image),
        confidence=Confidence.LIKELY,
        is_test=page.is_test,
    )
    yield from credentials_from(page, [*((name, line) for name, line, _ in variables), *_secrets(service), *variables_in(service)], place)
    labels = service.get("labels")
    if labels is not None and labels.is_map:
        yield from owners_of(page, labels.entries(), place)
    elif labels is not None:
        pairs = (item.text.partition("=") for item in labels.items if item.is_scalar)
        yield from owners_of(page, ((scalar(name, labels.line), scalar(value, labels.line)) for name, _, value in pairs), place)


def _identities(page: Page, key: Node, service: Node, place: Place) -> Found:
    """Whom a service acts as, whatever it is: what it runs may be an agent that nothing in its environment shows."""
    image, container = service.string("image"), service.string("container_name")
    what = _key(page, service, None)
    about = (f"name:{key.text}", *((f"name:{container}",) if container else ()), *((what,) if what else ()), *names_of_image(image))
    given = ((name, value or "", page.place(line)) for name, line, value in _variables(service))
    yield from identities_of(given, "of the service", place, about)


def _key(page: Page, service: Node, image: str | None) -> str | None:
    """What joins the service with code: the file that it runs, the folder that it is built from, else its image."""
    command = service.get("command")
    program = None if command is None else program_key(command.strings() if not command.is_scalar else (command.value or "",))
    if program is not None:
        return program
    build = service.get("build")
    folder = None if build is None else build.value or build.string("context")
    if folder is not None and is_known_name(folder):
        path = _joined_path(page.folder, folder)
        return None if path is None else f"dir:{path}"
    return None if image is None else f"image:{image}"


def _joined_path(base: str, folder: str) -> str | None:
    """A folder relative to another; None when it leads outside."""
    parts: list[str] = [part for part in base.split("/") if part]
    for part in folder.split("/"):
        if part == ".." and not parts:
            return None
        if part == "..":
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts) or "."


def _model(page: Page, models: Node | None) -> str | None:
    """The one model that a service is given."""
    if models is None or models.is_empty:
        return None
    names = models.keys() if models.is_map else models.strings()
    found = [page.root.string("models", name, "model") for name in names]
    return found[0] if len(found) == 1 else None


def _variables(service: Node) -> Iterator[tuple[str, int, str | None]]:
    environment = service.get("environment")
    if environment is None:
        return
    if environment.is_map:
        yield from ((name.text, name.line, value.value) for name, value in environment.entries())
    for item in environment.items:
        if item.is_scalar:
            name, _, value = item.text.partition("=")
            yield name.strip(), item.line, value


def _secrets(service: Node) -> Iterator[tuple[str, int]]:
    secrets = service.get("secrets")
    for item in () if secrets is None else secrets.items:
        name = item.value if item.is_scalar else item.string("source")
        if name:
            yield name.upper().replace("-", "_").replace(".", "_"), item.line


def _gateway(page: Page, key: Node, service: Node) -> Found:
    """Servers that Docker's MCP gateway starts: `--servers=a,b` among its arguments."""
    image = service.string("image") or ""
    if "mcp-gateway" not in image and _GATEWAY not in image:
        return
    command = service.get("command")
    words = () if command is None else command.strings() if command.is_list else words_of(command.text)
    taking = False
    for word in words:
        head, equals, tail = word.partition("=")
        listed = tail if head == "--servers" and equals else word if taking and not word.startswith("-") else ""
        taking = head == "--servers" and not equals
        for name in filter(None, listed.split(",")):
            yield McpServerSeen(
                place=page.place(key.line, service.end),
                client="docker-mcp",
                name=name.strip(),
                transport="stdio",
                command_or_url=f"docker mcp gateway run {name.strip()}",
            )
