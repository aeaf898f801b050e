"""Every `console` block of the README and the docs runs, and prints what the block says it prints."""

import re
import shutil
from pathlib import Path

import pytest
from tests.docs.pages import PAGES, ROOT, Block, blocks, check

from remit.demo.estate.running import running
from remit.demo.shell import surroundings
from remit.demo.story import commands

LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
BLOCKS = [block for page in PAGES for block in blocks(page) if not block.is_demo]
ON_THE_DEMO = [page for page in PAGES if any(block.is_demo for block in blocks(page))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working copy of the examples, with nothing else in it."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.where)
def test_a_command_of_the_documentation_runs_as_written(block: Block, folder: Path) -> None:
    check(block, folder, {"XDG_STATE_HOME": str(folder / "state"), "XDG_DATA_HOME": str(folder / "data")})


@pytest.mark.real
@pytest.mark.parametrize("page", ON_THE_DEMO, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_blocks_of_a_page_about_the_demo_run_one_after_the_other_on_its_estate(page: Path, open_folder: Path) -> None:
    with running(open_folder / "demo", lambda _: None) as estate:
        for block in blocks(page):
            if block.is_demo:
                check(block, estate.folder, surroundings(estate))


def test_there_are_commands_to_run() -> None:
    assert len(BLOCKS) >= 6
    assert ON_THE_DEMO


def test_the_readme_shows_each_command_of_the_story_in_the_order_in_which_the_demo_runs_them() -> None:
    shown = [command.text for block in blocks(ROOT / "README.md") if block.is_demo for command in block.commands]
    assert shown == commands()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file(page: Path) -> None:
    broken = [target for target in LINK.findall(page.read_text("utf-8")) if not (page.parent / target).exists()]
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_picture_is_there_and_is_told_in_words(page: Path) -> None:
    text = page.read_text("utf-8")
    shown = [*re.findall(r'(?:src|srcset)="([^"]+)"', text), *re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)]
    assert [name for name in shown if not (page.parent / name).is_file()] == []
    assert re.findall(r"<img (?![^>]*alt=\"[^\"]{20,})", text) == []


def test_every_path_that_the_architecture_names_is_there() -> None:
    text = (ROOT / "docs" / "explanation" / "architecture.md").read_text()
    told = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    paths = [name for name in re.findall(r"`([\w./*-]+)`", told) if "/" in name.rstrip("/")]
    assert len(paths) > 40
    for path in paths:
        assert any(list(folder.glob(path)) for folder in (ROOT / "src" / "remit", ROOT)), path


def test_the_readme_is_short_and_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 150
    assert "make demo" in text
    assert "make test" in text
