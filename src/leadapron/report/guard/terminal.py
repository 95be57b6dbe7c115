"""A replay in a terminal: what would have been refused, then what only shadow rules spoke against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, tzinfo

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from leadapron.report.guard.contract import AnswerEntry, ReplayDocument
from leadapron.report.screen import answered, facts, heading, numbers, plain, show
from leadapron.report.words import Words, words

ROWS = 40
"""Answers of one list; the JSON document has all."""


def render_replay_terminal(document: ReplayDocument, console: Console, *, zone: tzinfo = UTC) -> None:
    """Answer, refusals, shadow refusals, what passes, servers without a listener."""
    say = words(document.language, zone=zone)
    _ = say.gettext
    show(answered(_("Past traffic through the policy"), document.answer, document.limits, say), console)
    allowed = [one for one in document.answers if one.action == "allow"]
    against = [one for one in document.answers if one.action != "allow"]
    for title, entries in (
        (_("Would have been refused"), [one for one in against if one.refused]),
        (_("A rule in shadow speaks against it, and lets it pass"), [one for one in against if one.shadow]),
    ):
        if entries:
            show(_answers(title, entries, say), console)
    if allowed:
        show(_passes(allowed, say), console)
    if document.unguarded:
        pairs = ((server, say.ngettext("{n} connection", "{n} connections", n)) for server, n in _few(document))
        show(Group(heading(_("Servers without a listener")), facts(*pairs)), console)


def _few(document: ReplayDocument) -> Sequence[tuple[str, int]]:
    return sorted(document.unguarded.items(), key=lambda item: (-item[1], item[0]))[:ROWS]


def _answers(title: str, entries: Sequence[AnswerEntry], say: Words) -> RenderableType:
    """Each on two lines: who asked for what, then the decision."""
    return Group(heading(title), *(_one(entry, say) for entry in entries[:ROWS]), *_rest(len(entries), say))


def _passes(entries: Sequence[AnswerEntry], say: Words) -> RenderableType:
    """By rule only: what it allows stands in the policy."""
    _ = say.gettext
    counted = Counter[str]()
    for entry in entries:
        counted[entry.rule or entry.text] += entry.count
    table = numbers((_("Rule"), 0), (_("Times"), 8))
    for text, count in counted.most_common(ROWS):
        table.add_row(plain(text), plain(say.number(count)))
    return Group(heading(_("Passes")), table, *_rest(len(counted), say))


def _rest(count: int, say: Words) -> Sequence[RenderableType]:
    """How many are not shown."""
    left = count - ROWS
    if left <= 0:
        return ()
    return (plain(f"{say.ngettext('{n} more is not shown', '{n} more are not shown', left)} (--json)", "dim"),)


def _one(entry: AnswerEntry, say: Words) -> RenderableType:
    _ = say.gettext
    who = entry.client_name if entry.client_name == entry.client else f"{entry.client_name} ({entry.client})"
    between = (who, entry.calling_ae_title, "→", entry.called_ae_title or entry.listener)
    what = " · ".join(part for part in (entry.command or _("association"), entry.sop_class_name) if part)
    if entry.destination:
        what += f" → {entry.destination}"
    first = Text.assemble(
        plain(" ".join(part for part in between if part), "bold"),
        plain(f"  {what}  "),
        plain(f"× {say.number(entry.count)}", "dim"),
    )
    second = entry.text
    if entry.studies:
        second += f" · {say.ngettext('{n} study', '{n} studies', entry.studies)}"
    return Group(first, Padding(plain(second), (0, 0, 0, 2)))
