import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.points.authzen.strict import MAX_DEPTH, MalformedError, members_in_text, members_of, read_any

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.booleans(), st.sampled_from([None, 1]))
def test_every_member_of_the_text_is_counted(value: object, is_escaped: bool, indent: int | None) -> None:
    body = json.dumps(value, ensure_ascii=is_escaped, indent=indent).encode("utf-8", "surrogatepass")
    assert members_in_text(body) == members_of(value)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"x":{"a":1,"a":2}}',
        b'[{"a":1},{"b":[{"c":1,"c":1}]}]',
        b'{"a:{[\\"":1,"a:{[\\"":2}',
        b'{"":1,"":2}',
    ],
)
def test_a_member_that_stands_twice_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError, match="stands twice"):
        read_any(body)


@pytest.mark.parametrize("body", [b'{"a":"a:b{c[","b":{"a":"\\\\"}}', b'[{"a":1},{"a":2}]', b'{"a":{"a":{"a":1}}}', b"[]", b'"x"', b"7"])
def test_equal_names_in_different_objects_are_fine(body: bytes) -> None:
    assert read_any(body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"NaN",
        b"[Infinity]",
        b'{"a":1,}',
        b"{'a':1}",
        b'{"a":1} x',
        b'{"a":1}{"a":1}',
        b"\xef\xbb\xbf{}",
        b'{"\xff":1}',
        b'"\\ud800"',
        b"01",
        b"1e999",
        b"9" * 6000,
        b'"\x00"',
        b"// no\n{}",
        "{}".encode("utf-16"),
        bytes(range(256)),
    ],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError):
        read_any(body)


@pytest.mark.parametrize(("open_", "close"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_is_bounded(open_: bytes, close: bytes) -> None:
    inner = b"1"
    read_any(open_ * MAX_DEPTH + inner + close * MAX_DEPTH)
    for depth in (MAX_DEPTH + 1, 900, 100_000):
        with pytest.raises(MalformedError, match="nests deeper"):
            read_any(open_ * depth + inner + close * depth)


def test_many_brackets_beside_each_other_are_not_depth() -> None:
    assert read_any(b"[" + b",".join([b"[]"] * 5000) + b"]") == [[]] * 5000


def test_a_hostile_name_is_printed_safely() -> None:
    with pytest.raises(MalformedError) as caught:
        read_any(b'{"\\u001b[2J":1,"\\u001b[2J":2}')
    assert "\x1b" not in str(caught.value)
