"""Sets of addresses as disjoint inclusive spans of integers: union, difference, and back to networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    summarize_address_range,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Span = tuple[int, int]
"""First and last, both in it."""
Spans = tuple[Span, ...]
"""Sorted, disjoint, none adjacent."""


class Family(IntEnum):
    """The version in the header of the packet; spans of different families are never mixed."""

    V4 = 4
    V6 = 6


def address_of(number: int, family: Family) -> Address:
    """The address with this number."""
    return IPv4Address(number) if family is Family.V4 else IPv6Address(number)


def span_of(network: Network) -> Span:
    """All addresses of a network."""
    return int(network.network_address), int(network.broadcast_address)


def union(spans: Iterable[Span]) -> Spans:
    """The spans sorted, with those that touch joined."""
    joined: list[Span] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    return tuple(joined)


def without(spans: Iterable[Span], removed: Iterable[Span]) -> Spans:
    """What of `spans` is not in `removed`."""
    left = union(spans)
    for gone_first, gone_last in union(removed):
        left = tuple(_cut(left, gone_first, gone_last))
    return left


def _cut(spans: Spans, gone_first: int, gone_last: int) -> Iterator[Span]:
    for first, last in spans:
        if last < gone_first or gone_last < first:
            yield first, last
            continue
        if first < gone_first:
            yield first, gone_first - 1
        if gone_last < last:
            yield gone_last + 1, last


def networks(spans: Iterable[Span], family: Family) -> tuple[Network, ...]:
    """The fewest networks that hold exactly these addresses."""
    found: list[Network] = []
    for first, last in union(spans):
        found += _summary(address_of(first, family), address_of(last, family))
    return tuple(found)


def _summary(first: Address, last: Address) -> Iterator[Network]:
    if isinstance(first, IPv4Address) and isinstance(last, IPv4Address):
        return summarize_address_range(first, last)
    if isinstance(first, IPv6Address) and isinstance(last, IPv6Address):
        return summarize_address_range(first, last)
    raise AssertionError("a span lies in one family")


def number_of(address: str) -> tuple[Family, int]:
    """Family and number of an address. ValueError when it is none."""
    parsed = ip_address(address)
    return Family(parsed.version), int(parsed)


def is_host(network: Network) -> bool:
    """One address only."""
    return network.prefixlen == network.max_prefixlen
