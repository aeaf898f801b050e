"""Whose program is at the other end of a connection, as the system knows it.

A browser sends a cookie to every port of a machine's name, so that a page of another user's program is told it. What it was told is of no
use to that user when a session is obeyed from the user alone who opened it. Linux says who that is (netlink, `sock_diag(7)`); elsewhere,
and where the connection comes from another machine's side of a tunnel, nobody is known.
"""

from __future__ import annotations

import socket
import struct
from typing import Any

_SOCK_DIAG = 4
_BY_FAMILY = 20
_REQUEST = 1
_HEADER = struct.Struct("=IHHII")
_ANY = 0xFFFFFFFF
_USER_AT = _HEADER.size + 64
"""Of the answer: its header, then family and states (4), the two addresses (48), three numbers (12)."""
_SECONDS = 0.5


def user_behind(scope: Any) -> int | None:
    """The id of the user whose socket the client of an ASGI scope has; None: it is not known."""
    client, server = scope.get("client"), scope.get("server")
    if not client or not server or not hasattr(socket, "AF_NETLINK"):
        return None
    try:
        return _asked(tuple(client), tuple(server))
    except (OSError, ValueError, TypeError, struct.error):
        return None


def _asked(client: tuple[str, int], server: tuple[str, int]) -> int | None:
    family = socket.AF_INET6 if ":" in client[0] else socket.AF_INET
    # From the client's side: its own address first.
    ports = struct.pack("!HH", client[1], server[1])
    addresses = b"".join(socket.inet_pton(family, host).ljust(16, b"\0") for host, _ in (client, server))
    wanted = struct.pack("=BBBxI", family, socket.IPPROTO_TCP, 0, _ANY) + ports + addresses + struct.pack("=III", 0, _ANY, _ANY)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _SOCK_DIAG) as kernel:
        kernel.settimeout(_SECONDS)
        kernel.send(_HEADER.pack(_HEADER.size + len(wanted), _BY_FAMILY, _REQUEST, 1, 0) + wanted)
        answer = kernel.recv(4096)
    if _HEADER.unpack_from(answer)[1] != _BY_FAMILY:
        return None
    user: int = struct.unpack_from("=I", answer, _USER_AT)[0]
    return user
