"""Standing, modes, reasons, and an index that is replaced and never changed."""

from __future__ import annotations

from typing import Any

import pytest

from remit.contracts.system import Vocabulary
from remit.decide.engine import decide
from remit.decide.index import Index, build_index
from remit.decide.limits import NOTHING_SPENT
from remit.decide.mandate import open_mandate
from remit.document.parse import parse_or_raise
from remit.model.agent import AgentState
from remit.model.decision import Decision, Outcome, Request, Step
from remit.model.remit import Mode, Remit
from remit.model.verbs import Verb

NOW = 1_800_000_000.0
LAST_SECOND = 1_803_859_199.0
"""2027-02-28, 23:59:59 UTC."""


def remit(agent: str = "cost-triage", extra: str = "") -> Remit:
    return parse_or_raise(
        f"""
remit: 1
agent: {agent}
purpose: p
owner: {{contact: dana@example.com}}
objectives:
  read-reports:
    why: w
    can:
      - {{call: "mcp:files", resource: read_text_file, where: {{path: "/data/**"}}}}
      - {{call: "mcp:files", resource: list_directory}}
never:
  - {{call: "mcp:files", resource: delete_everything}}
  - {{call: "mcp:files", resource: list_directory, where: {{path: "/etc/**"}}}}
{extra}
""",
        "remits/a.yaml",
    )


def call(tool: str = "list_directory", agent: str = "cost-triage", **arguments: Any) -> Request:
    return Request(agent=agent, system="mcp:files", action=tool, resource=tool, arguments=arguments or {"path": "/data"})


def index(state: AgentState = AgentState.ACTIVE, extra: str = "") -> Index:
    return build_index([remit(extra=extra)], {"cost-triage": state})


def ask(index: Index, request: Request, now: float = NOW) -> Decision:
    return decide(index, request, None, NOTHING_SPENT, now)


# --- standing ------------------------------------------------------------------------------------------------------------


def test_an_unknown_agent_is_denied() -> None:
    decision = ask(index(), call(agent="stranger"))
    assert (decision.outcome, decision.step) == (Outcome.DENY, Step.STANDING)
    assert decision.because == "no agent `stranger` is known here, and without an approved remit nothing is allowed"


def test_no_remit_at_all_denies() -> None:
    assert ask(build_index([], {}), call()).step is Step.STANDING
    assert ask(build_index([], {"cost-triage": AgentState.ACTIVE}), call()).step is Step.STANDING


def test_a_remit_without_a_known_state_denies() -> None:
    assert ask(build_index([remit()], {}), call()).step is Step.STANDING


@pytest.mark.parametrize("state", [state for state in AgentState if state is not AgentState.ACTIVE])
@pytest.mark.parametrize("mode", list(Mode))
def test_an_agent_that_is_not_active_is_denied_in_every_mode(state: AgentState, mode: Mode) -> None:
    decision = ask(index(state, f"mode: {mode.value}"), call())
    assert (decision.outcome, decision.step) == (Outcome.DENY, Step.STANDING)
    assert state.value in decision.because


def test_a_remit_holds_to_the_end_of_its_last_day() -> None:
    dated = index(extra="lifecycle: {expires: 2027-02-28}")
    assert ask(dated, call(), LAST_SECOND).outcome is Outcome.ALLOW
    assert ask(dated, call(), LAST_SECOND + 0.999).outcome is Outcome.ALLOW
    expired = ask(dated, call(), LAST_SECOND + 1)
    assert (expired.outcome, expired.step) == (Outcome.DENY, Step.STANDING)
    assert "expired at the end of 2027-02-28" in expired.because


def test_an_agent_whose_policy_cannot_be_used_gets_a_fault() -> None:
    decision = ask(index().with_fault("cost-triage", "remits/a.yaml:3: unknown key"), call())
    assert (decision.outcome, decision.step) == (Outcome.DENY, Step.FAULT)
    assert "remits/a.yaml:3" in decision.because


def test_a_request_that_the_point_could_not_read_is_a_fault_with_its_reason() -> None:
    decision = ask(
        index(extra="mode: observe"), Request(agent="cost-triage", system="", action="", resource="", is_understood=False, fault="a batch")
    )
    assert (decision.outcome, decision.step) == (Outcome.DENY, Step.FAULT)
    assert "a batch" in decision.because


# --- reasons -------------------------------------------------------------------------------------------------------------


def test_an_allow_names_its_line_and_its_objective() -> None:
    decision = ask(index(), call("read_text_file", path="/data/x"))
    assert (decision.rule, decision.line, decision.objective) == ("objectives.read-reports.can[0]", 10, "read-reports")
    assert decision.because.startswith(
        "`read_text_file` of `mcp:files` is allowed by remits/a.yaml:10 (objectives.read-reports.can[0]): objective `read-reports`"
    )
    assert decision.path == "remits/a.yaml"
    assert decision.remit_hash.startswith("sha256:")


def test_a_deny_by_never_names_its_line_and_the_tool() -> None:
    decision = ask(index(), call("delete_everything"))
    assert (decision.rule, decision.line) == ("never[0]", 13)
    assert decision.because == "`delete_everything` of `mcp:files` is forbidden by remits/a.yaml:13 (never[0])"


def test_a_near_miss_names_the_line_and_the_argument_that_it_needs() -> None:
    decision = ask(index(), call("read_text_file", path="/etc/passwd"))
    assert (decision.step, decision.line) == (Step.NO_MATCH, 10)
    assert "remits/a.yaml:10 (objectives.read-reports.can[0]): it does not allow `path` as given" in decision.because
    assert "passwd" not in decision.because


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"pth": "/data/x"}, "`path` is missing"),
        ({"path": "data/x"}, "`path` counts as missing: write it as a full path that begins with `/`"),
        ({"path": 7}, "it does not allow `path` as given"),
    ],
)
def test_a_near_miss_says_what_is_wrong_with_the_argument(arguments: dict[str, Any], expected: str) -> None:
    assert f"remits/a.yaml:10 (objectives.read-reports.can[0]): {expected}" in ask(index(), call("read_text_file", **arguments)).because


def test_a_line_on_the_tool_with_another_verb_is_the_nearest_and_says_so() -> None:
    text = """
remit: 1
agent: cost-triage
purpose: p
owner: {contact: dana@example.com}
objectives:
  o:
    why: w
    can:
      - {list: "mcp:files", resource: list_directory}
      - {read: "mcp:files", resource: "*"}
"""
    index = build_index(
        [parse_or_raise(text, "a.yaml")], {"cost-triage": AgentState.ACTIVE}, [Vocabulary("mcp", {"wipe": Verb.DELETE}, str, False)]
    )
    unknown = ask(index, call("frobnicate"))
    assert unknown.line == 11
    assert "it is for `read`, and what `frobnicate` does is not known" in unknown.because
    assert "a.yaml:11 (objectives.o.can[1]): it is for `read`, and this is `delete`" in ask(index, call("wipe")).because


def test_a_tool_that_no_line_is_about_is_told_where_the_lines_on_its_server_begin() -> None:
    decision = ask(index(), call("frobnicate"))
    assert (decision.step, decision.line) == (Step.NO_MATCH, 10)
    assert (
        "is covered by no line of remits/a.yaml; those on `mcp:files` begin with remits/a.yaml:10 (objectives.read-reports.can[0]), "
        "which is about `read_text_file`"
    ) in decision.because


def test_a_server_that_no_line_is_about_is_named() -> None:
    elsewhere = Request(agent="cost-triage", system="mcp:wrong", action="list_directory", resource="list_directory")
    assert "is covered by no line of remits/a.yaml; none is about `mcp:wrong`" in ask(index(), elsewhere).because


def test_hostile_names_are_escaped() -> None:
    decision = ask(index(), call("evil\x1b[31m\u202etool\n"))
    assert "\x1b" not in decision.because
    assert "\u202e" not in decision.because
    assert "\n" not in decision.because
    assert "evil\\x1b" in decision.because


def test_a_decision_says_whether_a_mandate_was_looked_at() -> None:
    for decision in (ask(index(), call()), ask(index(), call("fold_paper"))):
        assert "the task is not known" in decision.because
        assert "mandate" not in decision.because, "a word that whoever reads it may never have met"
    known = decide(index(), call(), open_mandate("s", "list the data", remit()), NOTHING_SPENT, NOW)
    assert "the task is not known" not in known.because


# --- modes ---------------------------------------------------------------------------------------------------------------


def test_observe_allows_and_says_what_would_have_happened() -> None:
    decision = ask(index(extra="mode: observe"), call("delete_everything"))
    assert (decision.outcome, decision.would, decision.step) == (Outcome.ALLOW, Outcome.DENY, Step.NEVER)
    assert "`enforce` would have denied it" in decision.because


def test_ask_asks_about_what_no_line_covers_and_denies_what_is_forbidden() -> None:
    asking = index(extra="mode: ask")
    assert ask(asking, call("other")).outcome is Outcome.ASK
    assert ask(asking, call("delete_everything")).outcome is Outcome.DENY


# --- the index -----------------------------------------------------------------------------------------------------------


def test_an_index_is_replaced_and_never_changed() -> None:
    first = build_index([remit(), remit("other")], {"cost-triage": AgentState.ACTIVE, "other": AgentState.ACTIVE})
    suspended = first.with_state("cost-triage", AgentState.SUSPENDED)
    assert ask(suspended, call()).outcome is Outcome.DENY
    assert ask(first, call()).outcome is Outcome.ALLOW
    assert suspended.entries["other"] is first.entries["other"]
    assert ask(suspended.with_state("cost-triage", AgentState.ACTIVE), call()).outcome is Outcome.ALLOW
    assert ask(first.without("cost-triage"), call()).step is Step.STANDING
    changed = first.with_remit(parse_or_raise(PLAIN, "b.yaml"))
    assert ask(changed, call()).outcome is Outcome.DENY
    assert ask(changed, call("other_tool")).outcome is Outcome.ALLOW


PLAIN = """
remit: 1
agent: cost-triage
purpose: p
owner: {contact: dana@example.com}
objectives: {one: {why: w, can: [{call: "mcp:files", resource: other_tool}]}}
"""


def test_a_new_agent_of_an_index_is_denied_until_its_state_is_given() -> None:
    new = build_index([], {}).with_remit(remit())
    assert ask(new, call()).outcome is Outcome.DENY
    assert ask(new.with_remit(remit(), AgentState.ACTIVE), call()).outcome is Outcome.ALLOW
    assert ask(build_index([], {}).with_state("cost-triage", AgentState.ACTIVE), call()).outcome is Outcome.DENY


@pytest.mark.parametrize(
    ("tool", "is_shown"), [("read_text_file", True), ("list_directory", True), ("delete_everything", False), ("other", False)]
)
def test_a_tool_is_shown_when_some_arguments_could_be_allowed(tool: str, is_shown: bool) -> None:
    assert index().could_allow("cost-triage", "mcp:files", tool, NOW) is is_shown
    assert index(extra="mode: observe").could_allow("cost-triage", "mcp:files", tool, NOW)
    assert not index(AgentState.SUSPENDED).could_allow("cost-triage", "mcp:files", tool, NOW)
    assert not index().could_allow("stranger", "mcp:files", tool, NOW)


def test_the_first_line_that_applies_is_the_one_that_is_named() -> None:
    text = PLAIN.replace(
        '[{call: "mcp:files", resource: other_tool}]',
        '[{call: "mcp:files", resource: "*", where: {n: 1}}, {call: "mcp:files", resource: t}, {call: "mcp:files", resource: "*"}]',
    )
    several = build_index([parse_or_raise(text, "b.yaml")], {"cost-triage": AgentState.ACTIVE})
    assert ask(several, call("t", n=1)).rule == "objectives.one.can[0]"
    assert ask(several, call("t", n=2)).rule == "objectives.one.can[1]"
    assert ask(several, call("u", n=2)).rule == "objectives.one.can[2]"


def test_a_tool_with_several_verbs_meets_what_any_of_them_meets() -> None:
    text = PLAIN.replace(
        '[{call: "mcp:files", resource: other_tool}]',
        '[{read: "mcp:files", resource: t}, {create: "mcp:files", resource: t, where: {n: 1}}]',
    )
    table = Vocabulary(kind="mcp", verbs={"t": Verb.DELETE}, fold=str, is_complete=False)
    states = {"cost-triage": AgentState.ACTIVE}
    assert ask(build_index([parse_or_raise(text, "b.yaml")], states, [table]), call("t", n=2)).outcome is Outcome.ALLOW
    forbidding = parse_or_raise(text + 'never: [{create: "*"}]\n', "b.yaml")
    assert ask(build_index([forbidding], states, [table]), call("t", n=2)).step is Step.NEVER
