"""Uses whose record does not say on which resource they were, by the one grant that can have allowed them.

A trail names the resource of most actions and of some not (`*`), although the action is about resources. Such a call was allowed all the
same: where an identity has the action on one thing alone, it was that. Invariants:
- of several things none is guessed, and a use stays as it was recorded; a pattern of them is several;
- what a draft is made from is never touched: a grant is no reason for a need.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from remit.model.access import Access, PrincipalAccess
from remit.model.event import Use
from remit.understand.material import Concerns
from remit.understand.naming import has_no_resource
from remit.understand.spans import Spans

_UNSAID = "*"


def placed(uses: Iterable[Use], access: Sequence[PrincipalAccess], spans: Spans, concerns: Mapping[str, Concerns]) -> list[Use]:
    """The uses; one whose resource is unsaid is of the only thing that its action is granted on."""
    grants = {found.principal: found.access for found in access if not found.unread}
    return [_placed(use, grants.get(use.principal, ()), spans, concerns) for use in uses]


def _placed(use: Use, grants: Iterable[Access], spans: Spans, concerns: Mapping[str, Concerns]) -> Use:
    kind = use.system.partition(":")[0]
    if use.resource != _UNSAID or use.allowed == 0 or kind not in concerns or has_no_resource(concerns[kind], use.action):
        return use
    about = {
        grant.resource
        for grant in grants
        if grant.system in (use.system, f"{kind}:*")
        and spans.matches(use.system, grant.action, use.action)
        and (grant.resource == _UNSAID or spans.is_about(use.system, use.action, grant.resource))
    }
    one = about.pop() if len(about) == 1 else _UNSAID
    return replace(use, resource=one) if "*" not in one.split(":", 5)[-1] else use
