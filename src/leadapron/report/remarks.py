"""What was noticed while a document was read, in words (`content/documents/remarks.toml`)."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec
from msgspec import Struct

from leadapron.model.errors import ContentError
from leadapron.report.hostile import MAX_LIST, visible
from leadapron.report.words import Language, Words

_PLACES = ({"values"}, {"row"}, {"row", "text"})
"""What the sentence of one message id may be filled with: its values all together, or each with its row."""


class RemarkSentence(Struct, frozen=True, forbid_unknown_fields=True):
    """One message in both languages."""

    en: str
    fr: str

    @property
    def by_row(self) -> bool:
        """Each value is said by itself, with the row it stands in."""
        return "{row}" in self.en


@cache
def remark_sentences() -> Mapping[str, RemarkSentence]:
    """Message id → sentence, as shipped."""
    return read_remarks(files("leadapron.content") / "documents" / "remarks.toml")


def read_remarks(file: Traversable) -> Mapping[str, RemarkSentence]:
    """Message id → sentence; ContentError names file and entry."""
    try:
        found = msgspec.convert(tomllib.loads(file.read_text("utf-8")), dict[str, RemarkSentence])
        for name, sentence in found.items():
            if _places(sentence.en) != _places(sentence.fr) or _places(sentence.en) not in _PLACES:
                raise ValueError(f"{name}: both languages need {{values}}, {{row}}, or {{row}} and {{text}}")
    except (OSError, ValueError) as error:
        raise ContentError(f"{file.name}: {error}") from error
    return found


def _places(text: str) -> set[str]:
    return {place for _, place, _, _ in string.Formatter().parse(text) if place is not None}


def remark_lines(remarks: Iterable[str], say: Words) -> list[str]:
    """A document's remarks in words, one line for each message id, or for each row where it is about rows.

    An id without a sentence, which a newer program wrote, stays as it is.
    """
    by_id: dict[str, list[str]] = {}
    for remark in remarks:
        name, _, value = remark.partition("=")
        by_id.setdefault(name, []).append(visible(value))
    lines: list[str] = []
    for name, values in by_id.items():
        sentence = remark_sentences().get(name)
        if sentence is None:
            lines.append(visible(f"{name}: {', '.join(values)}", MAX_LIST))
            continue
        text = sentence.fr if say.language is Language.FR else sentence.en
        if sentence.by_row:
            rows = (value.partition(" ") for value in values)
            lines += [text.format(row=row, text=rest) for row, _, rest in rows]
        else:
            lines.append(text.format(values=visible(", ".join(values), MAX_LIST)))
    return lines
