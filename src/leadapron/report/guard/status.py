"""How a running guard is, in a terminal: what needs somebody first, then listeners, decisions, connections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from leadapron.report.guard.compose import Said
from leadapron.report.hostile import harmless
from leadapron.report.screen import facts, heading, numbers, plain, show
from leadapron.report.words import N_, Words, words

ROWS = 40
"""Connections of the list; the JSON document has all."""
PHASES = {
    "opening": N_("opening"),
    "waiting": N_("made to wait"),
    "dialling": N_("calling the server"),
    "idle": N_("idle"),
    "busy": N_("transferring"),
    "ending": N_("ending"),
}


def render_status_terminal(
    status: Mapping[str, Any], console: Console, language: str, said: Said, *, zone: tzinfo = UTC
) -> None:
    """What the guard answered; `said` puts decisions in words."""
    say = words(language, zone=zone)
    told = harmless(dict(status))
    alarms = Table.grid(padding=(0, 1))
    for alarm in _alarms(told, say):
        alarms.add_row(plain("!", "bold red"), plain(alarm, "bold red"))
    title = heading(say.gettext("Guard {name}").format(name=told["name"]))
    show(Group(title, plain(_state(told, say), "bold"), alarms, Text(), facts(*_facts(told, say))), console)
    show(_listeners(told["listeners"], told["decisions"], say), console)
    if told["decisions"]:
        show(_decisions(told["decisions"], said, say), console)
    if told["connections"]:
        show(_connections(told["connections"], say), console)


def _state(told: Mapping[str, Any], say: Words) -> str:
    if told["draining"]:
        return say.gettext("It is stopping: nobody new is let in.")
    listeners, inside = len(told["listeners"]), sum(one["inside"] for one in told["listeners"])
    return say.gettext("It guards {listeners}; {connections} inside.").format(
        listeners=say.ngettext("{n} listener", "{n} listeners", listeners),
        connections=say.ngettext("{n} connection", "{n} connections", inside),
    )


def _alarms(told: Mapping[str, Any], say: Words) -> Iterator[str]:
    """What somebody should look at now."""
    _ = say.gettext
    for one in told["glass"]:
        yield _("{person} has broken the glass ({where}): until {time}, rules stop nothing there.").format(
            person=one["person"], where=one["listener"] or _("every listener"), time=_time(one["until"], say)
        )
    if told["policy"]["broken"]:
        yield _("The policy file is broken; the one before stays in force.")
    for server in told["down"]:
        yield _("{server} does not answer.").format(server=server)
    spool = told["spool"]
    if spool is not None and not spool["connected"]:
        yield _("The audit collector cannot be reached: {messages} on disk.").format(messages=_waiting(spool, say))


def _waiting(spool: Mapping[str, Any], say: Words) -> str:
    return say.ngettext("{n} message waits", "{n} messages wait", spool["messages"])


def _facts(told: Mapping[str, Any], say: Words) -> Sequence[tuple[str, str]]:
    _ = say.gettext
    policy, spool = told["policy"], told["spool"]
    ends = min(told["certificates"], key=lambda one: one["end"], default=None)
    return (
        (_("Running since"), f"{_time(told['since'], say)} ({told['version']})"),
        (_("Policy"), f"{policy['digest']}, {_time(policy['loaded'], say)}"),
        (_("Memory"), say.size(told["memory"])),
        (_("First certificate to end"), f"{ends['name']}, {_time(ends['end'], say)}" if ends else ""),
        (_("Audit"), _waiting(spool, say) if spool is not None and spool["connected"] else ""),
        (_("Quarantine"), say.ngettext("{n} object", "{n} objects", told["quarantine"]["objects"])),
    )


def _time(text: str, say: Words) -> str:
    return say.moment(datetime.fromisoformat(text))


def _listeners(
    listeners: Sequence[Mapping[str, Any]], decisions: Sequence[Mapping[str, Any]], say: Words
) -> RenderableType:
    """Its name, and under it where it stands and what is behind it."""
    _ = say.gettext
    table = numbers((_("Listener"), 0), (_("Inside"), 6), (_("Connections"), 8), (_("Refusals"), 8), (_("Objects"), 7))
    for one in listeners:
        where = Text("\n").join([plain(one["name"]), *(plain(f"  {line}", "dim") for line in _ways(one))])
        by_policy = (
            two["count"]
            for two in decisions
            if two["listener"] == one["name"] and two["enforced"] and two["action"] != "allow"
        )
        counts = (one["inside"], one["connections"], one["refused"] + sum(by_policy), one["objects"])
        table.add_row(where, *(plain(say.number(count)) for count in counts))
    return Group(heading(_("Listeners")), table)


def _ways(listener: Mapping[str, Any]) -> Iterator[str]:
    yield listener["listens"]
    yield from (f"→ {server}" for server in listener["upstream"])


def _decisions(decisions: Sequence[Mapping[str, Any]], said: Said, say: Words) -> RenderableType:
    _ = say.gettext
    table = numbers((_("Listener"), 0), (_("Decision"), 24), (_("Times"), 8), left=2)
    for one in sorted(decisions, key=lambda one: (one["action"] == "allow", -one["count"])):
        sentence = said(one["action"], one["reason"], "", say.language, shadow=not one["enforced"])
        table.add_row(plain(one["listener"]), plain(sentence), plain(say.number(one["count"])))
    return Group(heading(_("Decisions since the start")), table)


def _connections(connections: Sequence[Mapping[str, Any]], say: Words) -> RenderableType:
    _ = say.gettext
    table = numbers((_("Inside now"), 0), (_("Since"), 10), (_("Received"), 8))
    for one in connections[:ROWS]:
        titles = f" {one['calling']} → {one['called']}" if one["calling"] else ""
        phase = one["phase"]
        table.add_row(
            plain(f"{one['client']}{titles} · {one['listener']} · {_(PHASES.get(phase, phase))}"),
            plain(say.lasting(timedelta(seconds=round(one["age"])))),
            plain(say.size(one["bytes"]["client"] + one["bytes"]["server"])),
        )
    left = len(connections) - ROWS
    more = (
        [plain(f"{say.ngettext('{n} more is not shown', '{n} more are not shown', left)} (--json)", "dim")]
        if left > 0
        else []
    )
    return Group(heading(_("Connections")), table, *more)
