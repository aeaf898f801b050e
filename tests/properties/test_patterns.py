"""The pattern language against a definition that enumerates: every short text over a small alphabet is tried."""

from __future__ import annotations

import re
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.document.pattern import Kind, contains, overlaps, path_matcher, resolve_path, resource_matcher, text_matcher

TEXTS = ["".join(letters) for length in range(6) for letters in product("ab/", repeat=length)]
PATHS = sorted({path for text in TEXTS if (path := resolve_path("/" + text))} | {"/a/b/a/b", "/b/a/a/b"})
patterns = st.lists(st.sampled_from(["a", "b", "/", "*", "**"]), min_size=1, max_size=7).map("".join)
path_patterns = st.lists(st.sampled_from(["a", "b", "ab", "*", "**", "a*", "**b", "*a*"]), max_size=4).map(
    lambda parts: "/" + "/".join(parts)
)


@cache
def by_expression(pattern: str, kind: Kind) -> re.Pattern[str]:
    """The plain reading of a pattern as a regular expression, backtracking and all."""
    if kind is Kind.PATH:
        folders = [folder for folder in pattern.split("/") if folder]
        written = "".join("(?:/[^/]+)*" if folder == "**" else "/" + in_folder(folder) for folder in folders)
        return re.compile((written + "/?" if written else "/") + r"\Z", re.DOTALL)
    within = "[^/]*" if kind is Kind.TEXT else ".*"
    parts = [
        ".*" if len(part) > 1 and part[0] == "*" else within if part == "*" else re.escape(part)
        for part in re.findall(r"\*+|[^*]", pattern)
    ]
    return re.compile("".join(parts) + r"\Z", re.DOTALL)


def in_folder(folder: str) -> str:
    """A folder's name in a path pattern; two stars inside it leave the folder."""
    parts = [
        ".*" if len(part) > 1 and part[0] == "*" else "[^/]*" if part == "*" else re.escape(part)
        for part in re.findall(r"\*+|[^*]", folder)
    ]
    return "(?=[^/])" + "".join(parts)


def matched(pattern: str, kind: Kind) -> set[str]:
    return {text for text in (PATHS if kind is Kind.PATH else TEXTS) if by_expression(pattern, kind).match(text)}


@given(patterns)
@settings(max_examples=300, deadline=None)
def test_a_text_pattern_matches_what_its_regular_expression_matches(pattern: str) -> None:
    match = text_matcher(pattern)
    assert {text for text in TEXTS if match(text)} == matched(pattern, Kind.TEXT)


@given(patterns)
@settings(max_examples=300, deadline=None)
def test_a_resource_pattern_matches_what_its_regular_expression_matches(pattern: str) -> None:
    match = resource_matcher(pattern)
    assert {text for text in TEXTS if match(text)} == matched(pattern, Kind.RESOURCE)


@given(path_patterns)
@settings(max_examples=400, deadline=None)
def test_a_path_pattern_matches_folder_by_folder(pattern: str) -> None:
    match = path_matcher(pattern)
    assert {path for path in PATHS if match(path)} == matched(pattern, Kind.PATH)


@given(patterns, patterns, st.sampled_from([Kind.RESOURCE, Kind.TEXT]))
@settings(max_examples=600, deadline=None)
def test_containing_and_overlapping_never_contradict_the_texts_that_match(first: str, second: str, kind: Kind) -> None:
    in_first, in_second = matched(first, kind), matched(second, kind)
    if contains(first, second, kind):
        assert in_second <= in_first
    if in_first & in_second:
        assert overlaps(first, second, kind)


short_patterns = st.lists(st.sampled_from(["a", "/", "*", "**"]), min_size=1, max_size=4).map("".join)
# A difference between two patterns this short shows on a text of at most twice their length, over one letter more than theirs.
WITNESSES = ["".join(letters) for length in range(9) for letters in product("a/z", repeat=length)]


@given(short_patterns, short_patterns, st.sampled_from([Kind.RESOURCE, Kind.TEXT]))
@settings(max_examples=60, deadline=None)
def test_containing_and_overlapping_are_exact_for_short_patterns(first: str, second: str, kind: Kind) -> None:
    one, two = by_expression(first, kind), by_expression(second, kind)
    in_first = {text for text in WITNESSES if one.match(text)}
    in_second = {text for text in WITNESSES if two.match(text)}
    assert contains(first, second, kind) is (in_second <= in_first)
    assert overlaps(first, second, kind) is bool(in_first & in_second)


@given(path_patterns, path_patterns)
@settings(max_examples=300, deadline=None)
def test_containing_paths_never_contradicts_the_paths_that_match(first: str, second: str) -> None:
    in_first, in_second = matched(first, Kind.PATH), matched(second, Kind.PATH)
    if contains(first, second, Kind.PATH):
        assert in_second <= in_first
    if in_first & in_second:
        assert overlaps(first, second, Kind.PATH)


NAMES = ["".join(letters) for length in (1, 2, 3) for letters in product("abz", repeat=length)]
WITNESS_PATHS = [
    "/",
    *("/" + "/".join(folders) for length in (1, 2) for folders in product(NAMES, repeat=length)),
    *("/" + "/".join(folders) for length in (3, 4) for folders in product(["a", "b", "z", "ab", "za", "zb"], repeat=length)),
]
short_paths = st.lists(st.sampled_from(["a", "b", "*", "**", "a*", "**b", "*a*"]), max_size=2).map(lambda parts: "/" + "/".join(parts))


@given(short_paths, short_paths)
@settings(max_examples=150, deadline=None)
def test_containing_and_overlapping_are_exact_for_short_paths(first: str, second: str) -> None:
    one, two = by_expression(first, Kind.PATH), by_expression(second, Kind.PATH)
    in_first = {path for path in WITNESS_PATHS if one.match(path)}
    in_second = {path for path in WITNESS_PATHS if two.match(path)}
    assert contains(first, second, Kind.PATH) is (in_second <= in_first)
    assert overlaps(first, second, Kind.PATH) is bool(in_first & in_second)


@given(st.text("ab/.~\\\0%2eEfF", max_size=20))
@settings(max_examples=500, deadline=None)
def test_resolving_twice_changes_nothing(text: str) -> None:
    path = resolve_path(text)
    assert path is None or (resolve_path(path) == path and "/../" not in path + "/")


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("/**", "/data/**", True),
        ("/data/**", "/data", True),
        ("/data/*", "/data", False),
        ("/*/**", "/**", False),
        ("/**/*", "/*/**", True),
    ],
)
def test_containing_paths_knows_the_root_and_the_folder_itself(wide: str, narrow: str, expected: bool) -> None:
    assert contains(wide, narrow, Kind.PATH) is expected
