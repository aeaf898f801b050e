"""Steps of continuous integration that run a coding agent: by an action (`uses`) or by a command line (`run`, `script` ...).

One agent a step. Its identity is the token of the run with the permissions of the job, and the cloud roles that steps of the job take on.
The compiled copies of agentic workflows (`*.lock.yml`) are not read: the Markdown beside them is the agent.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from remit.discover.sources.code.declarations.facts import facts
from remit.discover.sources.code.declarations.forms.coding_agents import Run, run_of_action, run_of_script
from remit.discover.sources.code.declarations.forms.events import Events, events_from
from remit.discover.sources.code.declarations.forms.markdown import exposure_of, workflow_identity
from remit.discover.sources.code.declarations.masking import is_known_name
from remit.discover.sources.code.declarations.page import Found, Page, credentials_from, unique, variables_in
from remit.discover.sources.code.declarations.paths import ends
from remit.discover.sources.code.declarations.trees.node import Node
from remit.discover.sources.code.declarations.words import secrets_read
from remit.model.agent import AgentKind, Autonomy
from remit.model.evidence import AgentSeen, IdentitySeen
from remit.model.place import Place

_NOT_NAMES = frozenset({"script", "run", "inputs", "step"})
_CLOUD_LOGINS = (
    ("role-to-assume", "aws"),
    ("role_to_assume", "aws"),
    ("aws-role-to-assume", "aws"),
    ("aws_role_to_assume", "aws"),
    ("role-arn", "aws"),
    ("service_account", "gcp"),
    ("client-id", "azure"),
)


class Setting(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What surrounds a step: its job and workflow."""

    name: str
    events: Events
    permissions: Node | None
    steps: tuple[Node, ...]
    environment: tuple[Node, ...]


def pipelines(page: Page) -> Found:
    """The steps of a pipeline file, whichever system it is for."""
    root = page.root
    if not root.is_map or page.name.endswith((".lock.yml", ".lock.yaml")):
        return
    jobs = root.get("jobs")
    if jobs is not None and jobs.is_map and (root.entry("on") is not None or ".github/workflows/" in page.path or _has_github_steps(jobs)):
        yield from _workflow(page, jobs)
    elif (runs := root.get("runs")) is not None and runs.is_map and runs.get("steps") is not None:
        yield from _composite_action(page, runs)
    elif ends(tuple(facts("ci")["pipelines"]["paths"])).match(page.path):
        yield from _other_system(page)


def _has_github_steps(jobs: Node) -> bool:
    return any(job.is_map and job.entry("runs-on") is not None for _, job in jobs.entries())


def _workflow(page: Page, jobs: Node) -> Found:
    root = page.root
    events = events_from(root.get("on"))
    for key, job in jobs.entries():
        if not job.is_map:
            continue
        steps = _steps(job)
        setting = Setting(
            name=key.text,
            events=events,
            permissions=job.get("permissions") or root.get("permissions"),
            steps=steps,
            environment=tuple(node for node in (root.get("env"), job.get("env")) if node is not None),
        )
        called = job.string("uses")
        if called is not None and (run := run_of_action(job, called)) is not None:
            yield from _agent(page, job, key.text, run, setting, page.place(key.line, job.end))
        for step in steps:
            yield from _step(page, step, setting)


def _steps(job: Node) -> tuple[Node, ...]:
    steps = job.get("steps")
    return () if steps is None else tuple(step for step in steps.items if step.is_map)


def _composite_action(page: Page, runs: Node) -> Found:
    steps = _steps(runs)
    setting = Setting(name=page.root.string("name") or page.stem, events=events_from(None), permissions=None, steps=steps, environment=())
    for step in steps:
        yield from _step(page, step, setting)


def _step(page: Page, step: Node, setting: Setting) -> Found:
    uses = step.string("uses")
    run = run_of_action(step, uses) if uses is not None else None
    if run is None and (script := step.get("run")) is not None and script.is_scalar:
        run = run_of_script(script)
    if run is not None:
        name = step.string("name") or setting.name
        yield from _agent(page, step, name if is_known_name(name) else setting.name, run, setting, page.place(step))


def _agent(page: Page, step: Node, name: str, run: Run, setting: Setting, place: Place) -> Found:
    purpose_place = None if run.purpose is None or run.purpose_line is None else page.place(run.purpose_line)
    yield AgentSeen(
        place=place,
        framework="ci-agent",
        construct=run.construct,
        language="yaml",
        name=" ".join(name.split()),
        aliases=unique(alias for alias in (step.string("id"), setting.name) if alias),
        model=run.model,
        tools=run.tools,
        purpose=run.purpose,
        purpose_place=purpose_place,
        kind=AgentKind.PRODUCTION,
        autonomy=Autonomy.EVENT,
        exposure=unique([*setting.events.exposure, *exposure_of(run.tools or ())]),
        is_test=page.is_test,
    )
    yield from credentials_from(page, [pair for node in (step, *setting.environment) for pair in secrets_read(node)], place)
    yield from workflow_identity(page, setting.permissions, f"{page.stem}/{setting.name}", place)
    yield from _cloud_identities(page, setting, place)


def _cloud_identities(page: Page, setting: Setting, subject: Place) -> Found:
    """The roles that steps of the same job take on before the agent runs."""
    for step in setting.steps:
        given = step.get("with")
        if given is None or not given.is_map:
            continue
        for key, cloud in _CLOUD_LOGINS:
            pair = given.entry(key)
            if pair is None or pair[1].is_empty or not pair[1].is_scalar:
                continue
            written = pair[1].text.strip()
            if cloud == "azure" and "azure/login" not in (step.string("uses") or "").lower():
                continue
            if not is_known_name(written):
                yield page.gap(pair[0].line, f"`{key}` of a step is made by an expression: the identity is not known from here")
                continue
            because = f"`{key}` of a step of the same job"
            yield IdentitySeen(place=page.place(pair[0].line), ref=_cloud_ref(cloud, written), because=because, subject=subject)


def _cloud_ref(cloud: str, written: str) -> str:
    if cloud == "aws":
        return written if written.startswith("arn:") else f"aws:role/{written}"
    return f"gcp:service-account/{written}" if cloud == "gcp" else f"azure:client/{written}"


def _other_system(page: Page) -> Found:
    """Steps of GitLab, Azure, CircleCI and their like: any mapping with a key under which command lines stand."""
    keys = facts("ci")["pipelines"]["keys"]
    for name, node in _named_maps(page.root):
        scripts = [text for key in keys if (value := node.get(key)) is not None for text in value.elements() if text.is_scalar]
        found = next((run for script in scripts if (run := run_of_script(script)) is not None), None)
        if found is None:
            continue
        place = page.place(node)
        own = next((text for key in facts("ci")["pipelines"]["names"] if (text := node.string(key))), None)
        yield AgentSeen(
            place=place,
            framework="ci-agent",
            construct=found.construct,
            language="yaml",
            name=" ".join((own or name or page.stem).split()),
            model=found.model,
            tools=found.tools,
            purpose=found.purpose,
            purpose_place=None if found.purpose is None else page.place(found.purpose_line or node.line),
            kind=AgentKind.PRODUCTION,
            autonomy=Autonomy.EVENT,
            exposure=exposure_of(found.tools or ()),
            is_test=page.is_test,
        )
        yield from credentials_from(page, [*variables_in(node), *secrets_read(node), *_names_in(node)], place)


def _names_in(node: Node) -> Iterator[tuple[str, int]]:
    for key in ("variables", "env", "environment", "secrets"):
        inner = node.get(key)
        if inner is None:
            continue
        if inner.is_map:
            yield from ((name.text, name.line) for name, _ in inner.entries())
        for item in inner.items:
            if item.value is not None:
                yield item.value, item.line


def _named_maps(root: Node) -> Iterator[tuple[str | None, Node]]:
    """Every mapping below, once, with the nearest key above it."""
    seen: set[int] = set()
    waiting: list[tuple[str | None, Node]] = [(None, root)]
    while waiting:
        name, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.is_map:
            yield name, node
            below = [(key.text, value) for key, value in node.pairs if not value.is_scalar]
            waiting.extend((name if value.is_list or key in _NOT_NAMES else key, value) for key, value in reversed(below))
        else:
            waiting.extend((name, item) for item in reversed(node.items) if not item.is_scalar)
