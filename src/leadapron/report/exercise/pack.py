"""Files to print: the facilitator's book, the players' cards, the downtime sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from msgspec import Struct

from leadapron.model.exercise import Downtime, Exercise, Text
from leadapron.report.dossier.blocks import Dossier, EditionBlocks
from leadapron.report.dossier.page import render_dossier_html
from leadapron.report.dossier.pdf import render_dossier_pdf
from leadapron.report.exercise.cards import book, cards
from leadapron.report.exercise.sheet import sheet
from leadapron.report.exercise.telling import Telling, harmless_downtime, harmless_exercise
from leadapron.report.hostile import visible
from leadapron.report.words import words

Front = tuple[tuple[str, str], ...]


class About(Struct, frozen=True, kw_only=True):
    """When and by which version it was made, and whose department it is."""

    version: str
    generated: datetime
    organisation: str = ""


def exercise_pack(
    exercise: Exercise, downtime: Downtime, languages: Sequence[str], about: About, *, zone: tzinfo = UTC
) -> Mapping[str, bytes]:
    """File name → content: `exercise`, `cards` and `downtime`, each `.html` and `.pdf`, the editions of all languages
    one after the other (first things first). UsageError: a language that is not written."""
    played = harmless_exercise(exercise)
    return {
        **_files("exercise", languages, about, zone, lambda tell, front: book(played, tell, front)),
        **_files("cards", languages, about, zone, lambda tell, front: cards(played, tell, front)),
        **downtime_sheet(downtime, languages, about, zone=zone, attack=exercise.title),
    }


def downtime_sheet(
    downtime: Downtime, languages: Sequence[str], about: About, *, zone: tzinfo = UTC, attack: Text | None = None
) -> Mapping[str, bytes]:
    """`downtime.html` and `downtime.pdf`, as in `exercise_pack`. `attack`: title of the scenario it was played with."""
    safe = harmless_downtime(downtime)

    def write(tell: Telling, front: Front) -> EditionBlocks:
        simulated = ((tell.text("attack"), tell.own(attack)),) if attack else ()
        return sheet(safe, tell, (*simulated, *front))

    return _files("downtime", languages, about, zone, write)


def _files(
    name: str,
    languages: Sequence[str],
    about: About,
    zone: tzinfo,
    write: Callable[[Telling, Front], EditionBlocks],
) -> Mapping[str, bytes]:
    telling = [Telling(words(language, zone=zone)) for language in languages]
    editions = tuple(write(tell, _front(about, tell)) for tell in telling)
    made = Dossier(
        title=editions[0].title,
        author=visible(about.organisation) or "Leadapron",
        version=about.version,
        generated=about.generated,
        editions=editions,
        attachments=(),
    )
    return {f"{name}.html": render_dossier_html(made).encode("utf-8"), f"{name}.pdf": render_dossier_pdf(made)}


def _front(about: About, tell: Telling) -> Front:
    return (
        (tell.text("organisation"), visible(about.organisation)),
        (tell.text("made"), tell.say.minute(about.generated)),
        (tell.text("with"), f"Leadapron {about.version}"),
    )
