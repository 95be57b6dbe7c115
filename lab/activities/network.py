"""Names, addresses, time, monitoring, and what intruders do: probes, sweeps and ARP lies."""

import socket
import struct
import time
from ipaddress import ip_address
from typing import TYPE_CHECKING

from lab.activities.base import Activity

if TYPE_CHECKING:
    from lab.site import Host, Site

_NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970 (RFC 5905 §6)
_ARP, _REPLY = 0x0806, 2


class Dhcp(Activity, tag="dhcp"):
    """A DHCP exchange with name and vendor class (options 12 and 60); the address is already configured."""

    vendor_class: str = "MSFT 5.0"

    def run(self, site: "Site", host: "Host") -> None:
        server = site.host(self.to)
        name = host.device.hostname or host.name
        words = ("-i", "eth0", "-n", "-q", "-f", "-t", "4", "-T", "2", "-s", "/bin/true")
        host.run("udhcpc", *words, "-V", self.vendor_class, "-x", f"hostname:{name}")
        site.note(client=host.name, server=server.name, service="dhcp", port=67, note="relayed")


class Dns(Activity, tag="dns", kw_only=True):
    """A name asked of the DNS server."""

    names: list[str]

    def run(self, site: "Site", host: "Host") -> None:
        server, service = self.target(site, "dns")
        for name in self.names:
            host.run("dig", "+tries=1", "+time=3", f"@{server.address}", f"{name}.hospital.lab")
        site.note(client=host.name, server=server.name, service="dns", port=service.port)


class Ntp(Activity, tag="ntp"):
    """A time request (RFC 4330) whose transmit time is what the device's clock shows."""

    def run(self, site: "Site", host: "Host") -> None:
        server, service = self.target(site, "ntp")
        seconds = host.now().timestamp() + _NTP_EPOCH
        stamp = struct.pack("!II", int(seconds), int((seconds % 1) * 2**32))
        request = b"\x23\x00\x06\xec" + bytes(36) + stamp
        with host.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            client.bind(("", 123))
            client.sendto(request, (server.address, service.port))
            client.recv(512)
        site.note(client=host.name, server=server.name, service="ntp", port=service.port)


class Snmp(Activity, tag="snmp"):
    """An SNMP v2c read of the system group."""

    community: str = "public"

    def run(self, site: "Site", host: "Host") -> None:
        server, service = self.target(site, "snmp")
        words = ("-v2c", "-c", self.community, "-r", "1", "-t", "3", server.address)
        host.run("snmpget", *words, "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0")
        site.note(client=host.name, server=server.name, service="snmp", port=service.port)


class Netbios(Activity, tag="netbios"):
    """A NetBIOS name status request (RFC 1002 §4.2.17)."""

    def run(self, site: "Site", host: "Host") -> None:
        server = site.host(self.to)
        host.run("nbtscan", "-q", server.address)
        site.note(client=host.name, server=server.name, service="netbios", port=137)


class Ping(Activity, tag="ping"):
    def run(self, site: "Site", host: "Host") -> None:
        host.run("ping", "-c", "2", "-W", "2", site.host(self.to).address)


class Probe(Activity, tag="probe", kw_only=True):
    """TCP connections to ports, one after another: refused, silent or answered and closed at once."""

    targets: list[str]  # device names or bare addresses
    ports: list[int]

    def run(self, site: "Site", host: "Host") -> None:
        for target in self.targets:
            address = target if target[0].isdigit() else site.host(target).address
            for port in self.ports:
                with host.inside(), socket.socket() as client:
                    client.settimeout(0.8)
                    client.connect_ex((address, port))
                time.sleep(0.02)


class ArpLie(Activity, tag="arp-lie"):
    """ARP replies that claim the address of `to` for this device's own MAC, sent to the whole segment.

    The victim then defends its address (RFC 5227 §2.4), so the department works on.
    """

    replies: int = 3

    def run(self, site: "Site", host: "Host") -> None:
        victim = site.host(self.to)
        for sender in (host, victim):
            frame = arp_reply(sender.device.mac, victim.address)
            with sender.inside(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
                wire.bind(("eth0", _ARP))
                for _ in range(self.replies):
                    wire.send(frame)
                    time.sleep(0.2)


def arp_reply(mac: str, address: str) -> bytes:
    """An Ethernet frame in which `mac` tells everyone that `address` is its own."""
    own, claimed, everyone = bytes.fromhex(mac.replace(":", "")), ip_address(address).packed, b"\xff" * 6
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, _REPLY) + own + claimed + everyone + claimed
    return (everyone + own + _ARP.to_bytes(2, "big") + body).ljust(60, b"\x00")
