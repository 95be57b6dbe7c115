"""SNMP (RFC 1157, RFC 3416, RFC 3412): who manages whom, with which version, and with a default community?"""

from __future__ import annotations

from leadapron.model.events import Event, Service, SnmpSeen
from leadapron.see.wire import ber
from leadapron.see.wire.dissector import Datagram, DatagramProtocol
from leadapron.see.wire.text import printable

AGENT_PORT, TRAP_PORT = 161, 162
MAX_BINDINGS = 32
"""Variables of one message that are searched for the system's description."""
MAX_DESCRIPTION = 120

VERSIONS = {0: "1", 1: "2c"}
VERSION_3 = 3
DEFAULT_COMMUNITIES = frozenset((b"public", b"private"))
GET, GET_NEXT, RESPONSE, SET, TRAP_1, GET_BULK, INFORM, TRAP_2, REPORT = range(0xA0, 0xA9)
FROM_AGENT = frozenset((RESPONSE, TRAP_1, INFORM, TRAP_2, REPORT))
ANSWERS = frozenset((RESPONSE, REPORT))
SYS_DESCR = bytes((0x2B, 6, 1, 2, 1, 1, 1, 0))
"""1.3.6.1.2.1.1.1.0 (RFC 3418)."""


def dissect(datagram: Datagram) -> list[Event] | None:
    """One `SnmpSeen` a message."""
    data = datagram.payload
    try:
        message = ber.element(data, 0, len(data), ber.SEQUENCE)
        version, position = ber.integer(data, message.start, message.end)
        if version in VERSIONS:
            return _community_message(datagram, VERSIONS[version], position, message.end)
        if version == VERSION_3:
            return _version_3(datagram, position, message.end)
    except ber.BerError:
        pass
    return None


def _community_message(datagram: Datagram, version: str, position: int, end: int) -> list[Event]:
    data = datagram.payload
    community = ber.element(data, position, end, ber.OCTET_STRING)
    pdu = ber.element(data, community.end, end)
    if not GET <= pdu.tag <= REPORT:
        raise ber.BerError
    default = data[community.start : community.end] in DEFAULT_COMMUNITIES
    description = _description(data, pdu) if pdu.tag == RESPONSE else ""
    return [_seen(datagram, version, pdu.tag, default_community=default, description=description)]


def _version_3(datagram: Datagram, position: int, end: int) -> list[Event]:
    """Header data, security parameters, then a scoped PDU that is in clear only without privacy (RFC 3412 §6)."""
    data = datagram.payload
    header = ber.element(data, position, end, ber.SEQUENCE)
    parameters = ber.element(data, header.end, end, ber.OCTET_STRING)
    scoped = ber.element(data, parameters.end, end)
    # Sealed: only the port tells who asks.
    tag = GET if datagram.destination.port == AGENT_PORT else RESPONSE
    if scoped.tag == ber.SEQUENCE:
        engine = ber.element(data, scoped.start, scoped.end, ber.OCTET_STRING)
        context = ber.element(data, engine.end, scoped.end, ber.OCTET_STRING)
        tag = ber.element(data, context.end, scoped.end).tag
    elif scoped.tag != ber.OCTET_STRING:
        raise ber.BerError
    return [_seen(datagram, "3", tag, default_community=False, description="")]


def _description(data: bytes, pdu: ber.Element) -> str:
    """The value of sysDescr.0 in a response: request-id, error-status, error-index, variable-bindings."""
    position = pdu.start
    for _ in range(3):
        _, position = ber.integer(data, position, pdu.end)
    bindings = ber.element(data, position, pdu.end, ber.SEQUENCE)
    position = bindings.start
    for _ in range(MAX_BINDINGS):
        if position >= bindings.end:
            break
        binding = ber.element(data, position, bindings.end, ber.SEQUENCE)
        name = ber.element(data, binding.start, binding.end, ber.OBJECT_IDENTIFIER)
        value = ber.element(data, name.end, binding.end)
        if data[name.start : name.end] == SYS_DESCR and value.tag == ber.OCTET_STRING:
            return printable(data[value.start : value.end], MAX_DESCRIPTION)
        position = binding.end
    return ""


def _seen(datagram: Datagram, version: str, pdu: int, *, default_community: bool, description: str) -> SnmpSeen:
    by_agent = pdu in FROM_AGENT
    agent, manager = datagram.source, datagram.destination
    if not by_agent:
        agent, manager = manager, agent
    return SnmpSeen(
        ts=datagram.ts,
        sensor=datagram.sensor,
        packet=datagram.packet,
        manager=manager.ip,
        agent=agent.ip,
        version=version,
        default_community=default_community,
        answered=pdu in ANSWERS,
        system_description=description,
    )


PROTOCOL = DatagramProtocol(service=Service.SNMP, ports=(AGENT_PORT, TRAP_PORT), dissect=dissect)
