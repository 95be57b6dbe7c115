"""DNS and its two multicast relatives (RFC 1035, RFC 6762, RFC 4795): names of local hosts, and who asks for
what outside.

Names are only tied to private addresses: what the internet calls itself is of no use for an inventory.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network

from msgspec import Struct

from leadapron.model.events import Event, NameQuery, NameSeen, Service
from leadapron.see.wire.dissector import Datagram, DatagramProtocol

HEADER_SIZE = 12
MAX_NAME = 255
"""Bytes of a name (RFC 1035 §2.3.4)."""
MAX_JUMPS = 16
"""Compression pointers followed for one name; each must point backwards, so that loops end."""
MAX_QUESTIONS = 8
MAX_RECORDS = 128
MAX_EVENTS = 32
"""Events of one message."""
MAX_ALIASES = 8
"""Steps of a chain of aliases."""

RESPONSE = 0x8000
OPCODE, RESULT, RESERVED = 0x7800, 0x000F, 0x0040
TYPE_A, TYPE_CNAME, TYPE_PTR, TYPE_AAAA, TYPE_SRV = 1, 5, 12, 28, 33

LOCAL_SUFFIXES = (".local", ".lan", ".home.arpa", ".internal", ".localdomain", ".arpa")
"""RFC 6762, RFC 8375, ICANN's `.internal`, and habits; reverse look-ups (`.arpa`) ask for a local address's name."""
_HOST_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_PRIVATE = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)
"""RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291 §2.5.6."""


class DnsError(ValueError):
    """Not DNS, or cut off."""


class Record(Struct, frozen=True):
    """One resource record: `data` is the address, or the name that the record points to."""

    name: str
    type: int
    data: str


class Message(Struct, frozen=True):
    """Questions (names) and, of a response, the records understood."""

    response: bool
    questions: tuple[str, ...]
    records: tuple[Record, ...]


def is_private(ip: str) -> bool:
    """Is this an address that only local hosts have?"""
    address = ip_address(ip)
    return any(address.version == network.version and address in network for network in _PRIVATE)


def parse(data: bytes) -> Message:
    """A whole message. Raises DnsError."""
    if len(data) < HEADER_SIZE:
        raise DnsError
    flags = _u16(data, 2)
    questions, records = _u16(data, 4), _u16(data, 6) + _u16(data, 8) + _u16(data, 10)
    if flags & (OPCODE | RESERVED) or questions > MAX_QUESTIONS or questions + records == 0:
        raise DnsError
    position, asked = HEADER_SIZE, []
    for _ in range(questions):
        name, position = _name(data, position)
        asked.append(name)
        position += 4
    if position > len(data):
        raise DnsError
    response = bool(flags & RESPONSE)
    found = _records(data, position, min(records, MAX_RECORDS)) if response and not flags & RESULT else ()
    return Message(response, tuple(asked), found)


def _records(data: bytes, position: int, count: int) -> tuple[Record, ...]:
    """Records until the first that is cut off or wrong; those before it stay good."""
    found = []
    try:
        for _ in range(count):
            name, position = _name(data, position)
            kind, size = _u16(data, position), _u16(data, position + 8)
            start, position = position + 10, position + 10 + size
            if position > len(data):
                break
            text = _record_data(data, kind, start, size)
            if text:
                found.append(Record(name, kind, text))
    except DnsError:
        pass
    return tuple(found)


def _record_data(data: bytes, kind: int, start: int, size: int) -> str:
    if (kind, size) in ((TYPE_A, 4), (TYPE_AAAA, 16)):
        return str(ip_address(data[start : start + size]))
    if kind in (TYPE_PTR, TYPE_CNAME):
        return _name(data, start)[0]
    if kind == TYPE_SRV and size > 6:
        return _name(data, start + 6)[0]
    return ""


def _name(data: bytes, position: int) -> tuple[str, int]:
    """Lower-cased name at `position` and where its first piece ends (RFC 1035 §4.1.4)."""
    labels: list[str] = []
    size, jumps, end = 0, 0, 0
    while True:
        if position >= len(data):
            raise DnsError
        length = data[position]
        if length >= 0xC0:
            target = _u16(data, position) & 0x3FFF
            end = end or position + 2
            jumps += 1
            if target >= position or jumps > MAX_JUMPS:
                raise DnsError
            position = target
            continue
        position += 1
        if length == 0:
            return ".".join(labels).lower(), end or position
        size += length + 1
        if length > 63 or size > MAX_NAME or position + length > len(data):
            raise DnsError
        labels.append(_label(data[position : position + length]))
        position += length


def _label(label: bytes) -> str:
    """A label as text; multicast DNS uses UTF-8 (RFC 6762 §16)."""
    text = label.decode("utf-8", "replace")
    return "".join(c if c.isprintable() and c != "." else "?" for c in text)


def _dissector(service: Service) -> Callable[[Datagram], list[Event] | None]:
    def dissect(datagram: Datagram) -> list[Event] | None:
        try:
            message = parse(datagram.payload)
        except DnsError:
            return None
        if message.response:
            return _names(datagram, message, service)
        return _queries(datagram, message) if service is Service.DNS else []

    return dissect


def _queries(datagram: Datagram, message: Message) -> list[Event]:
    """Questions for names that no local server can be the authority of."""
    return [
        NameQuery(
            ts=datagram.ts,
            sensor=datagram.sensor,
            packet=datagram.packet,
            ip=datagram.source.ip,
            server=datagram.destination.ip,
            name=name,
        )
        for name in dict.fromkeys(message.questions)
        if not name.endswith(LOCAL_SUFFIXES) and _HOST_NAME.fullmatch(name)
    ]


def _names(datagram: Datagram, message: Message, service: Service) -> list[Event]:
    """Names of private addresses: direct, through aliases, reversed, and of announced services."""
    addresses = [(r.name, r.data) for r in message.records if r.type in (TYPE_A, TYPE_AAAA)]
    aliases = {r.name: r.data for r in message.records if r.type == TYPE_CNAME}
    known = dict(addresses)
    found: dict[tuple[str, str, str], None] = dict.fromkeys((name, ip, "") for name, ip in addresses)
    for alias in aliases:
        target = _resolve(alias, aliases)
        found.update(dict.fromkeys((alias, ip, "") for name, ip in addresses if name == target))
    for record in message.records:
        if record.type == TYPE_PTR and (ip := _reversed_address(record.name)):
            found[(record.data, ip, "")] = None
        elif record.type == TYPE_SRV and service is Service.MDNS:
            ip = known.get(record.data, datagram.source.ip)
            found[(record.data, ip, _service_type(record.name))] = None
    return [
        NameSeen(
            ts=datagram.ts,
            sensor=datagram.sensor,
            packet=datagram.packet,
            name=name,
            ip=ip,
            source=service,
            role=role,
        )
        for name, ip, role in list(found)[:MAX_EVENTS]
        if name and is_private(ip)
    ]


def _resolve(alias: str, aliases: dict[str, str]) -> str:
    """The end of a chain of aliases."""
    for _ in range(MAX_ALIASES):
        if alias not in aliases:
            break
        alias = aliases[alias]
    return alias


def _service_type(name: str) -> str:
    """`_acr-nema._tcp` of `CT 1._acr-nema._tcp.local` (RFC 6763 §4.1)."""
    labels = [label for label in name.split(".") if label.startswith("_")]
    return ".".join(labels[:2])


def _reversed_address(name: str) -> str:
    """The address that a reverse look-up name stands for (RFC 1035 §3.5, RFC 3596 §2.5), or empty."""
    try:
        if name.endswith(".in-addr.arpa"):
            return str(ip_address(".".join(reversed(name.removesuffix(".in-addr.arpa").split(".")))))
        if name.endswith(".ip6.arpa"):
            digits = "".join(reversed(name.removesuffix(".ip6.arpa").split(".")))
            return str(ip_address(bytes.fromhex(digits))) if len(digits) == 32 else ""
    except ValueError:
        pass
    return ""


def _u16(data: bytes, position: int) -> int:
    return int.from_bytes(data[position : position + 2], "big")


DNS = DatagramProtocol(service=Service.DNS, ports=(53,), dissect=_dissector(Service.DNS))
MDNS = DatagramProtocol(service=Service.MDNS, ports=(5353,), dissect=_dissector(Service.MDNS))
LLMNR = DatagramProtocol(service=Service.LLMNR, ports=(5355,), dissect=_dissector(Service.LLMNR))
