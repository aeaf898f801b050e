"""What people give as connections is checked, named, and holds no secret."""

from pathlib import Path

import pytest

from remit.app.connections import aws_connection, code_connection, decisions_connection, one_of, postgres_connection
from remit.model.connection import Connection
from remit.model.errors import RefusedError, UsageError

AT = "2026-11-26T10:00:00Z"


def postgres(url: str, known: tuple[Connection, ...] = (), name: str | None = None, **settings: str) -> Connection:
    return postgres_connection(url, settings, name, known, AT)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://remit:hunter2@db/finops",
        "postgresql://remit@db/finops?password=hunter2",
        "postgresql://remit@db/finops?PassWord=hunter2",
        "postgresql://remit:@db/finops",
        "postgres://:hunter2@db/finops",
        "postgresql://remit:hunter2#x@db/finops",
        "postgresql://remit:hunter2?x@db/finops",
        "postgresql://remit:hunter2/x@db/finops",
        "postgresql://remit:x@hunter2@db/finops",
        "postgresql://remit%3Ahunter2@db/finops",
        "postgresql://remit@db/finops#&password=hunter2",
        "postgresql://remit@db/finops?passw%6frd=hunter2",
        "postgresql://remit@db/finops?sslmode=require?password=hunter2",
        "postgresql://remit@db/finops;password=hunter2",
        "postgresql://remit@db/finops?oauth_client_secret=hunter2",
        "postgresql://db/finops?user=remit:hunter2",
        "postgresql://remit@db:hunter2/finops",
        "postgresql://remit@[::1]:hunter2/finops",
        "postgresql://remit@db:5432,db2:hunter2/finops",
    ],
)
def test_a_url_with_a_password_is_refused_with_the_way_to_give_one_and_is_not_repeated(url: str) -> None:
    with pytest.raises(RefusedError, match="PGPASSWORD") as refused:
        postgres(url)
    assert "hunter2" not in str(refused.value)
    with pytest.raises(RefusedError) as refused:
        postgres("postgresql://remit@db/finops", write_url=url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://remit@h1,h2:5433/finops?sslmode=require",
        "postgresql://remit@[::1],[::2]:5433/finops?port=5432,5433",
        "postgresql://remit@h1:/finops?port=",
        "postgresql:///finops?host=%2Frun%2Fpg&user=remit",
        "postgres://db/pay%40roll",
        "postgresql://remit%40corp@[::1]:5432/finops?passfile=/run/pass",
    ],
)
def test_a_url_without_a_password_is_taken_as_it_is(url: str) -> None:
    assert postgres(url).setting("url") == url


@pytest.mark.parametrize(
    "url", ["", "finops", "mysql://db/x", "postgresql:/[", "http://[::1", "postgresql://r hunter2@db/x", "postgresql://db/x?port=hunter2"]
)
def test_what_is_no_database_s_address_is_wrong_usage(url: str) -> None:
    with pytest.raises(UsageError, match="postgresql://") as refused:
        postgres(url)
    assert "hunter2" not in str(refused.value)


def test_a_database_is_called_by_its_name_and_keeps_when_it_was_first_connected() -> None:
    first = postgres("postgresql://remit_read@db/finops")
    assert (first.id, first.setting("url"), first.setting("log")) == ("postgres:finops", "postgresql://remit_read@db/finops", None)
    again = postgres_connection("postgresql://remit_read@db2/finops", {"log": "logs"}, None, (first,), "2027-01-01T00:00:00Z")
    assert (again.id, again.since, again.setting("log")) == ("postgres:finops", AT, str(Path("logs").absolute()))
    assert postgres("postgresql://r@/?host=/run&dbname=pay roll").id == "postgres:pay-roll"


def test_two_folders_of_one_name_get_two_names_and_one_folder_keeps_its_own(tmp_path: Path) -> None:
    first = code_connection(str(tmp_path / "a" / "Shop"), None, (), AT)
    second = code_connection(str(tmp_path / "b" / "shop"), None, (first,), AT)
    assert (first.id, second.id) == ("code:shop", "code:shop-2")
    assert code_connection(str(tmp_path / "b" / "shop"), None, (first, second), AT).id == "code:shop-2"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"endpoint_url": "localhost:5000"}, "--endpoint-url"),
        ({"endpoint_url": "http://key:hunter2@localhost:5000"}, "holds a login"),
        ({"endpoint_url": "http://key:hunter2#@localhost:5000"}, "--endpoint-url"),
        ({"endpoint_url": "http://localhost:5000?token=hunter2"}, "is not an address"),
        ({"endpoint_url": "http://[::1"}, "is not an address"),
        ({"endpoint_url": "http://localhost:hunter2"}, "is not an address"),
        ({"endpoint_url": "http://"}, "is not an address"),
        ({"trail": "org-trail/AWSLogs"}, "s3://BUCKET/PREFIX"),
        ({"trail": "s3://org-trail/?token=hunter2"}, "--trail.* holds what may be a secret"),
        ({"profile": "AKIAIOSFODNN7EXAMPLE:hunter2"}, "--profile.* holds what may be a secret"),
        ({"write_profile": "aws_secret_access_key=hunter2"}, "--write-profile.* holds what may be a secret"),
        ({"region": "https://h/hunter2"}, "--region.* holds what may be a secret"),
    ],
)
def test_settings_of_aws_that_cannot_work_are_wrong_usage(settings: dict[str, str | None], told: str) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        aws_connection(settings, None, (), AT)
    assert "hunter2" not in str(refused.value)


def test_a_name_that_is_none_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="is not a name"):
        aws_connection({}, "../x", (), AT)


def test_a_decision_log_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="is no file"):
        decisions_connection(str(tmp_path / "none.jsonl"), None, (), AT)
    (tmp_path / "edge.jsonl").touch()
    assert decisions_connection(str(tmp_path / "edge.jsonl"), None, (), AT).id == "decisions:edge"


def test_a_connection_is_meant_by_id_name_or_kind_where_it_is_the_only_one() -> None:
    ids = ("aws:main", "postgres:finops", "postgres:shop")
    ids = ("aws:main", "postgres:finops", "postgres:shop")
    aws, finops, shop = (Connection(id=text, kind=text.partition(":")[0], name=text.partition(":")[2]) for text in ids)
    known = (aws, finops, shop)
    assert [one_of(text, known) for text in ("aws:main", "main", "aws", "shop")] == [aws, aws, aws, shop]
    with pytest.raises(RefusedError, match=r"fits several connections: `postgres:finops`, `postgres:shop`"):
        one_of("postgres", known)
    with pytest.raises(RefusedError, match="there is no connection `x`"):
        one_of("x", known)
