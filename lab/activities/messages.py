"""HL7, web, databases and logs: what servers and people send each other."""

import socket
import ssl
import time
from typing import TYPE_CHECKING

from lab import hl7, patients
from lab.activities.base import Activity
from lab.certificates import Security

if TYPE_CHECKING:
    from lab.site import Host, Site


class Hl7(Activity, tag="hl7"):
    """Messages over MLLP, one connection; `parties` are MSH-3 to MSH-6."""

    kind: hl7.Kind
    parties: tuple[str, str, str, str]
    messages: int = 3

    def run(self, site: "Site", host: "Host") -> None:
        server, service = self.target(site, "hl7")
        secure = service.security is not Security.NONE
        with host.inside():
            stream: socket.socket = socket.create_connection((server.address, service.port), timeout=10)
            if secure:
                context = site.authority.context(host.name, host.device.addresses, service.security, server=False)
                stream = context.wrap_socket(stream, server_hostname=f"{server.name}.hospital.lab")
        with stream:
            answers = hl7.messages(stream)
            for _ in range(self.messages):
                stream.sendall(hl7.frame(hl7.build(self.kind, self.parties, site.number("message"), host.now())))
                next(answers)
                site.pause(1)
        fields = {"client": host.name, "server": server.name, "service": "hl7-tls" if secure else "hl7"}
        site.note(**fields, port=service.port, encrypted=secure, operations={str(self.kind): self.messages})


class Web(Activity, tag="web"):
    """An HTTP request by curl. `upload` posts a form, `user` adds Basic credentials, `agent` names a browser."""

    protocol: str = "http"
    path: str = "/"
    user: str = ""
    upload: bool = False
    dicomweb: bool = False
    agent: str = ""

    def run(self, site: "Site", host: "Host") -> None:
        server = site.host(self.to)
        port = self.port or server.service(self.protocol).port
        # By name: the client then sends it to TLS servers (SNI), as browsers do.
        name = f"{server.name}.hospital.lab"
        words = ["curl", "-sS", "-k", "-m", "15", "--resolve", f"{name}:{port}:{server.address}"]
        if self.user:
            words += ["-u", f"{self.user}:{patients.LOGINS[self.user]}"]
        if self.upload:
            form = host.folder / "upload.bin"
            form.write_bytes(decoy())
            words += ["--data-binary", f"@{form}", "-H", "Content-Type: application/octet-stream", "-H", "Expect:"]
        words += ["-A", self.agent] if self.agent else []
        accept = "application/dicom+json" if self.dicomweb else "text/html"
        host.run(*words, "-H", f"Accept: {accept}", f"{self.protocol}://{name}:{port}{self.path}")
        encrypted = self.protocol == "https"
        fields = {"client": host.name, "server": server.name, "service": self.protocol, "port": port}
        site.note(**fields, encrypted=encrypted, operations={"POST" if self.upload else "GET": 1})


def decoy() -> bytes:
    """Several segments that look like HL7 and DICOM: whole MLLP frames and association requests."""
    message = b"\x0bMSH|^~\\&|FORM|OFFICE|NOWHERE|HERE|20261124||ADT^A01|DECOY1|P|2.3\rPID|1||CANARYID00059\r\x1c\r"
    titles = b"DECOY_SCP".ljust(16) + b"DECOY_SCU".ljust(16)
    context = b"\x10\x00\x00\x151.2.840.10008.3.1.1.1"
    body = b"\x00\x01\x00\x00" + titles + bytes(32) + context
    request = b"\x01\x00" + len(body).to_bytes(4, "big") + body
    preamble = bytes(128) + b"DICM"
    return (message + request + preamble) * 40


class Database(Activity, tag="database"):
    """A PostgreSQL session that reads a table."""

    statement: str = "select current_date, count(*) from pg_class"

    def run(self, site: "Site", host: "Host") -> None:
        server, service = self.target(site, "postgresql")
        where = f"host={server.address} port={service.port} user=biomed dbname=postgres sslmode=disable"
        secret = patients.LOGINS["biomed"]
        host.run("env", f"PGPASSWORD={secret}", "psql", where, "-c", self.statement)
        site.note(client=host.name, server=server.name, service="postgresql", port=service.port)


class Log(Activity, tag="log"):
    """A syslog line over UDP (RFC 3164), stamped by the device's own clock."""

    text: str = "system: status ok"

    def run(self, site: "Site", host: "Host") -> None:
        server, service = self.target(site, "syslog")
        stamp = host.now().strftime("%b %e %H:%M:%S")
        line = f"<134>{stamp} {host.device.hostname or host.name} {self.text}"
        with host.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(line.encode(), (server.address, service.port))
        site.note(client=host.name, server=server.name, service="syslog", port=service.port, answered=False)


class Beacon(Activity, tag="beacon"):
    """A short TLS call home, always the same size."""

    def run(self, site: "Site", host: "Host") -> None:
        server, service = self.target(site, "https")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with host.inside():
            plain = socket.create_connection((server.address, service.port), timeout=10)
        with context.wrap_socket(plain, server_hostname="updates.vendor.lab") as stream:
            stream.sendall(b"GET /ping HTTP/1.1\r\nHost: updates.vendor.lab\r\nConnection: close\r\n\r\n")
            while stream.recv(4096):
                time.sleep(0.01)
        site.note(client=host.name, server=server.name, service="https", port=service.port, encrypted=True)
