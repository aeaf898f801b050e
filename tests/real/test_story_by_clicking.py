"""The whole story in a real browser, by clicking alone; what was done is tried on the live servers as the agent itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.web.browsing import Served

from remit.demo.estate.attempts import EXCESSIVE, NEEDED, Attempt
from remit.demo.estate.cast import JONAS, LENA, MIRA, NIGHT_REPORT, NIGHT_REPORT_2025, REFUND_DESK, REVIEW_READER, SUPPLIER_DESK
from remit.demo.estate.running import Estate, running

pytestmark = pytest.mark.real
_LONGEST_MS = 120_000
expect.set_options(timeout=30_000)


@pytest.fixture
def estate(open_folder: Path) -> Iterator[Estate]:
    """The demo's company, of which Remit knows nothing yet."""
    with running(open_folder / "demo", lambda _: None) as estate:
        yield estate


@pytest.fixture
def service(estate: Estate) -> Iterator[Served]:
    """`remit serve` on its empty store."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "remit", "serve", "--port", "0"],
        cwd=estate.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
        env={**_without_own(os.environ), **estate.environment, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        yield Served(process)
    finally:
        process.terminate()
        process.wait(30)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _without_own(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(("AWS_", "PG", "REMIT_", "XDG_"))}


class Operator:
    """Somebody with a mouse: what is clicked is counted, what is typed is not."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.clicks = 0

    def home(self) -> None:
        """Begins at home, and counts from there."""
        self.page.goto(f"{self.url}/")
        self.clicks = 0

    def link(self, name: str | re.Pattern[str], *, within: str = "main") -> None:
        """Follows a link."""
        self.clicks += 1
        self.page.locator(within).get_by_role("link", name=name).first.click()

    def press(self, name: str | re.Pattern[str]) -> None:
        """Presses a button."""
        self.clicks += 1
        self.page.locator("main").get_by_role("button", name=name).first.click()

    def unfold(self, text: str) -> None:
        """Opens what is folded."""
        self.clicks += 1
        self.page.locator("summary").filter(has_text=text).first.click()

    def type(self, selector: str, text: str) -> None:
        """Types into a field."""
        self.page.locator(selector).fill(text)

    def work_is_done(self, *, ends: str = "done") -> None:
        """Waits on the page of a job until it says how it ended."""
        expect(self.page.locator("#job > p .badge").first).to_have_text(re.compile("done|failed"), timeout=_LONGEST_MS)
        assert self.page.locator("#job > p .badge").first.inner_text() == ends, self.page.locator("main").inner_text()


def outcomes(estate: Estate, attempts: tuple[Attempt, ...]) -> set[str]:
    """What comes of tries as the agent."""
    return {attempt.run(estate) for attempt in attempts}


def test_the_whole_story_by_clicking(estate: Estate, service: Served, browser: Browser) -> None:
    address = service.address()
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(30_000)
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(address)
    operator = Operator(page, service.url)
    try:
        _discover(operator, estate)
        _understand(operator, estate)
        _enforce(operator, estate)
        _right_size(operator, estate)
        _stop(operator, estate)
        _govern(operator, estate)
        assert wrong == []
    finally:
        context.close()


def _discover(operator: Operator, estate: Estate) -> None:
    page = operator.page
    operator.home()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is connected yet")
    operator.type("#code-path", str(estate.company))
    operator.press("Connect and scan")
    operator.work_is_done()
    page.goto(f"{operator.url}/connections")
    operator.unfold("AWS")
    for name, value in (("profile", "remit-read"), ("write_profile", "remit-write"), ("trail", estate.trail)):
        operator.type(f"#aws-{name}", value)
    page.locator("form[action='/connections/aws'] button").click()
    operator.work_is_done()
    page.goto(f"{operator.url}/connections")
    operator.unfold("Postgres")
    for name, value in (("url", estate.read_url), ("write_url", estate.write_url), ("log", str(estate.log_folder))):
        operator.type(f"#postgres-{name}", value)
    page.locator("form[action='/connections/postgres'] button").click()
    operator.work_is_done()
    operator.home()
    operator.link("Agents", within="header nav")
    assert page.locator("tbody th[scope=row]").count() == 12


def _own(operator: Operator, slug: str, person: str) -> None:
    page = operator.page
    page.goto(f"{operator.url}/agents/{slug}")
    operator.unfold("Set the owner")
    operator.type("#owner", person)
    operator.type("#owner-person", person)
    operator.press("Set the owner")
    expect(page.locator("section[aria-labelledby=q-owner]")).to_contain_text(person)


def _approve(operator: Operator, estate: Estate, slug: str, person: str) -> None:
    page = operator.page
    operator.link("Draft remit")
    operator.type("#document", (estate.folder / "remits" / f"{slug}.yaml").read_text("utf-8"))
    operator.type("form.editor input[name=person]", person)
    operator.press(re.compile("Approve as version 1"))
    page.goto(f"{operator.url}/agents/{slug}")
    expect(page.locator(".agent-head .badge").first).to_have_text("active")


def _understand(operator: Operator, estate: Estate) -> None:
    for slug, person in ((NIGHT_REPORT, MIRA), (SUPPLIER_DESK, MIRA), (REFUND_DESK, JONAS)):
        _own(operator, slug, person)
        _approve(operator, estate, slug, person)
    # Measure: what an agent can delete, and why, in at most three clicks from home.
    operator.home()
    operator.link(NIGHT_REPORT)
    operator.link(re.compile("delete", re.IGNORECASE))
    access = operator.page.locator("#access")
    expect(access).to_contain_text("s3:")
    if not access.locator("details[open]").count():
        operator.clicks += 1
        access.locator("table details summary").first.click()
    expect(access).to_contain_text(re.compile("policy|inline|arn:aws:iam"))
    assert operator.clicks <= 3


def _enforce(operator: Operator, estate: Estate) -> None:
    page = operator.page
    for task in ("honest", "poisoned"):
        words = [sys.executable, "-P", "-m", "remit.demo.task", task]
        environment = {**_without_own(os.environ), **estate.environment, "DEMO": str(estate.folder)}
        done = subprocess.run(words, cwd=estate.folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    operator.home()
    operator.link("Decisions", within="header nav")
    expect(page.locator("main")).to_contain_text("list_customers", timeout=60_000)
    page.locator("main").get_by_role("link", name=re.compile("why", re.IGNORECASE)).first.click()
    expect(page.locator("main")).to_contain_text("supplier-desk.yaml")
    # The follower watches at most every ten seconds: a denial becomes a finding without a scan.
    page.wait_for_timeout(500)
    for _ in range(60):
        page.goto(f"{operator.url}/findings?agent={SUPPLIER_DESK}")
        if "list_customers" in page.locator("main").inner_text():
            break
        page.wait_for_timeout(1_000)
    expect(page.locator("main")).to_contain_text("list_customers")


def _risk(page: Page) -> float:
    return float(page.locator(".agent-risk b").inner_text())


def _right_size(operator: Operator, estate: Estate) -> None:
    page = operator.page
    page.goto(f"{operator.url}/agents/{NIGHT_REPORT}")
    risk = _risk(page)
    assert outcomes(estate, EXCESSIVE[NIGHT_REPORT]) == {"allowed"}
    # Measure: a narrowing approved, with its replay read, in at most four clicks from home.
    operator.home()
    operator.link(NIGHT_REPORT)
    operator.press("Plan narrowing")
    expect(page.locator("main")).to_contain_text("recorded calls")
    plan = page.url
    operator.type("form[action$='/apply'] input[name=person]", MIRA)
    operator.press("Apply")
    assert operator.clicks <= 4
    operator.work_is_done()
    assert outcomes(estate, EXCESSIVE[NIGHT_REPORT]) == {"denied"}
    assert outcomes(estate, NEEDED[NIGHT_REPORT]) == {"allowed"}
    page.goto(plan)
    operator.type("form[action$='/rollback'] input[name=person]", MIRA)
    operator.press("Take it back")
    operator.work_is_done()
    assert outcomes(estate, EXCESSIVE[NIGHT_REPORT]) == {"allowed"}
    page.goto(plan)
    operator.press("Plan again")
    operator.type("form[action$='/apply'] input[name=person]", MIRA)
    operator.press("Apply")
    operator.work_is_done()
    assert outcomes(estate, EXCESSIVE[NIGHT_REPORT]) == {"denied"}
    page.goto(f"{operator.url}/agents/{NIGHT_REPORT}")
    assert _risk(page) < risk, "what is granted counts, so a narrowing shows in the risk"


def _stop(operator: Operator, estate: Estate) -> None:
    page = operator.page
    # Measure: an agent stopped in at most two clicks from home.
    operator.home()
    operator.link(re.compile(rf"Stop.*{REFUND_DESK}|{REFUND_DESK}.*Stop"))
    operator.type("#because", "refunds at night")
    operator.press("Stop it")
    assert operator.clicks <= 2
    operator.work_is_done()
    assert outcomes(estate, NEEDED[REFUND_DESK]) == {"denied"}
    page.goto(f"{operator.url}/agents/{REFUND_DESK}")
    expect(page.locator(".agent-head .badge").first).to_have_text("suspended")
    operator.press(f"Release {REFUND_DESK}")
    operator.work_is_done()
    assert outcomes(estate, NEEDED[REFUND_DESK]) == {"allowed"}


def _govern(operator: Operator, estate: Estate) -> None:
    page = operator.page
    _own(operator, REVIEW_READER, LENA)
    _own(operator, NIGHT_REPORT_2025, MIRA)
    assert outcomes(estate, EXCESSIVE[NIGHT_REPORT_2025]) == {"allowed"}
    operator.link("Retire")
    operator.type("main form input[name=person]", MIRA)
    page.locator("input[name=for-good]").check()
    operator.press("Retire it for good")
    operator.work_is_done()
    assert outcomes(estate, EXCESSIVE[NIGHT_REPORT_2025]) == {"denied"}
    page.goto(f"{operator.url}/agents/{NIGHT_REPORT_2025}")
    expect(page.locator(".agent-head .badge").first).to_have_text("retired")
