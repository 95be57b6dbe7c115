"""What an address alone tells: whether it can be a device at all, whether it is ours, and its zone."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

EXTERNAL_ZONE = "external"
"""Zone of every public address."""
CACHED_ADDRESSES = 8_192

_INTERNAL = tuple(
    ip_network(prefix)
    for prefix in (
        "10.0.0.0/8",  # RFC 1918
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # RFC 6598, met inside hospitals beside NAT
        "169.254.0.0/16",  # RFC 3927, link-local
        "fc00::/7",  # RFC 4193
        "fe80::/10",  # RFC 4291, link-local
    )
)


@lru_cache(CACHED_ADDRESSES)
def _parse(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None


@lru_cache(CACHED_ADDRESSES)
def is_device(address: str) -> bool:
    """Can this be one device's address? Not multicast, broadcast, unspecified or loopback (RFC 1122 §3.2.1.3)."""
    parsed = _parse(address)
    return parsed is not None and not (
        parsed.is_multicast
        or parsed.is_unspecified
        or parsed.is_loopback
        or (isinstance(parsed, IPv4Address) and (parsed.packed[0] == 0 or parsed.packed[0] >= 240))
    )


@lru_cache(CACHED_ADDRESSES)
def is_external(address: str) -> bool:
    """Outside the hospital: any address that is not of a private or link-local block."""
    parsed = _parse(address)
    return parsed is not None and not any(parsed in block for block in _INTERNAL)


@lru_cache(CACHED_ADDRESSES)
def zone_of(address: str) -> str:
    """The segment an address belongs to: its /24 (IPv4) or /64 (IPv6), the usual VLAN; one for all outside."""
    parsed = _parse(address)
    if parsed is None:
        return ""
    if is_external(address):
        return EXTERNAL_ZONE
    length = 24 if parsed.version == 4 else 64
    return str(ip_network((parsed, length), strict=False))


@lru_cache(CACHED_ADDRESSES)
def address_order(address: str) -> tuple[bool, bool, int, str]:
    """Sort key: IPv4 first, link-local last, then by number."""
    parsed = _parse(address)
    if parsed is None:
        return (True, True, 0, address)
    return (parsed.version == 6, parsed.is_link_local, int(parsed), address)


def by_address(addresses: set[str] | frozenset[str] | dict[str, object]) -> tuple[str, ...]:
    """Addresses in the order in which people read them."""
    return tuple(sorted(addresses, key=address_order))
