"""MUD files (RFC 8520) with access lists after RFC 8519: one for each device that a rule names.

A MUD controller refuses what no list accepts, so refusals are taken out of what is accepted. Each connection has an
entry in both lists, that of packets to the device and that of packets from it (RFC 8520 §3.1, §9).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from leadapron.model.events import Transport
from leadapron.whatif.segment.export.documents import written
from leadapron.whatif.segment.export.job import Format, Job, header, text
from leadapron.whatif.segment.export.names import file_stem
from leadapron.whatif.segment.export.openings import EVERY_PORT, Opening, Place, Way, every_place, openings
from leadapron.whatif.segment.export.spans import Family, networks

_HOST = "https://mud.example.invalid/leadapron"
"""A name that can never resolve (RFC 2606 §2): the hospital puts its own."""
_CACHE_HOURS = 48
_SYSTEM_INFO = 60
_ACE_NAME = 64
"""Characters of both, by their schemas."""
_PROTOCOL = {Transport.TCP: 6, Transport.UDP: 17}
_WORD = {Family.V4: "ipv4", Family.V6: "ipv6"}


def render(job: Job) -> Mapping[str, str]:
    """`<address>.json` for each device, and a README because JSON has no comments."""
    if job.device:
        places: tuple[Place, ...] = (Place(area=job.plan.area_of(job.device), address=job.device),)
    else:
        places = every_place(job.plan)
    files = {f"{file_stem(place.address)}.json": written(_file(job, place)) for place in places}
    return {**files, "README.txt": text(header(job, "MUD", None, ["export.mud", "export.stateless"]))}


def _file(job: Job, place: Place) -> Mapping[str, Any]:
    family = place.families[0]
    stem = file_stem(place.address)
    names = {Way.OUT: f"leadapron-{stem}-from", Way.IN: f"leadapron-{stem}-to"}
    mud = {
        "mud-version": 1,
        "mud-url": f"{_HOST}/{stem}.json",
        "last-update": job.made.astimezone(UTC).isoformat(timespec="seconds"),
        "cache-validity": _CACHE_HOURS,
        "is-supported": True,
        "systeminfo": job.say("export.mud-device", device=place.address)[:_SYSTEM_INFO],
        "from-device-policy": {"access-lists": {"access-list": [{"name": names[Way.OUT]}]}},
        "to-device-policy": {"access-lists": {"access-list": [{"name": names[Way.IN]}]}},
    }
    lists = [
        {
            "name": names[packets],
            "type": f"{_WORD[family]}-acl-type",
            "aces": {"ace": [_ace(number, *said) for number, said in enumerate(_matches(job, place, packets), 1)]},
        }
        for packets in (Way.OUT, Way.IN)
    ]
    return {"ietf-mud:mud": mud, "ietf-access-control-list:acls": {"acl": lists}}


def _ace(number: int, note: str, matches: Mapping[str, Any]) -> Mapping[str, Any]:
    """The name is the only place for a remark."""
    return {"name": f"{number} {note}"[:_ACE_NAME].rstrip(), "matches": matches, "actions": {"forwarding": "accept"}}


def _matches(job: Job, place: Place, packets: Way) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Of the list for packets that way: inside the zone, then connections opened by either side."""
    family = place.families[0]
    peer = f"{'destination' if packets is Way.OUT else 'source'}-{_WORD[family]}-network"
    for network in place.area.networks[family]:
        yield job.say("export.inside"), {_WORD[family]: {peer: str(network)}}
    for opened in Way:
        for opening in openings(job.plan, place, opened):
            if opened is not packets and not _answerable(opening):
                continue
            note = " + ".join(job.note(rule, _ACE_NAME) for rule in opening.rules)
            outer = {"protocol": _PROTOCOL[opening.transport]}
            for network in networks(opening.peers, family):
                for layer in _layers(opening, opened, packets):
                    inner = {opening.transport.value: layer} if layer else {}
                    yield note, {_WORD[family]: {peer: str(network), **outer}, **inner}


def _answerable(opening: Opening) -> bool:
    """The answers of a UDP rule on every port would open everything the other way: lists keep no memory of UDP."""
    return opening.transport is Transport.TCP or any(rule.ports for rule in opening.rules)


def _layers(opening: Opening, opened: Way, packets: Way) -> Iterator[Mapping[str, Any]]:
    """What the TCP or UDP header must say: the server's port is where packets go when they travel the way the
    connection was opened, and where they come from otherwise."""
    port = "destination-port" if opened is packets else "source-port"
    initiator = {"ietf-mud:direction-initiated": "from-device" if opened is Way.OUT else "to-device"}
    for first, last in opening.ports:
        ports = {} if opening.ports == EVERY_PORT else {port: _port(first, last)}
        yield {**ports, **(initiator if opening.transport is Transport.TCP else {})}


def _port(first: int, last: int) -> Mapping[str, Any]:
    if first == last:
        return {"operator": "eq", "port": first}
    return {"lower-port": first, "upper-port": last}


MUD = Format(name="mud", ending=".json", description="export.format-mud", per_device=True, render=render)
