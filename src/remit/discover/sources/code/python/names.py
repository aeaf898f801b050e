"""What an expression stands for: a thing of a library, a definition of this repository, or a value.

A thing of a library is written as a path: `agents.Agent` is the class, `openai.OpenAI().chat.completions.create` the method of
what the call returned, `boto3.client(bedrock-agent).create_agent` that of a client made for a named service.

Invariants:
- names are followed through imports, aliases, assignments and re-exports, never matched by their spelling alone;
- a definition in the repository wins over a library of the same name, unless it is that library's own source;
- what is not certain is not followed: the answer is None.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tree_sitter import Node

from remit.discover.sources.code.python.bindings import chosen_binding
from remit.discover.sources.code.python.module import Binding, Import, Module, Scope
from remit.discover.sources.code.python.repository import Repository
from remit.discover.sources.code.python.syntax import Arguments, plain_string, text_of, unwrapped

MAX_DEPTH = 24
_CLIENT_MAKERS = frozenset({"client", "resource", "create_client"})
_ENTERED = frozenset({"__aenter__", "__enter__"})
_ENTERING = frozenset({"enter_async_context", "enter_context"})
_SINGLE = frozenset({"Optional", "Annotated", "Final", "ClassVar", "Required", "NotRequired"})
_QUOTED = re.compile(r"\s*(?:(?:typing\.)?Optional\[)?\s*([A-Za-z_]\w*)\s*(?:[\[\]|]|$)")
_MAX_ASSIGNED = 4
_ASSIGNED_DEPTH = 6
"""Assignments that differ are followed together, each to a fraction of the depth."""


class Expression(NamedTuple):
    """A node with the scope in which its names have their meaning."""

    module: Module
    scope: Scope
    node: Node

    def at(self, node: Node) -> Expression:
        """Another node of the same scope."""
        return Expression(self.module, self.scope, node)


class Found(NamedTuple):
    """What an expression stands for."""

    kind: str
    """`library`, `function`, `class`, `module`, `value` or `parameter`."""
    expression: Expression | None
    """The value, or the definition; None for a thing of a library that is not called here."""
    path: str | None = None
    """Path of a library's thing; of a value, what it was made by (`agents.Agent()`)."""
    scope: Scope | None = None
    """Of a class or a function: its own scope."""
    label: str | None = None
    """The last name that led here."""


class Names:
    """Follows expressions through one repository."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    def follow(self, expression: Expression, depth: int = 0) -> Found | None:
        """What the expression stands for; None when that is not certain."""
        if depth > MAX_DEPTH:
            return None
        module, scope, node = expression
        node = unwrapped(node)
        kind = node.type
        if kind == "identifier":
            return self._name(module, scope, node, depth)
        if kind == "attribute":
            return self._attribute(Expression(module, scope, node), depth)
        if kind == "subscript":
            return self._subscript(Expression(module, scope, node), depth)
        if kind == "call":
            return self._call(Expression(module, scope, node), depth)
        if kind == "named_expression":
            value = node.child_by_field_name("value")
            return self.follow(Expression(module, scope, value), depth + 1) if value is not None else None
        return Found("value", Expression(module, scope, node))

    def path(self, expression: Expression, depth: int = 0) -> str | None:
        """The library path of an expression; None when it is not a library's."""
        found = self.follow(expression, depth)
        return found.path if found is not None else None

    def _name(self, module: Module, scope: Scope, node: Node, depth: int) -> Found | None:
        name = text_of(node)
        return self.lookup(module, scope, name, node.start_byte, depth)

    def lookup(self, module: Module, scope: Scope, name: str, position: int, depth: int = 0) -> Found | None:
        """What a name stands for at a position."""
        is_first = True
        for around in scope.chain():
            if around.kind == "class" and not is_first:
                continue
            ranges = around.clauses.get(name)
            if ranges and any(start <= position < end for start, end in ranges):
                return None
            bindings = around.bindings.get(name)
            if bindings:
                chosen = chosen_binding(bindings, position, is_same_scope=is_first)
                return self._bound(module, around, chosen, name, depth) if chosen is not None else None
            is_first = False
        return self._starred(module, scope, name, depth)

    def _starred(self, module: Module, scope: Scope, name: str, depth: int) -> Found | None:
        for around in scope.chain():
            for star in around.stars:
                path = self.repository.locate(module, star)
                if path is None:
                    if star.level == 0 and self.repository.libraries.is_known(f"{star.module}.{name}"):
                        return Found("library", None, f"{star.module}.{name}", label=name)
                    continue
                found = self._member(path, name, depth)
                if found is not None:
                    return found
        return None

    def _bound(self, module: Module, scope: Scope, binding: Binding, name: str, depth: int) -> Found | None:
        if binding.kind == "import" and binding.target is not None:
            return self.imported(module, binding.target, depth)
        if binding.kind == "function" or binding.kind == "class":
            return Found(binding.kind, Expression(module, scope, binding.node), None, module.scopes.get(binding.node.id), name)
        if binding.kind == "assign" or binding.kind == "with":
            found = self.follow(Expression(module, binding.scope, binding.node), depth + 1)
            if found is None:
                return None
            return found if found.label else found._replace(label=name)
        if binding.kind == "parameter":
            return self._parameter(module, scope, name, binding, depth)
        return None

    def _parameter(self, module: Module, scope: Scope, name: str, binding: Binding, depth: int) -> Found | None:
        around = scope.parent.nearest_class() if scope.parent is not None and scope.parent.kind == "class" else None
        if around is not None and name in ("self", "cls"):
            kind = "instance" if name == "self" else "class"
            return Found(kind, Expression(module, around.parent or around, around.node), None, around, name)
        annotation = scope.types.get(name)
        promised = self.annotated(module, scope, annotation, depth) if annotation is not None else None
        if promised is not None and promised.kind == "instance":
            return promised._replace(label=name)
        if annotation is None and around is None and _is_cell(module, scope):
            return self._of_cells(module, scope, name, depth)
        return Found("parameter", Expression(module, scope, binding.node), promised.path if promised is not None else None, None, name)

    def _of_cells(self, module: Module, scope: Scope, name: str, depth: int) -> Found | None:
        """What a parameter of a Marimo cell stands for: the name that one other cell defines."""
        makers = [other for other in module.functions if other is not scope and _is_cell(module, other) and _defines(other, name)]
        if len(makers) != 1:
            return None
        chosen = chosen_binding(makers[0].bindings[name], makers[0].end, is_same_scope=True)
        return self._bound(module, makers[0], chosen, name, depth + 1) if chosen is not None and depth < MAX_DEPTH else None

    def annotated(self, module: Module, scope: Scope, annotation: Node, depth: int) -> Found | None:
        """The value that an annotation promises, of a library's class or of the repository's; None when it names no single one."""
        node = annotation_of(annotation)
        around = scope.parent or scope
        if node is None or depth > MAX_DEPTH:
            return None
        if node.type == "string":
            quoted = _QUOTED.match(plain_string(node) or "")
            found = self.lookup(module, around, quoted[1], node.start_byte, depth + 1) if quoted is not None else None
        else:
            found = self.follow(Expression(module, around, node), depth + 1)
        if found is None:
            return None
        if found.kind == "class":
            return _made(found)
        return Found("parameter", None, f"{found.path}()") if found.kind == "library" and found.path else None

    def imported(self, module: Module, target: Import, depth: int = 0) -> Found | None:
        """What an import brings in."""
        if depth > MAX_DEPTH:
            return None
        path = self.repository.locate(module, target)
        if path is None:
            if target.level:
                return None
            elsewhere = self._elsewhere(target, depth)
            if elsewhere is not None:
                return elsewhere
            whole = f"{target.module}.{target.attribute}" if target.attribute else target.module
            return Found("library", None, whole, label=whole.rpartition(".")[2])
        if target.attribute is None:
            return Found("module", None, path)
        if target.level:
            own = self.repository.own_name(path)
            if own is not None and self.repository.libraries.is_known(f"{own}.{target.attribute}"):
                return Found("library", None, f"{own}.{target.attribute}", label=target.attribute)
        found = self._member(path, target.attribute, depth + 1)
        if found is not None:
            return found
        folder = path.rpartition("/")[0] if path.endswith(("/__init__.py", "/")) else None
        inner = self.repository.file(folder, target.attribute) if folder is not None else None
        if inner is not None:
            return Found("module", None, inner)
        whole = f"{target.module}.{target.attribute}"
        return (
            Found("library", None, whole, label=target.attribute)
            if not target.level and self.repository.libraries.is_known(whole)
            else None
        )

    def _elsewhere(self, target: Import, depth: int) -> Found | None:
        """A definition under the same module name anywhere in the repository: with it, an ambiguous name is not the library's."""
        for path in self.repository.elsewhere(target.module) if target.attribute is not None else ():
            member = self._member(path, target.attribute or "", depth + 1)
            if member is not None and member.kind in ("class", "function"):
                return member
        return None

    def _member(self, path: str, name: str, depth: int) -> Found | None:
        """A top-level name of a module of the repository."""
        if depth > MAX_DEPTH or path.endswith("/"):
            return None
        module = self.repository.module(path)
        if module is None:
            return None
        bindings = module.root.bindings.get(name)
        if bindings:
            chosen = chosen_binding(bindings, len(module.source) + 1, is_same_scope=True)
            return self._bound(module, module.root, chosen, name, depth + 1) if chosen is not None else None
        return self._starred(module, module.root, name, depth + 1)

    def _attribute(self, expression: Expression, depth: int) -> Found | None:
        module, scope, node = expression
        owner, label = node.child_by_field_name("object"), node.child_by_field_name("attribute")
        if owner is None or label is None:
            return None
        name = text_of(label)
        found = self.follow(Expression(module, scope, owner), depth + 1)
        if found is None:
            return None
        if found.kind == "module" and found.expression is None:
            return self._module_attribute(found.path or "", name, depth)
        if found.kind in ("class", "instance") and found.scope is not None and found.expression is not None:
            return self.class_attribute(found.expression.module, found.scope, name, depth, Expression(module, scope, node))
        if found.kind == "value" and found.scope is not None and found.path is None and found.expression is not None:
            return self.class_attribute(found.expression.module, found.scope, name, depth)
        if found.path is not None:
            return Found("library", None, f"{found.path}.{name}", label=name)
        return None

    def _module_attribute(self, path: str, name: str, depth: int) -> Found | None:
        found = self._member(path, name, depth + 1)
        if found is not None:
            return found
        folder = path.rpartition("/")[0] if path.endswith(("/__init__.py", "/")) else None
        inner = self.repository.file(folder, name) if folder is not None else None
        return Found("module", None, inner) if inner is not None else None

    def class_attribute(self, module: Module, scope: Scope, name: str, depth: int = 0, used: Expression | None = None) -> Found | None:
        """What `self.NAME` or `Class.NAME` stands for; of several assignments, the one that holds where it is used."""
        if depth > MAX_DEPTH:
            return None
        settled = [binding for binding in (*scope.bindings.get(name, ()), *scope.attributes.get(name, ())) if binding.node.type != "none"]
        annotation = scope.types.get(name)
        found = self._assigned(module, settled, name, depth, used) if settled else None
        if annotation is not None and (found is None or _is_unknown_call(found)):
            return self.annotated(module, scope, annotation, depth) or found
        return found if settled else self._inherited(module, scope, name, depth)

    def _assigned(self, module: Module, settled: list[Binding], name: str, depth: int, used: Expression | None) -> Found | None:
        if len(settled) == 1 or len({binding.node.text for binding in settled}) == 1:
            return self._bound(module, settled[0].scope, settled[0], name, depth + 1)
        own = [binding for binding in settled if used is not None and binding.scope is used.scope and binding.kind == "assign"]
        if own and used is not None:
            chosen = chosen_binding(own, used.node.start_byte, is_same_scope=True)
            if chosen is not None and chosen.position <= used.node.start_byte:
                return self._bound(module, chosen.scope, chosen, name, depth + 1)
        if len(settled) > _MAX_ASSIGNED:
            return None
        found = [self._bound(module, binding.scope, binding, name, depth + _ASSIGNED_DEPTH) for binding in settled]
        first = found[0]
        is_same = first is not None and first.path is not None and all(other is not None and other.path == first.path for other in found)
        return Found("parameter", None, first.path, None, name) if is_same and first is not None else None

    def alternatives(self, expression: Expression, depth: int = 0) -> list[Expression]:
        """The values that branches give one name or attribute of an object; empty when anything else may give it its meaning."""
        module, scope, node = expression.at(unwrapped(expression.node))
        bindings: list[Binding] = []
        if node.type == "identifier":
            bindings = next((around.bindings[text_of(node)] for around in scope.chain() if text_of(node) in around.bindings), [])
        owner, label = node.child_by_field_name("object"), node.child_by_field_name("attribute")
        if owner is not None and label is not None:
            found, name = self.follow(Expression(module, scope, owner), depth + 1), text_of(label)
            if found is not None and found.kind == "instance" and found.scope is not None and found.expression is not None:
                module = found.expression.module
                bindings = [*found.scope.bindings.get(name, ()), *found.scope.attributes.get(name, ())]
        settled = [binding for binding in bindings if binding.node.type != "none"]
        if not 1 < len(settled) <= _MAX_ASSIGNED or any(binding.kind != "assign" for binding in settled):
            return []
        return [Expression(module, binding.scope, binding.node) for binding in settled]

    def _inherited(self, module: Module, scope: Scope, name: str, depth: int) -> Found | None:
        for base in self.bases(module, scope):
            found = self.follow(base, depth + 1)
            if (
                found is not None
                and found.kind == "class"
                and found.scope is not None
                and found.expression is not None
                and found.scope is not scope
            ):
                inherited = self.class_attribute(found.expression.module, found.scope, name, depth + 1)
                if inherited is not None:
                    return inherited
        return None

    def bases(self, module: Module, scope: Scope) -> list[Expression]:
        """The base classes of a class, as written."""
        listed = scope.node.child_by_field_name("superclasses")
        if listed is None:
            return []
        around = scope.parent or scope
        return [
            Expression(module, around, child) for child in listed.named_children if child.type in ("identifier", "attribute", "subscript")
        ]

    def _subscript(self, expression: Expression, depth: int) -> Found | None:
        value = expression.node.child_by_field_name("value")
        if value is None:
            return None
        found = self.follow(expression.at(value), depth + 1)
        if found is None:
            return None
        if found.kind in ("library", "class"):
            return found
        key = expression.node.child_by_field_name("subscript")
        if found.kind == "value" and found.expression is not None and key is not None and found.expression.node.type == "dictionary":
            entry = self._entry(found.expression, key)
            return self.follow(entry, depth + 1) if entry is not None else None
        return None

    def _entry(self, dictionary: Expression, key: Node) -> Expression | None:
        wanted = plain_string(key)
        if wanted is None:
            return None
        matches: list[Node] = []
        for pair in dictionary.node.named_children:
            if pair.type == "dictionary_splat":
                return None
            name, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
            if name is not None and value is not None and plain_string(name) == wanted:
                matches.append(value)
        return dictionary.at(matches[-1]) if matches else None

    def _call(self, expression: Expression, depth: int) -> Found | None:
        callee = expression.node.child_by_field_name("function")
        if callee is None:
            return None
        entered = _entered(expression)
        if entered is not None:
            return self.follow(entered, depth + 1)
        found = self.follow(expression.at(callee), depth + 1)
        if found is None:
            return Found("value", expression)
        if found.kind == "class":
            return Found("value", expression, None, found.scope) if found.scope is None else _made(found)
        if found.kind == "function" and found.expression is not None:
            returned = self.returned(found)
            return self.follow(returned, depth + 1) if returned is not None else Found("value", expression)
        if found.kind == "library" and found.path is not None:
            return Found("value", expression, self.called(expression, found.path))
        return Found("value", expression)

    def called(self, expression: Expression, path: str) -> str:
        """The path of what a call of a library's function returns."""
        last = path.rpartition(".")[2]
        if last in _CLIENT_MAKERS:
            arguments = Arguments(expression.node)
            first = arguments.get(0, "service_name")
            service = self.short_text(expression.at(first)) if first is not None else None
            if service:
                return f"{path}({service})"
        return f"{path}()"

    def short_text(self, expression: Expression) -> str | None:
        """A string, literal or through names; None when it is not certain."""
        found = self.follow(expression)
        if found is None or found.kind != "value" or found.expression is None:
            return None
        return plain_string(found.expression.node)

    def returned(self, function: Found) -> Expression | None:
        """What a function of the repository returns, when it has one `return` with a value and is not a generator."""
        if function.expression is None or function.scope is None:
            return None
        module = function.expression.module
        body = function.expression.node.child_by_field_name("body")
        returns = _returns(body) if body is not None else []
        if len(returns) != 1:
            return None
        return Expression(module, function.scope, returns[0])


def _entered(call: Expression) -> Expression | None:
    """What a call only enters: `X.__aenter__()`, `stack.enter_async_context(X)`."""
    callee = call.node.child_by_field_name("function")
    label = callee.child_by_field_name("attribute") if callee is not None and callee.type == "attribute" else None
    called = text_of(label) if label is not None else ""
    if callee is not None and called in _ENTERED:
        owner = callee.child_by_field_name("object")
        return call.at(owner) if owner is not None else None
    given = Arguments(call.node).positional if called in _ENTERING else []
    return call.at(given[0]) if len(given) == 1 else None


def _is_unknown_call(found: Found) -> bool:
    is_call = found.expression is not None and unwrapped(found.expression.node).type == "call"
    return found.kind == "value" and found.path is None and found.scope is None and is_call


def annotation_of(annotation: Node) -> Node | None:
    """The class that an annotation names, out of `Optional[X]`, `X | None` and `X[T]`; None when it names none or several."""
    node = annotation
    for _ in range(_ASSIGNED_DEPTH):
        kind = node.type
        if kind == "type" and node.named_children:
            node = node.named_children[0]
        elif kind in ("generic_type", "subscript") and node.named_children:
            outer, inner = node.named_children[0], node.named_children[1:]
            is_single = text_of(outer).rpartition(".")[2] in _SINGLE and inner
            node = (inner[0].named_children[0] if inner[0].named_children else inner[0]) if is_single else outer
        elif kind in ("binary_operator", "union_type"):
            sides = [child for child in node.named_children if text_of(child) != "None"]
            if not sides:
                return None
            node = sides[0]
        else:
            return node if kind in ("identifier", "attribute", "string") else None
    return None


def _is_cell(module: Module, scope: Scope) -> bool:
    """Whether a function is a cell of a Marimo notebook."""
    if "marimo" not in module.words or scope.kind != "function" or scope.parent is not module.root:
        return False
    marks = [mark.child_by_field_name("function") or mark for mark in module.decorators.get(scope.node.id, ())]
    return any(text_of(mark) in ("app.cell", "app.function", "app.class_definition") for mark in marks)


def _defines(cell: Scope, name: str) -> bool:
    return any(binding.kind != "parameter" for binding in cell.bindings.get(name, ()))


def _made(found: Found) -> Found:
    """An instance of a class of the repository: scope and expression are those of the class."""
    return Found("instance", found.expression, None, found.scope, found.label)


def _returns(body: Node) -> list[Node]:
    """Values of the `return` statements of a body, not those of functions inside; at most two are looked for."""
    found: list[Node] = []
    waiting = [body]
    seen = 0
    while waiting and len(found) < 2 and seen < 20_000:
        node = waiting.pop()
        seen += 1
        kind = node.type
        if kind == "return_statement":
            found.extend(node.named_children[:1])
        elif kind == "yield":
            return []
        elif kind not in (
            "function_definition",
            "class_definition",
            "lambda",
            "decorated_definition",
            "call",
            "string",
            "dictionary",
            "list",
        ):
            waiting.extend(node.named_children)
    return found


def last_two(found: Found | None, name: str) -> str:
    """The last two names of what was found, as the table writes methods of classes: `ChatModel.from_name`."""
    if found is None or found.path is None:
        return name
    return ".".join(found.path.replace("()", "").split(".")[-2:])
