"""File shares and remote access: Samba, FTP, Telnet, SSH, RDP and VNC."""

import shutil
from typing import TYPE_CHECKING, ClassVar

from lab import patients
from lab.namespaces import command
from lab.services.base import Service

if TYPE_CHECKING:
    from lab.site import Host


class Samba(Service, tag="samba"):
    """A file share; `oldest` and `newest` are Samba protocol names (NT1 is SMB version 1)."""

    protocol: ClassVar[str] = "smb"
    port: int = 445
    oldest: str = "SMB2_02"
    newest: str = "SMB3"
    signing: str = "disabled"
    guest: bool = False
    share: str = "exports"
    netbios: bool = False

    def start(self, host: "Host") -> None:
        share = host.folder / "share"
        share.mkdir(exist_ok=True)
        share.chmod(0o777)
        (share / "README.TXT").write_text("Synthetic share of the Leadapron lab.\n")
        name = (host.device.hostname or host.name).upper()[:15]
        places = {kind: host.folder / "samba" / kind for kind in _SAMBA_FOLDERS}
        for place in places.values():
            place.mkdir(parents=True, exist_ok=True)
        lines = ["[global]", f"netbios name = {name}", "workgroup = IMAGING", "disable spoolss = yes"]
        lines += [f"{kind} = {place}" for kind, place in places.items()]
        lines += [f"server min protocol = {self.oldest}", f"server max protocol = {self.newest}"]
        lines += [f"server signing = {self.signing}", "map to guest = Bad User", "load printers = no"]
        lines += ["smb ports = 445 139", "log level = 1", "unix extensions = no", "ntlm auth = yes"]
        lines += [f"[{self.share}]", f"path = {share}", "read only = no", "force user = root"]
        lines += [f"guest ok = {'yes' if self.guest else 'no'}"]
        path = host.folder / "smb.conf"
        path.write_text("\n".join(lines) + "\n")
        secret = patients.LOGINS["biomed"]
        # In the device's private process tree, where the lab's logins exist.
        script = f"printf '%s\\n%s\\n' {secret} {secret} | smbpasswd -c {path} -a -s biomed; "
        script += f"nmbd -D -s {path}; " if self.netbios else ""
        host.spawn("sh", "-c", f"{script} exec smbd -F --no-process-group -s {path}")


_SAMBA_FOLDERS = ("private dir", "lock directory", "state directory", "cache directory", "pid directory", "ncalrpc dir")


class Vsftpd(Service, tag="vsftpd"):
    protocol: ClassVar[str] = "ftp"
    port: int = 21

    def start(self, host: "Host") -> None:
        path = host.folder / "vsftpd.conf"
        settings = "listen=YES listen_ipv6=NO background=NO anonymous_enable=NO local_enable=YES write_enable=YES"
        settings += (
            f" listen_port={self.port} seccomp_sandbox=NO secure_chroot_dir=/run/vsftpd/empty pam_service_name=vsftpd"
        )
        path.write_text("\n".join(settings.split()) + f"\nftpd_banner={host.device.model or host.name} file service\n")
        path.chmod(0o600)
        host.spawn("vsftpd", str(path))


class Telnetd(Service, tag="telnetd"):
    """Telnet by way of inetd."""

    protocol: ClassVar[str] = "telnet"
    port: int = 23

    def start(self, host: "Host") -> None:
        path = host.folder / "inetd.conf"
        path.write_text("telnet stream tcp4 nowait root /usr/sbin/telnetd telnetd\n")
        host.spawn("inetutils-inetd", "-d", str(path))


class Sshd(Service, tag="sshd"):
    protocol: ClassVar[str] = "ssh"
    port: int = 22

    def start(self, host: "Host") -> None:
        key = host.folder / "ssh_host_key"
        if not key.exists():
            command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", host.name, "-f", str(key))
        path = host.folder / "sshd_config"
        path.write_text(f"Port {self.port}\nHostKey {key}\nUsePAM no\nPasswordAuthentication yes\nPidFile none\n")
        host.spawn("/usr/sbin/sshd", "-D", "-e", "-f", str(path))


class Xrdp(Service, tag="xrdp"):
    """RDP; `layer` rdp is classic RDP security without network level authentication, tls is TLS."""

    protocol: ClassVar[str] = "rdp"
    port: int = 3389
    layer: str = "rdp"

    def start(self, host: "Host") -> None:
        folder = host.folder / "xrdp"
        shutil.copytree(
            "/etc/xrdp", folder, dirs_exist_ok=True, symlinks=False, ignore=lambda *_: ["cert.pem", "key.pem"]
        )
        certificate, key = host.site.authority.issue(host.name, host.device.addresses, self.security)
        rows = []
        wanted = {"port": str(self.port), "security_layer": self.layer, "certificate": str(certificate)}
        wanted |= {"key_file": str(key), "LogFile": str(host.folder / "xrdp-server.log")}
        for row in (folder / "xrdp.ini").read_text().splitlines():
            field = row.split("=", 1)[0]
            # Only the global section's port: the session modules below have ports of their own.
            rows.append(f"{field}={wanted.pop(field)}" if field in wanted else row)
        (folder / "xrdp.ini").write_text("\n".join(rows) + "\n")
        host.spawn("xrdp", "--nodaemon", "-c", str(folder / "xrdp.ini"))


class Xvnc(Service, tag="xvnc"):
    """A VNC desktop without authentication."""

    protocol: ClassVar[str] = "vnc"
    port: int = 5900

    def start(self, host: "Host") -> None:
        options = f"-rfbport {self.port} -SecurityTypes None -geometry 320x200 -depth 16 -AlwaysShared -localhost=0"
        # Its lock file lives in /tmp under a fixed name: a private one lets many run, and cleans up by itself.
        host.spawn("sh", "-c", f"mount -t tmpfs tmpfs /tmp; exec Xvnc :71 {options}")
