"""Finds plugins by walking their folder: adding one adds a folder and nothing else.

A plugin is a package (or module) in a plugin folder that offers one well-known name: `SOURCE`, `SYSTEM`, `POINT` or `EXPORTER`. Packages
whose name begins with `_` are not plugins. Foreign packages by entry point come later.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from remit.model.plan import Approval

_FOLDERS = {
    "SOURCE": "remit.discover.sources",
    "SYSTEM": "remit.systems",
    "WRITER": "remit.systems",
    "POINT": "remit.points",
    "RULE": "remit.watch.detections",
    "EXPORTER": "remit.exporters",
}
_MODULES = {"WRITER": "change"}
"""Where the module is not called like what it offers."""


def _offers(package: ModuleType, wanted: str, only: str | None) -> Iterable[tuple[str, Any]]:
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        if module.name.startswith("_") or (only is not None and module.name != only):
            continue
        for inner in (f"{package.__name__}.{module.name}.{_MODULES.get(wanted, wanted.lower())}", f"{package.__name__}.{module.name}"):
            try:
                loaded = importlib.import_module(inner)
            except ModuleNotFoundError as error:
                if error.name == inner or (error.name or "").startswith(f"{package.__name__}.{module.name}."):
                    continue
                raise
            if hasattr(loaded, wanted):
                # A detection is its whole module: the rule and what sees it.
                yield module.name, loaded if wanted == "RULE" else getattr(loaded, wanted)
                break


def find(wanted: str, extra: Iterable[str] = (), *, only: str | None = None, approval: Approval | None = None) -> dict[str, Any]:
    """Every plugin of one sort by the name of its folder; `extra` names further packages to walk (tests, authors),
    and of plugins other than `only` nothing is imported.

    `wanted` is `SOURCE`, `SYSTEM`, `WRITER`, `POINT`, `RULE` or `EXPORTER`. The object stands in the module `source`, `system`, `change`,
    `point` or `exporter` of the plugin's package, so that importing the package itself stays free, or in the module that is the plugin; a
    detection (`RULE`) is the module itself. The hands of a system
    (`WRITER`) are for `app.act` alone, which opens them against an approval; without one they are not handed out.
    """
    if wanted == "WRITER" and not isinstance(approval, Approval):
        raise ValueError("write sides are handed out against an approval alone")
    found: dict[str, Any] = {}
    for folder in (_FOLDERS[wanted], *extra):
        for name, plugin in _offers(importlib.import_module(folder), wanted, only):
            if name in found:
                raise ValueError(f"two plugins are called `{name}`: the second is in `{folder}`")
            found[name] = plugin
    return found
