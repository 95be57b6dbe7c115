"""Protocol sessions → flow records, one function a protocol. Each says whether the server really spoke it."""

from __future__ import annotations

from collections import Counter

from leadapron.model.events import (
    BannerSession,
    DicomAssociation,
    DicomOperation,
    DicomOutcome,
    Hl7Session,
    HttpApi,
    HttpSession,
    Implementation,
    RdpSession,
    Service,
    SmbSession,
    TlsSession,
)
from leadapron.see.inventory.records import (
    MAX_DISTINCT,
    DicomRecord,
    FlowRecord,
    Hl7Record,
    HttpRecord,
    Operation,
    SmbRecord,
    TlsRecord,
    add,
    count,
)

_NOBODY = Implementation()
_PENDING = frozenset({"0xFF00", "0xFF01"})
"""More answers follow (PS3.4 §C.4.1.1.4)."""
_UNREADABLE_CREDENTIALS = frozenset({"", "digest", "ntlm", "negotiate", "cookie"})
"""What a listener cannot use as a password: challenge-response, or no password at all."""
_SHORT_KEYS = {"rsa": 2048, "dsa": 2048, "ec": 224}
"""Smallest key sizes in bits that are still acceptable (NIST SP 800-131A rev. 2, tables 2 and 4)."""
_BROKEN_HASHES = frozenset({"md5", "sha1", "md2", "sha-1"})


def _ended_well(operation: DicomOperation) -> bool:
    """At least one answer was success, warning or pending (PS3.7 Annex C: 0000, Bxxx, 0001, 0107, 0116, FF0x)."""
    return any(
        status in ("0x0000", "0x0001", "0x0107", "0x0116") or status[:3] == "0xB" or status[:4] == "0xFF"
        for status in operation.statuses
    )


def _operations(event: DicomAssociation) -> dict[str, int]:
    """Command → operations: as many as there were requests or, where those were not captured, final answers."""
    requests: Counter[str] = Counter()
    answers: Counter[str] = Counter()  # apart, for an answer need not name its SOP class
    for operation in event.operations:
        requests[operation.command] += operation.requests
        answers[operation.command] += _final_answers(operation)
    return {command: max(number, answers[command]) for command, number in requests.items()}


def _final_answers(operation: DicomOperation) -> int:
    return sum(number for status, number in operation.statuses.items() if status not in _PENDING)


def fold_dicom(flow: FlowRecord, event: DicomAssociation) -> bool:
    """One association (PS3.8)."""
    record = flow.dicom = flow.dicom or DicomRecord()
    _fold_negotiation(flow, record, event)
    spoke = event.accepted or event.outcome is DicomOutcome.REJECTED or event.acceptor != _NOBODY
    for operation in event.operations:
        key = Operation(operation.command, operation.sop_class, operation.by_client)
        add(record.requested, key)
        if operation.sop_class:
            count(record.sop_classes, operation.sop_class, max(operation.requests, _final_answers(operation)))
        for status, responses in operation.statuses.items():
            count(record.statuses, f"{operation.command} {status}", responses)
        if operation.statuses:
            spoke = True
            if _ended_well(operation):
                add(record.answered, key)
        flow.evidence.cite(operation.command.lower().replace("-", "_"), event)
    for command, number in _operations(event).items():
        count(record.operations, command, number)
    record.objects += event.objects
    record.object_bytes += event.object_bytes
    record.syntaxes.update(event.transfer_syntaxes)
    if event.wide_finds:
        record.wide_finds += event.wide_finds
        record.wide_matches += event.wide_find_matches
        flow.evidence.cite("wide_find", event)
    if event.move_destinations:
        for title in event.move_destinations:
            add(record.moves, title)
        flow.evidence.cite("move", event)
    if spoke:
        add(record.heard, event.calling_ae_title)
    return spoke


def _fold_negotiation(flow: FlowRecord, record: DicomRecord, event: DicomAssociation) -> None:
    """Titles, toolkits, what was proposed, and how it ended."""
    record.associations += 1
    callers = record.callers.get(event.calling_ae_title)
    if callers is None and len(record.callers) < MAX_DISTINCT:
        callers = record.callers[event.calling_ae_title] = set()
    if callers is not None and event.requestor != _NOBODY:
        add(callers, event.requestor)
    add(record.called, event.called_ae_title)
    if event.acceptor != _NOBODY:
        add(record.acceptors, event.acceptor)
    for context in event.contexts:
        for syntax in context.transfer_syntaxes:
            add(record.proposed, syntax)
        if context.accepted_transfer_syntax:
            add(record.accepted_syntaxes, context.accepted_transfer_syntax)
    if event.accepted:
        record.accepted += 1
        add(record.answered_titles, event.called_ae_title)
        # Who never saw the requestor's user information (it has to name its toolkit) cannot say what it lacks.
        if event.user_identity or event.requestor != _NOBODY:
            record.user_identity.add(event.user_identity)
        if event.user_identity == 2:
            flow.tell(credentials=Service.DICOM.value)
            flow.evidence.cite("credentials", event)
        if event.user_identity == 0 and event.requestor != _NOBODY:
            flow.evidence.cite("no_user", event)
    if event.outcome is DicomOutcome.REJECTED:
        record.rejected += 1
        flow.evidence.cite("reject", event)
    elif event.outcome is DicomOutcome.ABORTED:
        record.aborted += 1
        flow.evidence.cite("abort", event)


def fold_hl7(flow: FlowRecord, event: Hl7Session) -> bool:
    """HL7 over MLLP; the server spoke if anything came back."""
    record = flow.hl7 = flow.hl7 or Hl7Record()
    spoke = False
    for traffic in event.traffic:
        count(record.types, traffic.message_type, traffic.messages)
        if not traffic.by_client:
            spoke = True
        if traffic.acknowledgement:
            if traffic.acknowledgement[-1:] in ("E", "R"):
                record.negative += traffic.messages
                flow.evidence.cite("negative", event)
            continue
        count(record.sent, traffic.message_type, traffic.messages)
        add(
            record.forward if traffic.by_client else record.backward,
            (traffic.message_type, traffic.sending_application),
        )
        if traffic.by_client:
            if traffic.sending_application:
                add(record.applications, traffic.sending_application)
            if traffic.receiving_application:
                add(record.receivers, traffic.receiving_application)
    return spoke


def fold_tls(flow: FlowRecord, event: TlsSession) -> bool:
    """A handshake; the server spoke TLS if it chose a version."""
    record = flow.tls = flow.tls or TlsRecord()
    record.sessions += 1
    for values, value in (
        (record.versions, event.version),
        (record.ciphers, event.cipher),
        (record.sni, event.sni),
        (record.ja4, event.ja4),
    ):
        if value:
            add(values, value)
    for protocol in event.alpn:
        add(record.alpn, protocol)
    if event.client_certificate_requested or event.client_certificate:
        record.mutual += 1
    certificate = event.certificate
    if certificate is not None:
        add(record.expiries, certificate.not_after)
        record.self_signed |= certificate.self_signed
        smallest = _SHORT_KEYS.get(certificate.key_type.lower(), 0)
        record.weak |= 0 < certificate.key_bits < smallest or certificate.signature_hash.lower() in _BROKEN_HASHES
        flow.evidence.cite("certificate", event)
    flow.evidence.cite("tls", event)
    flow.encrypted += 1
    return event.version != ""


def fold_http(flow: FlowRecord, event: HttpSession) -> bool:
    """HTTP in clear; the server spoke if any status came back."""
    record = flow.http = flow.http or HttpRecord()
    record.requests += event.requests
    spoke = False
    flow.tell(software=event.server_software)
    for exchange in event.exchanges:
        record.apis.add(exchange.api.value)
        count(record.methods, exchange.method, exchange.count)
        flow.evidence.cite(exchange.api.value, event)
        if exchange.credentials not in _UNREADABLE_CREDENTIALS:
            flow.tell(credentials=exchange.credentials)
            flow.evidence.cite("credentials", event)
        if not exchange.status:
            continue
        spoke = True
        if 200 <= exchange.status < 300:
            record.answered_apis.add(exchange.api.value)
            if not exchange.credentials:
                record.anonymous_ok.add(exchange.api.value)
                if exchange.api is not HttpApi.OTHER:
                    flow.evidence.cite("anonymous", event)
    return spoke


def fold_smb(flow: FlowRecord, event: SmbSession) -> bool:
    """An SMB negotiation; the server spoke if a dialect was agreed."""
    record = flow.smb = flow.smb or SmbRecord()
    if not event.dialect:
        return False
    add(record.dialects, event.dialect)
    if event.signing_required:
        record.signed += 1
    else:
        record.unsigned += 1
        flow.evidence.cite("unsigned", event)
    if event.dialect == "SMB 1":
        flow.evidence.cite("smb1", event)
    for share in event.shares:
        add(record.shares, share)
    if event.anonymous:
        record.anonymous = True
        flow.evidence.cite("anonymous", event)
    flow.encrypted += event.encrypted
    return True


def fold_rdp(flow: FlowRecord, event: RdpSession) -> bool:
    """An RDP connection request (MS-RDPBCGR 2.2.1.1-2)."""
    flow.tell(security=event.selected)
    flow.encrypted += event.selected not in ("", "rdp")
    return bool(event.selected or event.failure)


def fold_banner(flow: FlowRecord, event: BannerSession) -> bool:
    """SSH, FTP, Telnet, VNC, SMTP, LDAP, databases."""
    flow.tell(security=event.security, software=event.server_banner)
    if event.login_seen and not event.encrypted:
        flow.tell(credentials=event.service.value)
        flow.evidence.cite("credentials", event)
    flow.encrypted += event.encrypted or event.service is Service.SSH
    return bool(event.server_banner or event.security or event.login_accepted)
