"""How sources are quoted: a form's answer by its question, a list's entry by its row, an advisory by its products."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from leadapron.model.advisories import Answer
from leadapron.model.declared import Declared
from leadapron.model.events import Declaration, DeclaredAnswer, DeviceDeclared, FormAnswer, TitleDeclared
from leadapron.model.findings import Citation

QUOTED = 160
"""Characters of a maker's own words that are quoted."""

POSITIVE = frozenset({DeclaredAnswer.YES, DeclaredAnswer.OPTIONAL})
"""The device has it, or can have it."""


def answer_citation(said: Declared, answer: FormAnswer) -> Citation:
    """One answer with its note, dated as the form dates itself, else by the day it was added."""
    words = (answer.answer.value, answer.text, answer.note)
    dates = (document.dated for document in said.documents if document.sensor == answer.sensor)
    return Citation(
        source=answer.sensor,
        quote="; ".join(word for word in words if word)[:QUOTED],
        dated=next((day for text in dates if (day := day_of(text))), answer.ts.date()),
        place=answer.question,
    )


def own_words(answer: FormAnswer) -> str:
    """What the maker wrote beside its yes or no; empty if nothing."""
    return f"{answer.text} {answer.note}".strip()


def row_citation(row: DeviceDeclared | TitleDeclared) -> Citation:
    """One row of a list, by the name that people know it by."""
    return Citation(source=row.sensor, quote=row_name(row)[:QUOTED], dated=row.ts.date(), place=str(row.packet))


def advisory_citation(answer: Answer) -> Citation:
    """An advisory's own few words on which versions it means."""
    return Citation(
        source=answer.advisory,
        quote=f"{answer.vendor} {answer.product}: {answer.constraint or '?'}",
        dated=answer.published,
        url=answer.url,
    )


def row_name(row: DeviceDeclared | TitleDeclared) -> str:
    """What a list calls one of its entries; never empty."""
    if isinstance(row, TitleDeclared):
        place = f"{row.address}:{row.port}" if row.address and row.port else row.address
        return f"{row.ae_title} ({place})" if place else row.ae_title
    model = f"{row.manufacturer} {row.product}".strip()
    names = (row.name, row.hostname, row.ae_title, row.tag, *row.addresses, row.mac, model)
    return next(filter(None, names), f"{row.sensor}:{row.packet}")


def spelled(answers: Iterable[FormAnswer]) -> tuple[str, ...]:
    """Answers as a sentence shows them: `AUTH-2 = no`."""
    return tuple(f"{answer.question} = {answer.answer}" for answer in answers)


def sources(declared: Iterable[Declaration]) -> tuple[str, ...]:
    """Names of the documents that say it, each once."""
    return tuple(dict.fromkeys(one.sensor for one in declared))


def day_of(text: str) -> date | None:
    """An ISO date, None for anything else (documents may give a month alone)."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
