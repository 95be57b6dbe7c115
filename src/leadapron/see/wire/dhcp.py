"""DHCP (RFC 2131, RFC 8415): a host that asks for an address tells its hardware address, its name and its software."""

from __future__ import annotations

from leadapron.model.events import DhcpSeen, Event, Service
from leadapron.see.wire.dissector import Datagram, DatagramProtocol
from leadapron.see.wire.text import printable

CLIENT_PORT, SERVER_PORT, CLIENT_PORT_6, SERVER_PORT_6 = 68, 67, 546, 547
MAGIC = b"\x63\x82\x53\x63"
OPTIONS_START = 240
BOOT_REQUEST, BOOT_REPLY = 1, 2
ETHERNET = 1
MAX_OPTIONS = 64
MAX_TEXT = 64
MAX_PARAMETERS = 64

PAD, END = 0, 255
HOST_NAME, REQUESTED_ADDRESS, MESSAGE_TYPE, PARAMETERS, VENDOR_CLASS, FQDN = 12, 50, 53, 55, 60, 81
FQDN_ENCODED = 0x04
MESSAGES = {0: "bootp", 1: "discover", 3: "request", 8: "inform"}
"""Messages in which a client introduces itself."""

CLIENT_ID_6, REQUEST_OPTIONS_6, VENDOR_CLASS_6, FQDN_6 = 1, 6, 16, 39
MESSAGES_6 = {1: "solicit", 3: "request", 4: "confirm", 5: "renew", 6: "rebind", 11: "information-request"}
TYPES_6 = range(1, 14)
DUID_TIME, DUID_PLAIN = 1, 3


def dissect(datagram: Datagram) -> list[Event] | None:
    """One `DhcpSeen` for each message of a client; servers' answers tell nothing more."""
    if {datagram.source.port, datagram.destination.port} & {CLIENT_PORT_6, SERVER_PORT_6}:
        return _version_6(datagram)
    data = datagram.payload
    if len(data) < OPTIONS_START or data[236:240] != MAGIC or data[0] not in (BOOT_REQUEST, BOOT_REPLY):
        return None
    options = _options(data)
    message = MESSAGES.get((options.get(MESSAGE_TYPE) or b"\0")[0])
    if data[0] != BOOT_REQUEST or data[1] != ETHERNET or data[2] != 6 or message is None:
        return []
    requested = options.get(REQUESTED_ADDRESS, b"")
    if len(requested) != 4:
        requested = data[12:16]  # ciaddr: the address that a renewing client already uses
    name = printable(options.get(HOST_NAME, b"").rstrip(b"\0"), MAX_TEXT)
    return [
        DhcpSeen(
            ts=datagram.ts,
            sensor=datagram.sensor,
            packet=datagram.packet,
            mac=data[28:34].hex(":"),
            hostname=name or _fqdn(options.get(FQDN, b"")),
            vendor_class=printable(options.get(VENDOR_CLASS, b"").rstrip(b"\0"), MAX_TEXT),
            parameters=",".join(str(code) for code in options.get(PARAMETERS, b"")[:MAX_PARAMETERS]),
            requested_ip=".".join(str(byte) for byte in requested) if any(requested) else "",
            message=message,
        )
    ]


def _options(data: bytes) -> dict[int, bytes]:
    """Options by code, long ones joined (RFC 3396); what is cut off is left out."""
    found: dict[int, bytes] = {}
    position = OPTIONS_START
    for _ in range(MAX_OPTIONS):
        while position < len(data) and data[position] == PAD:
            position += 1
        if position + 1 >= len(data) or data[position] == END:
            break
        code, end = data[position], position + 2 + data[position + 1]
        if end > len(data):
            break
        found[code] = found.get(code, b"") + data[position + 2 : end]
        position = end
    return found


def _fqdn(value: bytes) -> str:
    """Client FQDN option (RFC 4702 §2): flags, two obsolete bytes, name in text or in DNS form."""
    if len(value) < 4:
        return ""
    return _labels(value[3:]) if value[0] & FQDN_ENCODED else printable(value[3:], MAX_TEXT)


def _labels(data: bytes) -> str:
    """A DNS name without compression, which need not be complete (RFC 4704 §4.2)."""
    labels, position = [], 0
    while position < len(data) and 0 < data[position] < 64:
        labels.append(printable(data[position + 1 : position + 1 + data[position]], 63))
        position += 1 + data[position]
    return ".".join(labels)[:MAX_TEXT]


def _version_6(datagram: Datagram) -> list[Event] | None:
    """Clients' messages of RFC 8415 §8; relayed ones (types 12, 13) were seen before the relay or not at all."""
    data = datagram.payload
    if len(data) < 4 or data[0] not in TYPES_6:
        return None
    message = MESSAGES_6.get(data[0])
    if message is None:
        return []
    options: dict[int, bytes] = {}
    position = 4
    for _ in range(MAX_OPTIONS):
        if position + 4 > len(data):
            break
        code, size = (int.from_bytes(data[position + i : position + i + 2], "big") for i in (0, 2))
        options[code] = data[position + 4 : position + 4 + size]
        position += 4 + size
    if CLIENT_ID_6 not in options and message != "information-request":
        return None
    asked = options.get(REQUEST_OPTIONS_6, b"")[: 2 * MAX_PARAMETERS]
    return [
        DhcpSeen(
            ts=datagram.ts,
            sensor=datagram.sensor,
            packet=datagram.packet,
            mac=_duid_mac(options.get(CLIENT_ID_6, b"")) or datagram.source.mac,
            hostname=_labels(options.get(FQDN_6, b"")[1:]),
            vendor_class=printable(options.get(VENDOR_CLASS_6, b"")[6:], MAX_TEXT),
            parameters=",".join(str(int.from_bytes(asked[i : i + 2], "big")) for i in range(0, len(asked), 2)),
            message=message,
        )
    ]


def _duid_mac(duid: bytes) -> str:
    """The Ethernet address in a DUID with link-layer address (RFC 8415 §11.2, §11.4), or empty."""
    kind, hardware = duid[:2], duid[2:4]
    if hardware != b"\0\x01":
        return ""
    if kind == DUID_TIME.to_bytes(2, "big") and len(duid) == 14:
        return duid[8:].hex(":")
    if kind == DUID_PLAIN.to_bytes(2, "big") and len(duid) == 10:
        return duid[4:].hex(":")
    return ""


PROTOCOL = DatagramProtocol(
    service=Service.DHCP, ports=(SERVER_PORT, CLIENT_PORT, CLIENT_PORT_6, SERVER_PORT_6), dissect=dissect
)
