"""The sentences behind the message ids of answers, in English and French."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable

from msgspec import Struct

from leadapron.know.matching.verdicts import OPEN
from leadapron.model.content import read_toml, shipped
from leadapron.model.errors import ContentError
from leadapron.rules.lint import placeholders

PLACES = frozenset({"asked", "version", "vendor", "product", "constraint", "bound", "fixed", "document"})
"""Values that answers carry in `params`."""

_FILES = (("reasons.toml", "match."), ("open.toml", OPEN))


class Sentence(Struct, frozen=True, forbid_unknown_fields=True):
    """One message in both languages, with {places} for an answer's `params`."""

    en: str
    fr: str

    def said(self, params: Mapping[str, str], *, french: bool) -> str:
        """The sentence with its places filled; a value that is missing leaves its place empty."""
        return (self.fr if french else self.en).format_map({**dict.fromkeys(PLACES, ""), **params})


def load_reasons(folder: Traversable | None = None) -> Mapping[str, Sentence]:
    """Message id → sentence, from `reasons.toml` and `open.toml`; ContentError names file and entry."""
    place = folder or shipped("knowledge")
    found: dict[str, Sentence] = {}
    for name, prefix in _FILES:
        for entry, sentence in read_toml(place / name, dict[str, Sentence]).items():
            for text in (sentence.en, sentence.fr):
                _check(name, entry, text)
            found[prefix + entry] = sentence
    return found


def _check(name: str, entry: str, text: str) -> None:
    if not text.strip():
        raise ContentError(f"{name}: {entry}: a sentence is empty")
    try:
        places = placeholders(text)
    except ValueError as error:
        raise ContentError(f"{name}: {entry}: {error}") from error
    if unknown := places - PLACES:
        raise ContentError(f"{name}: {entry}: no answer has a value for {{{min(unknown)}}}")
