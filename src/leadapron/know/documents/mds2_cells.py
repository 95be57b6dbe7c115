"""What stands in one cell of a filled MDS2 form: a question's number, an answer, a reference to a note, a date."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache

from msgspec import Struct

from leadapron.know.documents.mds2_questions import load_old_form, load_questions, load_words
from leadapron.know.documents.untrusted import one_line
from leadapron.model.events import DeclaredAnswer

MAX_TEXT = 500
"""Characters of an answer or a note that are kept."""

_NEW_ID = re.compile(r"([A-Z]{3,4})[-_ ]?(\d{1,2}(?:\.\d{1,2}){0,3})")
_OLD_ID = re.compile(r"\d{1,2}-\d{1,2}(?:\.\d{1,2}){0,3}|[A-D](?:\.\d)?")
_MISSPELT = {"SHAD": "SAHD"}
"""The official worksheet itself writes SHAD-15."""
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
_CUT = re.compile(r"\s*[,;:(\[\n]\s*|\.\s+|\s+-\s*|\s*-\s+")
_NOTE_NUMBERS = re.compile(
    r"(?:notes?|hinweise?|remarques?|anmerkung(?:en)?|notas?)\s*(?:#|no\.?|n°)?\s*(\d{1,3})", re.I
)
_BARE_NUMBERS = re.compile(r"#?\d{1,3}(?:\s*[,;&]\s*\d{1,3})*")
_BLANK = re.compile(r"[_\W]*")


class Numbering(StrEnum):
    """Which form a question number is of."""

    NEW = "2019"
    OLD = "2013"


class QuestionNumber(Struct, frozen=True):
    """A cell that numbers a question. `question` is empty where we do not know it; `written` is what the cell says."""

    numbering: Numbering
    question: str
    written: str

    @property
    def corrected(self) -> bool:
        """The form misspelt it."""
        return self.numbering is Numbering.NEW and bool(self.question) and self.question != self.written


class CellAnswer(Struct, frozen=True):
    """A cell read as an answer; `rest` is what it says beyond it."""

    answer: DeclaredAnswer
    rest: str = ""


def bare(text: str) -> str:
    """Small letters without accents, single spaces, no mark at the end: how words are compared."""
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_DASHES)
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(plain.split()).rstrip(" .:*").strip("\"' ")


def question_number(cell: str) -> QuestionNumber | None:
    """The question that this cell numbers; None when it is no number of one."""
    if len(cell) > 24:
        return None
    text = "".join(cell.translate(_DASHES).split()).upper().rstrip(".:)")
    new = _NEW_ID.fullmatch(text)
    if new:
        question = f"{_MISSPELT.get(new[1], new[1])}-{new[2]}"
        if question not in load_questions():
            known_section = any(each.section == new[1] for each in load_questions().values())
            return QuestionNumber(Numbering.NEW, "", f"{new[1]}-{new[2]}") if known_section else None
        return QuestionNumber(Numbering.NEW, question, f"{new[1]}-{new[2]}")
    if _OLD_ID.fullmatch(text) and text not in load_old_form().headings:
        return QuestionNumber(Numbering.OLD, load_old_form().questions.get(text, ""), text)
    return None


# ---------------------------------------------------------------- answers
def cell_answer(cell: str) -> CellAnswer | None:
    """The answer in a cell; None when it says something else.

    "Yes,optional", "Yes (see note 3)" and "No: not connected" are answers with more behind them; a sentence that
    merely begins with "no" is none.
    """
    words = _answer_words()
    whole = bare(cell)
    if _BLANK.fullmatch(cell) and whole not in words and not is_tick(cell):
        return CellAnswer(DeclaredAnswer.BLANK)
    if whole in words:
        return CellAnswer(words[whole])
    first, rest = _halves(cell.strip(), words)
    if first is DeclaredAnswer.YES and rest:
        second, more = (words.get(bare(rest)), "") if bare(rest) in words else _halves(rest, words)
        if second is DeclaredAnswer.OPTIONAL:
            return CellAnswer(second, more)
    return None if first is None else CellAnswer(first, rest)


def _halves(text: str, words: Mapping[str, DeclaredAnswer]) -> tuple[DeclaredAnswer | None, str]:
    """An answer and what follows it: cut at a mark, or before "see note" and "optional"."""
    for cut in _CUT.finditer(text, 0, 64):
        answer = words.get(bare(text[: cut.start()]))
        if answer is not None:
            return answer, text[cut.end() :].strip(" )]")
    if _begins_with(text, DeclaredAnswer.NOTE, words):
        return DeclaredAnswer.NOTE, text
    first, _, rest = text.partition(" ")
    if any(_begins_with(rest, kind, words) for kind in (DeclaredAnswer.NOTE, DeclaredAnswer.OPTIONAL)):
        return words.get(bare(first)), rest.strip()
    return None, ""


def _begins_with(text: str, kind: DeclaredAnswer, words: Mapping[str, DeclaredAnswer]) -> bool:
    plain = f"{bare(text)} "
    return any(plain.startswith(f"{word} ") for word, meaning in words.items() if meaning is kind)


@cache
def _answer_words() -> Mapping[str, DeclaredAnswer]:
    return {bare(word): DeclaredAnswer(kind) for kind, words in load_words().answers.items() for word in words}


def is_tick(cell: str) -> bool:
    """Does the cell tick its column?"""
    return bare(cell) in load_words().ticks


def note_numbers(cell: str, *, alone: bool) -> tuple[int, ...]:
    """Notes that a cell points to; `alone`: plain numbers count too, as in a column of note numbers."""
    found = [int(number) for number in _NOTE_NUMBERS.findall(cell)]
    if not found and alone and _BARE_NUMBERS.fullmatch(cell.strip()):
        found = [int(number) for number in re.findall(r"\d+", cell)]
    return tuple(dict.fromkeys(found))[:8]


def kept(text: str) -> str:
    """A text as it is kept: one line, bounded."""
    return one_line(text, MAX_TEXT)


# ---------------------------------------------------------------- dates
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:[T ][\d:.]+Z?)?")
_NUMBERS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_NAMED = re.compile(
    r"(?:(\d{1,2})(?:st|nd|rd|th|er)?[-. ]+)?([a-z]{3,9})[-., ]+(?:(\d{1,2})(?:st|nd|rd|th)?,?[-. ]+)?(\d{4})"
)


def iso_date(text: str) -> str:
    """A date as ISO 8601, `YYYY-MM-DD` or `YYYY-MM`; empty where it is none or can be read in two ways (`4/5/2020`)."""
    plain = bare(text)
    if found := _ISO.fullmatch(plain):
        return _checked(int(found[1]), int(found[2]), int(found[3]) if found[3] else None)
    if found := _NUMBERS.fullmatch(plain):
        first, mark, second, year = int(found[1]), found[2], int(found[3]), int(found[4])
        if mark == "." or first > 12 or first == second:
            return _checked(year, second, first)
        return _checked(year, first, second) if second > 12 else ""
    if found := _NAMED.fullmatch(plain):
        day = found[1] or found[3]
        return _checked(int(found[4]), _month(found[2]), int(day) if day else None)
    return ""


def _month(name: str) -> int:
    for number, beginnings in enumerate(load_words().months.values(), start=1):
        if name.startswith(tuple(beginnings)):
            return number
    return 0


def _checked(year: int, month: int, day: int | None) -> str:
    try:
        known = date(year, month, day or 1).isoformat()
    except ValueError:
        return ""
    return known if day else known[:7]
