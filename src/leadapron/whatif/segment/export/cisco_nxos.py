"""Cisco NX-OS: one access list for the packets from each zone, with object groups for addresses and ports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from leadapron.whatif.segment.export.acl import (
    CONTROL,
    Kind,
    Line,
    bindings,
    elsewhere_name,
    lines_from,
    list_name,
    remark,
    renewed,
)
from leadapron.whatif.segment.export.job import Commands, Format, Job, commented, header, of_family, text
from leadapron.whatif.segment.export.plan import Area, End, Entry
from leadapron.whatif.segment.export.spans import Family, Network, Spans, is_host

_FILE = "leadapron-nxos.cfg"
_WORD = {Family.V4: "ip", Family.V6: "ipv6"}
_LOCAL = {
    Family.V4: ("permit ip any 224.0.0.0/24",),
    Family.V6: ("permit ipv6 any ff02::/16", "permit ipv6 any fe80::/10"),
}


def render(job: Job) -> Mapping[str, str]:
    """One file; nothing filters before a person binds the lists to interfaces."""
    lines = commented("!", header(job, "Cisco NX-OS", _commands(job), ["export.lists", "export.stateless"]))
    typed: list[str] = []
    for family in job.plan.families:
        typed += _groups(job, family)
        for area in job.plan.areas:
            if area.networks[family]:
                typed += [f"{_WORD[family]} access-list {list_name(area, family)}", *_list(job, area, family)]
        typed += [f"{_WORD[family]} access-list {elsewhere_name(family)}", *_elsewhere(job, family)]
    return {_FILE: text([*lines, *renewed(typed)])}


def _commands(job: Job) -> Commands:
    return Commands(
        before=["checkpoint before-leadapron"],
        apply=bindings(job.plan),
        back=["rollback running-config checkpoint before-leadapron"],
    )


def _groups(job: Job, family: Family) -> Iterator[str]:
    """Groups come before the lists that use them."""
    for area in job.plan.areas:
        yield from _address_group(_zone_group(area, family), area.networks[family], family)
    for entry in of_family(job.plan.entries, family):
        for end, side in ((entry.source, "SRC"), (entry.target, "DST")):
            if not end.whole:
                yield from _address_group(_rule_group(entry, side), end.networks, family)
    # Port groups know no family: those of a rule with both are written once.
    written = {entry.slug for entry in job.plan.entries if family is Family.V6 and entry.family is Family.V4}
    for entry in of_family(job.plan.entries, family):
        if entry.ports and entry.slug not in written:
            yield f"object-group ip port {_port_group(entry)}"
            yield from (f"  {_port(first, last)}" for first, last in entry.ports)


def _address_group(name: str, networks: Sequence[Network], family: Family) -> Iterator[str]:
    if networks:
        yield f"object-group {_WORD[family]} address {name}"
        for network in networks:
            yield f"  host {network.network_address}" if is_host(network) else f"  {network}"


def _zone_group(area: Area, family: Family) -> str:
    return f"LA{family.value}-ZONE-{area.slug.upper()}"


def _rule_group(entry: Entry, side: str) -> str:
    return f"LA{entry.family.value}-{side}-{entry.slug.upper()}"


def _port_group(entry: Entry) -> str:
    return f"LA-PORTS-{entry.slug.upper()}"


def _port(first: int, last: int) -> str:
    return f"eq {first}" if first == last else f"range {first} {last}"


def _list(job: Job, area: Area, family: Family) -> Iterator[str]:
    yield "  statistics per-entry"
    for local in (*_LOCAL[family], *CONTROL[family]):
        yield f"  {_prefixed(local)}"
    yield f"  permit {_WORD[family]} any addrgroup {_zone_group(area, family)}"
    for line in lines_from(job, area, family):
        yield f"  remark {remark(job, line)}"
        yield f"  {_line(line)}"
    yield f"  deny {_WORD[family]} any any log"


def _prefixed(line: str) -> str:
    """NX-OS shows a host as /32."""
    return line.replace("host 255.255.255.255", "255.255.255.255/32")


def _line(line: Line) -> str:
    verdict = "deny" if line.kind is Kind.REFUSE else "permit"
    tail = " log" if line.kind is Kind.REFUSE else " established" if line.established else ""
    source = f"{_end(line, line.source)}{_ports(line, line.source_ports)}"
    target = f"{_end(line, line.target)}{_ports(line, line.target_ports)}"
    return f"{verdict} {line.entry.rule.transport.value} {source} {target}{tail}"


def _end(line: Line, end: End) -> str:
    if end.whole:
        return f"addrgroup {_zone_group(end.area, line.entry.family)}"
    return f"addrgroup {_rule_group(line.entry, 'SRC' if end is line.entry.source else 'DST')}"


def _ports(line: Line, ports: Spans) -> str:
    return f" portgroup {_port_group(line.entry)}" if ports else ""


def _elsewhere(job: Job, family: Family) -> Iterator[str]:
    yield "  statistics per-entry"
    for area in job.plan.areas:
        if area.networks[family]:
            yield f"  deny {_WORD[family]} any addrgroup {_zone_group(area, family)} log"
    yield f"  permit {_WORD[family]} any any"


CISCO_NXOS = Format(name="cisco-nxos", ending=".cfg", description="export.format-cisco-nxos", render=render)
