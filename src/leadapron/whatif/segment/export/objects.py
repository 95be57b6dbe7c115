"""Named groups of addresses and services for firewalls that keep such objects apart from their rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leadapron.model.events import Transport
from leadapron.whatif.segment.export.job import of_family
from leadapron.whatif.segment.export.names import object_name
from leadapron.whatif.segment.export.plan import Area, End, Entry, Plan
from leadapron.whatif.segment.export.spans import Family, Network


def zone_group(area: Area, family: Family) -> str:
    """All addresses of a zone."""
    return f"LA{family.value}-zone-{area.slug}"


def source_group(entry: Entry) -> str:
    """The zone's group, or one of the rule's own."""
    return _group(entry, entry.source, "src")


def target_group(entry: Entry) -> str:
    """The zone's group, or one of the rule's own."""
    return _group(entry, entry.target, "dst")


def _group(entry: Entry, end: End, side: str) -> str:
    return zone_group(end.area, entry.family) if end.whole else f"LA{entry.family.value}-{side}-{entry.slug}"


def zone_groups(plan: Plan, family: Family) -> list[str]:
    """Of every zone with networks of the family."""
    return [zone_group(area, family) for area in plan.areas if area.networks[family]]


def address_groups(plan: Plan, family: Family) -> Iterator[tuple[str, Sequence[Network]]]:
    """Every group with its members."""
    for area in plan.areas:
        if area.networks[family]:
            yield zone_group(area, family), area.networks[family]
    for entry in of_family(plan.entries, family):
        if not entry.source.whole:
            yield source_group(entry), entry.source.networks
        if not entry.target.whole:
            yield target_group(entry), entry.target.networks


def addresses(plan: Plan, family: Family) -> dict[str, Network]:
    """Object name → network, of every member of a group."""
    groups = address_groups(plan, family)
    return {object_name(network): network for _, networks in groups for network in networks}


def every_port(transport: Transport) -> str:
    """The service of a rule without ports."""
    return f"LA-every-{transport.value}"


def service(entry: Entry) -> str:
    """One service a rule, whatever its families."""
    return f"LA-svc-{entry.slug}" if entry.ports else every_port(entry.rule.transport)


def services(plan: Plan) -> Iterator[tuple[str, Transport, Sequence[str]]]:
    """Name, transport, and ports or ranges (`first-last`) of each service of some ports."""
    for entry in {entry.slug: entry for entry in plan.entries if entry.ports}.values():
        ports = [str(first) if first == last else f"{first}-{last}" for first, last in entry.ports]
        yield service(entry), entry.rule.transport, ports
