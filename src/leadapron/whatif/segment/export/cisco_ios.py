"""Cisco IOS and IOS XE: one extended named access list for the packets from each zone, without object groups (older
Catalyst switches have none)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network

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
    unbound,
)
from leadapron.whatif.segment.export.job import Commands, Format, Job, commented, header, text
from leadapron.whatif.segment.export.plan import Area
from leadapron.whatif.segment.export.spans import Family, Network, Spans, is_host

_FILE = "leadapron-ios.cfg"
_HEAD = {Family.V4: "ip access-list extended", Family.V6: "ipv6 access-list"}
_WORD = {Family.V4: "ip", Family.V6: "ipv6"}
_LOCAL = {
    Family.V4: ("permit ip any 224.0.0.0 0.0.0.255",),
    Family.V6: ("permit ipv6 any FF02::/16", "permit ipv6 any FE80::/10"),
}


def render(job: Job) -> Mapping[str, str]:
    """One file; nothing filters before a person binds the lists to interfaces."""
    lines = commented("!", header(job, "Cisco IOS", _commands(job), ["export.lists", "export.stateless"]))
    lists: list[str] = []
    for family in job.plan.families:
        for area in job.plan.areas:
            if area.networks[family]:
                lists += ["!", f"{_HEAD[family]} {list_name(area, family)}", *_list(job, area, family)]
        lists += ["!", f"{_HEAD[family]} {elsewhere_name(family)}", *_elsewhere(job, family)]
    return {_FILE: text([*lines, *renewed(lists)])}


def _commands(job: Job) -> Commands:
    typed = bindings(job.plan)
    return Commands(before=["copy running-config flash:before-leadapron.cfg"], apply=typed, back=unbound(typed))


def _list(job: Job, area: Area, family: Family) -> Iterator[str]:
    for local in (*_LOCAL[family], *CONTROL[family]):
        yield f" {local}"
    # From any: what enters here for the zone itself comes from the zone, and pairs of networks would be many.
    for own in area.networks[family]:
        yield f" permit {_WORD[family]} any {_network(own)}"
    for line in lines_from(job, area, family):
        yield f" remark {remark(job, line)}"
        yield from _lines(line)
    yield f" deny {_WORD[family]} any any log"


def _lines(line: Line) -> Iterator[str]:
    verdict = "deny" if line.kind is Kind.REFUSE else "permit"
    tail = " log" if line.kind is Kind.REFUSE else " established" if line.established else ""
    for source in line.source.networks:
        for target in line.target.networks:
            for source_port in _ports(line.source_ports):
                for target_port in _ports(line.target_ports):
                    ends = f"{_network(source)}{source_port} {_network(target)}{target_port}"
                    yield f" {verdict} {line.entry.rule.transport.value} {ends}{tail}"


def _elsewhere(job: Job, family: Family) -> Iterator[str]:
    for area in job.plan.areas:
        for network in area.networks[family]:
            yield f" deny {_WORD[family]} any {_network(network)} log"
    yield f" permit {_WORD[family]} any any"


def _network(network: Network) -> str:
    if network.prefixlen == 0:
        return "any"
    if is_host(network):
        return f"host {network.network_address}"
    return f"{network.network_address} {network.hostmask}" if isinstance(network, IPv4Network) else str(network)


def _ports(ports: Spans) -> tuple[str, ...]:
    """How each port is written; one empty text for every port."""
    written = (f" eq {first}" if first == last else f" range {first} {last}" for first, last in ports)
    return tuple(written) or ("",)


CISCO_IOS = Format(name="cisco-ios", ending=".cfg", description="export.format-cisco-ios", render=render)
