"""Mirror and overlay tunnels: GRE (RFC 2784, RFC 2890), ERSPAN II and III, VXLAN (RFC 7348), IP in IP."""

from __future__ import annotations

from msgspec import Struct

from leadapron.see.wire import ip, link

VXLAN_PORTS = frozenset({4789, 8472})
MAX_DEPTH = 4
"""Tunnels inside one another."""

_TRANSPARENT_ETHERNET, _ERSPAN_2, _ERSPAN_3 = 0x6558, 0x88BE, 0x22EB


class Inner(Struct):
    """A packet found in a tunnel: an Ethernet frame (`ethernet`) or an IP packet."""

    data: bytes
    ethernet: bool


def open_ip_protocol(protocol: int, payload: bytes) -> Inner | None:
    """What GRE, IP-in-IP or IPv6-in-IPv4 carries; None for other protocols and broken headers."""
    if protocol in (ip.IP_IN_IP, ip.IPV6_IN_IP):
        return Inner(payload, ethernet=False)
    if protocol == ip.GRE:
        return _open_gre(payload)
    return None


def _open_gre(payload: bytes) -> Inner | None:
    if len(payload) < 4 or payload[1] & 7:
        return None
    flags = payload[0]
    start = 4 + (4 if flags & 0x80 else 0) + (4 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    kind = payload[2] << 8 | payload[3]
    if kind in (link.IPV4_TYPE, link.IPV6_TYPE):
        return Inner(payload[start:], ethernet=False)
    if kind == _TRANSPARENT_ETHERNET:
        return Inner(payload[start:], ethernet=True)
    if kind == _ERSPAN_2:
        # Without a sequence number it is type I, which has no header of its own.
        return Inner(payload[start + (8 if flags & 0x10 else 0) :], ethernet=True)
    if kind == _ERSPAN_3 and len(payload) >= start + 12:
        platform = 8 if payload[start + 11] & 1 else 0
        return Inner(payload[start + 12 + platform :], ethernet=True)
    return None


def open_vxlan(payload: bytes) -> Inner | None:
    """The Ethernet frame in a VXLAN datagram."""
    if len(payload) < 8 + 14 or payload[0] & 0x08 == 0 or payload[7]:
        return None
    return Inner(payload[8:], ethernet=True)
