"""nftables: one table with one chain on forwarded packets, replaced as a whole when the file is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leadapron.whatif.segment.export.job import Commands, Format, Job, commented, header, of_family, text
from leadapron.whatif.segment.export.plan import Area, End, Entry
from leadapron.whatif.segment.export.spans import Family, Spans

_FILE = "leadapron.nft"
_COMMENT = 120
"""The kernel keeps 128 bytes."""
_WORD = {Family.V4: "ip", Family.V6: "ip6"}
_TYPE = {Family.V4: "ipv4_addr", Family.V6: "ipv6_addr"}
_LOG = 'limit rate 30/minute log prefix "leadapron refused: "'
_REFUSE = {
    "tcp": "counter reject with tcp reset",
    "": "counter reject with icmpx type admin-prohibited",
}
"""Told, not dropped: a console that gets an answer shows an error at once, one that gets none hangs."""
_COMMANDS = Commands(
    before=["systemd-run --unit=leadapron-back --on-active=10min nft delete table inet leadapron"],
    check=[f"nft -c -f {_FILE}"],
    apply=[f"nft -f {_FILE}"],
    keep=["systemctl stop leadapron-back.timer"],
    back=["nft delete table inet leadapron"],
)


def render(job: Job) -> Mapping[str, str]:
    """One file for all zones."""
    lines = commented("#", header(job, "nftables", _COMMANDS, ["export.router"]))
    lines += ["", "table inet leadapron", "delete table inet leadapron", "", "table inet leadapron {"]
    for family in job.plan.families:
        for area in job.plan.areas:
            lines += _set(_zone_set(area, family), family, [str(network) for network in area.networks[family]])
        everything = [str(network) for area in job.plan.areas for network in area.networks[family]]
        lines += _set(_all_set(family), family, everything)
    lines += ["\tchain forward {", "\t\ttype filter hook forward priority filter; policy accept;"]
    lines += [f"\t\t{rule}" for rule in _rules(job)]
    return {_FILE: text([*lines, "\t}", "}"])}


def _set(name: str, family: Family, elements: list[str]) -> list[str]:
    if not elements:
        return []
    return [
        f"\tset {name} {{",
        f"\t\ttype {_TYPE[family]}; flags interval",
        "\t\telements = { " + ", ".join(elements) + " }",
        "\t}",
    ]


def _zone_set(area: Area, family: Family) -> str:
    return f"zone_{area.slug.replace('-', '_')}_v{family.value}"


def _all_set(family: Family) -> str:
    return f"all_v{family.value}"


def _rules(job: Job) -> Iterator[str]:
    yield "ct state established,related accept"
    for family in job.plan.families:
        word = _WORD[family]
        for area in job.plan.areas:
            if area.networks[family]:
                name = _zone_set(area, family)
                yield f"{word} saddr @{name} {word} daddr @{name} accept"
        for entry in of_family(job.plan.entries, family):
            comment = f'comment "{job.note(entry.rule, _COMMENT)}"'
            if entry.refused:
                refuse = _REFUSE.get(entry.rule.transport.value, _REFUSE[""])
                yield f"{_match(entry)} {_LOG}"
                yield f"{_match(entry)} {refuse} {comment}"
            else:
                yield f"{_match(entry)} accept {comment}"
        for end in (f"{word} saddr @{_all_set(family)}", f"{word} daddr @{_all_set(family)}"):
            yield f"{end} {_LOG}"
            yield f"{end} meta l4proto tcp {_REFUSE['tcp']}"
            yield f"{end} {_REFUSE['']}"


def _match(entry: Entry) -> str:
    word = _WORD[entry.family]
    transport = entry.rule.transport.value
    ports = f"{transport} dport {_ports(entry.ports)}" if entry.ports else f"meta l4proto {transport}"
    return f"{word} saddr {_end(entry.source, entry.family)} {word} daddr {_end(entry.target, entry.family)} {ports}"


def _end(end: End, family: Family) -> str:
    if end.whole:
        return f"@{_zone_set(end.area, family)}"
    return "{ " + ", ".join(str(network.network_address) for network in end.networks) + " }"


def _ports(ports: Spans) -> str:
    return "{ " + ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ports) + " }"


NFTABLES = Format(name="nftables", ending=".nft", description="export.format-nftables", render=render)
