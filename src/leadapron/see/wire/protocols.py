"""Every protocol the sensor knows: explicit tuples, tried in order. A new protocol is one module and one line here."""

from __future__ import annotations

from leadapron.see.wire import dhcp, dns, netbios, ntp, snmp, syslog
from leadapron.see.wire.dicom import DicomDissector
from leadapron.see.wire.dissector import DatagramProtocol, Dissector
from leadapron.see.wire.ftp import FtpDissector
from leadapron.see.wire.hl7 import Hl7Dissector
from leadapron.see.wire.http import HttpDissector
from leadapron.see.wire.ldap import LdapDissector
from leadapron.see.wire.mongodb import MongodbDissector
from leadapron.see.wire.mssql import MssqlDissector
from leadapron.see.wire.mysql import MysqlDissector
from leadapron.see.wire.oracle import OracleDissector
from leadapron.see.wire.postgresql import PostgresqlDissector
from leadapron.see.wire.rdp import RdpDissector
from leadapron.see.wire.redis import RedisDissector
from leadapron.see.wire.smb import SmbDissector
from leadapron.see.wire.smtp import SmtpDissector
from leadapron.see.wire.ssh import SshDissector
from leadapron.see.wire.telnet import TelnetDissector
from leadapron.see.wire.tls import TlsDissector
from leadapron.see.wire.vnc import VncDissector

STREAM_PROTOCOLS: tuple[type[Dissector], ...] = (
    DicomDissector,
    TlsDissector,
    HttpDissector,
    Hl7Dissector,
    SmbDissector,
    RdpDissector,
    SshDissector,
    FtpDissector,
    SmtpDissector,
    TelnetDissector,
    VncDissector,
    LdapDissector,
    PostgresqlDissector,
    MysqlDissector,
    MssqlDissector,
    OracleDissector,
    MongodbDissector,
    RedisDissector,
    syslog.SyslogDissector,
)
"""Over TCP, recognised by content on any port."""

DATAGRAM_PROTOCOLS: tuple[DatagramProtocol, ...] = (
    dhcp.PROTOCOL,
    dns.DNS,
    dns.MDNS,
    dns.LLMNR,
    netbios.PROTOCOL,
    ntp.PROTOCOL,
    snmp.PROTOCOL,
    syslog.PROTOCOL,
)
"""Over UDP, found by port and confirmed by content."""
