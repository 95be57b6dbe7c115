"""The document of an assessment: the published JSON contract, and the only thing that pages and tables are made of.

Everything a reader sees is in these structs, so what the JSON says and what the page says cannot differ. Their
JSON Schema is `docs/reference/assessment.schema.json` (see `report.schema`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

import msgspec
from msgspec import Struct

from leadapron.model.advisories import Verdict
from leadapron.model.events import DocumentType, Service, Transport
from leadapron.model.findings import Citation, Confidence, EventRef, Harm, Severity, SubjectType
from leadapron.model.inventory import Contradiction, Quality, Role, Source, UtilisationCell
from leadapron.model.picture import Part
from leadapron.report.knowledge import FeedEntry

SCHEMA: Literal["leadapron.assessment/1"] = "leadapron.assessment/1"
"""Name and major version of the contract; a field may be added within a version, never removed or changed."""


class Component(Struct, frozen=True, kw_only=True):
    """Software inside a device, as it names itself (toolkit, web server, SSH …)."""

    name: str
    version: str


class Difference(Struct, frozen=True, kw_only=True):
    """An attribute that a list declares otherwise than it was seen. Both stand; neither wins."""

    attribute: str
    declared: str
    seen: str
    source: str
    """Name of the list, and the row in it."""


class ExposureEntry(Struct, frozen=True, kw_only=True):
    """What one advisory means for one part of a device."""

    part: Part
    product: str
    """The part's maker, name and version, as far as they are known."""
    advisory: str
    title: str
    url: str
    published: date
    verdict: Verdict
    cves: tuple[str, ...]
    kev: bool
    """Attackers are known to use one of the flaws (CISA KEV)."""
    cvss: float | None
    constraint: str
    """Versions it means, in its words."""
    reason: str
    """Why the verdict, in words."""
    fixed: str
    source: str
    """The document that names the part; empty when the network shows it."""
    excused: bool
    """Not affected only by the word of a document (VEX)."""


class AssetEntry(Struct, frozen=True, kw_only=True):
    """A device. Empty means not seen."""

    id: str
    label: str
    """Shortest name a person recognises."""
    addresses: tuple[str, ...]
    mac: str
    mac_vendor: str
    hostnames: tuple[str, ...]
    ae_titles: tuple[str, ...]
    roles: tuple[Role, ...]
    modalities: tuple[str, ...]
    manufacturer: str
    model: str
    software_versions: tuple[str, ...]
    serial_hash: str
    station_names: tuple[str, ...]
    os: str
    """Operating system, with its version where seen."""
    components: tuple[Component, ...]
    zone: str
    """Name of a zone in `zones`, or empty."""
    external: bool
    services: tuple[str, ...]
    """`service/port` it answered on."""
    systems_behind: int
    """More than one: several systems speak from this address."""
    contradictions: tuple[Contradiction, ...]
    clock_offset: int | None
    """Seconds its clock is ahead (+) or behind (−)."""
    sends_syslog: bool
    documents: tuple[DocumentType, ...]
    """Kinds of documents held for it, each once."""
    owner: str
    """Person or team answerable for it, as the asset list says."""
    end_of_support: str
    """ISO date from the asset list, or empty."""
    declared: tuple[Difference, ...]
    """Where the asset list differs from what was seen."""
    exposures: tuple[ExposureEntry, ...]
    """Advisories that speak of it or of a part of it, whatever their verdict. None listed is no clean bill."""
    confidence: Confidence
    severity: Severity | None
    """Worst finding on the device itself."""
    findings: tuple[str, ...]
    """Ids of findings about it or about a flow it takes part in."""
    first_seen: datetime
    last_seen: datetime
    evidence: Mapping[str, tuple[EventRef, ...]]


class FlowEntry(Struct, frozen=True, kw_only=True):
    """Who talks to whom over which service."""

    id: str
    client: str
    """Asset id."""
    server: str
    """Asset id."""
    service: Service
    transport: Transport
    port: int
    encrypted: bool
    connections: int
    answered: int
    refused: int
    bytes: int
    """Payload bytes in both directions."""
    bytes_to_server: int
    bytes_to_client: int
    objects: int
    """DICOM objects stored."""
    calling_ae_titles: tuple[str, ...]
    called_ae_titles: tuple[str, ...]
    associations: int
    accepted: int
    rejected: int
    aborted: int
    operations: Mapping[str, int]
    sop_classes: Mapping[str, int]
    """SOP class UID → operations."""
    transfer_syntaxes: tuple[str, ...]
    message_types: Mapping[str, int]
    tls_versions: tuple[str, ...]
    tls_ciphers: tuple[str, ...]
    certificate_not_after: datetime | None
    http_apis: tuple[str, ...]
    server_software: tuple[str, ...]
    credentials_clear: tuple[str, ...]
    """Kinds of credentials that crossed in clear, never their value."""
    smb_dialects: tuple[str, ...]
    shares: tuple[str, ...]
    security: tuple[str, ...]
    anomalies: Mapping[str, int]
    gaps: int
    severity: Severity | None
    """Worst finding that rests on the flow."""
    findings: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    evidence: Mapping[str, tuple[EventRef, ...]]


class SubjectEntry(Struct, frozen=True, kw_only=True):
    """What a finding is about."""

    type: SubjectType
    id: str
    label: str
    addresses: tuple[str, ...]


class Control(Struct, frozen=True, kw_only=True):
    """Requirement or good practice of a framework; the mapping is ours."""

    framework: str
    framework_name: str
    id: str
    title: str
    """In our own words."""


class FindingEntry(Struct, frozen=True, kw_only=True):
    """A weakness of one subject, in words, with what it rests on."""

    id: str
    rule: str
    rank: int
    """1 is the first to deal with."""
    score: float
    rank_reasons: tuple[str, ...]
    """What moved the rank, in words."""
    subject: SubjectEntry
    title: str
    severity: Severity
    harm: tuple[Harm, ...]
    confidence: Confidence
    seen: str
    why: str
    remediation: str
    effort: str
    effort_hours: float
    side_effects: str
    controls: tuple[Control, ...]
    reasons: tuple[str, ...]
    """`field=value` leaves of the rule's condition that held."""
    flows: tuple[str, ...]
    evidence: tuple[EventRef, ...]
    citations: tuple[Citation, ...]
    """What it rests on besides packets: advisories, documents, answers, each in its own few words."""


class Action(Struct, frozen=True, kw_only=True):
    """One thing to do, which settles every finding of one rule."""

    rule: str
    title: str
    severity: Severity
    harm: tuple[Harm, ...]
    why: str
    remediation: str
    effort: str
    effort_hours: float
    """Hours for all its findings together, at most."""
    side_effects: str
    findings: tuple[str, ...]
    subjects: tuple[str, ...]
    """Labels of what has to change."""


class Zone(Struct, frozen=True, kw_only=True):
    """A segment of equal trust and its devices."""

    name: str
    assets: tuple[str, ...]
    severity: Severity | None


class Summary(Struct, frozen=True, kw_only=True):
    """The first page: the verdict in plain words, counts, and what was not seen."""

    verdict: tuple[str, ...]
    """Sentences."""
    devices: int
    modalities: int
    """Devices that make images."""
    flows: int
    exams: int
    severities: Mapping[Severity, int]
    """Every severity → findings."""
    limits: tuple[str, ...]
    """What the sources could not show, and what follows from it."""


class Document(Struct, frozen=True, kw_only=True):
    """One assessment."""

    schema: Literal["leadapron.assessment/1"]
    version: str
    """Version of Leadapron that made it."""
    language: str
    """Language of its sentences."""
    generated: datetime
    interrupted: bool
    """Reading was stopped before the end: everything here is a part."""
    summary: Summary
    actions: tuple[Action, ...]
    zones: tuple[Zone, ...]
    assets: tuple[AssetEntry, ...]
    flows: tuple[FlowEntry, ...]
    attempts: tuple[FlowEntry, ...]
    """Flows that never came about: nothing answered, or another protocol did. Not services."""
    findings: tuple[FindingEntry, ...]
    utilisation: tuple[UtilisationCell, ...]
    quality: Quality
    sources: tuple[Source, ...]
    feeds: tuple[FeedEntry, ...]
    """The sources that exposures and ends of support rest on, with their age on the day of the assessment."""


def encode(document: object) -> bytes:
    """A document, or a part of one, as JSON: indented, keys of maps sorted, times in UTC; equals give equal bytes."""
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2) + b"\n"
