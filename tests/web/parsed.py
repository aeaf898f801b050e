"""HTML as a tree, for tests that look at what a browser would be given."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

_VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
_SVG_ALONE = frozenset(["circle", "path", "line", "rect", "polyline", "polygon", "ellipse", "use", "stop"])


class Element:
    """One element, with what stands in it."""

    def __init__(self, name: str, attributes: dict[str, str], parent: Element | None) -> None:
        self.name = name
        self.attributes = attributes
        self.parent = parent
        self.children: list[Element | str] = []

    def all(self, *names: str) -> list[Element]:
        """Every element of these names inside, in the order of the page; of any name where none is given."""
        return [element for element in self._walk() if not names or element.name in names]

    def one(self, name: str) -> Element:
        """The only element of a name."""
        found = self.all(name)
        assert len(found) == 1, f"{len(found)} <{name}>"
        return found[0]

    def get(self, attribute: str) -> str:
        """An attribute; empty where it is not there."""
        return self.attributes.get(attribute, "")

    def has_class(self, name: str) -> bool:
        """Whether it is of a class."""
        return name in self.get("class").split()

    def inside(self, name: str) -> Element | None:
        """The nearest element of a name that it stands in."""
        parent = self.parent
        while parent is not None and parent.name != name:
            parent = parent.parent
        return parent

    @property
    def text(self) -> str:
        """What is read, with single spaces."""
        return " ".join(" ".join(self._texts()).split())

    def _walk(self) -> Iterator[Element]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child._walk()

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.name not in ("script", "style", "title", "noscript"):
                yield from child._texts()


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {}, None)
        self.open = self.root
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.open)
        if len(element.attributes) != len(attrs):
            self.faults.append(f"line {self.getpos()[0]}: an attribute twice in <{tag}>")
        self.open.children.append(element)
        if tag not in _VOID:
            self.open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            if tag not in _SVG_ALONE:
                self.faults.append(f"line {self.getpos()[0]}: <{tag}/> is not closed in HTML")
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open.name != tag:
            self.faults.append(f"line {self.getpos()[0]}: </{tag}> closes <{self.open.name}>")
            return
        assert self.open.parent is not None
        self.open = self.open.parent

    def handle_data(self, data: str) -> None:
        self.open.children.append(data)

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"line {self.getpos()[0]}: a comment: {data[:60]}")


def parsed(html: str) -> Element:
    """The tree of a page; a page whose elements are not nested well is an error."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    faults = parser.faults + ([f"<{parser.open.name}> is never closed"] if parser.open is not parser.root else [])
    assert not faults, faults[:5]
    return parser.root
