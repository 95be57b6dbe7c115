"""What CycloneDX and SPDX have in common here: limits, texts made safe, and the events of one bill of materials."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from leadapron.know.documents.cells import MAX_REMARKS
from leadapron.know.documents.origin import Origin
from leadapron.know.documents.untrusted import one_line
from leadapron.model.errors import SourceError
from leadapron.model.events import (
    ComponentDeclared,
    Declaration,
    DocumentAdded,
    DocumentType,
    ExploitabilityDeclared,
)

MAX_SBOM = 32 << 20
"""Bytes of a document: some 50,000 components."""
MAX_COMPONENTS = 50_000
MAX_STATEMENTS = 100_000
"""Statements of exploitability: flaws times components."""
MAX_DEPTH = 32
"""Components within components."""
MAX_NAME = 256
MAX_IDENTIFIER = 1_024
"""Characters of a package URL, CPE or reference."""


class Bill(Struct, kw_only=True):
    """A document while it is read."""

    origin: Origin
    form: str
    dated: str = ""
    manufacturer: str = ""
    product: str = ""
    software_version: str = ""
    components: list[ComponentDeclared] = msgspec.field(default_factory=list)
    statements: list[ExploitabilityDeclared] = msgspec.field(default_factory=list)
    remarks: list[str] = msgspec.field(default_factory=list)

    def remark(self, message: str) -> None:
        """At most `MAX_REMARKS` are kept."""
        if len(self.remarks) < MAX_REMARKS:
            self.remarks.append(message)

    def state(self, cve: str, state: str, justification: str, component: str, place: str) -> None:
        """Add a statement on one flaw; `place` is named when there are too many."""
        if len(self.statements) >= MAX_STATEMENTS:
            raise SourceError(f"{self.origin.name}, {place}: more than {MAX_STATEMENTS} statements; split the document")
        self.statements.append(
            ExploitabilityDeclared(
                **self.origin.where(len(self.statements) + 1),
                cve=cve,
                state=state,
                justification=justification,
                component=component,
            )
        )

    def events(self, data: bytes) -> list[Declaration]:
        """The document, its components, its statements. SourceError when there are neither."""
        if not self.components and not self.statements and not self.product:
            raise SourceError(f"{self.origin.name}: names no product, no component and no flaw; ask for the whole file")
        excused = {said.cve for said in self.statements if said.harmless}
        if excused:
            self.remarks.insert(0, f"vex.excuses={len(excused)}")
        kind = DocumentType.VEX if self.statements and not self.components else DocumentType.SBOM
        document = DocumentAdded(
            **self.origin.where(0),
            type=kind,
            sha256=sha256(data).hexdigest(),
            form=self.form,
            dated=self.dated,
            manufacturer=self.manufacturer,
            product=self.product,
            software_version=self.software_version,
            records=len(self.components) + len(self.statements),
            remarks=tuple(self.remarks),
        )
        return [document, *self.components, *self.statements]


def text(value: Any, limit: int = MAX_NAME) -> str:
    """A string of the document on one line, bounded; empty for anything else."""
    return one_line(value, limit) if isinstance(value, str) else ""


def identifier(value: Any) -> str:
    """A package URL, CPE or reference; one that is too long is none."""
    found = value.strip() if isinstance(value, str) else ""
    return found if len(found) <= MAX_IDENTIFIER and found.isprintable() else ""


def iso_day(value: Any) -> str:
    """The day of an ISO timestamp, or empty."""
    try:
        return date.fromisoformat(text(value)[:10]).isoformat()
    except ValueError:
        return ""


def record(value: Any) -> dict[str, Any]:
    """A JSON object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def records(value: Any) -> list[Any]:
    """A JSON array, or an empty one for anything else."""
    return value if isinstance(value, list) else []
