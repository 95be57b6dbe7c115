"""One word for each member of each closed set, so that pages, tables and terminals call things alike."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from leadapron.model.events import DocumentType, Service
from leadapron.model.findings import Confidence, Harm, Severity, SubjectType
from leadapron.model.inventory import Role
from leadapron.model.picture import Part
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
    Confidence.LIKELY: N_("likely (the packets point to it)"),
    Confidence.POSSIBLE: N_("possible (check with the person in charge)"),
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


_INTERFACES = {"dicomweb": "DICOMweb", "fhir": "FHIR", "orthanc": "Orthanc", "other": N_("other pages")}

_SECURITY = {
    "none": N_("no password"),
    "trust": N_("no password"),
    "vnc-auth": N_("one shared password"),
    "password": N_("password in clear"),
    "rdp": N_("RDP’s own encryption"),
    "tls": "TLS",
    "scram": "SCRAM",
    "md5": "MD5",
}
"""What a service asked of those who signed in; a kind that stands in no list stays as its protocol writes it."""

ANOMALIES = {
    "dicom.command-set": N_("a command that cannot be read"),
    "dicom.context-id": N_("a presentation context that does not exist"),
    "dicom.item-length": N_("an item whose length is false"),
    "dicom.pdu-length": N_("a message whose length is false"),
    "dicom.pdu-type": N_("a message of unknown type"),
    "dicom.pdv-length": N_("a data block whose length is false"),
    "dicom.too-many-contexts": N_("too many presentation contexts"),
    "dicom.too-many-items": N_("too many items"),
    "dicom.context": N_("an answer to a presentation context that was not asked for"),
    "dicom.context-syntax": N_("a presentation context with a false syntax"),
    "dicom.context-twice": N_("a presentation context named twice"),
    "dicom.data-set-length": N_("a data set too long for its command"),
    "dicom.interleaved": N_("two messages mixed into one another"),
    "dicom.item-twice": N_("an item that may stand once, twice"),
    "dicom.message-unfinished": N_("a message that does not end"),
    "dicom.pdu-order": N_("a message out of turn"),
    "dicom.sop-class": N_("a command of another class than was agreed"),
    "dicom.time": N_("silence beyond the limit"),
    "dicom.title": N_("an AE title that two readers could read differently"),
    "dicom.uid": N_("a UID that two readers could read differently"),
    "dicom.unasked": N_("an answer that nobody asked for"),
    "dicom.version": N_("another version of the protocol"),
    "dicom.window": N_("more requests at once than was agreed"),
    "hl7.framing": N_("bytes between HL7 messages"),
    "hl7.header": N_("an HL7 header that cannot be read"),
    "hl7.header-length": N_("an HL7 header that is too long"),
    "hl7.no-end": N_("an HL7 message without end"),
    "hl7.answer-framing": N_("bytes between HL7 answers"),
    "hl7.answer-length": N_("an HL7 answer that is too long"),
    "hl7.character-set": N_("HL7 in an encoding that is not read"),
    "hl7.message-type": N_("an HL7 message without a type"),
    "hl7.route": N_("an HL7 message for another server than the connection’s first"),
    "hl7.time": N_("silence beyond the limit"),
    "http.chunk": N_("a web transfer cut into false pieces"),
    "http.field": N_("a web header field that cannot be read"),
    "http.head-length": N_("a web header that is too long"),
    "http.length-conflict": N_("a web message with two lengths"),
    "http.role": N_("a web server that asks, or a client that answers"),
    "http.start-line": N_("a web request that cannot be read"),
    "rdp.connect": N_("a remote desktop request that cannot be read"),
    "smb.framing": N_("a file sharing message whose length is false"),
    "ssh.identification": N_("an SSH greeting that cannot be read"),
    "stream.pending-limit": N_("too many bytes out of order"),
    "tls.alert": N_("a TLS alert that cannot be read"),
    "tls.certificate": N_("a certificate that cannot be read"),
    "tls.handshake": N_("a TLS handshake out of order"),
    "tls.handshake-length": N_("a TLS handshake that is too long"),
    "tls.record": N_("a TLS record that cannot be read"),
    "tls.role": N_("a TLS server that greets, or a client that answers"),
    "web.accept": N_("a list of accepted types that cannot be read"),
    "web.answer-depth": N_("a web answer nested too deeply"),
    "web.answer-form": N_("a web answer that is no list of matches"),
    "web.answer-size": N_("a web answer that is too long"),
    "web.answer-type": N_("a web answer of an unexpected type"),
    "web.body": N_("a web request with a body where none belongs"),
    "web.body-size": N_("a web request that is too long"),
    "web.client-gone": N_("a web client that went away"),
    "web.client-slow": N_("a web client that is too slow"),
    "web.connections": N_("too many web connections at once"),
    "web.content-encoding": N_("a web request that is compressed"),
    "web.expect": N_("a web request with an unknown expectation"),
    "web.field-twice": N_("a web header field that stands twice"),
    "web.fields": N_("too many web header fields"),
    "web.framing": N_("a web request whose length is told in two ways"),
    "web.host": N_("a web request without a sound host name"),
    "web.includefield": N_("a web search for fields that cannot be read"),
    "web.malformed": N_("a web request that cannot be read"),
    "web.method": N_("a web method that has no way through"),
    "web.method-override": N_("a web request that hides another method"),
    "web.multipart-boundary": N_("a web upload without a sound boundary"),
    "web.multipart-cut": N_("a web upload that was cut off"),
    "web.multipart-delimiter": N_("a web upload with a broken delimiter"),
    "web.multipart-epilogue": N_("a web upload with bytes behind its end"),
    "web.multipart-header": N_("a web upload with a part header that cannot be read"),
    "web.multipart-parts": N_("a web upload with too many parts"),
    "web.multipart-preamble": N_("a web upload with bytes before its first part"),
    "web.number": N_("a limit of a web search that is no number"),
    "web.parameter-twice": N_("a web parameter that stands twice"),
    "web.parameters": N_("too many web parameters"),
    "web.part10-class": N_("a DICOM file whose head names another class than its data set"),
    "web.part10-cut": N_("a DICOM file that was cut off"),
    "web.part10-element": N_("a DICOM file head with a broken element"),
    "web.part10-group-length": N_("a DICOM file head whose length is false"),
    "web.part10-length": N_("a DICOM file head that is too long"),
    "web.part10-prefix": N_("an upload that is no DICOM file"),
    "web.part10-uid": N_("a DICOM file head with a broken UID"),
    "web.path": N_("a web path that two readers could read differently"),
    "web.query": N_("web parameters that two readers could read differently"),
    "web.redirect": N_("a web server that points elsewhere"),
    "web.resource": N_("a web path that has no way through"),
    "web.stopped": N_("a web request while the guard was stopping"),
    "web.stow-encoding": N_("a web upload in an encoding that is not read"),
    "web.stow-type": N_("a web upload of another type than DICOM files"),
    "web.target-length": N_("a web address that is too long"),
    "web.token-broken": N_("a token that cannot be read"),
    "web.token-claims": N_("a token that is not meant for this guard"),
    "web.token-expired": N_("a token that has ended"),
    "web.token-key": N_("a token that its issuer did not sign"),
    "web.token-missing": N_("a web request without a token"),
    "web.uid": N_("a UID in a web path that is too long"),
    "web.unreachable": N_("a web server that cannot be reached"),
    "web.upgrade": N_("a web request to change the protocol"),
    "web.upstream-broke": N_("a web server that broke off"),
    "web.upstream-encoding": N_("a web answer that is compressed"),
    "web.upstream-slow": N_("a web server that is too slow"),
    "web.wado": N_("a web request for an object that does not name it"),
    "web.workitem-type": N_("a work item of another type than DICOM"),
    "capture.compression": N_("compressed data that is damaged"),
    "capture.cut-off": N_("a capture that ends in the middle of a packet"),
    "capture.interface": N_("a packet of an interface that was not declared"),
    "capture.record-length": N_("a packet record whose length is false"),
    "capture.unreadable": N_("a part of the capture that cannot be read"),
}

KINDS = {
    "anomaly": N_("broken message"),
    "arp_binding": N_("address claimed (ARP)"),
    "banner_session": N_("greeting of a service"),
    "capture_quality": N_("state of the capture"),
    "clock_reading": N_("time told"),
    "component_declared": N_("component declared by a list (SBOM)"),
    "connection": N_("connection"),
    "device_declared": N_("row of an asset list"),
    "dhcp_seen": N_("address request (DHCP)"),
    "dicom_association": N_("DICOM association"),
    "document_added": N_("document added"),
    "exploitability_declared": N_("maker’s word on a flaw (VEX)"),
    "form_answer": N_("answer of an MDS2 form"),
    "hl7_session": N_("HL7 conversation"),
    "http_session": N_("web conversation"),
    "name_query": N_("name asked for"),
    "name_seen": N_("name given"),
    "procedure_answered": N_("answer to a procedure question"),
    "guard_decision": N_("decision of the guard"),
    "object_passed": N_("object that passed the guard"),
    "guard_notice": N_("notice of the guard"),
    "rdp_session": N_("remote desktop conversation"),
    "sighting": N_("first packet seen"),
    "smb_session": N_("file sharing conversation"),
    "snmp_seen": N_("SNMP request"),
    "syslog_seen": N_("log message"),
    "title_declared": N_("row of the AE register"),
    "tls_session": N_("encrypted conversation (TLS)"),
    "zone_declared": N_("row of the network plan"),
}

FACETS = {
    "abort": N_("association aborted"),
    "anomaly": N_("broken message"),
    "anonymous": N_("request without credentials"),
    "arp": N_("address claimed (ARP)"),
    "certificate": N_("certificate"),
    "clock": N_("clock"),
    "credentials": N_("password in clear"),
    "dhcp": N_("address request (DHCP)"),
    "first": N_("first packet seen"),
    "hostname": N_("host name"),
    "identity": N_("maker and model"),
    "move": N_("images sent on request"),
    "negative": N_("request refused"),
    "no_user": N_("no user named"),
    "os": N_("operating system"),
    "reject": N_("association refused"),
    "software": N_("software"),
    "syslog": N_("log message"),
    "tls": N_("encryption"),
    "unsigned": N_("messages not signed"),
    "wide_find": N_("query without a criterion"),
}

_ATTRIBUTES = {
    "addresses": N_("address"),
    "ae_titles": N_("AE title"),
    "hostnames": N_("host name"),
    "mac": N_("MAC address"),
    "manufacturer": N_("manufacturer"),
    "model": N_("model"),
    "os": N_("operating system"),
    "serial_hash": N_("serial number (hashed)"),
    "software_versions": N_("software version"),
}

PARTS = {
    Part.DEVICE: N_("device"),
    Part.SYSTEM: N_("operating system"),
    Part.TOOLKIT: N_("DICOM software"),
    Part.SERVER: N_("network software"),
    Part.COMPONENT: N_("component"),
}

DOCUMENTS = {
    DocumentType.MDS2: "MDS2",
    DocumentType.SBOM: "SBOM",
    DocumentType.VEX: "VEX",
    DocumentType.ASSETS: N_("asset list"),
    DocumentType.AE_REGISTER: N_("AE register"),
    DocumentType.ZONES: N_("network plan"),
}


def interface(api: str, words: Words) -> str:
    """A kind of web interface."""
    return words.gettext(_INTERFACES.get(api, api))


def security(kind: str, words: Words) -> str:
    """How a service let people in."""
    return words.gettext(_SECURITY.get(kind, kind))


def anomaly(code: str, words: Words) -> str:
    """What was broken, with the code that tools know it by."""
    return f"{words.gettext(ANOMALIES[code])} ({code})" if code in ANOMALIES else code


def event_kind(kind: str, words: Words) -> str:
    """What a packet took part in."""
    return words.gettext(KINDS.get(kind, kind))


def facet(name: str, words: Words) -> str:
    """What a reference to the capture shows of a device."""
    return words.gettext(FACETS.get(name, name))


def attribute(name: str, words: Words) -> str:
    """An attribute of a device."""
    return words.gettext(_ATTRIBUTES.get(name, name))


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


def service_on_port(text: str, words: Words) -> str:
    """`DICOM 104` of the inventory's `dicom/104`."""
    name, _, port = text.partition("/")
    try:
        return f"{service_name(Service(name), words)} {port}".strip()
    except ValueError:
        return text


def role_names(roles: tuple[Role, ...], words: Words) -> str:
    """What a device does, in words; nothing recognised is said so."""
    return ", ".join(words.gettext(ROLES[role]) for role in roles or (Role.UNKNOWN,))


def several(items: Sequence[str], most: int, words: Words) -> str:
    """`a, b and c`; of many, the first `most` items and how many more there are."""
    if len(items) <= most:
        return words.joined(items)
    return words.gettext("{names} and {n} more").format(
        names=", ".join(items[:most]), n=words.number(len(items) - most)
    )
