"""What a right-sizing plan cannot know: sentences that stand beside its replay, so that nobody takes silence for proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from remit.model.alignment import AlignmentLine, Class
from remit.model.shown import printable
from remit.model.verbs import Verb
from remit.remedy.sharing import goes_away
from remit.remedy.situation import Ground, Situation

_ENOUGH_DAYS = 30
_MOST_LISTED = 20


def blind_spots(situation: Situation, narrowed: Iterable[str]) -> list[str]:
    """Sentences about the identities that a plan narrows."""
    refs = list(narrowed)
    connections = list(dict.fromkeys(situation.principals[ref].connection for ref in refs))
    lines = [line for line in situation.alignments[situation.agent].lines if line.principal in set(refs)]
    found = [sentence for name in connections for sentence in _of_the_log(situation, name, situation.grounds[name], lines)]
    found += _of_use(situation, refs)
    found += _of_conditions(lines)
    found += _of_taken_uses(situation, lines)
    return list(dict.fromkeys(found))


def _of_the_log(situation: Situation, name: str, ground: Ground, lines: list[AlignmentLine]) -> Iterator[str]:
    yield from (f"`{name}`: {printable(sentence, 300)}" for sentence in ground.unread)
    if not ground.has_log:
        yield f"no audit log of `{name}` is connected: what is used there is not known, only what is needed stays"
        return
    if ground.unread_records:
        yield f"{ground.unread_records:,} records of the log of `{name}` could not be understood: use in them is not known"
    if not ground.uses:
        yield f"the log of `{name}` holds no record yet: what is used there is not known, only what is needed stays"
        return
    first, last = min(use.first for use in ground.uses), max(use.last for use in ground.uses)
    yield f"the log of `{name}` reaches from {first[:10]} to {last[:10]}: rarer use (a yearly job) is not in it"
    yield from _of_what_is_not_logged(situation, name, ground, lines)


def _of_what_is_not_logged(situation: Situation, name: str, ground: Ground, lines: list[AlignmentLine]) -> Iterator[str]:
    """Systems log reading and changing of data only where somebody switched it on: what nobody was ever seen doing may be unlogged."""
    seen = {(use.system, situation.verb_of(name, use.action)) for use in ground.uses}
    missing: dict[str, set[Verb]] = {}
    for line in lines:
        verb = situation.verb_of(name, line.action)
        is_here = situation.principals[line.principal].connection == name
        if is_here and line.class_ is Class.UNNEEDED and verb is not None and (line.system, verb) not in seen:
            missing.setdefault(line.system, set()).add(verb)
    for system, verbs in sorted(missing.items()):
        yield (
            f"the log of `{name}` holds no `{'`, `'.join(sorted(verbs))}` on `{system}` by anybody: such events may not be logged there "
            "(data events are only where they are switched on), so that nothing tells unused from unseen"
        )


def _of_use(situation: Situation, refs: list[str]) -> Iterator[str]:
    """Recorded use that no agent is known to have made: by nobody that is known, or by one of several, and no record tells which."""
    strangers: Counter[str] = Counter()
    for ref in refs:
        for use in situation.grounds[situation.principals[ref].connection].uses:
            if use.principal == ref and not use.agent and use.allowed:
                strangers[ref] += use.allowed
    for ref, calls in strangers.items():
        others = situation.others_on(ref)
        if others:
            agents = ", ".join(f"`agent:{slug}`" for slug in sorted((situation.agent, *others)))
            who = f"cannot be told apart: {agents} act as it, and no record says which of them it was, or whether it was another"
            need = "what each of them needs is known by its remit or draft alone"
        else:
            who = "came from nobody whom Remit knows as an agent"
            need = "what they need is not known"
        yield (
            f"{calls:,} recorded call{'' if calls == 1 else 's'} as `{situation.name(ref)}` {who}: {need}, and the replay shows which "
            "would be denied"
        )


def _of_conditions(lines: list[AlignmentLine]) -> Iterator[str]:
    for line in lines:
        if line.doubt and line.class_ in (Class.NEEDED_USED, Class.NEEDED_UNUSED):
            yield f"`{printable(line.action)}` on `{printable(line.resource)}` stays, and is not certain: {printable(line.doubt, 400)}"


def _of_taken_uses(situation: Situation, lines: list[AlignmentLine]) -> Iterator[str]:
    taken = goes_away(situation, (line for line in lines if line.class_ is Class.USED_NOT_NEEDED))
    for line in taken[:_MOST_LISTED]:
        when = f", last on {line.last_used[:10]}" if line.last_used else ""
        yield (
            f"`{printable(line.action)}` on `{printable(line.resource)}` was used {line.count:,} times{when}, and goes away: nothing "
            f"in the remit of `agent:{situation.agent}` needs it"
        )
    if len(taken) > _MOST_LISTED:
        yield f"and {len(taken) - _MOST_LISTED:,} more uses that go away"
