"""The French catalogue is complete: an untranslated sentence is an unfinished change.

English sentences are the message ids, so the English source is the code and the templates themselves.
"""

from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from tests.house.tracked import ROOT, files, shown

PACKAGE = ROOT / "src/leadapron"
LOCALE = PACKAGE / "locale"
CATALOGUES = [path for path in files() if path.suffix == ".po" and path.is_relative_to(LOCALE)]
MARKS = {"N_": None, "_": None, "gettext": None, "ngettext": (1, 2)}
"""Functions whose literal arguments are sentences."""
METHODS = {".py": "python", ".html": "jinja2", ".j2": "jinja2", ".jinja": "jinja2"}


@cache
def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.relative_to(LOCALE).parts[0], abort_invalid=True)


def entries(path: Path) -> list[Message]:
    """Entries without the header, whose id is empty."""
    return [message for message in catalogue(path) if message.id]


def forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """A sentence, or its singular and plurals, as a tuple."""
    return (text,) if isinstance(text, str) else tuple(text)


def places(*sentences: str) -> set[str]:
    """Names of the ``{parameters}`` in sentences."""
    return {name for sentence in sentences for _, name, _, _ in Formatter().parse(sentence) if name}


@cache
def source() -> dict[str, str]:
    """Sentence → where the code or a template says it."""
    said = {}
    for path in files():
        if path.is_relative_to(PACKAGE) and path.suffix in METHODS:
            for line, message, _, _ in extract_from_file(METHODS[path.suffix], path, keywords=MARKS):
                said[forms(message)[0]] = f"{shown(path)}:{line}"
    return said


def test_french_is_there() -> None:
    assert any(path.is_relative_to(LOCALE / "fr") for path in CATALOGUES)


@pytest.mark.parametrize("path", CATALOGUES, ids=shown)
def test_no_entry_is_empty_or_doubtful(path: Path) -> None:
    assert not [message.id for message in entries(path) if message.fuzzy or not all(forms(message.string))]


@pytest.mark.parametrize("path", CATALOGUES, ids=shown)
def test_a_translation_fills_in_only_what_the_sentence_offers(path: Path) -> None:
    for message in entries(path):
        assert places(*forms(message.string)) <= places(*forms(message.id)), message.id


@pytest.mark.parametrize("path", CATALOGUES, ids=shown)
def test_every_sentence_of_the_source_is_translated(path: Path) -> None:
    translated = {forms(message.id)[0] for message in entries(path)}
    assert not {sentence: where for sentence, where in source().items() if sentence not in translated}
