"""What devices do: each kind is a struct read from the scenario, with a `run` that really does it."""

from lab.activities.base import Activity
from lab.activities.imaging import Aborted, Echo, Exam, Find, Get, Malformed, Move, Print, Rejected, Silent, StoreStudy
from lab.activities.messages import Beacon, Database, Hl7, Log, Web
from lab.activities.network import ArpLie, Dhcp, Dns, Netbios, Ntp, Ping, Probe, Snmp
from lab.activities.remote import Ftp, Rdp, Smb, Ssh, Telnet, Vnc

AnyActivity = (
    Aborted
    | ArpLie
    | Beacon
    | Database
    | Dhcp
    | Dns
    | Echo
    | Exam
    | Find
    | Ftp
    | Get
    | Hl7
    | Log
    | Malformed
    | Move
    | Netbios
    | Ntp
    | Ping
    | Print
    | Probe
    | Rdp
    | Rejected
    | Silent
    | Smb
    | Snmp
    | Ssh
    | StoreStudy
    | Telnet
    | Vnc
    | Web
)

__all__ = ["Activity", "AnyActivity"]
