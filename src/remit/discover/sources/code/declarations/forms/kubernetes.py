"""Kubernetes manifests: custom resources that are agents or MCP servers, and workloads that run an agent.

A workload runs an agent when the environment of a container has a key or an address of a model. Its identity is its service account, and
the cloud role that annotations of the account name. Helm templates are read as far as they are plain.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from remit.discover.sources.code.credentials import credential_kind
from remit.discover.sources.code.declarations.environment import identities_of, names_of_image
from remit.discover.sources.code.declarations.facts import facts
from remit.discover.sources.code.declarations.forms.owners import owners_of
from remit.discover.sources.code.declarations.forms.programs import program_key
from remit.discover.sources.code.declarations.masking import clean_url, clean_words
from remit.discover.sources.code.declarations.page import Found, Page, credentials_from, purpose_from, unique
from remit.discover.sources.code.declarations.trees.node import Node
from remit.discover.sources.code.declarations.trees.yaml import parse_yaml
from remit.model.agent import AgentKind, Autonomy
from remit.model.evidence import AgentSeen, Gap, IdentitySeen, McpServerSeen, Role
from remit.model.place import Confidence, Place

_MAX_NEIGHBOURS = 50


def kubernetes(page: Page) -> Found:
    """What one document declares; a `List` holds several."""
    for item in _objects(page.root):
        group = _group(item)
        kind = item.string("kind") or ""
        if _is_one_of(group, kind, facts("iac")["kubernetes"]):
            yield from _agent(page, item, group)
        elif _is_one_of(group, kind, [facts("iac")["kubernetes_servers"]]):
            yield from _server(page, item, group)
        elif kind in facts("iac")["workloads"]["kinds"]:
            yield from _workload(page, item, kind)
        elif kind == "ConfigMap":
            yield from _config_map(page, item)


def _objects(root: Node) -> Iterator[Node]:
    if not root.is_map or root.entry("kind") is None or root.entry("apiVersion") is None:
        return
    items = root.get("items")
    if root.string("kind") == "List" and items is not None:
        yield from (item for item in items.items if item.is_map and item.entry("kind") is not None)
    else:
        yield root


def _group(item: Node) -> str:
    version = item.get("apiVersion")
    return "" if version is None else version.text.partition("/")[0]


def _is_one_of(group: str, kind: str, rows: list[dict[str, list[str]]]) -> bool:
    return any(kind in row["kinds"] and group in row["groups"] for row in rows)


# -- custom resources


def _agent(page: Page, item: Node, group: str) -> Found:
    spec = item.get("spec")
    if spec is None or not spec.is_map:
        return
    place = page.place(item)
    body = spec.get("declarative") or spec.get("byo") or spec
    described = spec.entry("description")
    prompt = next(
        (
            pair
            for holder in (body, spec, spec.get("config") or spec)
            for key in ("systemMessage", "prompt", "system", "systemPrompt", "instructions")
            if (pair := holder.entry(key)) is not None
        ),
        None,
    )
    tools, delegates = _tools(spec, body)
    first = described or prompt
    yield AgentSeen(
        place=place,
        framework="kagent" if group.startswith("kagent") else group,
        construct=item.string("kind") or "Agent",
        language="yaml",
        name=item.string("metadata", "name"),
        model=_model(page, spec, body),
        tools=tools,
        purpose=purpose_from(spec.string("description") or spec.string("card", "description"), None if prompt is None else prompt[1].value),
        purpose_place=None if first is None else page.place(first[0].line),
        delegates_to=delegates,
        kind=AgentKind.PRODUCTION,
        is_test=page.is_test,
    )
    variables = [entry for node in spec.walk() if node.is_map and (listed := node.get("env")) is not None for entry in _environment(listed)]
    yield from credentials_from(page, ((name, line) for name, line, _ in variables), place)
    yield from _service_account(page, item, body.get("deployment") or spec.get("deployment") or body, place)
    yield from owners_of(page, _labels(item), place)


def _model(page: Page, spec: Node, body: Node) -> str | None:
    """The model written in the resource, or in the ModelConfig of the same file that it names."""
    own = body.string("model") or spec.string("model") or spec.string("model", "name") or body.string("model", "name")
    if own is not None:
        return own
    named = next(
        (
            text
            for holder in (body, spec)
            for key in ("modelConfig", "modelConfigName", "modelConfigRef", "modelRef", "llmRef")
            if (text := holder.string(key) or holder.string(key, "name"))
        ),
        None,
    )
    if named is None:
        return None
    for other in _of_kinds(page, "ModelConfig", "Model", "LLM"):
        if other.string("metadata", "name") == named.rsplit("/", 1)[-1]:
            return other.string("spec", "model") or other.string("spec", "model", "value") or other.string("spec", "parameters", "model")
    return None


def _tools(spec: Node, body: Node) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """(names of tools, names of agents that are used as tools)."""
    listed = body.get("tools") or spec.get("tools")
    if listed is None:
        return (None if spec.get("byo") is not None else ()), ()
    names: list[str] = []
    agents: list[str] = []
    for item in listed.items:
        if not item.is_map:
            names.extend(item.strings())
            continue
        inner = next(
            (found for key in ("mcpServer", "builtin", "toolServer", "agent", "inline") if (found := item.get(key)) is not None), item
        )
        picked = inner.get("toolNames") or item.get("toolNames")
        if item.get("agent") is not None or item.string("type") in {"Agent", "agent"}:
            agent = inner.string("ref") or inner.string("name") or (inner.value if inner.is_scalar else None)
            agents.extend([agent] if agent else [])
            names.extend([agent] if agent else [])
        elif picked is not None:
            names.extend(picked.strings())
        elif inner.is_map and item.get("mcpServer") is None:
            name = inner.string("name") or inner.string("toolServer")
            names.extend([name] if name else [])
    return unique(names), unique(agents)


def _server(page: Page, item: Node, group: str) -> Found:
    spec = item.get("spec")
    name = item.string("metadata", "name")
    if spec is None or not spec.is_map or name is None:
        return
    config = spec.get("config") or spec
    url = (
        spec.string("url")
        or config.string("sse", "url")
        or config.string("streamableHttp", "url")
        or spec.string("address", "value")
        or spec.string("remoteURL")
        or spec.string("remoteUrl")
    )
    stdio = config.get("stdio") or spec.get("deployment") or spec
    command = stdio.string("cmd") or stdio.string("command")
    arguments = stdio.get("args")
    words = (command, *(() if arguments is None else arguments.strings())) if command is not None else ()
    image = spec.string("image") or stdio.string("image")
    said = (spec.string("protocol") or spec.string("transport") or spec.string("transportType") or "").lower()
    if url is None and not words and image is None:
        return
    yield McpServerSeen(
        place=page.place(item),
        client="kagent" if group.startswith("kagent") else group,
        name=name,
        transport="stdio"
        if url is None and ("stdio" in said or not said)
        else "sse"
        if "sse" in said or (url or "").rstrip("/").endswith("/sse")
        else "http",
        command_or_url=clean_url(url) if url is not None else " ".join(clean_words(words)) if words else image or "",
        env=unique(
            entry[0] for node in spec.walk() if node.is_map and (listed := node.get("env")) is not None for entry in _environment(listed)
        ),
    )


# -- workloads


def _workload(page: Page, item: Node, kind: str) -> Found:
    pod = _pod(item)
    if pod is None:
        return
    containers = [
        container
        for key in ("containers", "initContainers")
        if (listed := pod.get(key)) is not None
        for container in listed.items
        if container.is_map
    ]
    running = [container for container in containers if runs_model(_variables(container), _image(container))]
    place = page.place(item)
    yield from _identities(page, item, pod, running or containers)
    if not running:
        return
    image = _image(running[0])
    yield AgentSeen(
        place=place,
        role=Role.DEPLOYMENT,
        framework="k8s",
        construct=kind,
        language="yaml",
        name=item.string("metadata", "name"),
        aliases=unique(name for container in running if (name := container.string("name"))),
        model=_model_of(running[0]),
        kind=AgentKind.PRODUCTION,
        autonomy=Autonomy.EVENT if kind in {"CronJob", "ScaledJob"} else None,
        key=program_key(_command(running[0])) or (None if image is None else f"image:{image}"),
        confidence=Confidence.LIKELY,
        is_test=page.is_test,
    )
    for container in running:
        variables = _variables(container)
        yield from credentials_from(page, ((name, line) for name, line, _ in variables), place)
    yield from owners_of(page, _labels(item), place)


def _identities(page: Page, item: Node, pod: Node, containers: list[Node]) -> Found:
    """Whom a workload acts as, whatever it is: what it runs may be an agent that nothing in its environment shows."""
    place = page.place(item)
    names = [item.string("metadata", "name"), *(container.string("name") for container in containers)]
    runs = [key for container in containers if (key := program_key(_command(container))) is not None]
    images = [name for container in containers for name in names_of_image(_image(container))]
    about = unique([*(f"name:{name}" for name in names if name), *runs, *images])
    for container in containers:
        given = ((name, value or "", page.place(line)) for name, line, value in _variables(container))
        yield from identities_of(given, "of a container", place, about)
    for seen in _service_account(page, item, pod, place):
        if not isinstance(seen, Gap) or _runs_model(containers):
            yield msgspec.structs.replace(seen, about=about) if isinstance(seen, IdentitySeen) else seen


def _runs_model(containers: list[Node]) -> bool:
    return any(runs_model(_variables(container), _image(container)) for container in containers)


def _config_map(page: Page, item: Node) -> Found:
    """Settings that workloads are given by name."""
    data, name = item.get("data"), item.string("metadata", "name")
    if data is not None and data.is_map:
        given = ((key.text, value.value or "", page.place(key.line)) for key, value in data.entries() if value.is_scalar)
        about = (f"name:{name}",) if name else ()
        yield from identities_of(given, "of a map of settings", page.place(item), about, Confidence.LIKELY)


def _pod(item: Node) -> Node | None:
    for path in (("spec", "jobTemplate", "spec", "template", "spec"), ("spec", "template", "spec"), ("spec",)):
        pod = item.get(*path)
        if pod is not None and pod.is_map and pod.entry("containers") is not None:
            return pod
    return None


def _variables(container: Node) -> list[tuple[str, int, str | None]]:
    listed = container.get("env")
    return [] if listed is None else list(_environment(listed))


def _environment(listed: Node) -> Iterator[tuple[str, int, str | None]]:
    """(name, line, value when it is written) of a container's variables."""
    for item in listed.items:
        name = item.string("name") if item.is_map else None
        if name is not None:
            yield name, item.line, item.string("value")


def _command(container: Node) -> Iterator[str]:
    """The words of a container's command and arguments."""
    for key in ("command", "args"):
        listed = container.get(key)
        yield from () if listed is None else listed.strings()


def _image(container: Node) -> str | None:
    return container.string("image")


def runs_model(variables: list[tuple[str, int, str | None]], image: str | None) -> bool:
    """Whether an environment shows that what runs in it talks to a model; servers of models and consoles are left out."""
    table = facts("iac")["workloads"]
    if image is not None and any(name in image for name in table["not_images"]):
        return False
    return any(
        credential_kind(name) == "model-key"
        or name in table["model_variables"]
        or any(host in (value or "") for host in table["model_hosts"])
        for name, _, value in variables
    )


def _model_of(container: Node) -> str | None:
    named = {
        "OPENAI_MODEL",
        "OPENAI_MODEL_NAME",
        "ANTHROPIC_MODEL",
        "BEDROCK_MODEL_ID",
        "MODEL_ID",
        "LLM_MODEL",
        "LLM_MODEL_NAME",
        "GEMINI_MODEL",
        "CLAUDE_MODEL",
    }
    return next((value for name, _, value in _variables(container) if name in named and value), None)


def _labels(item: Node) -> Iterator[tuple[Node, Node]]:
    for key in ("labels", "annotations"):
        node = item.get("metadata", key)
        if node is not None and node.is_map:
            yield from node.entries()


def _service_account(page: Page, item: Node, pod: Node, subject: Place) -> Found:
    """The service account of a workload, and the cloud identities that it is joined to."""
    pair = pod.entry("serviceAccountName") or pod.entry("serviceAccount")
    if pair is None or not pair[1].is_scalar:
        return
    account = pair[1].value
    namespace = item.string("metadata", "namespace")
    if account is None:
        yield page.gap(pair[0].line, "the name of the service account is made by a template: the identity is not known from here")
        return
    if namespace is None:
        yield page.gap(pair[0].line, f"service account `{account}` stands in a namespace that is chosen when it is applied")
    else:
        yield IdentitySeen(
            place=page.place(pair[0].line),
            ref=f"kubernetes:{namespace}/{account}",
            because="serviceAccountName of the workload",
            subject=subject,
        )
    for path, document in _accounts(page):
        same_namespace = namespace is None or document.string("metadata", "namespace") in {None, namespace}
        if document.string("metadata", "name") == account and same_namespace:
            yield from _annotated(document, path, account, subject)


def _annotated(document: Node, path: str, account: str, subject: Place) -> Iterator[IdentitySeen]:
    known = facts("iac")["workloads"]["identity_annotations"]
    annotations = document.get("metadata", "annotations")
    for key, value in () if annotations is None or not annotations.is_map else annotations.entries():
        cloud = known.get(key.text)
        if cloud is not None and value.value:
            text = value.value
            ref = {
                "aws": text if text.startswith("arn:") else f"aws:role/{text}",
                "gcp": f"gcp:service-account/{text}",
                "azure": f"azure:client/{text}",
            }[cloud]
            yield IdentitySeen(
                place=Place(path, key.line, key.line),
                ref=ref,
                because=f"annotation `{key.text}` of service account `{account}`",
                subject=subject,
            )


def _of_kinds(page: Page, *kinds: str) -> list[Node]:
    """Documents of the same file by kind; of one file at a time, because files are read one after the other."""
    key = "declarations-kinds"
    known = page.project.memo.get(key)
    if known is None or known[0] is not page.documents:
        by_kind: dict[str, list[Node]] = {}
        for document in page.documents:
            by_kind.setdefault(document.string("kind") or "", []).append(document)
        known = page.project.memo[key] = (page.documents, by_kind)
    return [document for kind in kinds for document in known[1].get(kind, [])]


def _accounts(page: Page) -> Iterator[tuple[str, Node]]:
    """Service accounts of the same file, then of the same folder."""
    yield from ((page.path, document) for document in _of_kinds(page, "ServiceAccount"))
    key = ("declarations-accounts", page.folder)
    if key not in page.project.memo:
        page.project.memo[key] = list(_accounts_in_folder(page))
    yield from (entry for entry in page.project.memo[key] if entry[0] != page.path)


def _accounts_in_folder(page: Page) -> Iterator[tuple[str, Node]]:
    folder = page.folder
    near = sorted(
        path
        for path in page.project.paths
        if path.startswith(folder) and path.endswith((".yaml", ".yml")) and "/" not in path[len(folder) :]
    )
    for path in near[:_MAX_NEIGHBOURS]:
        file = page.project.file(path)
        if file is not None and b"ServiceAccount" in file.data:
            for document in parse_yaml(file.text).documents:
                if document.is_map and document.string("kind") == "ServiceAccount":
                    yield path, document
