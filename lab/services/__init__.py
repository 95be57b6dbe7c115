"""Real servers, each started inside its device's namespace from a generated configuration."""

from lab.services.base import Service, wait_for
from lab.services.imaging import Dcmqrscp, Node, Orthanc, Storescp
from lab.services.infrastructure import Chrony, Dnsmasq, Mllp, Nginx, NginxTls, Postgres, Rsyslog, Snmpd
from lab.services.remote import Samba, Sshd, Telnetd, Vsftpd, Xrdp, Xvnc

AnyService = (
    Chrony
    | Dcmqrscp
    | Dnsmasq
    | Mllp
    | Nginx
    | NginxTls
    | Node
    | Orthanc
    | Postgres
    | Rsyslog
    | Samba
    | Snmpd
    | Sshd
    | Storescp
    | Telnetd
    | Vsftpd
    | Xrdp
    | Xvnc
)

__all__ = ["AnyService", "Service", "wait_for"]
