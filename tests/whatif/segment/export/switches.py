"""A reader of Cisco IOS and NX-OS access lists that judges single packets: the first of a connection, and answers."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from ipaddress import ip_network
from typing import NamedTuple

from leadapron.model.events import Transport
from tests.whatif.segment.export.departments import Call, inside

CLIENT_PORT = 1_025


class Packet(NamedTuple):
    """What a switch looks at."""

    source: str
    target: str
    transport: str
    source_port: int
    target_port: int
    established: bool


def cisco(files: Mapping[str, str], call: Call) -> bool:
    """The list of the interface where the first packet comes in, which is that of its sender's zone. Files are typed
    one after the other."""
    packet = Packet(call.source, call.target, call.transport.value, CLIENT_PORT, call.port, established=False)
    return _passes(files, packet)


def answered(files: Mapping[str, str], call: Call) -> bool:
    """Whether the answer of the server passes too."""
    known = call.transport is Transport.TCP
    return _passes(files, Packet(call.target, call.source, call.transport.value, call.port, CLIENT_PORT, known))


class _Line(NamedTuple):
    permit: bool
    protocol: str
    sources: list[str]
    source_ports: list[tuple[int, int]]
    targets: list[str]
    target_ports: list[tuple[int, int]]
    rest: list[str]


def _passes(files: Mapping[str, str], packet: Packet) -> bool:
    lists = _read("".join(files.values()), 6 if ":" in packet.source else 4)
    if not lists:
        return True
    homes = [name for name, lines in lists.items() if _is_home(lines, packet.source)]
    elsewhere = [name for name in lists if name.endswith("-ELSEWHERE")]
    (name,) = homes or elsewhere
    for line in lists[name]:
        if _fits(line, packet):
            return line.permit
    return False


def _is_home(lines: list[_Line], address: str) -> bool:
    """A list lets everything through to its own zone."""
    return any(
        line.permit and line.protocol in ("ip", "ipv6") and any(inside(address, network) for network in line.targets)
        for line in lines[:-1]
    )


def _fits(line: _Line, packet: Packet) -> bool:
    return (
        line.protocol in ("ip", "ipv6", packet.transport)
        and any(inside(packet.source, network) for network in line.sources)
        and any(inside(packet.target, network) for network in line.targets)
        and _holds(line.source_ports, packet.source_port)
        and _holds(line.target_ports, packet.target_port)
        and (packet.established or "established" not in line.rest)
    )


def _holds(ports: list[tuple[int, int]], port: int) -> bool:
    return not ports or any(first <= port <= last for first, last in ports)


@lru_cache(maxsize=8)
def _read(text: str, version: int) -> dict[str, list[_Line]]:
    lists: dict[str, list[_Line]] = {}
    groups: dict[str, list[list[str]]] = {}
    wanted, current = False, ""
    for line in text.splitlines():
        words = line.split()
        if not words or words[0] in ("!", "remark", "statistics"):
            continue
        if words[0] == "no":
            (groups if words[1] == "object-group" else lists).pop(words[-1], None)
        elif words[0] == "object-group":
            current = words[-1]
            assert current not in groups
            groups[current] = []
        elif words[0] in ("ip", "ipv6"):
            wanted, current = (words[0] == "ipv6") == (version == 6), words[-1]
            assert len(current) <= 64
            if wanted:
                lists.setdefault(current, [])
        elif words[0] not in ("permit", "deny"):
            groups[current].append(words)
        elif wanted and words[1] != "icmp":
            lists[current].append(_line(words, groups, version))
    return lists


def _line(words: list[str], groups: Mapping[str, list[list[str]]], version: int) -> _Line:
    rest = words[2:]
    sources, source_ports = list(_end(rest, groups, version)), list(_ports(rest, groups))
    targets, target_ports = list(_end(rest, groups, version)), list(_ports(rest, groups))
    assert set(rest) <= {"log", "established"}, words
    return _Line(words[0] == "permit", words[1], sources, source_ports, targets, target_ports, rest)


def _end(words: list[str], groups: Mapping[str, list[list[str]]], version: int) -> Iterator[str]:
    head = words.pop(0)
    if head == "addrgroup":
        for member in groups[words.pop(0)]:
            yield member[-1]
    elif head == "any":
        yield "0.0.0.0/0" if version == 4 else "::/0"
    elif head == "host":
        yield words.pop(0)
    elif "/" in head:
        yield str(ip_network(head))
    else:
        yield str(ip_network(f"{head}/{words.pop(0)}"))


def _ports(words: list[str], groups: Mapping[str, list[list[str]]]) -> Iterator[tuple[int, int]]:
    if words[:1] == ["portgroup"]:
        name = words[1]
        del words[:2]
        for member in groups[name]:
            yield int(member[1]), int(member[-1])
    elif words[:1] == ["eq"]:
        yield int(words[1]), int(words[1])
        del words[:2]
    elif words[:1] == ["range"]:
        yield int(words[1]), int(words[2])
        del words[:3]
