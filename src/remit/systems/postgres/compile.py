"""A remit as GRANT statements, for roles that have no other grants (what they have besides is taken away by a plan).

A line on a table names it; a line with a pattern becomes a block that grants on the tables, views and foreign tables which match when it is
run, and not on later ones. What a `never` forbids by name or pattern is left out of the grants. Roles are those that `identities` names
in the connection; where it names none, one called like the agent.

What GRANT cannot say is residue, with the line: conditions, limits, destinations, classes of data, dates, modes, verbs that no privilege
gives. A line of a can that is residue is left out, or (`any`) granted as far as privileges go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from remit.document.pattern import contains, overlaps, resource_matcher
from remit.model.native import Native, Residue
from remit.model.remit import Capability, Mode, Never, Remit
from remit.model.verbs import ANY
from remit.systems.postgres.decides import class_of
from remit.systems.postgres.names import always_quoted, split_relation

MEDIA_TYPE = "application/sql"
_ON_TABLES: Mapping[str, tuple[str, ...]] = {
    "read": ("SELECT",),
    "create": ("INSERT",),
    "update": ("UPDATE",),
    "delete": ("DELETE", "TRUNCATE"),
    ANY: ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"),
}
_ON_OTHERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "schema": {"list": ("USAGE",), "read": ("USAGE",), "create": ("CREATE",)},
    "database": {"list": ("CONNECT",), "create": ("CREATE",)},
    "function": {"execute": ("EXECUTE",)},
}
_VERB_OF = {word: verb for verb, words in _ON_TABLES.items() if verb != ANY for word in words}
_WITH_COLUMNS = ("SELECT", "INSERT", "UPDATE")
_FUNCTION = re.compile(r'function/(?P<name>[^()]+)\((?P<arguments>[\w\s,."\[\]]*)\)\Z')
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class _Line(msgspec.Struct, frozen=True):
    rule: str
    why: str
    can: Capability


def grants(remit: Remit) -> Native:
    """Compiles a remit; the text is deterministic."""
    return _Compiler(remit).native()


class _Compiler:
    def __init__(self, remit: Remit) -> None:
        self._remit = remit
        self._residue: list[Residue] = []
        self._never = [
            (f"never[{number}]", line)
            for number, line in enumerate(remit.never)
            if line.system == "*" or line.system.startswith("postgres:")
        ]

    def native(self) -> Native:
        lines = [
            _Line(f"objectives.{objective.name}.can[{number}]", objective.why, can)
            for objective in self._remit.objectives
            for number, can in enumerate(objective.can)
        ]
        parts = [_comment(f"What `{self._remit.agent}` may do by its remit {self._remit.hash}")]
        for system in sorted({line.can.system for line in lines if line.can.system.startswith("postgres:")}):
            roles = self._roles(system)
            who = f"by the owner of what is granted or an administrator; roles: {', '.join(roles)}"
            parts.append("\n" + _comment(f"To be run in the database of `{system}`, {who}"))
            for line in lines:
                if line.can.system == system:
                    parts.extend(self._statements(line, roles))
        for line in lines:
            if not line.can.system.startswith("postgres:"):
                self._leave(line.rule, line.can.line, f"`{line.can.system}` is no Postgres")
        self._rest()
        return Native(target="postgres", media_type=MEDIA_TYPE, text="\n".join(parts) + "\n", residue=tuple(self._residue))

    def _roles(self, system: str) -> list[str]:
        found = [identity[len(system) + 1 :] for identity in self._remit.identities if identity.startswith(f"{system}/")]
        return found or [self._remit.agent]

    def _leave(self, rule: str, line: int, why: str) -> None:
        self._residue.append(Residue(rule=rule, line=line, why=why))

    # --- lines of a can -----------------------------------------------------------------------------------------------------------

    def _statements(self, line: _Line, roles: list[str]) -> Iterator[str]:
        why = _why_not(line.can)
        if why:
            self._leave(line.rule, line.can.line, f"{why}; nothing of it is granted")
            return
        made = list(self._granted(line, roles))
        if line.can.verb == ANY:
            self._leave(line.rule, line.can.line, "no privilege administers, transmits or pays: those actions of `any` are not granted")
        if made:
            yield _comment(f"{line.rule}, line {line.can.line}: {line.can.verb} on `{line.can.resource}`: {line.why}")
            yield from made

    def _granted(self, line: _Line, roles: list[str]) -> Iterator[str]:
        can = line.can
        class_ = class_of(can.resource)
        if class_ != "table":
            yield from self._on_other(line, class_, roles)
            return
        words = [word for word in _ON_TABLES[can.verb] if not self._is_forbidden(can.system, word, can.resource)]
        if "*" in can.resource:
            for word in words:
                yield from (self._block(can, word, role) for role in roles)
            return
        schema, table = split_relation(can.resource) or ("", "")
        for role in roles if words else ():
            target = always_quoted(role)
            columns = f" ({', '.join(always_quoted(name) for name in can.columns)})" if can.columns else ""
            listed = ", ".join(word + columns for word in words)
            yield f"GRANT USAGE ON SCHEMA {always_quoted(schema)} TO {target};"
            yield f"GRANT {listed} ON TABLE {always_quoted(schema)}.{always_quoted(table)} TO {target};"

    def _is_forbidden(self, system: str, word: str, resource: str) -> bool:
        """Whether a never forbids a privilege on everything that a resource or pattern means."""
        return any(contains(never.resource, resource) for _, never in self._nevers(system, word))

    def _nevers(self, system: str, word: str) -> Iterator[tuple[str, Never]]:
        for rule, never in self._never:
            if never.system in ("*", system) and never.verb in (ANY, _VERB_OF.get(word, "")) and not never.where and not never.outside:
                yield rule, never

    def _block(self, can: Capability, word: str, role: str) -> str:
        """Grants on what matches when it is run. Names are compared as SQL writes them, and without quotes."""
        nevers = [never.resource for _, never in self._nevers(can.system, word) if overlaps(never.resource, can.resource)]
        conditions = [_matches(can.resource), *(f"NOT {_matches(pattern)}" for pattern in nevers)]
        columns = f" ({', '.join(always_quoted(name) for name in can.columns)})" if can.columns else ""
        target = always_quoted(role)
        usage = _literal(f"GRANT USAGE ON SCHEMA %I TO {_for_format(target)}")
        grant = _literal(f"GRANT {word}{_for_format(columns)} ON TABLE %I.%I TO {_for_format(target)}")
        body = f"""
DECLARE
  thing record;
BEGIN
  FOR thing IN
    SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
      AND {(chr(10) + "      AND ").join(conditions)}
    ORDER BY 1, 2
  LOOP
    EXECUTE pg_catalog.format({usage}, thing.schema);
    EXECUTE pg_catalog.format({grant}, thing.schema, thing.name);
  END LOOP;
END
"""  # noqa: S608 - every part is a literal or a quoted name
        tag = "$remit$"
        number = 0
        while tag in body:
            number += 1
            tag = f"$remit{number}$"
        return f"DO {tag}{body}{tag};"

    def _on_other(self, line: _Line, class_: str, roles: list[str]) -> Iterator[str]:
        can = line.can
        words = _ON_OTHERS.get(class_, {}).get(can.verb, ())
        is_forbidden = any(
            never.verb in (ANY, can.verb) and never.system in ("*", can.system) and resource_matcher(never.resource)(can.resource)
            for _, never in self._never
        )
        if not words or "*" in can.resource or is_forbidden:
            self._leave(
                line.rule, can.line, f"`{can.verb}` on `{can.resource}` is no privilege that can be granted by name, or is forbidden"
            )
            return
        name = can.resource.partition("/")[2]
        thing = f"{class_.upper()} {always_quoted(name)}"
        schema: str | None = None
        if class_ == "function":
            match = _FUNCTION.match(can.resource)
            parts = split_relation(match["name"]) if match is not None else None
            if match is None or parts is None or match["arguments"].count('"') % 2:
                self._leave(line.rule, can.line, "write a function as `function/schema.name(types)`; nothing of it is granted")
                return
            schema = parts[0]
            thing = f"FUNCTION {always_quoted(parts[0])}.{always_quoted(parts[1])}({match['arguments']})"
        for role in roles:
            if schema is not None:
                yield f"GRANT USAGE ON SCHEMA {always_quoted(schema)} TO {always_quoted(role)};"
            yield f"GRANT {', '.join(words)} ON {thing} TO {always_quoted(role)};"

    # --- what is left -------------------------------------------------------------------------------------------------------------

    def _rest(self) -> None:
        for number, never in enumerate(self._remit.never):
            rule = f"never[{number}]"
            if never.system != "*" and not never.system.startswith("postgres:"):
                self._leave(rule, never.line, f"`{never.system}` is no Postgres")
            elif never.where or never.outside:
                self._leave(rule, never.line, "a grant knows no arguments and no destinations; another enforcement point must forbid it")
        limits = self._remit.limits
        for name, limit in (("calls", limits.calls), ("pay", limits.pay), ("rows", limits.rows)):
            if limit is not None:
                self._leave(f"limits.{name}", limit.line, "a grant counts nothing")
        if self._remit.lifecycle.expires is not None:
            self._leave(
                "lifecycle.expires", 0, "a grant knows no dates (VALID UNTIL ends passwords alone): take it away when the remit ends"
            )
        if self._remit.mode is not Mode.ENFORCE:
            self._leave("mode", 0, f"a grant only enforces, and the remit's mode is `{self._remit.mode.value}`")


def _why_not(can: Capability) -> str:
    """Why no grant says a line; empty: one does."""
    if can.where:
        return "a grant knows no arguments"
    if can.data_class is not None:
        return "a grant knows no classes of data"
    class_ = class_of(can.resource)
    if class_ != "table":
        return "" if class_ in _ON_OTHERS else f"what may be done to a {class_} is not granted by this"
    if can.verb not in _ON_TABLES:
        return f"no privilege on a table means `{can.verb}`"
    if can.columns and any(word not in _WITH_COLUMNS for word in _ON_TABLES[can.verb]):
        return f"`{can.verb}` is about whole rows, not about columns"
    if "*" not in can.resource and split_relation(can.resource) is None:
        return "a table is written `schema.table`"
    return ""


def _matches(pattern: str) -> str:
    """Whether a table's name matches a pattern of the remit language, as SQL: `*` is any run of characters."""
    escaped = re.sub(r"([\\%_])", r"\\\1", pattern).replace("*", "%")
    like = _literal(escaped)
    return f"(pg_catalog.format('%I.%I', n.nspname, c.relname) LIKE {like} OR pg_catalog.concat(n.nspname, '.', c.relname) LIKE {like})"


def _literal(text: str) -> str:
    """A text as SQL writes it, whatever `standard_conforming_strings` says."""
    quoted = text.replace("'", "''")
    return "E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in text else f"'{quoted}'"


def _for_format(text: str) -> str:
    return text.replace("%", "%%")


def _comment(text: str) -> str:
    """One line of comment: a line break in it would end it."""
    return "-- " + _CONTROL.sub(" ", text)
