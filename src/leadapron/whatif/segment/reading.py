"""The file of rules that people edit, read strictly: what could open more than they meant is an error."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from leadapron.model.content import path_first
from leadapron.model.errors import SourceError
from leadapron.model.events import Service, Transport
from leadapron.model.segmentation import Allow, Segmentation, Standing, Zone
from leadapron.model.toml import parse_toml
from leadapron.whatif.segment.suspicion import Reason
from leadapron.whatif.segment.traffic import LAST_PORT
from leadapron.whatif.segment.writing import ALL, FORMAT
from leadapron.whatif.segment.zones import Atlas, address_order, check_zones, parse

MAX_BYTES = 32 * 1024 * 1024
MAX_RULES = 50_000

_REASONS = frozenset(map(str, Reason))

_Time = Annotated[datetime, Meta(tz=True)]


class _Rule(Struct, forbid_unknown_fields=True, rename={"source_zone": "from", "target_zone": "to"}):
    """One `[[rule]]`. What stands before `reason` a person must write."""

    id: str
    standing: Standing
    source_zone: str
    target_zone: str
    sources: Literal["all"] | list[str]
    targets: Literal["all"] | list[str]
    transport: Transport
    ports: Literal["all"] | list[int]
    service: Service
    reason: str = ""
    params: dict[str, str] = field(default_factory=dict)
    connections: int = 0
    first_seen: _Time | None = None
    last_seen: _Time | None = None
    flows: list[str] = field(default_factory=list)


class _Zone(Struct, forbid_unknown_fields=True):
    """One `[[zone]]`."""

    name: str
    networks: list[str]


class _File(Struct, forbid_unknown_fields=True):
    """The whole file."""

    format: int
    zone: list[_Zone]
    rule: list[_Rule] = field(default_factory=list)


def read_rules(data: bytes, name: str) -> Segmentation:
    """The rules in a file; `name` is what errors call it. SourceError names the rule and what to do."""
    document = _parsed(data, name)
    if document.format != FORMAT:
        raise SourceError(f"{name}: format {document.format}, this program reads {FORMAT}: update Leadapron")
    if len(document.rule) > MAX_RULES:
        raise SourceError(f"{name}: {len(document.rule)} rules; at most {MAX_RULES}: write zones in place of devices")
    zones = tuple(Zone(name=zone.name, networks=tuple(zone.networks)) for zone in document.zone)
    check_zones(zones, name)
    atlas, names = Atlas(zones), {zone.name for zone in zones}
    rules: dict[str, Allow] = {}
    for row in document.rule:
        where = f"{name}: rule {row.id!r}"
        rule = _rule(row, where, names, atlas)
        if not rule.id.strip():
            raise SourceError(f"{name}: a rule has an empty id: give it one")
        if rule.id in rules:
            raise SourceError(f"{where}: two rules have this id: change one")
        if rule.reason and rule.reason not in _REASONS:
            raise SourceError(f"{where}: reason {rule.reason!r} is not known: leave the line out")
        rules[rule.id] = rule
    _check_contradictions(rules.values(), name)
    return Segmentation(zones=zones, rules=tuple(rules.values()))


def _parsed(data: bytes, name: str) -> _File:
    if len(data) > MAX_BYTES:
        raise SourceError(f"{name}: {len(data)} bytes; a file of rules has at most {MAX_BYTES}")
    try:
        document = parse_toml(data.decode("utf-8-sig"))
        return msgspec.convert(document, _File)
    except msgspec.ValidationError as error:
        raise SourceError(f"{name}: {_place(str(error), document)}") from error
    except ValueError as error:  # not only TOMLDecodeError: a number of thousands of digits is one of Python's own
        raise SourceError(f"{name}: cannot be read as TOML ({error}): restore the line it names") from error
    except RecursionError as error:
        raise SourceError(f"{name}: lists within lists within lists: this is no file of rules") from error


def _place(message: str, document: Mapping[str, Any]) -> str:
    """With the rule's own id where msgspec gives its number."""
    said = path_first(message)
    place, _, rest = said.partition(": ")
    head, _, tail = place.partition("]")
    if head.startswith("rule[") and head[5:].isdigit():
        row = document["rule"][int(head[5:])]
        called = row.get("id") if isinstance(row, dict) else None
        return f"rule {called or head[5:]!r}{': ' + tail.lstrip('.') if tail else ''}: {rest}"
    return said


def _rule(row: _Rule, where: str, names: set[str], atlas: Atlas) -> Allow:
    for zone in (row.source_zone, row.target_zone):
        if zone not in names:
            raise SourceError(f"{where}: there is no zone {zone!r}: add it under [[zone]], or correct the name")
    if row.source_zone == row.target_zone:
        raise SourceError(f"{where}: from and to are one zone: inside a zone nothing is filtered; remove the rule")
    return Allow(
        id=row.id,
        source_zone=row.source_zone,
        target_zone=row.target_zone,
        sources=_addresses(row.sources, row.source_zone, f"{where}: sources", atlas),
        targets=_addresses(row.targets, row.target_zone, f"{where}: targets", atlas),
        transport=row.transport,
        ports=_ports(row.ports, where),
        service=row.service,
        standing=row.standing,
        reason=row.reason,
        params=dict[str, str | float](row.params),
        flows=tuple(row.flows),
        connections=row.connections,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
    )


def _addresses(given: str | list[str], zone: str, where: str, atlas: Atlas) -> tuple[str, ...]:
    if isinstance(given, str):
        return ()
    if not given:
        raise SourceError(f'{where}: the list is empty: write addresses, or "{ALL}" for the whole zone')
    found = set()
    for text in given:
        address = parse(text)
        if address is None:
            raise SourceError(f"{where}: {text!r} is not an IP address: a network is written as a zone")
        home = atlas.zone_of(str(address))
        if home != zone:
            place = f"in zone {home!r}" if home else "in no zone"
            raise SourceError(f"{where}: {text} is {place}, not in {zone!r}: move it to a rule of its zone")
        found.add(str(address))
    return tuple(sorted(found, key=address_order))


def _ports(given: str | list[int], where: str) -> tuple[int, ...]:
    if isinstance(given, str):
        return ()
    if not given:
        raise SourceError(f'{where}: ports: the list is empty: write ports, or "{ALL}" for every port')
    for port in given:
        if not 1 <= port <= LAST_PORT:
            raise SourceError(f"{where}: ports: {port} is not a port: write a number from 1 to {LAST_PORT}")
    return tuple(sorted(set(given)))


def _check_contradictions(rules: Iterable[Allow], name: str) -> None:
    """Both allowed and refused. One refusal out of a wider allowance (a device of the zone, a port of all) is none."""
    by_ends: dict[tuple[str, str, Transport], tuple[list[_Scope], list[_Scope]]] = defaultdict(lambda: ([], []))
    for rule in rules:
        allowed, refused = by_ends[rule.source_zone, rule.target_zone, rule.transport]
        (refused if rule.standing is Standing.REFUSE else allowed).append(_Scope.of(rule))
    for allowed, refused in by_ends.values():
        for no in refused:
            for yes in allowed:
                if yes.contradicts(no):
                    raise SourceError(
                        f"{name}: rule {yes.id!r} allows what rule {no.id!r} refuses: take the addresses or ports "
                        f"they share out of one of them"
                    )


class _Scope(Struct, frozen=True):
    """What a rule covers: source addresses, target addresses, ports; an empty set covers all."""

    id: str
    parts: tuple[frozenset[str], frozenset[str], frozenset[int]]

    @classmethod
    def of(cls, rule: Allow) -> _Scope:
        return cls(rule.id, (frozenset(rule.sources), frozenset(rule.targets), frozenset(rule.ports)))

    def contradicts(self, refusal: _Scope) -> bool:
        """They share traffic, and the refusal is not narrower anywhere that this covers all."""
        pairs = tuple(zip(self.parts, refusal.parts, strict=True))
        shared = all(not mine or not its or not mine.isdisjoint(its) for mine, its in pairs)
        return shared and not any(not mine and its for mine, its in pairs)
