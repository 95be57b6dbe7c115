"""Palo Alto PAN-OS: `set` commands for address objects, services and security rules, in the candidate configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
from leadapron.whatif.segment.export.spans import Family
from leadapron.whatif.segment.traffic import LAST_PORT

_FILE = "leadapron-paloalto.txt"
_DESCRIPTION = 200
_COMMANDS = Commands(
    before=["save config to before-leadapron.xml"],
    check=["validate full"],
    apply=["commit"],
    back=["load config from before-leadapron.xml", "commit"],
)


def render(job: Job) -> Mapping[str, str]:
    """One file; nothing happens before a person commits."""
    lines = commented("#", header(job, "Palo Alto", _COMMANDS, ["export.interfaces", "export.order", "export.again"]))
    for family in job.plan.families:
        lines += _objects(job, family)
    lines += _services(job)
    for family in job.plan.families:
        lines += _rules(job, family)
    return {_FILE: text(lines)}


def _objects(job: Job, family: Family) -> Iterator[str]:
    for name, network in addresses(job.plan, family).items():
        yield f"set address {name} ip-netmask {network}"
    for name, networks in address_groups(job.plan, family):
        yield f"set address-group {name} static [ {' '.join(map(object_name, networks))} ]"


def _services(job: Job) -> Iterator[str]:
    for transport in Transport:
        yield f"set service {every_port(transport)} protocol {transport.value} port 0-{LAST_PORT}"
    for name, transport, ports in services(job.plan):
        yield f"set service {name} protocol {transport.value} port {','.join(ports)}"


def _rules(job: Job, family: Family) -> Iterator[str]:
    prefix = f"LA{family.value}"
    for area in job.plan.areas:
        if area.networks[family]:
            group = zone_group(area, family)
            yield _rule(f"{prefix}-inside-{area.slug}", f"source {group} destination {group}", "allow")
    for entry in of_family(job.plan.entries, family):
        ends = f"source {source_group(entry)} destination {target_group(entry)}"
        note = job.note(entry.rule, _DESCRIPTION)
        action = "deny" if entry.refused else "allow"
        yield _rule(f"{prefix}-rule-{entry.slug}", ends, action, service(entry), note)
    every = f"[ {' '.join(zone_groups(job.plan, family))} ]"
    yield _rule(f"{prefix}-end-from", f"source {every} destination any", "deny")
    yield _rule(f"{prefix}-end-to", f"source any destination {every}", "deny")


def _rule(name: str, ends: str, action: str, service_name: str = "any", note: str = "") -> str:
    said = f' description "{note}"' if note else ""
    base = f"set rulebase security rules {name} from any to any {ends}"
    return f"{base} application any service {service_name} action {action} log-end yes{said}"


PALOALTO = Format(name="paloalto", ending=".txt", description="export.format-paloalto", render=render)
