"""The key of the installation, which signs approvals, and what a signature is worth.

Decides who is believed to have approved: a signature counts when it fits, and its key is this installation's or one that a person put into
`trusted-keys` beside it (another machine on the same Postgres). Whoever can write to the store alone cannot make a remit count.

Invariants:
- the private key stands in one file that its owner alone may read, is made on first use, never replaced and never shown;
- what is signed is the canonical JSON (RFC 8785) of hash, claimed person, operating-system user and time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from pathlib import Path

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from remit.model.errors import RefusedError
from remit.model.shown import printable
from remit.model.standing import ApprovedRemit
from remit.store.decisions import make_private_folder
from remit.store.records import Store

KEY_FILE = "signing-key.pem"
TRUSTED_FILE = "trusted-keys"
"""One public key a line, base64; what follows a `#` is a remark."""
_MAX_BYTES = 1 << 16


def sign(store: Store, hash_: str, by: str, os_user: str, at: str) -> tuple[str, str]:
    """Signature and public key, base64, for an approval. Makes the key where there is none. Raises RefusedError."""
    key = _private_key(store.folder)
    return base64.b64encode(key.sign(_signed(hash_, by, os_user, at))).decode(), _text(key.public_key())


def verify(approved: ApprovedRemit) -> bool:
    """Whether the signature fits the approval and the key that it names. Whether that key counts is `why_not`'s to say."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(approved.key, validate=True))
        key.verify(base64.b64decode(approved.signature, validate=True), _signed(approved.hash, approved.by, approved.os_user, approved.at))
    except (InvalidSignature, ValueError, binascii.Error, RefusedError):
        return False
    return True


def why_not(approved: ApprovedRemit, trusted: frozenset[str], folder: Path) -> str:
    """Why an approval does not count; empty: it does. `trusted` is what `trusted_keys` gave for `folder`."""
    what = f"version {approved.version} of the remit of `{printable(approved.agent)}`"
    if not verify(approved):
        return f"the signature of {what} does not verify: approve the file again"
    if approved.key not in trusted:
        path = printable(str(folder / TRUSTED_FILE), 1000)
        return (
            f"{what} is signed by key `{fingerprint(approved.key)}`, which this installation does not know: "
            f"approve it here, or add the key to `{path}` if you know whose it is"
        )
    return ""


def trusted_keys(folder: Path) -> frozenset[str]:
    """Public keys that count: the installation's own, where it has one, and those of `trusted-keys`. Raises RefusedError."""
    own = _existing(folder / KEY_FILE)
    path = folder / TRUSTED_FILE
    try:
        with path.open("rb") as file:
            lines = file.read(_MAX_BYTES).decode("utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError(
            f"`{printable(str(path), 1000)}` cannot be read, so it is not known whose approvals count: {_why(error)}"
        ) from None
    keys = {line.partition("#")[0].strip() for line in lines} - {""}
    return frozenset(keys if own is None else {*keys, _text(own.public_key())})


def keys_mark(folder: Path) -> tuple[object, ...]:
    """Changes when what `trusted_keys` reads may have changed; two looks at the folder."""
    return tuple(_mark(folder / name) for name in (KEY_FILE, TRUSTED_FILE))


def _mark(path: Path) -> object:
    try:
        found = os.stat(path)
    except OSError as error:
        return error.errno
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_mode


def fingerprint(key: str) -> str:
    """A public key for people: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(key.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _signed(hash_: str, by: str, os_user: str, at: str) -> bytes:
    try:
        return rfc8785.dumps({"hash": hash_, "by": by, "os_user": os_user, "at": at})
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        raise RefusedError(f"`{printable(by)}` cannot be signed for: its letters have no form in UTF-8") from None


def _text(key: Ed25519PublicKey) -> str:
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _private_key(folder: Path) -> Ed25519PrivateKey:
    path = folder / KEY_FILE
    found = _existing(path)
    if found is not None:
        return found
    made = Ed25519PrivateKey.generate()
    beside = folder / f".{KEY_FILE}.{os.getpid()}.new"
    try:
        make_private_folder(folder)
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
                file.flush()
                os.fsync(file.fileno())
            # Whole or not at all, and never over one that another process made meanwhile.
            os.link(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except FileExistsError:
        return _private_key(folder)
    except OSError as error:
        raise RefusedError(f"the signing key `{printable(str(path), 1000)}` cannot be made: {_why(error)}") from None
    return made


def _existing(path: Path) -> Ed25519PrivateKey | None:
    shown = printable(str(path), 1000)
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(_MAX_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RefusedError(f"the signing key `{shown}` cannot be read: {_why(error)}") from None
    if mode & 0o077:
        raise RefusedError(f"the signing key `{shown}` may be read by others (mode {mode:04o}): run `chmod 600` on it, or make a new one")
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError):
        raise RefusedError(f"the signing key `{shown}` is damaged: restore it, or move it away and approve every remit again") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise RefusedError(f"the signing key `{shown}` is not an Ed25519 key: move it away and approve every remit again")
    return key


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
