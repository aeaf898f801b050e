"""The key of the installation: made once, private, and whose signatures count."""

from __future__ import annotations

import base64
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from remit.app.signing import KEY_FILE, TRUSTED_FILE, fingerprint, keys_mark, sign, trusted_keys, verify, why_not
from remit.model.errors import RefusedError
from remit.model.standing import ApprovedRemit
from remit.store.records import Store

AT = "2026-07-31T12:00:00Z"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/data/store.sqlite3") as opened:
        yield opened


def _approved(store: Store, **change: object) -> ApprovedRemit:
    hash_, by, os_user = "sha256:" + "a" * 64, "dana@example.com", "dana"
    signature, key = sign(store, hash_, by, os_user, AT)
    made = ApprovedRemit(
        agent="reader", version=1, hash=hash_, document="", path="", by=by, os_user=os_user, at=AT, signature=signature, key=key
    )
    return msgspec.structs.replace(made, **change)


def test_a_signature_counts_and_the_key_is_made_once_and_private(store: Store) -> None:
    first, second = _approved(store), _approved(store)
    assert first == second
    assert verify(first)
    assert why_not(first, trusted_keys(store.folder), store.folder) == ""
    assert stat.S_IMODE((store.folder / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in store.folder.iterdir() if path.name.endswith(".new")] == []


def test_what_is_signed_is_canonical_json_that_others_can_check(store: Store) -> None:
    made = _approved(store)
    words = f'{{"at":"{AT}","by":"dana@example.com","hash":"{made.hash}","os_user":"dana"}}'
    Ed25519PublicKey.from_public_bytes(base64.b64decode(made.key)).verify(base64.b64decode(made.signature), words.encode())


@pytest.mark.parametrize(
    "change",
    [
        {"hash": "sha256:" + "b" * 64},
        {"by": "eve@example.com"},
        {"os_user": "root"},
        {"at": "2026-07-31T12:00:01Z"},
        {"signature": base64.b64encode(bytes(64)).decode()},
        {"signature": ""},
        {"signature": "not base64"},
        {"signature": "é"},
        {"key": ""},
        {"key": base64.b64encode(bytes(31)).decode()},
        {"key": base64.b64encode(bytes(32)).decode()},
        {"by": "\ud800"},
    ],
    ids=str,
)
def test_anything_that_was_changed_after_signing_does_not_verify(store: Store, change: dict[str, str]) -> None:
    made = _approved(store, **change)
    assert not verify(made)
    assert "does not verify" in why_not(made, frozenset({made.key}), store.folder)


def test_a_key_of_another_installation_counts_only_when_somebody_trusted_it(store: Store, tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/elsewhere/store.sqlite3") as elsewhere:
        made = _approved(elsewhere)
    assert verify(made)
    refused = why_not(made, trusted_keys(store.folder), store.folder)
    assert fingerprint(made.key) in refused
    assert TRUSTED_FILE in refused
    before = keys_mark(store.folder)
    (store.folder / TRUSTED_FILE).write_text(f"# machines of ours\n\n{made.key}  # the build server\n")
    assert keys_mark(store.folder) != before
    assert why_not(made, trusted_keys(store.folder), store.folder) == ""


def test_without_a_key_nothing_counts_and_none_is_made_by_looking(tmp_path: Path) -> None:
    assert trusted_keys(tmp_path) == frozenset()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_damaged_key_is_refused_and_never_replaced(store: Store, content: bytes) -> None:
    path = store.folder / KEY_FILE
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(RefusedError, match="is damaged"):
        _approved(store)
    with pytest.raises(RefusedError, match="is damaged"):
        trusted_keys(store.folder)
    assert path.read_bytes() == content


def test_a_key_of_another_kind_is_refused(store: Store) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path = store.folder / KEY_FILE
    path.write_bytes(generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    with pytest.raises(RefusedError, match="not an Ed25519 key"):
        _approved(store)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_may_read_is_refused(store: Store, mode: int) -> None:
    _approved(store)
    (store.folder / KEY_FILE).chmod(mode)
    with pytest.raises(RefusedError, match="may be read by others"):
        _approved(store)


def test_a_list_of_trusted_keys_that_cannot_be_read_trusts_nobody(store: Store) -> None:
    _approved(store)
    (store.folder / TRUSTED_FILE).mkdir()
    with pytest.raises(RefusedError, match="whose approvals count"):
        trusted_keys(store.folder)


_SIGNS = (
    "import sys\n"
    "from remit.app.signing import sign\n"
    "from remit.store.records import Store\n"
    "with Store.open(sys.argv[1]) as store:\n"
    "    sys.stdin.readline()\n"
    "    print(sign(store, 'h', 'b', 'o', 't')[1])\n"
)


def test_processes_that_sign_first_at_once_agree_on_one_key(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite3"
    started = [
        subprocess.Popen([sys.executable, "-c", _SIGNS, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    said = {process.communicate("go\n", timeout=60)[0] for process in started}
    with Store.open(url) as store:
        assert said == {sign(store, "h", "b", "o", "t")[1] + "\n"}
