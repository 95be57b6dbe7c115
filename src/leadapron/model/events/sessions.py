"""Conversations in the other protocols: HL7, TLS, HTTP, SMB, RDP, and those that announce themselves in a banner."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from leadapron.model.events.base import Service, Session, kind_tag


class Hl7Traffic(Struct, frozen=True):
    """Messages of one kind on one connection, from MSH only (HL7 v2.5 §2.15.9); patient segments are never decoded."""

    by_client: bool
    message_type: str
    sending_application: str
    sending_facility: str
    receiving_application: str
    receiving_facility: str
    version: str
    messages: int
    acknowledgement: str = ""
    """MSA-1 of acknowledgements (AA, AE, AR, CA …), else empty."""


class Hl7Session(Session, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """HL7 v2 over MLLP on one connection."""

    traffic: tuple[Hl7Traffic, ...]
    messages: int
    gaps: int = 0


class Certificate(Struct, frozen=True):
    """A server or client certificate seen in clear (TLS 1.2 and older)."""

    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    self_signed: bool
    key_type: str
    key_bits: int
    signature_hash: str


class TlsSession(Session, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """A TLS handshake: what was offered, chosen and shown. Versions are names: `SSL 3.0`, `TLS 1.0` … `TLS 1.3`."""

    offered_version: str = ""
    version: str = ""
    cipher: str = ""
    """IANA name of the chosen suite, or its number as `0xC02F`."""
    sni: str = ""
    alpn: tuple[str, ...] = ()
    ja4: str = ""
    certificate: Certificate | None = None
    client_certificate_requested: bool = False
    client_certificate: bool = False
    resumed: bool = False
    established: bool = False
    alert: str = ""


class HttpApi(StrEnum):
    """What an HTTP path is for, as far as its shape tells."""

    DICOMWEB = "dicomweb"
    FHIR = "fhir"
    ORTHANC = "orthanc"
    OTHER = "other"


class HttpExchange(Struct, frozen=True):
    """Requests of one shape: identifiers in the path are replaced, queries dropped."""

    method: str
    path: str
    api: HttpApi
    status: int
    """Response status, 0 when none was seen."""
    count: int
    credentials: str = ""
    """`basic`, `digest`, `bearer`, `cookie`, `form` …: a kind, never a value; empty when none was sent."""


class HttpSession(Session, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """HTTP/1.x in clear on one connection."""

    exchanges: tuple[HttpExchange, ...]
    requests: int
    host: str = ""
    server_software: str = ""
    user_agent: str = ""
    challenged: bool = False
    """The server answered 401 at least once."""
    gaps: int = 0


class SmbSession(Session, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """SMB negotiation and what NTLM reveals of both hosts; user names are never kept."""

    dialect: str = ""
    """`SMB 1`, `SMB 2.0.2`, `SMB 2.1`, `SMB 3.0`, `SMB 3.0.2`, `SMB 3.1.1`, or empty when none was agreed."""
    smb1_offered: bool = False
    signing_enabled: bool = False
    signing_required: bool = False
    encrypted: bool = False
    server_host: str = ""
    server_domain: str = ""
    server_dns_name: str = ""
    server_os: str = ""
    """OS version as told: NTLM `10.0.17763`, or the SMB 1 session-setup string `Windows 5.1`."""
    client_host: str = ""
    client_os: str = ""
    anonymous: bool = False
    """A session was granted to nobody in particular (null or guest)."""
    shares: tuple[str, ...] = ()


class RdpSession(Session, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """RDP connection request and confirm (MS-RDPBCGR 2.2.1.1-2): security offered and chosen."""

    requested: tuple[str, ...] = ()
    """Any of `rdp`, `tls`, `credssp`, `rdstls`, `credssp-ex`."""
    selected: str = ""
    failure: str = ""


class BannerSession(Session, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """A text or remote-console protocol that names itself: SSH, FTP, Telnet, VNC, SMTP, databases."""

    service: Service
    server_banner: str = ""
    client_banner: str = ""
    login_seen: bool = False
    """Credentials were sent in clear (their value is never kept)."""
    login_accepted: bool = False
    security: str = ""
    """What the protocol chose: VNC `none`/`vnc-auth`/…, PostgreSQL `md5`/`scram`/`trust`/…, FTP `tls`."""
    encrypted: bool = False
