"""The French catalogue is complete: an untranslated sentence is an unfinished change."""

from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from tests.house.tracked import ROOT, files, shown

LOCALE = ROOT / "src/leadapron/locale"
CATALOGUES = [path for path in files() if path.suffix == ".po" and path.is_relative_to(LOCALE)]
TRANSLATED = [path for path in CATALOGUES if not path.is_relative_to(LOCALE / "en")]


def catalogue(path: Path) -> Catalog:
    language = path.relative_to(LOCALE).parts[0]
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def entries(path: Path) -> dict[object, Message]:
    """Entries by id and context, without the header, whose id is empty."""
    return {(message.context, str(message.id)): message for message in catalogue(path) if message.id}


def sentences(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def places(sentence: str) -> set[str]:
    """Names of the ``{parameters}`` in a sentence."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_french_is_there() -> None:
    assert any(path.is_relative_to(LOCALE / "fr") for path in TRANSLATED)


@pytest.mark.parametrize("path", CATALOGUES, ids=shown)
def test_no_entry_is_empty_or_doubtful(path: Path) -> None:
    unfinished = [
        message.id for message in entries(path).values() if message.fuzzy or not all(sentences(message))
    ]
    assert not unfinished


@pytest.mark.parametrize("path", TRANSLATED, ids=shown)
def test_a_translation_has_every_entry_of_the_english_source(path: Path) -> None:
    source = LOCALE / "en" / path.relative_to(LOCALE / path.relative_to(LOCALE).parts[0])
    if not source.exists():
        pytest.skip("message ids are the English sentences: there is no English catalogue to compare with")
    english, translated = entries(source), entries(path)
    assert set(english) == set(translated)
    for key, message in english.items():
        asked = {place for sentence in sentences(message) for place in places(sentence)}
        used = {place for sentence in sentences(translated[key]) for place in places(sentence)}
        assert used <= asked, f"{key}: unknown parameters"
