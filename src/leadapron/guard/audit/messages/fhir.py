"""Audit messages as FHIR AuditEvent, R4 (the same in R4B), with the codes that IHE BALP uses: DICOM's own."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import msgspec

from leadapron.guard.audit.messages.codes import OWN, Code
from leadapron.guard.audit.messages.message import AuditMessage, AuditObject, Participant
from leadapron.guard.audit.messages.text import clean

SYSTEMS = {
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "RFC-3881": "urn:ietf:rfc:3881",
    OWN: "urn:leadapron:audit",
}
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
SOURCE_TYPE = {"system": f"{TERMINOLOGY}/security-source-type", "code": "4", "display": "Application Server"}
SYSTEM_OBJECT = {"system": f"{TERMINOLOGY}/audit-entity-type", "code": "2", "display": "System Object"}
ROLE_NAMES = {3: "Report", 13: "Security Resource", 24: "Query"}


def to_fhir(message: AuditMessage, source_name: str) -> bytes:
    """JSON, UTF-8, one line."""
    stamp = message.ts.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "type": coding(message.event),
        "action": message.action,
        "recorded": stamp,
        "outcome": str(int(message.outcome)),
        "agent": [agent(one) for one in message.participants],
        "source": {"observer": {"display": _text(source_name)}, "type": [SOURCE_TYPE]},
    }
    if message.types:
        event["subtype"] = [coding(code) for code in message.types]
    if message.description:
        event["outcomeDesc"] = _text(message.description)
    if message.objects:
        event["entity"] = [entity(one) for one in message.objects]
    return msgspec.json.encode(event)


def coding(code: Code) -> dict[str, str]:
    return {"system": SYSTEMS[code.system], "code": code.code, "display": code.meaning}


def agent(one: Participant) -> dict[str, Any]:
    told: dict[str, Any] = {"who": {"display": _text(one.user_id)}, "requestor": one.requestor}
    if one.role:
        told["type"] = {"coding": [coding(one.role)]}
    if one.alternative_id:
        told["altId"] = _text(one.alternative_id)
    if one.name:
        told["name"] = _text(one.name)
    if one.address:
        told["network"] = {"address": _text(one.address), "type": "2"}
    return told


def entity(one: AuditObject) -> dict[str, Any]:
    """Its name is left out for a query: FHIR wants either, and has no empty values."""
    told: dict[str, Any] = {
        "what": {"identifier": {"type": {"coding": [coding(one.id_type)]}, "value": _text(one.id)}},
        "type": SYSTEM_OBJECT,
        "role": {"system": f"{TERMINOLOGY}/object-role", "code": str(one.role), "display": ROLE_NAMES[one.role]},
    }
    if not one.query:
        told["name"] = _text(one.name or one.id)
    details = [{"type": _text(name), "valueString": _text(value)} for name, value in one.details]
    details += [{"type": "SOPClass", "valueString": f"{count.uid} {count.instances}".strip()} for count in one.classes]
    if details:
        told["detail"] = details
    return told


def _text(text: str) -> str:
    """FHIR strings are neither empty nor blank."""
    return clean(text).strip() or "?"
