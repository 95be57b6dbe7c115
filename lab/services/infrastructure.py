"""The servers every network has: names, addresses, time, logs, monitoring, databases, web, HL7."""

import shutil
import socket
import ssl
import threading
from typing import TYPE_CHECKING, ClassVar

from lab import hl7, patients
from lab.certificates import Security
from lab.namespaces import command
from lab.services.base import Service

if TYPE_CHECKING:
    from lab.site import Host


class Dnsmasq(Service, tag="dnsmasq"):
    """DNS for every device, and DHCP for every zone (the router relays)."""

    protocol: ClassVar[str] = "dns"
    datagram: ClassVar[bool] = True
    port: int = 53

    def start(self, host: "Host") -> None:
        lines = ["no-resolv", "no-hosts", "user=root", f"dhcp-leasefile={host.folder}/leases", "domain=hospital.lab"]
        lines += [f"dhcp-range={zone.gateway},static,255.255.255.0" for zone in host.site.scenario.zones]
        for device in host.site.scenario.devices:
            name = device.hostname or device.name
            lines.append(f"host-record={name}.hospital.lab,{device.addresses[0]}")
            lines.append(f"dhcp-host={device.mac},{device.addresses[0]},{name}")
        path = host.folder / "dnsmasq.conf"
        path.write_text("\n".join(lines) + "\n")
        host.spawn("dnsmasq", "--keep-in-foreground", f"--conf-file={path}")


class Chrony(Service, tag="chrony"):
    """An NTP server that tells its own clock and never touches the machine's."""

    protocol: ClassVar[str] = "ntp"
    datagram: ClassVar[bool] = True
    port: int = 123

    def start(self, host: "Host") -> None:
        path = host.folder / "chrony.conf"
        path.write_text(f"local stratum 3\nallow all\ncmdport 0\npidfile {host.folder}/chronyd.pid\n")
        host.spawn("chronyd", "-d", "-x", "-u", "root", "-f", str(path))


class Rsyslog(Service, tag="rsyslog"):
    """A syslog collector on UDP 514."""

    protocol: ClassVar[str] = "syslog"
    datagram: ClassVar[bool] = True
    port: int = 514

    def start(self, host: "Host") -> None:
        path = host.folder / "rsyslog.conf"
        module = f'module(load="imudp")\ninput(type="imudp" port="{self.port}")\n'
        path.write_text(f"{module}*.* {host.folder}/messages\n")
        host.spawn("rsyslogd", "-n", "-f", str(path), "-i", f"{host.folder}/rsyslogd.pid")


class Snmpd(Service, tag="snmpd"):
    """An SNMP agent that answers version 2c to a community."""

    protocol: ClassVar[str] = "snmp"
    datagram: ClassVar[bool] = True
    port: int = 161
    community: str = "public"

    def start(self, host: "Host") -> None:
        path = host.folder / "snmpd.conf"
        name = host.device.hostname or host.name
        description = f"{host.device.manufacturer} {host.device.model}".strip() or name
        path.write_text(f"rocommunity {self.community}\nsysName {name}\nsysDescr {description}\n")
        host.spawn("snmpd", "-f", "-Lo", "-C", "-c", str(path), f"udp:{self.port}")


class Postgres(Service, tag="postgres"):
    """A PostgreSQL server with one login, open to the network."""

    protocol: ClassVar[str] = "postgresql"
    port: int = 5432

    def start(self, host: "Host") -> None:
        data = host.folder / "database"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        secret = host.folder / "secret"
        secret.write_text(patients.LOGINS["biomed"])
        for path in (data, secret):
            shutil.chown(path, "postgres", "postgres")
        for parent in (host.folder, host.site.folder, host.site.folder / "hosts"):
            parent.chmod(0o755)
        programs = sorted(command("sh", "-c", "ls -d /usr/lib/postgresql/*/bin").split())[-1]
        drop = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
        command(
            *(*drop, f"{programs}/initdb", "-D", str(data), "-U", "biomed", f"--pwfile={secret}"),
            *("--auth=scram-sha-256", "--no-sync", "--locale=C", "-E", "UTF8"),
        )
        with (data / "pg_hba.conf").open("a") as rights:
            rights.write("host all all 0.0.0.0/0 scram-sha-256\n")
        options = ("-c", "listen_addresses=*", "-c", f"port={self.port}", "-c", "unix_socket_directories=")
        host.spawn(*drop, f"{programs}/postgres", "-D", str(data), *options)


class Nginx(Service, tag="nginx"):
    """A web server: pages, a console behind Basic credentials when `users` is set, an upload form."""

    protocol: ClassVar[str] = "http"
    port: int = 80
    users: tuple[str, ...] = ()
    page: str = "Console"
    proxied: int = 0  # loopback port of a web server that this one stands before

    def start(self, host: "Host") -> None:
        root = host.folder / "www"
        root.mkdir(exist_ok=True)
        (root / "index.html").write_text(f"<html><title>{self.page}</title><h1>{self.page}</h1></html>\n")
        lines = ["daemon off; user root; worker_processes 1; error_log stderr;", f"pid {host.folder}/nginx.pid;"]
        # nginx drops its environment, and with it a device's wrong clock.
        lines += ["env FAKETIME; env LD_PRELOAD; env FAKETIME_DONT_FAKE_MONOTONIC;"]
        lines += ["events {}", "http { access_log off;"]
        lines += [f"{kind}_temp_path {host.folder}/t;" for kind in _NGINX_TEMPORARY]
        lines += ["client_max_body_size 8m;", f"server {{ listen {self.port}{self._tls()}; root {root};"]
        if self.security is not Security.NONE:
            certificate, key = host.site.authority.issue(host.name, host.device.addresses, self.security)
            lines += [f"ssl_certificate {certificate}; ssl_certificate_key {key};"]
            versions = "TLSv1.2" if self.security is Security.TLS12 else "TLSv1.2 TLSv1.3"
            lines += [f"ssl_protocols {versions};"]
        if self.users:
            book = host.folder / "htpasswd"
            book.write_text("".join(f"{user}:{{PLAIN}}{patients.LOGINS[user]}\n" for user in self.users))
            lines += [f"auth_basic console; auth_basic_user_file {book};"]
        inner = f"proxy_pass http://127.0.0.1:{self.proxied};" if self.proxied else ""
        lines += ["location /upload { return 204; }", f"location / {{ {inner} }} }} }}"]
        path = host.folder / "nginx.conf"
        path.write_text("\n".join(lines) + "\n")
        host.spawn("nginx", "-p", str(host.folder), "-c", str(path))

    def _tls(self) -> str:
        return "" if self.security is Security.NONE else " ssl"


_NGINX_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class NginxTls(Nginx, tag="nginx-tls"):
    protocol: ClassVar[str] = "https"
    port: int = 443
    security: Security = Security.GOOD


class Mllp(Service, tag="mllp"):
    """An HL7 v2 receiver that acknowledges every message, clear or over TLS."""

    protocol: ClassVar[str] = "hl7"
    port: int = 2575

    def start(self, host: "Host") -> None:
        context = None
        if self.security is not Security.NONE:
            context = host.site.authority.context(host.name, host.device.addresses, self.security, server=True)
        with host.inside():
            listener = socket.create_server(("0.0.0.0", self.port))
            threading.Thread(target=self._accept, args=(listener, context, host), daemon=True).start()
        host.site.closers.append(listener.close)

    def _accept(self, listener: socket.socket, context: ssl.SSLContext | None, host: "Host") -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return  # closed at the end of the run
            threading.Thread(target=self._serve, args=(link, context, host), daemon=True).start()

    def _serve(self, link: socket.socket, context: ssl.SSLContext | None, host: "Host") -> None:
        try:
            stream = context.wrap_socket(link, server_side=True) if context else link
            with stream:
                for message in hl7.messages(stream):
                    stream.sendall(hl7.frame(hl7.acknowledgement(message, host.now())))
        except OSError as error:
            host.site.problems.append(f"{host.name} mllp: {error}")
