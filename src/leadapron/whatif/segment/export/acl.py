"""What access lists without memory must say, in the order they say it: one list for the packets from each zone.

A switch forgets connections, so each allowed rule also lets its answers through, from the server's port and, for TCP,
only as part of a connection (`established`). A list also sees packets for the switch itself: neighbour discovery,
what stays on the segment (multicast and link-local: routing, HSRP, VRRP) and DHCP must pass, or enforcing it cuts the
segment off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from msgspec import Struct

from leadapron.model.events import Transport
from leadapron.whatif.segment.export.job import Job, of_family
from leadapron.whatif.segment.export.plan import Area, End, Entry, Plan
from leadapron.whatif.segment.export.spans import Family, Spans


class Kind(StrEnum):
    """What a line is for."""

    ANSWER = "answer"
    REFUSE = "refuse"
    ALLOW = "allow"


class Line(Struct, frozen=True, kw_only=True):
    """One line of an access list, before it is spelled for a switch."""

    kind: Kind
    entry: Entry
    source: End
    target: End
    source_ports: Spans = ()
    target_ports: Spans = ()

    @property
    def established(self) -> bool:
        return self.kind is Kind.ANSWER and self.entry.rule.transport is Transport.TCP


REMARK = 90
"""Characters: IOS keeps 100."""


def lines_from(job: Job, area: Area, family: Family) -> Iterator[Line]:
    """Answers first (their clients asked), then refusals, then what the zone may open.

    Answers of a UDP rule on every port are left out: they would open everything the other way.
    """
    entries = of_family(job.plan.entries, family)
    for entry in entries:
        if entry.target.area is area and not entry.refused and (entry.ports or entry.rule.transport is Transport.TCP):
            yield Line(
                kind=Kind.ANSWER, entry=entry, source=entry.target, target=entry.source, source_ports=entry.ports
            )
    for entry in entries:
        if entry.source.area is area:
            kind = Kind.REFUSE if entry.refused else Kind.ALLOW
            yield Line(kind=kind, entry=entry, source=entry.source, target=entry.target, target_ports=entry.ports)


def remark(job: Job, line: Line) -> str:
    """Why the line is there."""
    if line.kind is not Kind.ANSWER:
        return job.note(line.entry.rule, REMARK)
    room = REMARK - len(job.say("export.answers", note="."))
    return job.say("export.answers", note=job.note(line.entry.rule, room))


def list_name(area: Area, family: Family) -> str:
    """Lists of both families share their names on a switch, so these differ."""
    return f"LA{family.value}-FROM-{area.slug.upper()}"


def elsewhere_name(family: Family) -> str:
    """The list for interfaces that lead to no zone."""
    return f"LA{family.value}-ELSEWHERE"


def renewed(typed: Sequence[str]) -> list[str]:
    """Lists, and the groups they use, behind what takes back those of an earlier export: a list that is typed again
    would go on after its last `deny`."""
    heads = [line for line in typed if not line.startswith((" ", "!"))]
    return [*(f"no {head}" for head in sorted(heads, key=lambda head: head.startswith("object-group"))), *typed]


def bindings(plan: Plan) -> list[str]:
    """What a person types to make the lists filter: the interface of each zone is theirs to name."""
    typed = []
    for area in plan.areas:
        typed.append(f"interface <{area.slug}>")
        typed += [f" {_BIND[family]} {list_name(area, family)} in" for family in Family if area.networks[family]]
    typed.append("interface <elsewhere>")
    return [*typed, *(f" {_BIND[family]} {elsewhere_name(family)} in" for family in plan.families)]


def unbound(typed: list[str]) -> list[str]:
    """The same, taken back."""
    return [line if line.startswith("interface") else f" no{line}" for line in typed]


_BIND = {Family.V4: "ip access-group", Family.V6: "ipv6 traffic-filter"}

CONTROL = {
    Family.V4: (
        "permit icmp any any unreachable",
        "permit icmp any any time-exceeded",
        "permit udp any eq 68 host 255.255.255.255 eq 67",
    ),
    Family.V6: (
        "permit icmp any any nd-na",
        "permit icmp any any nd-ns",
        "permit icmp any any packet-too-big",
        "permit icmp any any unreachable",
        "permit icmp any any time-exceeded",
    ),
}
"""Errors about connections that pass (path MTU), neighbour discovery, and what DHCP clients call to everyone
(RFC 2131 §4.4: from no address at first, from their own when a lease runs out)."""
