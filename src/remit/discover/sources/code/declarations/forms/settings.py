"""Files of settings beside the code, read line by line by name and value: `.env`, INI, shell and container files, flat YAML and TOML.

An AWS configuration file gives each profile a role; a service file of Postgres each service a user.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from remit.discover.sources.code.declarations.environment import Setting, identities_of
from remit.discover.sources.code.declarations.page import Found, Page
from remit.model.place import Confidence, Place

_WANTED = re.compile(
    r"(?:\A|/)(?:\.env(?:\.[\w.-]+)?|[\w.-]+\.env|\.envrc|env|Dockerfile[\w.-]*|Procfile|\.?pg_service\.conf|\.?aws/(?:config|credentials)"
    r"|[\w.-]+\.(?:ini|cfg|conf|properties|service|tfvars|env\.example)"
    r"|(?:[\w.-]*[._-])?(?:config|settings|application|appsettings|secrets|conf)(?:[._-][\w.-]*)?\.(?:ya?ml|toml|json|sh))\Z",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"(?:\A|/)(?:alembic\.ini|setup\.cfg|tox\.ini|pytest\.ini|mypy\.ini|tsconfig[\w.-]*\.json|jsconfig\.json)\Z", re.IGNORECASE
)
_LINE = re.compile(r"\s*(?:export\s+|ENV\s+|ARG\s+|Environment=\"?|-\s+)?[\"\']?([A-Za-z_][\w.-]{0,100})[\"\']?\s*[:=]\s*(.*?)\s*,?\s*\Z")
_SECTION = re.compile(r"\s*\[+\s*(?:profile\s+)?[\"\']?([\w.@/-]+)[\"\']?\s*\]+\s*\Z")
_TEMPLATE = re.compile(r"\.(?:example|sample|template|dist|tmpl)(?:\.|\Z)|(?:\A|/)(?:example|sample)", re.IGNORECASE)
_MOST_LINES, _LONGEST = 5_000, 2_000


def is_settings_file(path: str) -> bool:
    """Whether a file is read for the settings in it."""
    return _WANTED.search(path) is not None and _NOT.search(path) is None


def settings(page: Page) -> Found:
    """The identities that a file of settings names."""
    confidence = Confidence.POSSIBLE if _TEMPLATE.search(page.path) else Confidence.LIKELY
    for section, found in _sections(page):
        about = (f"name:{section}",) if section and section.lower() != "default" else ()
        yield from identities_of(found, "of this file", None, about, confidence)


def _sections(page: Page) -> Iterator[tuple[str, list[Setting]]]:
    """The settings below each heading in brackets; one section for a file without headings."""
    section, found = "", list[Setting]()
    for number, line in enumerate(page.text.split("\n")[:_MOST_LINES], start=1):
        if len(line) > _LONGEST or line.lstrip().startswith(("#", ";", "//")):
            continue
        heading = _SECTION.match(line)
        if heading is not None:
            yield section, found
            section, found = heading[1], []
            continue
        match = _LINE.match(line)
        if match is not None:
            found.append((match[1], match[2].strip().strip("\"'"), Place(page.path, number)))
    yield section, found
