"""The story of the demo: six steps, each of commands that a user could type, and of claims about what they did."""

from __future__ import annotations

import msgspec

from remit.demo import checks
from remit.demo.claims import Claim
from remit.demo.estate import cast
from remit.demo.narrator import Trim, head, parts, whole


class Command(msgspec.Struct, frozen=True):
    """A command, and which lines of what it prints are shown."""

    text: str
    trim: Trim = whole


class Remark(msgspec.Struct, frozen=True):
    """A sentence between commands."""

    text: str


class Step(msgspec.Struct, frozen=True):
    """One step of the story."""

    title: str
    about: str
    parts: tuple[Command | Remark | Claim, ...]


CONNECT = (
    "remit connect code company",
    f"remit connect aws --profile remit-read --write-profile remit-write --trail s3://{cast.BUCKET_TRAIL}/AWSLogs",
    "remit connect postgres postgresql://remit_read@/shop --write-url postgresql://remit_write@/shop --log postgres/json",
)
"""What a person types first, who walks through the story by hand."""
_NEEDED_AND_NO_MORE = "after it, night-report does all that it needs, and nothing else that it was granted"

STEPS = (
    Step(
        "Discover",
        "Which agents does Tidewater Books run, as whom do they act, and what is wrong already? Nothing that is read is executed.",
        (
            *(Command(text, head(8)) for text in CONNECT),
            Command("remit agents", parts(15, 1)),
            Claim("every agent of the company is found, in each of its frameworks", checks.every_agent_is_found),
            Command("remit findings", parts(16, 1)),
            Claim("each of its faults is a finding, with its evidence", checks.each_fault_is_a_finding),
        ),
    ),
    Step(
        "Understand",
        "What is an agent for? A draft comes from code, words and use, never from what is granted. A person approves it, and it is signed.",
        (
            Command(f"remit owner night-report {cast.MIRA}"),
            Command("remit draft night-report", parts(4, objectives=14)),
            Claim("every line of the draft names the places that it comes from", checks.every_line_has_its_places),
            Command(f"remit approve remits/night-report.yaml --as {cast.MIRA}"),
            Command("remit agent night-report", head(34)),
            Claim("what Remit says it can do beyond its purpose, it can do on the live servers", checks.too_much_is_granted),
            Command(f"remit owner supplier-desk {cast.MIRA}"),
            Command(f"remit approve remits/supplier-desk.yaml --as {cast.MIRA}"),
            Command(f"remit owner refund-desk {cast.JONAS}"),
            Command(f"remit approve remits/refund-desk.yaml --as {cast.JONAS}"),
        ),
    ),
    Step(
        "Enforce at run time",
        "supplier-desk reads letters and pays bills, through the gateway in front of its two MCP servers. It is a script that obeys "
        "whatever it reads, as a model might; servers, client and gateway are real.",
        (
            Command("python -m remit.demo.task honest"),
            Claim("the honest task was done: one bill paid, accounts told", checks.the_honest_task_was_done),
            Remark("A reminder came in with orders in it for whoever reads it. The agent obeys them."),
            Command("python -m remit.demo.task poisoned"),
            Claim("nothing that the letter asked for reached a server; the rest was done", checks.the_poison_reached_no_server),
            Command("remit scan", head(4)),
            Command("remit findings --agent supplier-desk", head(12)),
            Claim("what was denied is a finding, with its place in the decision log", checks.what_was_denied_is_a_finding),
            Command("remit why supplier-desk"),
            Claim("the reason is a line of the remit", checks.the_reason_is_a_line),
        ),
    ),
    Step(
        "Right-size",
        "night-report keeps what its remit needs, in AWS and in Postgres. The plan is replayed over ninety days of use before anybody "
        "applies it.",
        (
            Command("remit plan night-report", parts(24, Replay=6, Plan=2)),
            Command(f"remit apply night-report --as {cast.MIRA}", parts(8, 1)),
            Claim(_NEEDED_AND_NO_MORE, checks.only_what_is_needed_works),
            Command(f"remit rollback night-report --as {cast.MIRA}", parts(4, 1)),
            Claim("taken back, everything works as it did before", checks.everything_works_again),
            Command("remit plan night-report", parts(1, Plan=2)),
            Command(f"remit apply night-report --as {cast.MIRA}", parts(0, 1)),
            Claim("applied again, it holds again", checks.only_what_is_needed_works),
        ),
    ),
    Step(
        "Stop an agent",
        "refund-desk behaves oddly. Stop it now, everywhere; look into it; let it go on.",
        (
            Command('remit quarantine refund-desk --because "refunds at night"', parts(10, 1)),
            Claim("stopped, it gets nothing done in AWS nor in Postgres", checks.refund_desk_is_stopped),
            Claim("other agents work on", checks.others_work_on),
            Command("remit release refund-desk", parts(6, 1)),
            Claim("released, it works as before", checks.refund_desk_works),
        ),
    ),
    Step(
        "Govern",
        "review-reader gets somebody who answers for it. The forgotten copy of the night report, with a live key of its own, is retired.",
        (
            Command(f"remit owner review-reader {cast.LENA}"),
            Claim("nobody is asked any more who owns review-reader", checks.review_reader_has_an_owner),
            Claim("until now, the key of the forgotten copy works", checks.the_copy_works),
            Command(f"remit owner night-report-2025 {cast.MIRA}"),
            Command(f"remit retire night-report-2025 --as {cast.MIRA}", parts(8, 1)),
            Claim("retired, its key opens nothing", checks.the_copy_is_gone),
            Claim("night-report, of which it was a copy, works on", checks.night_report_works),
            Command("remit findings", parts(0, 1)),
        ),
    ),
)


def commands() -> list[str]:
    """Every command of the story, in its order."""
    return [part.text for step in STEPS for part in step.parts if isinstance(part, Command)]
