"""What the documents promise exists: make targets, commands and their options, links, decisions."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from leadapron import cli
from tests.house.tracked import ROOT, files, shown

PAGES = [path for path in files() if path.suffix == ".md"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.MULTILINE))


def code_lines(page: Path) -> Iterator[str]:
    """Lines of fenced shell blocks, and inline code, of one page."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        yield from block.splitlines()
    yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_make_command_is_a_target(page: Path) -> None:
    asked = {match[1] for line in code_lines(page) if (match := re.match(r"make ([a-z]+)\b", line))}
    assert asked <= TARGETS


def test_every_target_is_explained_and_is_no_file() -> None:
    explained = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, flags=re.MULTILINE))
    phony = set(re.search(r"^\.PHONY:(.*)$", MAKEFILE, flags=re.MULTILINE)[1].split())
    assert explained == phony == TARGETS


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_leadapron_command_and_option_exists(page: Path) -> None:
    assert isinstance(cli.main, click.Group)
    for line in code_lines(page):
        called = re.search(r"(?:^|[/ ])leadapron ([a-z]+)\b([^|;]*)", line)
        if called is None or line.startswith("import"):
            continue
        command = cli.main.commands.get(called[1])
        assert command is not None, line
        known = options_of(command)
        for word in called[2].split():
            if not isinstance(command, click.Group):
                break
            if word in command.commands:
                command = command.commands[word]
                known |= options_of(command)
        assert set(re.findall(r"--[a-z][a-z-]*", called[2])) <= known | {"--help"}, line


def options_of(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    dead = [link for link in links if link and not (page.parent / link).exists()]
    assert not dead


def test_every_decision_is_listed_with_its_status() -> None:
    index = (ROOT / "docs/adr/index.md").read_text(encoding="utf-8")
    decisions = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
    for number, decision in enumerate(decisions, start=1):
        text = decision.read_text(encoding="utf-8")
        title = re.match(rf"# {number:04}: (.+)\n\nStatus: (\w+)", text)
        assert title is not None, f"{decision.name}: title or status is missing, or its number is not {number:04}"
        assert f"| [{number:04}]({decision.name}) | {title[1]} | {title[2]} |" in index
        assert {"## Context", "## Decision", "## Consequences"} <= set(text.splitlines())


def test_every_fragment_of_the_changelog_will_be_gathered() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]
    types = "|".join(kind["directory"] for kind in settings["type"])
    for fragment in (ROOT / "changelog.d").iterdir():
        assert fragment.name == "README.md" or re.fullmatch(rf"\d+\.({types})\.md", fragment.name)
