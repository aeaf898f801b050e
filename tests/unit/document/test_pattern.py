"""Patterns: what matches, by example, and that no text makes matching slow."""

from __future__ import annotations

import time

import pytest

from remit.document.pattern import (
    Kind,
    contains,
    impossible,
    overlaps,
    path_matcher,
    resolve_path,
    resource_matcher,
    text_matcher,
    value_contains,
    value_matcher,
    value_overlaps,
)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True),
        ("arn:aws:s3:::billing-exports/*", "arn:aws:s3:::billing-exports/2026/a.csv", True),
        ("arn:aws:s3:::billing-exports/*", "arn:aws:s3:::billing-exports", False),
        ("costs.daily", "Costs.daily", False),
        ("read_*_file", "read_text_file", True),
        ("read_*_file", "read_file", False),
        ("a?c", "abc", False),
        ("[ab]", "a", False),
        ("a*a", "a", False),
        ("a\n*", "a\nb", True),
    ],
)
def test_a_resource_pattern_has_one_wildcard_and_nothing_else(pattern: str, text: str, expected: bool) -> None:
    assert resource_matcher(pattern)(text) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("FIN", "FIN", True),
        ("FIN", "fin", False),
        ("*@example.com", "dana@example.com", True),
        ("*@example.com", "a/b@example.com", False),
        ("**@example.com", "a/b@example.com", True),
        ("*.csv", "x/y.csv", False),
        ("data/*/x", "data/a/x", True),
        ("data/*/x", "data/a/b/x", False),
        ("data/**/x", "data/a/b/x", True),
        ("***", "a/b", True),
        ("**a*b**", "a", False),
        ("**a*b**", "xaxbx", True),
        ("**a*b**", "a/b", False),
        ("**a*b**", "a/ab", True),
        ("**a/*b**c", "a/x/a/bc", True),
        ("a*b**", "a", False),
        ("a*b**c*d", "abcd", True),
        ("a*b**c*d", "ab/c/d", False),
        ("a*b**b*a", "aba", False),
        ("*", "", True),
    ],
)
def test_a_star_in_text_stops_at_a_slash_and_two_do_not(pattern: str, text: str, expected: bool) -> None:
    assert text_matcher(pattern)(text) is expected


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/data/**", "/data/x", True),
        ("/data/**", "/data/x/y", True),
        ("/data/**", "/data", True),
        ("/data/**", "/database/x", False),
        ("/data/**", "/", False),
        ("/data/*", "/data/x", True),
        ("/data/*", "/data", False),
        ("/data/*", "/data/x/y", False),
        ("/data/", "/data", True),
        ("/data/*.csv", "/data/a.csv", True),
        ("/data/*.csv", "/data/a/b.csv", False),
        ("/data/**.csv", "/data/a/b.csv", True),
        ("/data/**/b.csv", "/data/b.csv", True),
        ("/data/**/b.csv", "/data/x/y/b.csv", True),
        ("/data/**/b.csv", "/data/xb.csv", False),
        ("/**", "/", True),
        ("/", "/", True),
        ("/", "/a", False),
    ],
)
def test_a_path_is_compared_folder_by_folder(pattern: str, path: str, expected: bool) -> None:
    assert path_matcher(pattern)(path) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data/x", "/data/x"),
        ("/data/../etc/passwd", "/etc/passwd"),
        ("/data/./x/", "/data/x"),
        ("//data///x", "/data/x"),
        ("/../..", "/"),
        ("/data/...", "/data/..."),
        ("data/x", None),
        ("", None),
        ("~/x", None),
        ("/data\\..\\x", None),
        ("/data/\0x", None),
        ("/data/%2e%2e/x", None),
        ("/data/%2E./x", None),
        ("/data%2fx", None),
        ("/data%2Fx", None),
        ("/data/100%", "/data/100%"),
    ],
)
def test_a_path_is_resolved_or_counts_as_absent(text: str, expected: str | None) -> None:
    assert resolve_path(text) == expected


@pytest.mark.parametrize(
    ("values", "argument", "expected"),
    [
        ((5,), 5.0, True),
        ((5.0,), 5, True),
        ((5,), "5", False),
        (("5",), 5, False),
        ((1,), True, False),
        ((True,), 1, False),
        ((True,), True, True),
        ((False,), 0, False),
        (("a", 5), 5, True),
        (("a",), None, False),
        (("a",), ["a"], False),
        (("**",), {"a": "b"}, False),
        ((5,), float("nan"), False),
        (("/data/**",), "/data/../etc", False),
        (("/data/**",), "/x/../data/y", True),
        (("/data/**",), "data/y", False),
        (("/data/**", "data/*"), "data/y", True),
    ],
)
def test_a_value_is_compared_by_its_type(values: tuple[str | int | float | bool, ...], argument: object, expected: bool) -> None:
    assert value_matcher(values)(argument, {}) is expected


def test_a_path_is_compared_as_the_point_resolved_it() -> None:
    match = value_matcher(["/data/**"])
    assert not match("/data/link/x", {"/data/link/x": "/etc/x"})
    assert match("/other", {"/other": "/data/other"})
    assert not match("/data/%2e%2e/x", {"/data/%2e%2e/x": "/data/x"})


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("**a" * 30 + "**b", "a" * 200_000),
        ("*a" * 30 + "*b", "a" * 200_000),
        ("**a*b**", "a" * 200_000 + "/b"),
        ("**a*b**", "a/" * 100_000),
        ("**a/*b**c", "a/a" * 60_000),
        ("**/**/**/x", "/" * 200_000),
    ],
)
def test_no_text_makes_matching_slow(pattern: str, text: str) -> None:
    began = time.process_time()
    assert not text_matcher(pattern)(text)
    resource_matcher(pattern)(text)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("*", "anything", True),
        ("a*", "ab*", True),
        ("ab*", "a*", False),
        ("*a*", "*ba*", True),
        ("a*c", "a*b*c", True),
        ("a*b*c", "a*c", False),
        ("arn:aws:s3:::x/*", "arn:aws:s3:::x/y/*", True),
    ],
)
def test_containing_compares_what_patterns_mean(wide: str, narrow: str, expected: bool) -> None:
    assert contains(wide, narrow) is expected


def test_lines_are_compared_fast_however_many_stars_they_have() -> None:
    began = time.process_time()
    many = "*a" * 300
    assert contains("*", many)
    assert not contains(many + "*b", many + "*c")
    assert overlaps(many + "*", "*c")
    assert contains("/data/**", "/data" + "/*a*" * 100 + "/**", Kind.PATH)
    assert time.process_time() - began < 2


def test_overlapping_compares_what_patterns_mean() -> None:
    assert overlaps("a*", "*b")
    assert not overlaps("a*", "b*")
    assert not overlaps("*a", "*b", Kind.TEXT)
    assert overlaps("/a/**", "/**/b", Kind.PATH)
    assert not overlaps("/a/*", "/a", Kind.PATH)
    assert overlaps("/", "/**/**/**", Kind.PATH)


def test_values_of_different_kinds_do_not_contain_each_other() -> None:
    assert value_contains("**", "/data/**")
    assert not value_contains("*", "/data/**")
    assert not value_contains("/**", "data/*")
    assert not value_contains(1, True)
    assert value_contains(5, 5.0)
    assert not value_contains("5", 5)
    assert value_overlaps("**.csv", "/data/**")
    assert not value_overlaps("a", 5)


@pytest.mark.parametrize("pattern", ["/data/**", "/", "data/../x", "*", "/a/..b"])
def test_a_pattern_that_can_match_is_possible(pattern: str) -> None:
    assert impossible(pattern) is None


@pytest.mark.parametrize("pattern", ["/a/../b", "/./a", "/a//b", "/a\\b", "/a\0", "/a%2e", "/a%2F"])
def test_a_path_pattern_that_no_resolved_path_can_match_is_impossible(pattern: str) -> None:
    assert impossible(pattern)
