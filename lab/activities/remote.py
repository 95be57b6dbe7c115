"""File shares and remote access, as people and vendors use them."""

import socket
import struct
from typing import TYPE_CHECKING

from lab import patients
from lab.activities.base import Activity

if TYPE_CHECKING:
    from lab.site import Host, Site


class Smb(Activity, tag="smb"):
    """A file fetched and put by smbclient; `user` empty is a guest."""

    user: str = ""
    dialect: str = "SMB3"
    signing: str = "if_required"

    def run(self, site: "Site", host: "Host") -> None:
        server, service = self.target(site, "smb")
        share = getattr(service, "share", "exports")
        login = ["-U", f"{self.user}%{patients.LOGINS[self.user]}"] if self.user else ["-N"]
        oldest = "NT1" if self.dialect == "NT1" else "SMB2_02"
        options = ["-m", self.dialect, f"--option=client min protocol={oldest}", "-p", str(service.port)]
        options += [f"--option=client signing={self.signing}", "-s", "/dev/null"]
        words = "ls; get README.TXT /dev/null"
        printed = host.run("smbclient", f"//{server.address}/{share}", *login, *options, "-c", words)
        if "NT_STATUS" in printed or "README" not in printed:
            site.problems.append(f"{host.name} smbclient {server.name}: {printed[-200:]}")
        site.note(client=host.name, server=server.name, service="smb", port=service.port, note=self.dialect)


class Ftp(Activity, tag="ftp"):
    """A login and a listing."""

    user: str = "service"

    def run(self, site: "Site", host: "Host") -> None:
        server, service = self.target(site, "ftp")
        login = f"{self.user}:{patients.LOGINS[self.user]}"
        printed = host.run("curl", "-sS", "-m", "15", "-u", login, f"ftp://{server.address}:{service.port}/")
        if "curl:" in printed:
            site.problems.append(f"{host.name} ftp {server.name}: {printed[-200:]}")
        site.note(client=host.name, server=server.name, service="ftp", port=service.port)


class Telnet(Activity, tag="telnet"):
    """A person who logs in, looks around and leaves."""

    user: str = "service"

    def run(self, site: "Site", host: "Host") -> None:
        server, service = self.target(site, "telnet")
        secret = patients.LOGINS[self.user]
        typing = f"sleep 4; echo {self.user}; sleep 2; echo {secret}; sleep 3; echo uptime; sleep 2; echo exit; sleep 1"
        printed = host.run("sh", "-c", f"({typing}) | telnet {server.address} {service.port}")
        if "load" not in printed:
            site.problems.append(f"{host.name} telnet {server.name}: {printed[-200:]}")
        site.note(client=host.name, server=server.name, service="telnet", port=service.port)


class Ssh(Activity, tag="ssh"):
    user: str = "service"

    def run(self, site: "Site", host: "Host") -> None:
        server, service = self.target(site, "ssh")
        trust = (
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "PubkeyAuthentication=no",
        )
        words = ("ssh", *trust, "-F", "none", "-p", str(service.port), f"{self.user}@{server.address}", "uptime")
        printed = host.run("sshpass", "-p", patients.LOGINS[self.user], *words)
        if "load" not in printed:
            site.problems.append(f"{host.name} ssh {server.name}: {printed[-200:]}")
        site.note(client=host.name, server=server.name, service="ssh", port=service.port, encrypted=True)


class Rdp(Activity, tag="rdp"):
    """What an RDP client negotiates, through nmap's script."""

    def run(self, site: "Site", host: "Host") -> None:
        server, service = self.target(site, "rdp")
        words = ("-n", "-Pn", "-sT", "-p", str(service.port), "--script", "rdp-enum-encryption")
        host.run("nmap", *words, server.address, timeout=60)
        site.note(client=host.name, server=server.name, service="rdp", port=service.port)


class Vnc(Activity, tag="vnc"):
    """A VNC viewer without password (RFC 6143): looks at the screen for a while."""

    seconds: float = 20

    def run(self, site: "Site", host: "Host") -> None:
        server, service = self.target(site, "vnc")
        with host.inside():
            viewer = socket.create_connection((server.address, service.port), timeout=10)
        with viewer:
            version = viewer.recv(12)
            viewer.sendall(version)
            count = viewer.recv(1)[0]
            viewer.recv(count)
            viewer.sendall(b"\x01")  # no authentication
            viewer.recv(4)
            viewer.sendall(b"\x01")  # share the desktop
            viewer.recv(4096)
            for turn in range(4):
                viewer.sendall(struct.pack("!BBHHHH", 3, 0, 0, 0, 64, 48))
                viewer.recv(65536)
                viewer.sendall(struct.pack("!BBHH", 5, 0, 20 + 10 * turn, 30))
                site.pause(self.seconds / 4)
        site.note(client=host.name, server=server.name, service="vnc", port=service.port)
