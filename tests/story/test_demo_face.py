"""The web UI beside the demo: what it says to people is for its user alone, because it says how to get in."""

from __future__ import annotations

import os
import re
import stat
import threading
import time
import urllib.request
from pathlib import Path

from remit.demo.face import MESSAGES, face


def test_what_the_service_says_is_read_by_its_user_alone(tmp_path: Path) -> None:
    places = {"REMIT_STORE": f"sqlite:///{tmp_path / 'remit.db'}", "XDG_STATE_HOME": str(tmp_path / "state")}
    with face(tmp_path, {**os.environ, **places}, 0) as started:
        messages = tmp_path / MESSAGES
        assert stat.S_IMODE(messages.stat().st_mode) == 0o600
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
        with opener.open(started.address, timeout=20) as page:
            assert page.status == 200
        until = time.monotonic() + 20
        while not re.search(rf"^open {re.escape(started.site)}/enter/\S+$", messages.read_text(), re.MULTILINE):
            assert time.monotonic() < until, messages.read_text()
            threading.Event().wait(0.025)
