"""Readers of Palo Alto set commands and FortiGate configuration."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_network
from typing import NamedTuple

from tests.whatif.segment.export.departments import Call, inside


class _Rule(NamedTuple):
    sources: list[str]
    targets: list[str]
    services: list[tuple[str, str]]
    """Transport and ports, separated by commas; empty: any."""
    allow: bool


def _decide(rules: Sequence[_Rule], call: Call) -> bool:
    for rule in rules:
        if (
            any(inside(call.source, network) for network in rule.sources)
            and any(inside(call.target, network) for network in rule.targets)
            and (not rule.services or any(_serves(service, call) for service in rule.services))
        ):
            return rule.allow
    return True


def _serves(service: tuple[str, str], call: Call) -> bool:
    transport, ports = service
    return transport == call.transport.value and any(
        int(one.partition("-")[0]) <= call.port <= int(one.rpartition("-")[2]) for one in ports.split(",")
    )


EVERYWHERE = ["0.0.0.0/0", "::/0"]


# ---------------------------------------------------------------- Palo Alto
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def paloalto(files: Mapping[str, str], call: Call) -> bool:
    """The first rule that fits; traffic of no zone meets none and is left to the rules that were there."""
    return _decide(_paloalto_rules(files["leadapron-paloalto.txt"]), call)


@lru_cache(maxsize=8)
def _paloalto_rules(text: str) -> list[_Rule]:
    return list(_read_paloalto(text))


def _read_paloalto(text: str) -> Iterator[_Rule]:
    addresses: dict[str, list[str]] = {"any": EVERYWHERE}
    services: dict[str, list[tuple[str, str]]] = {"any": []}
    rules: set[str] = set()
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        assert words[0] == "set", words
        if words[1] == "rulebase":
            settings = dict(_settings(words[5:]))
            assert NAME.fullmatch(words[4])
            assert len(words[4]) <= 31
            assert words[4] not in rules
            rules.add(words[4])
            yield _Rule(
                [network for name in settings["source"] for network in addresses[name]],
                [network for name in settings["destination"] for network in addresses[name]],
                [one for name in settings["service"] for one in services[name]],
                settings["action"] == ["allow"],
            )
            continue
        assert NAME.fullmatch(words[2])
        assert len(words[2]) <= 63
        if words[1] == "address":
            assert words[2] not in addresses
            addresses[words[2]] = [str(ip_network(words[4]))]
        elif words[1] == "address-group":
            assert words[2] not in addresses
            addresses[words[2]] = [network for name in words[5:-1] for network in addresses[name]]
        else:
            assert words[1] == "service"
            assert words[2] not in services
            services[words[2]] = [(words[4], words[6])]


def _settings(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    while words:
        key = words.pop(0)
        if words[0] == "[":
            end = words.index("]")
            yield key, words[1:end]
            del words[: end + 1]
        else:
            yield key, [words.pop(0)]


# ---------------------------------------------------------------- FortiGate
Table = list[tuple[str, dict[str, list[str]]]]


def fortigate(files: Mapping[str, str], call: Call) -> bool:
    """The policies in their order, once a person has enabled them."""
    return _decide(_fortigate_rules(files["leadapron-fortigate.conf"]), call)


@lru_cache(maxsize=8)
def _fortigate_rules(text: str) -> list[_Rule]:
    tables = _read_fortigate(text)
    services = {
        name: [(key[:3], ",".join(values)) for key, values in settings.items()]
        for name, settings in tables["firewall service custom"]
    }
    services["ALL"] = []
    rules = []
    names = [settings["name"][0] for _, settings in tables["firewall policy"]]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 35
    for _, settings in tables["firewall policy"]:
        assert settings["status"] == ["disable"], "a policy works as soon as it is entered"
        suffix = "6" if "srcaddr6" in settings else ""
        members = _members(tables, suffix)
        rules.append(
            _Rule(
                [network for name in settings[f"srcaddr{suffix}"] for network in members[name]],
                [network for name in settings[f"dstaddr{suffix}"] for network in members[name]],
                [one for name in settings["service"] for one in services[name]],
                settings["action"] == ["accept"],
            )
        )
    return rules


def _members(tables: Mapping[str, Table], suffix: str) -> dict[str, list[str]]:
    members = {"all": ["::/0" if suffix else "0.0.0.0/0"]}
    for name, settings in tables[f"firewall address{suffix}"]:
        assert name not in members
        written = settings["ip6"][0] if suffix else "/".join(settings["subnet"])
        members[name] = [str(ip_network(written))]
    for name, settings in tables[f"firewall addrgrp{suffix}"]:
        assert name not in members
        members[name] = [network for member in settings["member"] for network in members[member]]
    return members


def _read_fortigate(text: str) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    table: Table = []
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["config"]:
            table = tables[" ".join(words[1:])] = []
        elif words[:1] == ["edit"]:
            table.append((words[1], {}))
        elif words[:1] == ["set"]:
            table[-1][1][words[1]] = words[2:]
        else:
            assert words in ([], ["next"], ["end"]), words
    return tables
