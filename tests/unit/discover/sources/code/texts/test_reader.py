"""What people wrote near the code becomes declared evidence."""

from remit.discover.sources.code.reader import SourceFile
from remit.discover.sources.code.texts.reader import READER
from remit.model.evidence import OwnerSeen, TextSeen


def seen(path: str, text: str) -> list[TextSeen]:
    file = SourceFile(path=path, data=text.encode(), text=text, is_test=False)
    return [found for found in READER.read(file, None) if isinstance(found, TextSeen)]  # type: ignore[arg-type]


def test_a_readme_gives_its_paragraphs_with_line_and_heading_and_no_code() -> None:
    text = "# Tool\n\nFirst words\nof one paragraph.\n\n## The desk agent ##\nReads bills.\n```\nnot text\n```\nPays them.\n"
    found = [(str(item.place), item.place.end, item.heading, item.text) for item in seen("services/README.md", text)]
    assert found == [
        ("services/README.md:3", 4, "Tool", "First words\nof one paragraph."),
        ("services/README.md:7", 7, "The desk agent", "Reads bills."),
        ("services/README.md:11", 11, "The desk agent", "Pays them."),
    ]


def test_a_remit_file_is_kept_whole_from_the_line_of_its_version() -> None:
    text = "# for the desk\nremit: 1\nagent: desk\n"
    (only,) = seen("desk.yaml", text)
    assert (str(only.place), only.kind, only.text) == ("desk.yaml:2", "remit", text)


def test_another_yaml_file_says_nothing() -> None:
    assert seen("compose.yaml", "services:\n  remit: 1\n") == []


def test_a_card_is_cut_and_a_hostile_readme_is_bounded() -> None:
    (card,) = seen("a/.well-known/agent-card.json", "{" + "x" * 10_000)
    assert len(card.text) == 4_000
    assert len(seen("README.md", "word\n\n" * 5_000)) == 400


def owners(text: str, path: str = "svc/README.md") -> list[tuple[str, tuple[str, ...], str | None]]:
    file = SourceFile(path=path, data=text.encode(), text=text, is_test=False)
    return [(str(item.place), item.names, item.folder) for item in READER.read(file, None) if isinstance(item, OwnerSeen)]  # type: ignore[arg-type]


def test_an_owner_that_a_readme_names_owns_what_stands_in_its_folder() -> None:
    text = (
        "# Desk\n\nOwner: Dana Roe <dana@example.com>\n- **Maintainers:** @lee, @kim\n| Responsible | Sam Poe |\n```\nOwner: nobody\n```\n"
    )
    assert owners(text) == [
        ("svc/README.md:3", ("dana@example.com",), "svc"),
        ("svc/README.md:4", ("@lee", "@kim"), "svc"),
        ("svc/README.md:5", ("Sam Poe",), "svc"),
    ]


def test_a_sentence_about_owners_names_nobody() -> None:
    assert (
        owners("The owner of a ticket is asked first.\nOwner: see the handbook for how teams share what they own here\n", "README.md") == []
    )
