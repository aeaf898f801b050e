"""What an agent can access is worked out once, and anew as soon as anything that it follows from has changed."""

from __future__ import annotations

import msgspec
from tests.web.world import AWS, COST_TRIAGE, INVOICE_DESK, RETURNS, World

from remit.app.loop import alignment_of
from remit.app.scan import keep_state
from remit.app.turn import join
from remit.app.web.agent_access import Kept


def test_the_same_snapshot_is_worked_out_once(world: World) -> None:
    kept, current = Kept(), world.current()
    first = kept.of(current, RETURNS)
    assert kept.of(current, RETURNS) is first
    assert first.alignment == alignment_of(current, RETURNS)


def test_another_snapshot_of_the_same_is_not_worked_out_again(world: World) -> None:
    kept = Kept()
    assert kept.of(world.current(), COST_TRIAGE) is kept.of(world.current(), COST_TRIAGE)


def test_each_agent_has_its_own(world: World) -> None:
    kept, current = Kept(most=1), world.current()
    for slug in (COST_TRIAGE, INVOICE_DESK, COST_TRIAGE):
        assert kept.of(current, slug).alignment == alignment_of(current, slug)


def test_a_use_that_was_recorded_since_is_in_it(own_world: World) -> None:
    kept, current = Kept(), own_world.current()
    before = kept.of(current, COST_TRIAGE)
    (event,) = [event for event in own_world.store.events(agent=COST_TRIAGE) if event.action == "ce:GetCostAndUsage"][:1]
    own_world.store.add_events([msgspec.structs.replace(event, id="new", resource="elsewhere")], {})
    after = kept.of(current, COST_TRIAGE)
    assert after is not before
    assert after.alignment == alignment_of(current, COST_TRIAGE)


def test_a_grant_that_is_gone_since_is_not_in_it(own_world: World) -> None:
    kept, current = Kept(), own_world.current()
    before = kept.of(current, COST_TRIAGE)
    objects = [item for item in current.objects(AWS) if not item.id.endswith("role/cost-triage")]
    keep_state(current, current.connections[AWS], objects, own_world.at)
    join(current, own_world.at)
    now = own_world.current()
    after = kept.of(now, COST_TRIAGE)
    assert after.alignment == alignment_of(now, COST_TRIAGE) != before.alignment


def test_a_remit_that_counts_no_more_is_needed_no_more(own_world: World) -> None:
    kept = Kept()
    before = kept.of(own_world.current(), COST_TRIAGE)
    current = own_world.current()
    current.__dict__["remits"] = {}
    after = kept.of(current, COST_TRIAGE)
    assert not before.alignment.is_from_draft
    assert after.alignment.is_from_draft
