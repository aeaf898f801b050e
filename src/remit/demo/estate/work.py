"""What happens on one day of the company: the work of its agents as their code does it, and people and services beside them.

`night-report` also does, on a few days, what no report needs; `letter-filer` stops after a while. Everything is drawn from a given chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from random import Random

import msgspec

from remit.demo.estate.aws import ADA_USER, PRICE_MODEL, RUNTIME, role_arn, user_arn
from remit.demo.estate.cast import (
    BUCKET_CUSTOMERS,
    BUCKET_LETTERS,
    BUCKET_ORDERS,
    BUCKET_REPORTS,
    LETTER_FILER,
    NIGHT_REPORT,
    NIGHT_REPORT_2025,
    PRICE_SCOUT,
    REFUND_DESK,
    RETURNS_SORTER,
    REVIEW_READER,
    SHARED_ROLE,
    SHELF_FINDER,
    STOCK_WATCH,
    STOREFRONT_HELPER,
)
from remit.demo.estate.recorder import Caller, Doing, letters, on_bucket
from remit.demo.estate.shop import MIRA_LOGIN, login_of

FILER_UNTIL = 62
"""So many days ago `letter-filer` was last at work."""
STRAY_DAYS = (44, 19, 5)
"""So many days ago `night-report` read what no report needs."""
_PUBLISHERS = ("harbour-press", "northline", "kielwasser")
_ANSWERS = ("opening-hours", "gift-cards", "returns")


class Call(msgspec.Struct, frozen=True):
    """Something done in AWS."""

    at: datetime
    caller: Caller
    doing: Doing


class Statement(msgspec.Struct, frozen=True):
    """Something done in the database."""

    at: datetime
    login: str
    application: str
    sql: str
    """With `%s` where a program gives a value."""
    is_typed: bool = False
    """Whether a person typed it at a prompt."""


Happened = Call | Statement


class Day:
    """One day, and the means to say what happened on it."""

    def __init__(self, begins: datetime, back: int, chance: Random, keys: Mapping[str, str]) -> None:
        self.begins = begins
        self.back = back
        """So many days ago."""
        self.chance = chance
        self._keys = keys
        self._at = begins

    @property
    def name(self) -> str:
        """The day before, as agents name the day that they work on."""
        return f"{self.begins - timedelta(days=1):%Y-%m-%d}"

    @property
    def week(self) -> str:
        """The week, as `2026-W11`."""
        return f"{self.begins:%G-W%V}"

    def begin(self, hour: float) -> None:
        """What is said next happens from this hour on."""
        self._at = self.begins + timedelta(hours=hour, seconds=self.chance.randrange(300))

    def session(self, role: str, name: str, invoked_by: str = "") -> Caller:
        """A new session of a role."""
        return Caller(arn=role_arn(role), key=f"ASIA{letters(self.chance, 16)}", session=name, invoked_by=invoked_by)

    def user(self, name: str, *, at_a_console: bool = False) -> Caller:
        """A user with its access key, or signed in at a console."""
        return Caller(arn=user_arn(name), key=f"ASIA{letters(self.chance, 16)}" if at_a_console else self._keys[name])

    def s3(self, caller: Caller, name: str, bucket: str, key: str = "", prefix: str = "") -> Call:
        """A call about a bucket or an object."""
        return self.call(caller, on_bucket(name, bucket, key, prefix))

    def call(self, caller: Caller, doing: Doing) -> Call:
        """Any call."""
        return Call(self._next(), caller, doing)

    def sql(self, agent: str, text: str) -> Statement:
        """A statement of an agent, by its own login."""
        return Statement(self._next(), login_of(agent), agent, text)

    def _next(self) -> datetime:
        self._at += timedelta(seconds=self.chance.randrange(1, 20))
        return self._at


def happened(day: Day) -> Iterator[Happened]:
    """Everything of a day."""
    for work in _WORK:
        yield from work(day)


def _night_report(day: Day) -> Iterator[Happened]:
    day.begin(2.0)
    who = day.session(NIGHT_REPORT, f"night-report-{day.begins:%Y%m%d}")
    yield day.s3(who, "ListObjects", BUCKET_ORDERS, prefix=f"orders/{day.name}/")
    yield day.s3(who, "GetObject", BUCKET_ORDERS, f"orders/{day.name}/all.csv")
    yield day.sql(NIGHT_REPORT, "SELECT order_id, status, total FROM sales.orders WHERE placed_on = %s")
    for _ in range(day.chance.randrange(2, 5)):
        yield day.sql(NIGHT_REPORT, "SELECT isbn, quantity, price FROM sales.order_lines WHERE order_id = %s")
    yield day.sql(NIGHT_REPORT, "SELECT isbn, title, author FROM stock.titles WHERE isbn = ANY(%s)")
    if day.back in STRAY_DAYS:
        yield day.sql(NIGHT_REPORT, "SELECT person, salary FROM finance.payroll WHERE month = %s")
        yield day.s3(who, "GetObject", BUCKET_CUSTOMERS, f"complaints/complaint-{day.back}.txt")
    yield day.s3(who, "PutObject", BUCKET_REPORTS, f"daily/{day.name}.md")


def _night_report_2025(day: Day) -> Iterator[Happened]:
    day.begin(3.5)
    who = day.user(NIGHT_REPORT_2025)
    yield day.s3(who, "ListObjects", BUCKET_ORDERS, prefix=f"orders/{day.name}/")
    yield day.s3(who, "GetObject", BUCKET_ORDERS, f"orders/{day.name}/all.csv")
    yield day.s3(who, "GetObject", BUCKET_ORDERS, "lists/titles.csv")
    yield day.s3(who, "PutObject", BUCKET_REPORTS, f"daily/{day.name}.md")


def _refund_desk(day: Day) -> Iterator[Happened]:
    for _ in range(day.chance.randrange(1, 4)):
        day.begin(day.chance.uniform(7, 19))
        ticket = day.chance.randrange(1, 400)
        yield day.sql(REFUND_DESK, "SELECT ticket_id, order_id, subject FROM crm.tickets WHERE status = 'open' ORDER BY opened_on")
        yield day.s3(day.session(REFUND_DESK, "refund-desk"), "GetObject", BUCKET_LETTERS, f"tickets/{ticket}.txt")
        yield day.sql(REFUND_DESK, "SELECT placed_on, status, total FROM sales.orders WHERE order_id = %s")
        if day.chance.random() < 0.7:
            yield day.sql(REFUND_DESK, "INSERT INTO sales.refunds (order_id, amount, reason) VALUES (%s, %s, %s)")


def _storefront_helper(day: Day) -> Iterator[Happened]:
    for _ in range(day.chance.randrange(1, 4)):
        day.begin(day.chance.uniform(8, 21))
        yield day.sql(
            STOREFRONT_HELPER, "SELECT isbn, title, author, price FROM stock.titles WHERE title ILIKE %s OR author ILIKE %s LIMIT 10"
        )
        yield day.sql(STOREFRONT_HELPER, "SELECT shelf, quantity FROM stock.levels WHERE isbn = %s")
        if day.chance.random() < 0.5:
            topic = day.chance.choice(_ANSWERS)
            yield day.s3(day.session(SHARED_ROLE, "storefront-helper"), "GetObject", BUCKET_LETTERS, f"answers/{topic}.txt")


def _returns_sorter(day: Day) -> Iterator[Happened]:
    day.begin(day.chance.uniform(6, 20))
    who = day.session(SHARED_ROLE, "returns-sorter")
    letter, ticket = f"returns/letter-{day.chance.randrange(1000)}.txt", day.chance.randrange(1, 400)
    yield day.s3(who, "ListObjects", BUCKET_LETTERS, prefix="returns/")
    yield day.s3(who, "GetObject", BUCKET_LETTERS, letter)
    yield day.sql(RETURNS_SORTER, "INSERT INTO crm.tickets (order_id, subject, text) VALUES (%s, %s, %s) RETURNING ticket_id")
    yield day.s3(who, "PutObject", BUCKET_LETTERS, f"tickets/{ticket}.txt")


def _stock_watch(day: Day) -> Iterator[Happened]:
    for hour in (6.5, 14.5):
        day.begin(hour)
        who = day.user(ADA_USER)
        yield day.sql(STOCK_WATCH, "SELECT isbn, shelf, quantity, reorder_at FROM stock.levels WHERE quantity <= reorder_at")
        yield day.s3(who, "GetObject", BUCKET_ORDERS, f"orders/{day.name}/all.csv")
        yield day.s3(who, "PutObject", BUCKET_REPORTS, f"reorder/{day.begins:%Y-%m-%d}.csv")


def _price_scout(day: Day) -> Iterator[Happened]:
    if day.begins.weekday() not in (1, 4):
        return
    day.begin(9.0)
    who = day.session(PRICE_SCOUT, "price-scout", "bedrock.amazonaws.com")
    yield day.call(who, Doing(service="bedrock", name="InvokeModel", parameters={"modelId": PRICE_MODEL}))
    function = day.session(PRICE_SCOUT, "price-scout-tools")
    yield day.s3(function, "GetObject", BUCKET_REPORTS, f"prices/{day.chance.choice(_PUBLISHERS)}.csv")


def _letter_filer(day: Day) -> Iterator[Happened]:
    if day.back < FILER_UNTIL:
        return
    day.begin(11.0)
    who = day.user(LETTER_FILER)
    number = day.chance.randrange(1000)
    yield day.s3(who, "ListObjects", BUCKET_LETTERS, prefix="inbox/")
    yield day.s3(who, "GetObject", BUCKET_LETTERS, f"inbox/scan-{number}.txt")
    yield day.s3(who, "PutObject", BUCKET_LETTERS, f"filed/{day.begins:%Y}/bill/house-{number % 5}/scan-{number}.txt")


def _review_reader(day: Day) -> Iterator[Happened]:
    if day.begins.weekday() != 0:
        return
    day.begin(5.0)
    who = day.session(REVIEW_READER, "review-reader")
    yield day.s3(who, "ListObjects", BUCKET_CUSTOMERS, prefix=f"reviews/{day.week}/")
    for number in range(1, day.chance.randrange(4, 8)):
        yield day.s3(who, "GetObject", BUCKET_CUSTOMERS, f"reviews/{day.week}/review-{number}.txt")
    yield day.s3(who, "PutObject", BUCKET_REPORTS, f"reviews/{day.week}.md")


def _shelf_finder(day: Day) -> Iterator[Happened]:
    day.begin(day.chance.uniform(10, 18))
    yield day.sql(SHELF_FINDER, "SELECT isbn, title FROM stock.titles WHERE title ILIKE '%%harbour%%'")
    yield day.sql(SHELF_FINDER, "SELECT shelf, quantity FROM stock.levels WHERE isbn = '978-7'")


def _others(day: Day) -> Iterator[Happened]:
    """People at a prompt and a console, the shop, the dump at night, the platform that starts agents."""
    day.begin(1.0)
    yield Statement(day.begins + timedelta(hours=1), "backup", "pg_dump", "COPY sales.orders TO stdout")
    for hour in (9, 12, 16, 20):
        day.begin(hour)
        at = day.begins + timedelta(hours=hour, minutes=day.chance.randrange(50))
        yield Statement(at, "shop_web", "gunicorn", "SELECT title, author, price FROM stock.titles WHERE isbn = %s")
    day.begin(10.0)
    if day.begins.weekday() < 5:
        at = day.begins + timedelta(hours=10)
        yield Statement(at, MIRA_LOGIN, "psql", "SELECT * FROM finance.invoices WHERE paid_on IS NULL", is_typed=True)
        yield day.call(day.user(ADA_USER, at_a_console=True), Doing(service="iam", name="ListRoles"))
    for role in (NIGHT_REPORT, REFUND_DESK):
        parameters = {"roleArn": role_arn(role), "roleSessionName": role}
        yield day.call(day.user(RUNTIME), Doing(service="sts", name="AssumeRole", parameters=parameters))


_WORK: tuple[Callable[[Day], Iterator[Happened]], ...] = (
    _night_report,
    _night_report_2025,
    _refund_desk,
    _storefront_helper,
    _returns_sorter,
    _stock_watch,
    _price_scout,
    _letter_filer,
    _review_reader,
    _shelf_finder,
    _others,
)
