"""What was noticed while a document was read, in words (`content/documents/remarks.toml`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources.abc import Traversable

from msgspec import Struct

from leadapron.model.content import read_toml, shipped
from leadapron.model.errors import ContentError
from leadapron.report.hostile import MAX_LIST, visible
from leadapron.report.words import Language, Words
from leadapron.rules.lint import placeholders

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
    return read_remarks(shipped("documents", "remarks.toml"))


def read_remarks(file: Traversable) -> Mapping[str, RemarkSentence]:
    """Message id → sentence; ContentError names file and entry."""
    found = read_toml(file, dict[str, RemarkSentence])
    for name, sentence in found.items():
        try:
            english, french = placeholders(sentence.en), placeholders(sentence.fr)
        except ValueError as error:
            raise ContentError(f"{file.name}: {name}: {error}") from error
        if english != french or english not in _PLACES:
            raise ContentError(f"{file.name}: {name}: both languages need {{values}}, {{row}}, or {{row}} and {{text}}")
    return found


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
