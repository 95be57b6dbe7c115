"""The wiring: a bridge per zone in a namespace of its own, a router that joins the zones, a cable per device."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lab import namespaces
from lab.namespaces import command, ip_batch

if TYPE_CHECKING:
    from lab.scenario import Scenario, Zone
    from lab.site import Site

_QUIET = ("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
_ROUTING = ("net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.all.rp_filter=0")
# Without these, captured frames would be larger than the wire allows and their checksums unfinished.
_OFFLOADS = ("tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")


def bridge(zone: "Zone") -> str:
    """Interface name of a zone's bridge (the kernel allows 15 letters)."""
    return f"br-{zone.name}"[:15]


@contextmanager
def wired(site: "Site") -> Iterator[tuple[str, str]]:
    """Names of the fabric and router namespaces, with every device plugged in; all removed at the end."""
    scenario = site.scenario
    fabric, router = f"{site.prefix}-fabric", f"{site.prefix}-router"
    names = [fabric, router, *(host.namespace for host in site.hosts.values())]
    try:
        for name in names:
            namespaces.create(name, _QUIET + (_ROUTING if name == router else ()))
        _lay_bridges(scenario, fabric, router)
        _plug_devices(site, fabric)
        yield fabric, router
    finally:
        for name in names:
            namespaces.delete(name)


def _lay_bridges(scenario: "Scenario", fabric: str, router: str) -> None:
    for number, zone in enumerate(scenario.zones):
        switch = bridge(zone)
        ip_batch(
            [
                f"link add {switch} type bridge stp_state 0 mcast_snooping 0",
                f"link set {switch} up promisc on",
                f"link add r{number} type veth peer name z{number} netns {router}",
                f"link set r{number} master {switch} up",
            ],
            fabric,
        )
        ip_batch(
            [
                # One MAC on every leg, as layer 3 switches have.
                f"link set z{number} address {scenario.router_mac} up",
                f"addr add {zone.gateway}/{zone.prefix} dev z{number}",
            ],
            router,
        )
        command("ip", "netns", "exec", router, "ethtool", "-K", f"z{number}", *_OFFLOADS)


def _plug_devices(site: "Site", fabric: str) -> None:
    for number, host in enumerate(site.hosts.values()):
        zone = site.scenario.zone(host.device.zone)
        ip_batch(
            [
                f"link add d{number} type veth peer name eth0 netns {host.namespace}",
                f"link set d{number} master {bridge(zone)} up",
            ],
            fabric,
        )
        addresses = [f"addr add {address}/{zone.prefix} dev eth0" for address in host.device.addresses]
        route = f"route add default via {zone.gateway}"
        ip_batch([f"link set eth0 address {host.device.mac} up", *addresses, route], host.namespace)
        command("ip", "netns", "exec", host.namespace, "ethtool", "-K", "eth0", *_OFFLOADS)


def relay_dhcp(site: "Site", router: str, server: str) -> None:
    """DHCP from every zone to the server, as routers relay it (RFC 1542)."""
    relays = [f"--dhcp-relay={zone.gateway},{server}" for zone in site.scenario.zones]
    words = ["dnsmasq", "--keep-in-foreground", "--port=0", "--conf-file=/dev/null", "--user=root", *relays]
    log = (site.folder / "relay.log").open("ab")
    with namespaces.inside(router):
        process = subprocess.Popen(
            [*words, f"--pid-file={site.folder}/relay.pid"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    site.processes.append(process)
