"""Messages of what-if in the reader's language: their parameters as people write numbers and names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from leadapron.model.department import Assumption, Basis
from leadapron.model.errors import ContentError
from leadapron.report.whatif.contract import AssumptionEntry
from leadapron.report.words import Words
from leadapron.whatif.messages import load_messages
from leadapron.whatif.scenarios import label

DIGITS = 3
"""Significant digits of a number in a sentence: more would promise what no model keeps."""


def rounded(value: float) -> float:
    """The value with three significant digits."""
    return float(f"{value:.{DIGITS}g}")


class Spoken:
    """Fills messages in one language."""

    def __init__(self, say: Words, messages: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._say = say
        self._sentences = (load_messages() if messages is None else messages)[say.language]

    def sentence(self, message: str, params: Mapping[str, str | float]) -> str:
        """The message filled. ContentError: it has no sentence, or lacks a parameter."""
        if message not in self._sentences:
            raise ContentError(f"content/whatif/words: no sentence for {message}")
        return self.filled(self._sentences[message], params, message)

    def filled(self, sentence: str, params: Mapping[str, str | float], name: str) -> str:
        """A sentence with its places. Values are put in after it was read: they hold no places themselves."""
        try:
            return sentence.format_map({key: self._value(key, value) for key, value in params.items()})
        except KeyError as missing:
            raise ContentError(f"{name}: the parameter {missing} is not given") from None

    def word(self, scale: str, member: str) -> str:
        """The word of a member of a closed set: `way`, `class`, `role` or `basis`."""
        return self.sentence(f"{scale}={member}", {})

    def parameter(self, name: str) -> str:
        """The name of a parameter, with its unit."""
        return self.sentence(*label(name))

    def assumptions(self, assumptions: Iterable[Assumption]) -> tuple[AssumptionEntry, ...]:
        """In words, each once, firmest basis first."""
        entries = dict.fromkeys(
            AssumptionEntry(
                text=self.sentence(one.message, one.params),
                basis=one.basis,
                basis_name=self.word("basis", one.basis),
                source=one.source,
            )
            for one in assumptions
        )
        firmest = list(Basis)
        return tuple(sorted(entries, key=lambda entry: firmest.index(entry.basis)))

    def _value(self, name: str, value: str | float) -> str:
        """Numbers as the language writes them; a member of a closed set by its word; other texts as they are."""
        if not isinstance(value, str):
            return self._say.number(rounded(value))
        return self._sentences.get(f"{name}={value}") or self._sentences.get(value) or value
