"""Narrowing a principal of AWS never lets it do more, and keeps what it is told to keep: over made-up policies of every shape."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.iam_worlds import ACTION_PATTERNS, ACTIONS, CONTEXTS, PLAIN_PATTERNS, RESOURCES, allows, principals

from remit.model.access import NativeObject
from remit.model.alignment import AlignmentLine, Class
from remit.systems.aws.after import objects_after
from remit.systems.aws.catalogue import concerns
from remit.systems.aws.minimise import narrow

KEPT = st.lists(st.tuples(st.sampled_from(ACTION_PATTERNS), st.sampled_from(RESOURCES + PLAIN_PATTERNS)), max_size=4)


@settings(max_examples=60, deadline=None)
@given(principals(), KEPT)
def test_narrowing_never_widens_and_keeps_what_it_is_told_to(principal: tuple[str, list[NativeObject]], keep: list[tuple[str, str]]):
    ref, objects = principal
    lines = [
        AlignmentLine(principal=ref, system="aws:s3", action=action, resource=on, class_=Class.NEEDED_USED, why="used")
        for action, on in keep
    ]
    proposal = narrow(objects, ref, lines, "x")
    after = list(objects_after(objects, proposal.steps))
    is_told = any("left out" in text for text in proposal.residue)
    for action in ACTIONS:
        for resource in (one for one in RESOURCES if concerns(action, one)):
            for context in CONTEXTS:
                was = allows(objects, ref, action, resource, context)
                is_now = allows(after, ref, action, resource, context)
                where = (action, resource, context, [json.loads(step.after or "null") for step in proposal.steps])
                assert is_now <= was, where
                if was and (action, resource) in keep and not is_told:
                    assert is_now, where
