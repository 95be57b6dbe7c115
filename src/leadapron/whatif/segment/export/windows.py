"""Windows firewall: a PowerShell script for each device that a rule protects by address, and one for the rest of each
zone. The rules come disabled; a person enables the group.

Windows lets a block win over every allow, whatever the order, and has allow rules of its own (file sharing and
others). So what is refused is blocked, for exactly the addresses that are not allowed; only incoming connections are
filtered. What comes from inside the zone is left to the computer's own rules: an allow would open what they close.
DHCP answers stay out of the blocks, or a lease is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network

from leadapron.model.events import Transport
from leadapron.whatif.segment.export.job import Commands, Format, Job, commented, header, text
from leadapron.whatif.segment.export.names import file_stem
from leadapron.whatif.segment.export.openings import (
    EVERY_PORT,
    Opening,
    Place,
    Way,
    openings,
    target_places,
    zone_places,
)
from leadapron.whatif.segment.export.spans import Family, Spans, address_of, span_of, union, without

_DESCRIPTION = 400
_COMMANDS = Commands(
    check=["Get-NetFirewallRule -Group Leadapron"],
    apply=["Enable-NetFirewallRule -Group Leadapron"],
    back=["Remove-NetFirewallRule -Group Leadapron"],
)
_STRANGERS: Mapping[Family, tuple[str, ...]] = {
    Family.V4: ("1.0.0.0/8", "2.0.0.0/7", "4.0.0.0/6", "8.0.0.0/5", "16.0.0.0/4", "32.0.0.0/3", "64.0.0.0/2",
                "128.0.0.0/2", "192.0.0.0/3"),
    Family.V6: ("2000::/3", "fc00::/7"),
}  # fmt: skip
"""What a packet from another segment may come from: link-local addresses and multicast are left alone."""
_LINK_LOCAL: Mapping[Family, Spans] = {Family.V4: (span_of(ip_network("169.254.0.0/16")),), Family.V6: ()}
_DHCP_ANSWERS: Mapping[Family, Spans] = {Family.V4: ((68, 68),), Family.V6: ((546, 546),)}


def render(job: Job) -> Mapping[str, str]:
    """`<address>.ps1` for each device, `zone-<name>.ps1` for every other computer of a zone."""
    if job.device:
        place = Place(area=job.plan.area_of(job.device), address=job.device)
        return {_file(place): _script(job, place)}
    return {_file(place): _script(job, place) for place in (*target_places(job.plan), *zone_places(job.plan))}


def _file(place: Place) -> str:
    return f"{file_stem(place.address)}.ps1" if place.address else f"zone-{place.area.slug}.ps1"


def _script(job: Job, place: Place) -> str:
    scope = "export.one-device" if place.address else "export.other-devices"
    remarks = [scope, "export.disabled", "export.incoming", "export.again"]
    lines = commented("#", header(job, "Windows", _COMMANDS, remarks))
    lines.insert(0, f"# {place.address or place.area.slug}")
    stem = _file(place).removesuffix(".ps1")
    for number, rule in enumerate(_rules(job, place), start=1):
        lines.append(f"New-NetFirewallRule -Name 'Leadapron-{stem}-{number:03}' {rule}")
    return text(lines, "\r\n")


def _rules(job: Job, place: Place) -> Iterator[str]:
    found = openings(job.plan, place, Way.IN)
    for family in place.families:
        home = _home(place, family)
        for opening in found:
            if opening.family is family:
                notes = "; ".join(job.note(rule, _DESCRIPTION) for rule in opening.rules)[:_DESCRIPTION]
                match = f"{home} {_remote(opening.peers, family)} {_service(opening.transport, opening.ports)}"
                yield _rule(job.say("export.allowed"), "Allow", f"{match} -Description '{notes}'")
        for transport in Transport:
            mine = [opening for opening in found if opening.family is family and opening.transport is transport]
            for ports, strangers in _blocks(place, family, transport, mine):
                yield _rule(
                    job.say("export.blocked"),
                    "Block",
                    f"{home} {_remote(strangers, family)} {_service(transport, ports)}",
                )


def _blocks(place: Place, family: Family, transport: Transport, found: list[Opening]) -> Iterator[tuple[Spans, Spans]]:
    """Ports, and who may not use them."""
    known = place.area.spans[family]
    strangers = without((span_of(ip_network(text)) for text in _STRANGERS[family]), [*_LINK_LOCAL[family], *known])
    spared = _DHCP_ANSWERS[family] if transport is Transport.UDP else ()
    closed = without(EVERY_PORT, [span for opening in found for span in opening.ports])
    for ports, peers in [*((opening.ports, opening.peers) for opening in found), (closed, ())]:
        blocked, refused = without(ports, spared), without(strangers, peers)
        if blocked and refused:
            yield blocked, refused


def _rule(title: str, action: str, match: str) -> str:
    base = f"-DisplayName 'Leadapron: {title}' -Group 'Leadapron' -Enabled False -Profile Any -Direction Inbound"
    return f"{base} -Action {action} {match}"


def _home(place: Place, family: Family) -> str:
    own = [place.address] if place.address else [str(network) for network in place.area.networks[family]]
    return f"-LocalAddress {_list(own)}"


def _remote(spans: Spans, family: Family) -> str:
    written = []
    for first, last in union(spans):
        low, high = address_of(first, family), address_of(last, family)
        written.append(f"{low}" if first == last else f"{low}-{high}")
    return f"-RemoteAddress {_list(written)}"


def _service(transport: Transport, ports: Spans) -> str:
    protocol = f"-Protocol {transport.value.upper()}"
    if ports == EVERY_PORT:
        return protocol
    return f"{protocol} -LocalPort {_list([str(a) if a == b else f'{a}-{b}' for a, b in ports])}"


def _list(values: list[str]) -> str:
    return ",".join(f"'{value}'" for value in values)


WINDOWS = Format(name="windows", ending=".ps1", description="export.format-windows", per_device=True, render=render)
