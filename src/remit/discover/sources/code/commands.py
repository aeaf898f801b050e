"""Commands that start a server: what they start, and how they are shown without what is secret in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

_VERSION = re.compile(r"(?:@|==|:(?=latest$|v?\d+(?:\.\d+)*$))[\w.+-]+$")
_RUNNERS = frozenset({"...", "***", "run", "exec", "dlx", "tool", "x"})
_CONTAINERS = frozenset({"docker", "podman", "nerdctl"})
_TAKES_A_VALUE = frozenset(
    {"-e", "--env", "--env-file", "-v", "--volume", "--mount", "-p", "--publish", "--name", "--network", "--net", "-u", "--user", "-w"}
    | {"--workdir", "--entrypoint", "-l", "--label", "--platform", "--add-host", "--pull", "-h", "--hostname", "-m", "--memory"}
)
"""Options of a container's `run` that take the next word."""
_SECRET_FLAG = re.compile(r"(?i)^--?[\w-]*(?:key|token|secret|password|passwd|pwd|auth|credential)[\w-]*(=.*)?$")
_SECRET = re.compile(
    r"(?i)^(?:sk-|sk_|ghp_|gho_|ghs_|github_pat_|xox[abp]-|glpat-|pat[-_]|AKIA|eyJ)[\w\-.]{8,}|^[\w-]*(?:key|token|secret|password)=.+"
)
_HEADER = re.compile(r"(?i)\b(?:authorization|api[-_]?key|bearer)\b")


def package_of(words: Sequence[str]) -> str:
    """The package, script or image that a command starts, without its folder, scope and version."""
    is_container = words[0].rpartition("/")[2] in _CONTAINERS
    is_value = False
    for word in words[1:]:
        if is_value:
            is_value = False
        elif word.startswith("-"):
            is_value = is_container and word in _TAKES_A_VALUE
        elif word not in _RUNNERS:
            last = word.rstrip("/").rpartition("/")[2] or word
            return _VERSION.sub("", last) or last
    return words[0].rpartition("/")[2]


def masked(words: Sequence[str]) -> list[str]:
    """The words of a command without its secrets: values of options named for one, headers, keys, and queries of addresses."""
    found: list[str] = []
    hide = False
    for word in words:
        if hide and not word.startswith("-"):
            found.append("***")
            hide = False
            continue
        match = _SECRET_FLAG.match(word)
        hide = match is not None and match[1] is None
        if match is not None and match[1] is not None:
            found.append(f"{word.partition('=')[0]}=***")
        elif _SECRET.match(word) or (match is None and _HEADER.search(word)):
            found.append("***")
        else:
            found.append(plain_url(word) if "://" in word else word)
    return found


def plain_url(url: str) -> str:
    """An address without user, password, query and fragment."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return "***"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
