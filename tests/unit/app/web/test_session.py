"""Who is let in by one-time addresses, and for how long."""

from __future__ import annotations

import threading

from remit.app.web.session import _MOST_SESSIONS, IDLE_SECONDS, Door, Session


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def door(clock: Clock | None = None) -> tuple[Door, list[str]]:
    announced: list[str] = []
    return Door("http://127.0.0.1:8686", 8686, announced.append, clock or Clock()), announced


def word(of: Door) -> str:
    return of.one_time_address.rpartition("/")[2]


def entered(of: Door) -> Session:
    session = of.enter(word(of))
    assert session is not None
    return session


def test_an_address_lets_in_once_and_the_next_one_is_announced_where_the_service_was_started() -> None:
    made, announced = door()
    first = word(made)
    assert announced == []
    session = made.enter(first)
    assert session is not None
    assert made.enter(first) is None
    assert announced == [made.one_time_address]
    assert word(made) != first
    assert made.session(session.id) is session


def test_of_many_that_bring_one_address_at_once_one_is_let_in() -> None:
    made, announced = door()
    given = word(made)
    came: list[Session | None] = []
    together = threading.Barrier(8)

    def bring() -> None:
        together.wait()
        came.append(made.enter(given))

    threads = [threading.Thread(target=bring) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(session is not None for session in came) == 1
    assert len(announced) == 1


def test_a_wrong_word_uses_up_nothing() -> None:
    made, announced = door()
    for wrong in ("", "x", word(made)[:-1], word(made) + "x", "é\ud800", "\x00"):
        assert made.enter(wrong) is None
    assert announced == []
    assert entered(made)


def test_a_session_ends_when_nobody_used_it_for_long_and_not_before() -> None:
    clock = Clock()
    made, _ = door(clock)
    session = entered(made)
    for _ in range(5):
        clock.now += IDLE_SECONDS
        assert made.session(session.id) is session
    clock.now += IDLE_SECONDS + 1
    assert made.session(session.id) is None
    assert made.session(session.id) is None


def test_signing_out_ends_a_session_alone() -> None:
    made, _ = door()
    one, other = entered(made), entered(made)
    made.leave(one)
    made.leave(one)
    assert made.session(one.id) is None
    assert made.session(other.id) is other


def test_of_too_many_sessions_the_one_that_was_used_longest_ago_ends() -> None:
    clock = Clock()
    made, _ = door(clock)
    sessions = []
    for _ in range(_MOST_SESSIONS):
        clock.now += 1
        sessions.append(entered(made))
    clock.now += 1
    assert made.session(sessions[0].id)
    entered(made)
    assert made.session(sessions[1].id) is None
    assert made.session(sessions[0].id)


def test_no_cookie_is_no_session() -> None:
    made, _ = door()
    session = entered(made)
    for cookie in (None, "", "x", session.word, session.id + "x"):
        assert made.session(cookie) is None


def test_each_session_has_a_word_of_its_own() -> None:
    made, _ = door()
    one, other = entered(made), entered(made)
    assert one.is_word(one.word)
    for wrong in ("", other.word, one.id, one.word + "x", "\ud800"):
        assert not one.is_word(wrong)


def test_services_on_two_ports_keep_their_cookies_apart() -> None:
    assert Door("http://127.0.0.1:1", 1, print).cookie != Door("http://127.0.0.1:2", 2, print).cookie


def test_a_session_is_the_user_s_alone_who_opened_it() -> None:
    made, _ = door()
    session = made.enter(word(made), 1000)
    assert session is not None
    assert made.session(session.id, 1000) is session
    assert (made.session(session.id, 1001), made.session(session.id, 0), made.session(session.id)) == (None, None, None)
    assert made.session(session.id, 1000) is session


def test_where_nobody_knows_who_opened_it_the_cookie_alone_counts() -> None:
    made, _ = door()
    session = made.enter(word(made))
    assert session is not None
    assert made.session(session.id, 1000) is session
