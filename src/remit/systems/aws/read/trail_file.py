"""One file of a trail: unpacked within bounds, and taken apart into its records, each as it stands there."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from remit.model.shown import printable

MAX_PACKED_BYTES = 64 * 1024 * 1024
MAX_BYTES = 256 * 1024 * 1024
CHUNK_BYTES = 1 << 20


class _Records(msgspec.Struct):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


class TooLargeError(Exception):
    """A file that unpacks to more than is read."""


def unpacked(chunks: Iterator[bytes], key: str) -> bytes:
    """The text of a file, packed or not (some stores unpack on the way); bounded on both sides."""
    packed, size, parts = 0, 0, []
    unpacker: Any = None
    for number, chunk in enumerate(chunks):
        packed += len(chunk)
        if packed > MAX_PACKED_BYTES:
            raise TooLargeError(f"larger than {MAX_PACKED_BYTES >> 20} MiB")
        if number == 0 and chunk[:2] == b"\x1f\x8b":
            unpacker = zlib.decompressobj(wbits=31)
        while chunk:
            part = chunk if unpacker is None else unpacker.decompress(chunk, CHUNK_BYTES)
            chunk = b"" if unpacker is None else unpacker.unconsumed_tail
            size += len(part)
            if size > MAX_BYTES:
                raise TooLargeError(f"unpacks to more than {MAX_BYTES >> 20} MiB")
            parts.append(part)
    if unpacker is not None and not unpacker.eof:
        raise EOFError("it ends too early")
    if unpacker is None and key.endswith(".gz") and parts and parts[0].lstrip()[:1] != b"{":
        raise EOFError("it does not begin like one")
    return b"".join(parts)


def records_in(text: bytes) -> tuple[list[bytes], str]:
    """The records of a file, each as it stands there, and what is wrong with the rest."""
    try:
        return [bytes(record) for record in msgspec.json.decode(text, type=_Records).records], ""
    except (msgspec.MsgspecError, RecursionError) as error:
        records = _salvaged(text)
        return records, f"not a CloudTrail file ({printable(str(error))}); {len(records)} records before the fault were read"


def _salvaged(text: bytes) -> list[bytes]:
    """The records that stand before a fault."""
    found: list[bytes] = []
    start = re.search(rb'"Records"\s*:\s*\[', text)
    if start is None:
        return found
    rest = text[start.end() :].decode("utf-8", "replace")
    decoder, at = json.JSONDecoder(), 0
    while True:
        while at < len(rest) and rest[at] in " \t\r\n,":
            at += 1
        if at >= len(rest) or rest[at] == "]":
            return found
        try:
            record, end = decoder.raw_decode(rest, at)
        except (ValueError, RecursionError):
            return found
        if not isinstance(record, dict):
            return found
        found.append(rest[at:end].encode())
        at = end
