"""Listed access leaves nothing out, and what it calls certain is: over made-up policies of every shape."""

from __future__ import annotations

from hypothesis import given, settings
from tests.properties.iam_worlds import ACTIONS, CONTEXTS, RESOURCES, allows, principals

from remit.model.access import Access, Effect, NativeObject
from remit.systems.aws.access import access_of, decides
from remit.systems.aws.catalogue import concerns
from remit.systems.aws.pattern import matches


def is_about(line: Access, action: str, resource: str) -> bool:
    return matches(line.action.lower(), action.lower()) and matches(line.resource, resource)


@settings(max_examples=60, deadline=None)
@given(principals())
def test_all_that_is_allowed_is_listed_and_what_is_certain_is_allowed(principal: tuple[str, list[NativeObject]]):
    ref, objects = principal
    (found,) = access_of(objects, [ref])
    for action in ACTIONS:
        for resource in (one for one in RESOURCES if concerns(action, one)):
            about = [line for line in found.access if is_about(line, action, resource)]
            answers = [allows(objects, ref, action, resource, context) for context in CONTEXTS]
            assert not any(answers) or about, (action, resource, found.access)
            if any(line.decision is Effect.ALLOW and not line.but for line in about):
                assert all(answers), (action, resource, about)
            verdict = decides(objects, ref, action, resource)
            if verdict.is_allowed:
                assert all(answers), (action, resource, verdict)
            elif not verdict.depends_on:
                assert not any(answers), (action, resource, verdict)
