"""One word for each member of each closed set, so that pages, tables and terminals call things alike."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from leadapron.model.events import Service
from leadapron.model.findings import Confidence, Harm, Severity, SubjectType
from leadapron.model.inventory import Role
from leadapron.report.words import N_, Words

SEVERITIES = {
    Severity.CRITICAL: N_("Critical"),
    Severity.HIGH: N_("High"),
    Severity.MEDIUM: N_("Medium"),
    Severity.LOW: N_("Low"),
    Severity.INFO: N_("For information"),
}

HARMS = {
    Harm.AVAILABILITY: N_("exams stop"),
    Harm.INTEGRITY: N_("images or orders altered"),
    Harm.CONFIDENTIALITY: N_("patient data leak"),
    Harm.SPREAD: N_("attack spreads"),
}

CONFIDENCES = {
    Confidence.SEEN: N_("seen in the packets"),
    Confidence.LIKELY: N_("likely: the packets point to it"),
    Confidence.POSSIBLE: N_("possible: check with the person in charge"),
}

ROLES = {
    Role.MODALITY: N_("modality"),
    Role.PACS: N_("PACS"),
    Role.WORKSTATION: N_("workstation"),
    Role.RIS: N_("RIS"),
    Role.INTERFACE_ENGINE: N_("interface engine"),
    Role.PRINTER: N_("printer"),
    Role.SERVER: N_("server"),
    Role.OFFICE: N_("office PC"),
    Role.NETWORK: N_("network equipment"),
    Role.EXTERNAL: N_("outside host"),
    Role.UNKNOWN: N_("unknown"),
}

SUBJECTS = {
    SubjectType.ASSET: N_("device"),
    SubjectType.FLOW: N_("flow"),
    SubjectType.ZONE: N_("zone"),
    SubjectType.NETWORK: N_("whole network"),
}

_SERVICE_NAMES = {
    Service.DICOM_TLS: "DICOM TLS",
    Service.POSTGRESQL: "PostgreSQL",
    Service.MYSQL: "MySQL",
    Service.MSSQL: "SQL Server",
    Service.ORACLE: "Oracle",
    Service.MONGODB: "MongoDB",
    Service.REDIS: "Redis",
    Service.TELNET: "Telnet",
    Service.NETBIOS: "NetBIOS",
    Service.MDNS: "mDNS",
    Service.SYSLOG: "syslog",
}


class Family(StrEnum):
    """Services that a map draws alike."""

    DICOM = "dicom"
    HL7 = "hl7"
    WEB = "web"
    FILES = "files"
    REMOTE = "remote"
    DATABASE = "database"
    SUPPORT = "support"
    OTHER = "other"


FAMILIES = {
    Family.DICOM: N_("DICOM images and worklists"),
    Family.HL7: N_("HL7 messages"),
    Family.WEB: N_("Web and TLS"),
    Family.FILES: N_("File sharing and transfer"),
    Family.REMOTE: N_("Remote control"),
    Family.DATABASE: N_("Databases"),
    Family.SUPPORT: N_("Supporting services (names, time, logs …)"),
    Family.OTHER: N_("Unrecognised"),
}

_FAMILY_OF = {
    Service.DICOM: Family.DICOM,
    Service.DICOM_TLS: Family.DICOM,
    Service.HL7: Family.HL7,
    Service.HTTP: Family.WEB,
    Service.HTTPS: Family.WEB,
    Service.TLS: Family.WEB,
    Service.SMB: Family.FILES,
    Service.FTP: Family.FILES,
    Service.RDP: Family.REMOTE,
    Service.SSH: Family.REMOTE,
    Service.TELNET: Family.REMOTE,
    Service.VNC: Family.REMOTE,
    Service.POSTGRESQL: Family.DATABASE,
    Service.MYSQL: Family.DATABASE,
    Service.MSSQL: Family.DATABASE,
    Service.ORACLE: Family.DATABASE,
    Service.MONGODB: Family.DATABASE,
    Service.REDIS: Family.DATABASE,
    Service.UNKNOWN: Family.OTHER,
}


def family(service: Service) -> Family:
    """The family a service is drawn in; names, time, mail and logs support the others."""
    return _FAMILY_OF.get(service, Family.SUPPORT)


def service_name(service: Service, words: Words) -> str:
    """A service as people write it."""
    if service is Service.UNKNOWN:
        return words.gettext(N_("unrecognised"))
    return _SERVICE_NAMES.get(service, service.upper())


def role_names(roles: tuple[Role, ...], words: Words) -> str:
    """What a device does, in words; nothing recognised is said so."""
    return ", ".join(words.gettext(ROLES[role]) for role in roles or (Role.UNKNOWN,))


def several(items: Sequence[str], most: int, words: Words) -> str:
    """The first `most` items, and how many more there are."""
    if len(items) <= most:
        return ", ".join(items)
    return words.gettext("{names} and {n} more").format(
        names=", ".join(items[:most]), n=words.number(len(items) - most)
    )
