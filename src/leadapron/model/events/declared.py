"""What documents and people declare: forms, lists and answers. Never mixed with what was seen on the wire.

`sensor` is the document's name and `packet` the row or entry in it (from 1), so that a declaration can be looked up
like a packet. `asset` and `model` say what the document was added for; rows of lists name their devices themselves.
"""

from __future__ import annotations

from enum import StrEnum

from leadapron.model.events.base import Event, kind_tag

_HARMLESS = frozenset({"not_affected", "fixed", "resolved", "resolved_with_pedigree", "false_positive"})
"""States by which a maker says that a flaw cannot be used (CycloneDX 1.5 `impactAnalysisState`, CSAF VEX, OpenVEX)."""


class DocumentType(StrEnum):
    """What a document is."""

    MDS2 = "mds2"
    SBOM = "sbom"
    VEX = "vex"
    ASSETS = "assets"
    AE_REGISTER = "ae-register"
    ZONES = "zones"


LISTS = frozenset({DocumentType.ASSETS, DocumentType.AE_REGISTER, DocumentType.ZONES})
"""Documents of the house that name devices and networks by themselves."""


class DeclaredAnswer(StrEnum):
    """An MDS2 answer after normalisation; `note`: the form says only to see a note."""

    YES = "yes"
    NO = "no"
    NOT_APPLICABLE = "n/a"
    NOTE = "note"
    OPTIONAL = "optional"
    """The device can, if configured so."""
    BLANK = "blank"


class Declaration(Event, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """`asset`: id, address, AE title or host name the document was added for; `model`: a model it holds for."""

    asset: str = ""
    model: str = ""


class DocumentAdded(Declaration, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """A document was read; one event each, before its content."""

    type: DocumentType
    sha256: str
    form: str = ""
    """`HN 1-2019`, `CycloneDX 1.5`, `SPDX-2.3` …"""
    dated: str = ""
    """ISO date the document gives itself, or empty."""
    manufacturer: str = ""
    product: str = ""
    software_version: str = ""
    records: int = 0
    remarks: tuple[str, ...] = ()
    """Message ids of what was noticed while reading (`mds2.unknown-question=SHAD-15` …)."""


class FormAnswer(Declaration, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """One answer of an MDS2 form. Free text (an operating system's name, a port list) stands in `text`."""

    question: str
    """Identifier of HN 1-2019, such as `SAHD-5.1`; older forms are mapped to it where the question is the same."""
    answer: DeclaredAnswer
    text: str = ""
    note: str = ""


class ComponentDeclared(Declaration, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """One component of an SBOM."""

    name: str
    version: str = ""
    supplier: str = ""
    purl: str = ""
    cpe: str = ""


class ExploitabilityDeclared(Declaration, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """A maker's word on one flaw in its product (VEX). `state` as in CycloneDX: `not_affected`, `exploitable` …"""

    cve: str
    state: str
    justification: str = ""
    component: str = ""
    """Package URL or name it is about; empty means the product as a whole."""

    @property
    def harmless(self) -> bool:
        """The flaw cannot be used, says the document."""
        return self.state in _HARMLESS


class DeviceDeclared(Declaration, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """One row of an asset list. Empty means that the list does not say."""

    name: str = ""
    tag: str = ""
    """The hospital's own inventory number."""
    manufacturer: str = ""
    product: str = ""
    modality: str = ""
    software_version: str = ""
    os: str = ""
    serial_hash: str = ""
    mac: str = ""
    addresses: tuple[str, ...] = ()
    hostname: str = ""
    ae_title: str = ""
    zone: str = ""
    location: str = ""
    owner: str = ""
    """Person or team answerable for it."""
    contact: str = ""
    end_of_support: str = ""
    """ISO date."""
    maintenance: str = ""
    criticality: str = ""


class TitleDeclared(Declaration, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """One row of an AE register: the title someone gave to a system, and where it should be."""

    ae_title: str
    address: str = ""
    port: int = 0
    name: str = ""
    role: str = ""


class ZoneDeclared(Declaration, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """A segment of the network plan."""

    zone: str
    network: str
    """CIDR."""
    vlan: int = 0
    purpose: str = ""
    """`imaging`, `servers`, `office`, `guest`, `vendor` … as the plan says."""


class ProcedureAnswer(StrEnum):
    """Whether a good practice is carried out."""

    YES = "yes"
    PARTIAL = "partial"
    NO = "no"
    NOT_APPLICABLE = "n/a"
    UNKNOWN = "unknown"
    """Asked, and nobody knows."""


class ProcedureAnswered(Declaration, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """A named person answered a procedure question on the day `ts`. The last answer to a question holds."""

    question: str
    answer: ProcedureAnswer
    by: str
    evidence: str = ""
    """What the person can show (a document's name, a date)."""
    note: str = ""
    expires: str = ""
    """ISO date after which the answer no longer counts."""
