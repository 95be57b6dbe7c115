"""Readers of what is enforced at a device: Windows scripts, Kubernetes policies, MUD files."""

import json
import shlex
from collections.abc import Iterator, Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from tests.whatif.segment.export.departments import Call, inside

CLIENT_PORT = 1_025


# ---------------------------------------------------------------- Windows
def windows(files: Mapping[str, str], call: Call) -> bool | None:
    """A block wins over every allow; None: neither, so that the computer's own rules decide as before."""
    own = f"{call.target.replace(':', '-')}.ps1"
    scripts = [files[own]] if own in files else [text for name, text in files.items() if name.startswith("zone-")]
    rules = [rule for text in scripts for rule in _rules(text) if _concerns(rule, call)]
    blocked = any(rule["-Action"] == "Block" for rule in rules)
    allowed = any(rule["-Action"] == "Allow" for rule in rules)
    assert not (blocked and allowed)
    return allowed if blocked or allowed else None


@lru_cache(maxsize=32)
def _rules(text: str) -> list[dict[str, str]]:
    return list(_read_script(text))


def _read_script(text: str) -> Iterator[dict[str, str]]:
    assert text.isascii()
    names = set()
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        assert words[0] == "New-NetFirewallRule", words
        rule = dict(zip(words[1::2], words[2::2], strict=True))
        assert rule["-Enabled"] == "False"
        assert rule["-Direction"] == "Inbound"
        assert rule["-Name"] not in names
        names.add(rule["-Name"])
        yield rule


def _concerns(rule: Mapping[str, str], call: Call) -> bool:
    return (
        any(inside(call.target, network) for network in rule["-LocalAddress"].split(","))
        and any(_between(call.source, span) for span in rule["-RemoteAddress"].split(","))
        and rule["-Protocol"] in ("Any", call.transport.value.upper())
        and ("-LocalPort" not in rule or any(_port_in(call.port, span) for span in rule["-LocalPort"].split(",")))
    )


def _between(address: str, span: str) -> bool:
    first, _, last = span.partition("-")
    ends = ip_address(first), ip_address(last or first)
    parsed = ip_address(address)
    return parsed.version == ends[0].version and int(ends[0]) <= int(parsed) <= int(ends[1])


def _port_in(port: int, span: str) -> bool:
    first, _, last = span.partition("-")
    return int(first) <= port <= int(last or first)


# ---------------------------------------------------------------- Kubernetes
def kubernetes(files: Mapping[str, str], zone: str, call: Call) -> bool:
    """Of the policies that select the pod of the target, any may let the call in. `zone` is the label's value."""
    listed = json.loads(files["leadapron-networkpolicies.json"])
    address = ip_address(call.target).exploded.replace(":", "-")
    labels = {"leadapron/zone": zone, "leadapron/address": address}
    specs = [item["spec"] for item in listed["items"] if _selects(item["spec"]["podSelector"], labels)]
    assert specs, "a pod that no policy selects is open to all"
    return any(_lets_in(rule, call) for spec in specs for rule in spec["ingress"])


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    if any(labels.get(key) != value for key, value in selector["matchLabels"].items()):
        return False
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "NotIn"
        if labels.get(expression["key"]) in expression["values"]:
            return False
    return True


def _lets_in(rule: Mapping[str, Any], call: Call) -> bool:
    peers = [ip_network(peer["ipBlock"]["cidr"]) for peer in rule["from"]]
    if not any(inside(call.source, str(network)) for network in peers):
        return False
    return "ports" not in rule or any(_port_fits(port, call) for port in rule["ports"])


def _port_fits(port: Mapping[str, Any], call: Call) -> bool:
    if port["protocol"] != call.transport.value.upper():
        return False
    return "port" not in port or port["port"] <= call.port <= port.get("endPort", port["port"])


# ---------------------------------------------------------------- MUD
def mud(files: Mapping[str, str], device: str, call: Call) -> tuple[bool, bool]:
    """Whether the device's lists let the first packet through, and its answer back."""
    document = json.loads(files[f"{device.replace(':', '-')}.json"])
    lists = {entry["name"]: entry for entry in document["ietf-access-control-list:acls"]["acl"]}
    policies = document["ietf-mud:mud"]
    outgoing = device == call.source
    opened, back = ("from", "to") if outgoing else ("to", "from")
    verdicts = []
    for direction, first in ((opened, True), (back, False)):
        names = policies[f"{direction}-device-policy"]["access-lists"]["access-list"]
        aces = [ace for name in names for ace in lists[name["name"]]["aces"]["ace"]]
        matching = [ace for ace in aces if _ace_fits(ace["matches"], call, first=first, outgoing=outgoing)]
        assert all(ace["actions"] == {"forwarding": "accept"} for ace in matching)
        verdicts.append(bool(matching))
    return verdicts[0], verdicts[1]


def _ace_fits(matches: Mapping[str, Any], call: Call, *, first: bool, outgoing: bool) -> bool:
    layer = matches.get("ipv4") or matches["ipv6"]
    sender, receiver = (call.source, call.target) if first else (call.target, call.source)
    ports = {"source-port": CLIENT_PORT, "destination-port": call.port}
    if not first:
        ports = {"source-port": call.port, "destination-port": CLIENT_PORT}
    for key, value in layer.items():
        if key == "protocol":
            if value != {"tcp": 6, "udp": 17}[call.transport.value]:
                return False
        elif not inside(sender if key.startswith("source-") else receiver, value):
            return False
    transport = matches.get("tcp") or matches.get("udp") or {}
    initiator = transport.get("ietf-mud:direction-initiated")
    if initiator is not None and initiator != ("from-device" if outgoing else "to-device"):
        return False
    return all(_mud_port(transport[key], port) for key, port in ports.items() if key in transport)


def _mud_port(written: Mapping[str, Any], port: int) -> bool:
    if "operator" in written:
        assert written["operator"] == "eq"
        return bool(written["port"] == port)
    return bool(written["lower-port"] <= port <= written["upper-port"])
