"""Lines of running text → the answers of an MDS2 form: what a PDF without drawn table lines leaves, or a text copy.

A question begins with its number and goes on until the next; its answer stands behind the question mark, or at the
end of a line where the question's words were wrapped around it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from leadapron.know.documents.mds2_cells import QuestionNumber, bare, question_number
from leadapron.know.documents.mds2_grid import Entry, Line, entry_of
from leadapron.know.documents.mds2_questions import AnswerKind, load_questions, load_words

MAX_BLOCK = 24
"""Lines of one question; what follows is something else."""
_FIRST = re.compile(
    r"[\"']?((?:[A-Za-z]{3,4}\s?[-‐‑–_]\s?\d|\d{1,2}\s?[-‐‑–]\s?\d|[B-D]\.\d)[\d.]*)[\s,;:\"'|]*(.*)", re.S
)
"""The letter A alone numbers a question of HN 1-2013, and begins many a sentence: it is left to tables."""
_END = re.compile(r"(?:^|[\s:?])((?:Yes|No|N/A|NA|Oui|Non|S\.?O\.?|See [Nn]otes?|Voir notes?|Note)\b.{0,80}|_{1,4})$")
"""An answer at the end of a line, with capital letters: "no" in a sentence is none."""
_OPENING = " \t:,;\"'|"


class _Block(Struct, frozen=True):
    place: int
    number: QuestionNumber
    lines: tuple[str, ...]


def read_lines(lines: Sequence[Line]) -> tuple[Entry, ...]:
    """The answers in lines of text (one cell each); of both numberings, the one that occurs more."""
    blocks = list(_blocks(lines))
    counts = Counter(block.number.numbering for block in blocks if block.number.question)
    if not counts:
        return ()
    numbering = counts.most_common(1)[0][0]
    return tuple(_entry(block) for block in blocks if block.number.numbering is numbering)


def _blocks(lines: Sequence[Line]) -> Iterator[_Block]:
    begun: tuple[int, QuestionNumber] | None = None
    block: list[str] = []
    for line in lines:
        text = " ".join(filter(None, line.cells)).strip()
        started = _FIRST.fullmatch(text)
        number = question_number(started[1]) if started else None
        if started and number is not None:
            if begun is not None:
                yield _Block(*begun, tuple(block))
            begun, block = (line.place, number), [started[2].strip()]
        elif not text or len(block) >= MAX_BLOCK or _is_note(text):
            if begun is not None:
                yield _Block(*begun, tuple(block))
            begun = None
        elif begun is not None:
            block.append(text)
    if begun is not None:
        yield _Block(*begun, tuple(block))


def _is_note(text: str) -> bool:
    return bare(text.split(" ")[0]) in ("note", "notes") and len(text) > 12


def _entry(block: _Block) -> Entry:
    question = load_questions().get(block.number.question)
    if question is not None and question.kind is AnswerKind.TEXT:
        return entry_of(block.place, block.number, _without_label(" ".join(block.lines)), "")
    joined = " ".join(block.lines)
    answer, note = _cut(joined.rpartition("?")[2]) if "?" in joined else ("", "")
    if not bare(answer) or entry_of(block.place, block.number, answer, note).readable is False:
        answer, note = _at_line_end(block.lines)
    return entry_of(block.place, block.number, answer, note)


def _at_line_end(lines: Sequence[str]) -> tuple[str, str]:
    for line in lines:
        found = _END.search(line)
        if found:
            return _cut(found[1])
    return "", ""


def _cut(text: str) -> tuple[str, str]:
    """An answer, and the note that stands behind it on the same line."""
    text = text.strip(_OPENING).rstrip(",_ ")
    found = re.fullmatch(r"(Yes|No|N/A|NA|Oui|Non|See [Nn]otes?)\s+(\d{1,3}|[Nn]otes? \d+|See [Nn]otes?.*)", text)
    return (found[1], found[2]) if found else (text, "")


def _without_label(text: str) -> str:
    """What a text question says behind the label that the form prints before it."""
    text = text.strip(_OPENING)
    for label in sorted((label for labels in load_words().facts.values() for label in labels), key=len, reverse=True):
        words = text.split()
        size = len(label.split())
        if bare(" ".join(words[:size])) == label:
            text = " ".join(words[size:])
            break
        if bare(text.partition(":")[0]) == label:
            text = text.partition(":")[2]
            break
    else:
        text = text.partition(":")[2] or text
    return text.strip(_OPENING).rstrip(" _\"'")
