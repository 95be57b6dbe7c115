"""FortiGate: firewall addresses, groups, services and policies; a change there works at once, so each policy comes
disabled and a person enables them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network

from leadapron.model.events import Transport
from leadapron.whatif.segment.export.job import Commands, Format, Job, commented, header, of_family, text
from leadapron.whatif.segment.export.names import object_name
from leadapron.whatif.segment.export.objects import (
    address_groups,
    addresses,
    every_port,
    service,
    services,
    source_group,
    target_group,
    zone_group,
    zone_groups,
)
from leadapron.whatif.segment.export.spans import Family, Network
from leadapron.whatif.segment.traffic import LAST_PORT

_FILE = "leadapron-fortigate.conf"
_COMMENTS = 200
_SUFFIX = {Family.V4: "", Family.V6: "6"}
_COMMANDS = Commands(
    before=["execute backup config flash before-leadapron"],
    apply=["config firewall policy", "edit <id>", "set status enable", "next", "end"],
    back=["config firewall policy", "edit <id>", "set status disable", "next", "end"],
)

Edit = tuple[str, Sequence[str]]
"""A key and its settings."""


def render(job: Job) -> Mapping[str, str]:
    """One file; every policy is disabled."""
    remarks = ["export.disabled", "export.interfaces", "export.order", "export.again"]
    lines = commented("#", header(job, "FortiGate", _COMMANDS, remarks))
    for family in job.plan.families:
        suffix = _SUFFIX[family]
        lines += _table(f"firewall address{suffix}", _addresses(job, family))
        lines += _table(f"firewall addrgrp{suffix}", _groups(job, family))
    lines += _table("firewall service custom", _services(job))
    lines += _table("firewall policy", [policy for family in job.plan.families for policy in _policies(job, family)])
    return {_FILE: text(lines)}


def _table(name: str, edits: Iterable[Edit]) -> Iterator[str]:
    yield f"config {name}"
    for key, settings in edits:
        yield f"    edit {key}"
        yield from (f"        set {setting}" for setting in settings)
        yield "    next"
    yield "end"


def _addresses(job: Job, family: Family) -> Iterator[Edit]:
    for name, network in addresses(job.plan, family).items():
        yield f'"{name}"', [_subnet(network)]


def _subnet(network: Network) -> str:
    if isinstance(network, IPv4Network):
        return f"subnet {network.network_address} {network.netmask}"
    return f"ip6 {network}"


def _groups(job: Job, family: Family) -> Iterator[Edit]:
    for name, networks in address_groups(job.plan, family):
        yield f'"{name}"', [f"member {_quoted(map(object_name, networks))}"]


def _services(job: Job) -> Iterator[Edit]:
    for transport in Transport:
        yield f'"{every_port(transport)}"', [f"{transport.value}-portrange 1-{LAST_PORT}"]
    for name, transport, ports in services(job.plan):
        yield f'"{name}"', [f"{transport.value}-portrange {' '.join(ports)}"]


def _policies(job: Job, family: Family) -> Iterator[Edit]:
    prefix = f"LA{family.value}"
    for area in job.plan.areas:
        if area.networks[family]:
            inside = _quoted([zone_group(area, family)])
            yield _policy(family, f"{prefix}-inside-{area.slug}", (inside, inside), "accept")
    for entry in of_family(job.plan.entries, family):
        ends = _quoted([source_group(entry)]), _quoted([target_group(entry)])
        action = "deny" if entry.refused else "accept"
        key, settings = _policy(family, f"{prefix}-rule-{entry.slug}", ends, action, service(entry))
        yield key, [*settings, f'comments "{job.note(entry.rule, _COMMENTS)}"']
    zones = _quoted(zone_groups(job.plan, family))
    yield _policy(family, f"{prefix}-end-from", (zones, '"all"'), "deny")
    yield _policy(family, f"{prefix}-end-to", ('"all"', zones), "deny")


def _policy(family: Family, name: str, ends: tuple[str, str], action: str, service_name: str = "ALL") -> Edit:
    """`edit 0` takes the next free number."""
    return "0", [
        f'name "{name}"',
        'srcintf "any"',
        'dstintf "any"',
        f"srcaddr{_SUFFIX[family]} {ends[0]}",
        f"dstaddr{_SUFFIX[family]} {ends[1]}",
        f"action {action}",
        'schedule "always"',
        f'service "{service_name}"',
        "logtraffic all",
        "status disable",
    ]


def _quoted(names: Iterable[str]) -> str:
    return " ".join(f'"{name}"' for name in names)


FORTIGATE = Format(name="fortigate", ending=".conf", description="export.format-fortigate", render=render)
