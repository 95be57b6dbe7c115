"""Readers of nftables and iptables files: what becomes of the first packet of a connection."""

import shlex
from collections.abc import Iterator, Mapping
from functools import lru_cache

from tests.whatif.segment.export.departments import Call, inside


def _port_in(port: int, written: str, between: str) -> bool:
    first, _, last = written.partition(between)
    return int(first) <= port <= int(last or first)


# ---------------------------------------------------------------- nftables
def nftables(files: Mapping[str, str], call: Call) -> bool:
    """The verdict of the forward chain; its policy where no rule has one."""
    sets, rules, policy = _read_nft(files["leadapron.nft"])
    for rule in rules:
        if (verdict := _nft_verdict(list(rule), sets, call)) is not None:
            return verdict
    return policy


@lru_cache(maxsize=8)
def _read_nft(text: str) -> tuple[dict[str, list[str]], list[list[str]], bool]:
    sets: dict[str, list[str]] = {}
    rules: list[list[str]] = []
    name, policy, in_chain = "", True, False
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["set"]:
            name = words[1]
        elif words[:1] == ["elements"]:
            sets[name] = [word.rstrip(",") for word in words[3:-1]]
        elif words[:1] == ["chain"]:
            in_chain = True
        elif words[:1] == ["type"] and in_chain:
            assert words[1:4] == ["filter", "hook", "forward"]
            policy = words[-1] == "accept;"
        elif in_chain and words not in ([], ["}"]):
            rules.append(words)
    return sets, rules, policy


def _nft_verdict(words: list[str], sets: Mapping[str, list[str]], call: Call) -> bool | None:
    while words:
        head = words.pop(0)
        if head in ("ip", "ip6"):
            address = call.source if words.pop(0) == "saddr" else call.target
            if not any(inside(address, network) for network in _members(words, sets)):
                return None
        elif head in ("tcp", "udp"):
            assert words.pop(0) == "dport"
            ports = _members(words, sets)
            if call.transport.value != head or not any(_port_in(call.port, one, "-") for one in ports):
                return None
        elif head == "meta":
            assert words.pop(0) == "l4proto"
            if words.pop(0) != call.transport.value:
                return None
        elif head in ("ct", "limit"):
            return None
        elif head in ("accept", "reject"):
            return head == "accept"
        else:
            assert head == "counter", head
    raise AssertionError("a rule without a verdict")


def _members(words: list[str], sets: Mapping[str, list[str]]) -> list[str]:
    head = words.pop(0)
    if head.startswith("@"):
        return sets[head[1:]]
    assert head == "{"
    end = words.index("}")
    found = [word.rstrip(",") for word in words[:end]]
    del words[: end + 1]
    return found


# ---------------------------------------------------------------- iptables
def iptables(files: Mapping[str, str], call: Call) -> bool:
    """The verdict of our chain; packets that it returns are accepted."""
    name = "leadapron-v6.rules" if ":" in call.source else "leadapron-v4.rules"
    if name not in files:
        return True
    return _walk(_read_iptables(files[name]), "LEADAPRON", call) is not False


@lru_cache(maxsize=8)
def _read_iptables(text: str) -> dict[str, list[dict[str, str]]]:
    chains: dict[str, list[dict[str, str]]] = {}
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["-A"]:
            chains[words[1]].append(dict(_flags(words[2:])))
        elif words and words[0].startswith(":"):
            assert words[0][1:] not in chains
            chains[words[0][1:]] = []
        else:
            assert words in ([], ["*filter"], ["COMMIT"]), words
    return chains


def _flags(words: list[str]) -> Iterator[tuple[str, str]]:
    assert len(words) % 2 == 0, words
    yield from ((flag, value) for flag, value in zip(words[::2], words[1::2], strict=True) if flag != "-m")


def _walk(chains: Mapping[str, list[dict[str, str]]], name: str, call: Call) -> bool | None:
    for rule in chains[name]:
        if not _fits(rule, call):
            continue
        jump = rule["-j"]
        verdict = {"ACCEPT": True, "REJECT": False}.get(jump)
        if verdict is None and jump != "LOG":
            verdict = _walk(chains, jump, call)
        if verdict is not None:
            return verdict
    return None


def _fits(rule: Mapping[str, str], call: Call) -> bool:
    ports = rule.get("--dports")
    return (
        "--ctstate" not in rule
        and rule.get("-p", call.transport.value) == call.transport.value
        and _any_holds(rule.get("-s"), call.source)
        and _any_holds(rule.get("-d"), call.target)
        and (ports is None or any(_port_in(call.port, one, ":") for one in ports.split(",")))
    )


def _any_holds(written: str | None, address: str) -> bool:
    return written is None or any(inside(address, network) for network in written.split(","))
