"""How a running guard is, in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from rich.console import Console, Group, RenderableType

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
    status: Mapping[str, Any],
    console: Console,
    language: str,
    sentences: Mapping[str, str],
    *,
    zone: tzinfo = UTC,
) -> None:
    """What the guard answered, alarms first. `sentences` are those of actions (`action.…`) and reasons (`reason.…`)."""
    say = words(language, zone=zone)
    _ = say.gettext
    told = harmless(dict(status))
    show(Group(heading(_("Guard {name}").format(name=told["name"])), facts(*_guard(told, say))), console)
    show(_listeners(told["listeners"], told["decisions"], say), console)
    if told["decisions"]:
        show(_decisions(told["decisions"], sentences, say), console)
    if told["connections"]:
        show(_connections(told["connections"], say), console)


def _guard(told: Mapping[str, Any], say: Words) -> Sequence[tuple[str, str]]:
    _ = say.gettext
    policy, spool = told["policy"], told["spool"]
    broken = f" · {_('the file is broken, the one before is in force')}" if policy["broken"] else ""
    glass = ", ".join(
        _("{person} at {listener}, until {time}").format(
            person=one["person"], listener=one["listener"] or _("every listener"), time=_time(one["until"], say)
        )
        for one in told["glass"]
    )
    ends = min(told["certificates"], key=lambda one: one["end"], default=None)
    waiting = ""
    if spool is not None:
        waiting = say.ngettext("{n} message waits", "{n} messages wait", spool["messages"])
        if not spool["connected"]:
            waiting += f" · {_('the collector is away')}"
    return (
        (_("Glass broken by"), glass),
        (_("Cannot be reached"), ", ".join(told["down"])),
        (_("Running since"), f"{_time(told['since'], say)} ({told['version']})"),
        (_("Policy"), f"{policy['digest']}, {_time(policy['loaded'], say)}{broken}"),
        (_("State"), _("stopping: lets nobody in") if told["draining"] else _("guarding")),
        (_("Memory"), say.size(told["memory"])),
        (_("First certificate to end"), f"{ends['name']}, {_time(ends['end'], say)}" if ends else ""),
        (_("Audit"), waiting),
        (_("Quarantine"), say.ngettext("{n} object", "{n} objects", told["quarantine"]["objects"])),
    )


def _time(text: str, say: Words) -> str:
    return say.moment(datetime.fromisoformat(text))


def _listeners(
    listeners: Sequence[Mapping[str, Any]], decisions: Sequence[Mapping[str, Any]], say: Words
) -> RenderableType:
    _ = say.gettext
    table = numbers((_("Listener"), 0), (_("Inside"), 6), (_("Connections"), 8), (_("Refused"), 8), (_("Objects"), 8))
    for one in listeners:
        name = f"{one['name']} ({one['listens']} → {', '.join(one['upstream'])})"
        by_policy = (
            two["count"]
            for two in decisions
            if two["listener"] == one["name"] and two["enforced"] and two["action"] != "allow"
        )
        counts = (one["inside"], one["connections"], one["refused"] + sum(by_policy), one["objects"])
        table.add_row(plain(name), *(plain(say.number(count)) for count in counts))
    return Group(heading(_("Listeners")), table)


def _decisions(decisions: Sequence[Mapping[str, Any]], sentences: Mapping[str, str], say: Words) -> RenderableType:
    _ = say.gettext
    table = numbers((_("Decision"), 0), (_("Times"), 8))
    for one in sorted(decisions, key=lambda one: -one["count"]):
        shadow = "" if one["enforced"] else f" ({_('shadow')})"
        table.add_row(
            plain(f"{one['listener']}{_(':')} {one['action']}, {one['reason']}{shadow}"),
            plain(say.number(one["count"])),
        )
    return Group(heading(_("Decisions since the start")), table)


def _connections(connections: Sequence[Mapping[str, Any]], say: Words) -> RenderableType:
    _ = say.gettext
    table = numbers((_("Inside now"), 0), (_("Seconds"), 8), (_("Received"), 10))
    for one in connections[:ROWS]:
        titles = f" {one['calling']} → {one['called']}" if one["calling"] else ""
        table.add_row(
            plain(f"{one['client']}{titles} · {one['listener']} · {_(PHASES[one['phase']])}"),
            plain(say.number(round(one["age"]))),
            plain(say.size(one["bytes"]["client"] + one["bytes"]["server"])),
        )
    left = len(connections) - ROWS
    more = (
        [plain(f"{say.ngettext('{n} more is not shown', '{n} more are not shown', left)} (--json)", "dim")]
        if left > 0
        else []
    )
    return Group(heading(_("Connections")), table, *more)
