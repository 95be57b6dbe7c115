"""Segmentation in a terminal: rules in words, questions to ask, and what a rehearsal would have stopped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from leadapron.model.segmentation import Standing
from leadapron.report.screen import answered, facts, heading, numbers, plain, show
from leadapron.report.segment.contract import BlockedEntry, RehearsalDocument, RuleEntry, SegmentationDocument
from leadapron.report.vocabulary import several
from leadapron.report.words import Words, words

ROWS = 40
"""Rules or flows of one list; the JSON document has all."""
_NAMED = 8


def render_segmentation_terminal(document: SegmentationDocument, console: Console, *, zone: tzinfo = UTC) -> None:
    """Answer, questions, what is refused, rules, advice."""
    say = words(document.language, zone=zone)
    _ = say.gettext
    show(answered(_("Who may talk to whom"), document.answer, document.limits, say), console)
    for title, standing in (
        (_("To be asked about"), Standing.ASK),
        (_("Refused: looks like an attack"), Standing.REFUSE),
    ):
        if rules := document.of(standing):
            show(Group(heading(title), _reasons(rules, say)), console)
    if rules := document.of(Standing.KEEP):
        show(_rules(rules, say), console)
    if document.advice:
        lines = [plain(f"· {one.text}") for one in document.advice]
        show(Group(heading(_("Good practice")), *lines), console)


def render_rehearsal_terminal(document: RehearsalDocument, console: Console, *, zone: tzinfo = UTC) -> None:
    """Answer, exams by modality, what would have been refused, questions, loose ends."""
    say = words(document.language, zone=zone)
    _ = say.gettext
    show(answered(_("Rehearsal of the rules on past traffic"), document.answer, document.limits, say), console)
    if document.by_modality:
        table = numbers((_("Modality"), 0), (_("Exams that would have failed"), 8))
        for modality, exams in document.by_modality.items():
            table.add_row(plain(modality), plain(say.number(exams)))
        show(Group(heading(_("Exams that would have failed")), table), console)
    legitimate = [one for one in document.blocked if not one.suspect]
    attacks = [one for one in document.blocked if one.suspect]
    if legitimate:
        show(_blocked(_("Would be refused, looks legitimate"), legitimate, say), console)
    if attacks:
        show(_blocked(_("Would be stopped, as meant"), attacks, say), console)
    if document.questions:
        show(Group(heading(_("Questions to ask first")), _reasons(document.questions, say)), console)
    if document.unknown or document.unused:
        unused = "\n".join(one.text for one in document.unused[:ROWS])
        show(
            facts(
                (_("Addresses in no zone"), several(document.unknown, _NAMED, say)), (_("Rules nothing used"), unused)
            ),
            console,
        )


def _reasons(rules: Sequence[RuleEntry], say: Words) -> RenderableType:
    lines = [
        Group(plain(rule.text, "bold"), Padding(Group(plain(rule.reason), plain(rule.id, "dim")), (0, 0, 0, 2)))
        for rule in rules[:ROWS]
    ]
    return Group(*lines, *_more(len(rules) - ROWS, say))


def _rules(rules: Sequence[RuleEntry], say: Words) -> RenderableType:
    _ = say.gettext
    table = numbers((_("Rule"), 0), (_("Connections"), 6))
    for rule in rules[:ROWS]:
        table.add_row(plain(rule.text), plain(say.number(rule.connections)))
    return Group(heading(_("Let through")), table, *_more(len(rules) - ROWS, say))


def _blocked(title: str, entries: Sequence[BlockedEntry], say: Words) -> RenderableType:
    """Each on two lines: in a column of a narrow terminal no one reads a remark."""
    lines = [_refused(one, say) for one in entries[:ROWS]]
    return Group(heading(title), *lines, *_more(len(entries) - ROWS, say))


def _refused(one: BlockedEntry, say: Words) -> RenderableType:
    _ = say.gettext
    what = plain(f"{one.client} → {one.server}{_(':')} {one.service_name} {one.port}", "bold")
    exams = say.ngettext("{n} exam", "{n} exams", one.exams)
    counts = [say.ngettext("{n} connection", "{n} connections", one.connections), *([exams] if one.exams else ())]
    remark = one.suspect or (_("new") if one.new else "")
    line = Text.assemble(what, plain(f" · {' · '.join(counts)}", "dim"))
    return Group(line, Padding(plain(remark), (0, 0, 0, 2))) if remark else line


def _more(left: int, say: Words) -> Sequence[RenderableType]:
    if left <= 0:
        return ()
    return (plain(f"{say.ngettext('{n} more is not shown', '{n} more are not shown', left)} (--json)", "dim"),)
