"""Which service opens which way: the one table that observed flows and firewall rules are read by."""

from __future__ import annotations

from collections.abc import Mapping

from leadapron.model.department import Way
from leadapron.model.events import Service
from leadapron.model.inventory import Flow

WAY_OF_SERVICE: Mapping[Service, Way] = {
    Service.SMB: Way.SMB,
    Service.NETBIOS: Way.SMB,
    Service.RDP: Way.RDP,
    Service.DICOM: Way.DICOM,
    Service.DICOM_TLS: Way.DICOM,
    Service.HTTP: Way.WEB,
    Service.HTTPS: Way.WEB,
    Service.SSH: Way.REMOTE,
    Service.TELNET: Way.REMOTE,
    Service.FTP: Way.REMOTE,
    Service.VNC: Way.REMOTE,
    Service.POSTGRESQL: Way.REMOTE,
    Service.MYSQL: Way.REMOTE,
    Service.MSSQL: Way.REMOTE,
    Service.ORACLE: Way.REMOTE,
    Service.MONGODB: Way.REMOTE,
    Service.REDIS: Way.REMOTE,
    Service.LDAP: Way.CREDENTIALS,
}
"""Databases count as maintenance: who may administer one can run programs on its server. Messages (HL7), names, time
and logs carry data, not programs."""

PORTS_OF_WAY: Mapping[Way, tuple[int, ...]] = {
    Way.SMB: (139, 445),
    Way.RDP: (3389,),
    Way.DICOM: (104, 2762, 4242, 11112),
    Way.WEB: (80, 443, 8042, 8080, 8443),
    Way.REMOTE: (21, 22, 23, 1433, 1521, 3306, 4899, 5432, 5631, 5800, 5900),
    Way.CREDENTIALS: (88, 135, 389, 464, 593, 636, 3268, 3269, 5985, 5986),
}
"""Ports by which a way goes where the service is not recognised, and by which a firewall rule is read."""

_WAY_OF_PORT = {port: way for way, ports in PORTS_OF_WAY.items() for port in ports}

_UNREAD = (Service.UNKNOWN, Service.TLS)


def way_of(service: Service, port: int) -> Way | None:
    """The way that a service opens; None where programs cannot travel by it."""
    return _WAY_OF_PORT.get(port) if service in _UNREAD else WAY_OF_SERVICE.get(service)


def way_of_flow(flow: Flow) -> Way | None:
    """The way that a flow proves open; None for a mere attempt."""
    return way_of(flow.service, flow.port) if flow.answered else None
