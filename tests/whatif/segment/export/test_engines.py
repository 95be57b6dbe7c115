"""nftables and iptables for real: rules loaded in a router between namespaces, and connections tried across it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from lab import namespaces
from leadapron.model.events import Transport
from leadapron.model.segmentation import Segmentation, Zone
from leadapron.whatif.segment.decision import Decider
from leadapron.whatif.segment.export import export
from tests.whatif.segment.export.departments import SMALL, Call, segmentations

LACKS = [tool for tool in ("ip", "nft", "iptables-restore", "ip6tables-restore") if not shutil.which(tool)]
if sys.platform != "linux" or os.geteuid():
    LACKS.append("root on Linux")
pytestmark = pytest.mark.skipif(bool(LACKS), reason=f"real firewalls need {', '.join(LACKS)}")

ROUTER = f"lax{os.getpid()}r"
HOMES = {
    "10.20.0.5": "modalities",
    "10.20.0.6": "modalities",
    "fd00:1::5": "modalities",
    "10.20.1.10": "serveurs",
    "10.20.1.53": "serveurs",
    "fd00:2::10": "serveurs",
    "10.20.1.130": "vendor",
}
GATEWAYS = {"modalities": ("10.20.0.1/25", "fd00:1::1/64"), "serveurs": ("10.20.1.1/25", "fd00:2::1/64")}
GATEWAYS["vendor"] = ("10.20.1.129/28", "fd00:3::1/64")
PORTS = (22, 104, 445)

LISTEN = """
import socket, sys
ports = [int(word) for word in sys.argv[1:]]
sockets = [socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True) for port in ports]
print("ready", flush=True)
sys.stdin.read()
"""
KNOCK = """
import json, socket, sys
opened = []
for source, target, port in json.load(sys.stdin):
    try:
        socket.create_connection((target, port), timeout=2, source_address=(source, 0)).close()
        opened.append(True)
    except OSError:
        opened.append(False)
print(json.dumps(opened))
"""


def within(name: str, *words: str, given: str = "") -> str:
    """Run a command in a namespace; this process itself may only use loopback."""
    done = subprocess.run(
        ["ip", "netns", "exec", name, *words], input=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


def space(home: str) -> str:
    return f"lax{os.getpid()}{home[0]}"


@pytest.fixture(scope="module")
def router() -> Iterator[str]:
    """Three zones around one router, each a namespace with its addresses and servers."""
    forwarding = ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]
    names = [ROUTER, *map(space, GATEWAYS)]
    servers, waits = [], 20
    try:
        namespaces.create(ROUTER, forwarding)
        for number, home in enumerate(GATEWAYS):
            _join(home, f"port{number}")
            words = ["ip", "netns", "exec", space(home), sys.executable, "-c", LISTEN, *map(str, PORTS)]
            servers.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        for server in servers:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
        while not all(opened(tried())):
            assert (waits := waits - 1), "the network does not work even without rules"
        yield ROUTER
    finally:
        for server in servers:
            server.communicate("", timeout=10)
        for name in names:
            namespaces.delete(name)


def _join(home: str, port: str) -> None:
    name, gateways = space(home), GATEWAYS[home]
    namespaces.create(name)
    namespaces.command("ip", "-n", ROUTER, "link", "add", port, "type", "veth", "peer", "name", "lan", "netns", name)
    for gateway in gateways:
        nodad = ["nodad"] if ":" in gateway else []
        namespaces.command("ip", "-n", ROUTER, "address", "add", gateway, "dev", port, *nodad)
    namespaces.command("ip", "-n", ROUTER, "link", "set", port, "up")
    for address in (address for address, at in HOMES.items() if at == home):
        size = "/64" if ":" in address else "/" + gateways[0].partition("/")[2]
        nodad = ["nodad"] if ":" in address else []
        namespaces.command("ip", "-n", name, "address", "add", address + size, "dev", "lan", *nodad)
    namespaces.command("ip", "-n", name, "link", "set", "lan", "up")
    for gateway in gateways[: 1 if home == "vendor" else 2]:
        namespaces.command("ip", "-n", name, "route", "add", "default", "via", gateway.partition("/")[0])


def tried() -> list[Call]:
    """Between all devices of different zones, on each port that a server listens on."""
    return [
        Call(source, target, Transport.TCP, port)
        for source, home in HOMES.items()
        for target, other in HOMES.items()
        if home != other and (":" in source) == (":" in target)
        for port in PORTS
    ]


def opened(calls: list[Call]) -> list[bool]:
    """What the client of each call saw."""
    answers = {}
    for home in GATEWAYS:
        mine = [call for call in calls if HOMES[call.source] == home]
        asked = json.dumps([[call.source, call.target, call.port] for call in mine])
        answers |= dict(
            zip(mine, json.loads(within(space(home), sys.executable, "-c", KNOCK, given=asked)), strict=True)
        )
    return [answers[call] for call in calls]


@contextmanager
def loaded(router: str, folder: Path, name: str) -> Iterator[None]:
    """What the header of each file tells a person to type: checked, applied twice (a newer export replaces the one
    before), and taken back."""
    files = [(folder / file, text) for file, text in export(SMALL, name).items()]
    for file, text in files:
        file.write_text(text, "utf-8")
        for moment in ("To check without changing anything:", "To apply:", "To apply:"):
            _type(router, folder, text, moment)
    yield
    for _, text in files:
        _type(router, folder, text, "To go back:")


def _type(router: str, folder: Path, text: str, moment: str) -> None:
    lines = text.splitlines()
    commands = list(takewhile(lambda line: line.startswith("#   "), lines[lines.index(f"# {moment}") + 1 :]))
    assert commands
    for command in commands:
        within(router, "sh", "-c", f"cd {folder} && {command.removeprefix('#   ')}")


@pytest.mark.parametrize("name", ["nftables", "iptables"])
def test_connections_pass_and_fail_as_the_rules_say(router: str, tmp_path: Path, name: str) -> None:
    calls = tried()
    decider = Decider(SMALL)
    with loaded(router, tmp_path, name):
        assert opened(calls) == [decider.decide(*call).allowed for call in calls]
    assert all(opened(calls)), "the way back works"


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(segmentation=segmentations())
def test_real_parsers_take_hostile_names(router: str, tmp_path: Path, segmentation: Segmentation) -> None:
    for name, tools in (("nftables", ["nft"]), ("iptables", ["iptables", "ip6tables"])):
        for file, text in export(segmentation, name).items():
            (tmp_path / file).write_text(text, "utf-8")
            tool = tools[-1] if "v6" in file else tools[0]
            words = ["nft", "-c", "-f"] if tool == "nft" else [f"{tool}-restore", "--test", "--noflush"]
            within(router, *words, str(tmp_path / file))


def test_a_zone_of_everything_else_loads(router: str, tmp_path: Path) -> None:
    everything = Zone(name="elsewhere", networks=("0.0.0.0/0", "::/0"))
    wide = Segmentation(zones=(*SMALL.zones, everything), rules=SMALL.rules)
    file = tmp_path / "wide.nft"
    file.write_text(export(wide, "nftables")["leadapron.nft"], "utf-8")
    within(router, "nft", "-c", "-f", str(file))
    for name, text in export(wide, "iptables").items():
        (tmp_path / name).write_text(text, "utf-8")
        tool = "ip6tables" if "v6" in name else "iptables"
        within(router, f"{tool}-restore", "--test", "--noflush", str(tmp_path / name))
