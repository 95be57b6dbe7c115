"""Audit messages as XML (PS3.15 A.5.1): written by hand, since most of each message is constant.

Safe by its types: only `attribute`, `element` and `coded` make `Markup`, and they clean and escape every value.
"""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from typing import NewType

from leadapron.guard.audit.messages.codes import Code
from leadapron.guard.audit.messages.message import AuditMessage, AuditObject, Participant
from leadapron.guard.audit.messages.text import clean

Markup = NewType("Markup", str)
"""Text that is XML already."""

NOTHING = Markup("")

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})

SOURCE_TYPE = "4"
"""Application server process tier (PS3.15 A.5.1.2.1)."""


def escaped(text: str) -> Markup:
    return Markup(clean(text).translate(_ESCAPES))


def attribute(name: str, value: str) -> Markup:
    """With its leading space; nothing when `value` is empty."""
    return Markup(f' {name}="{escaped(value)}"') if value else NOTHING


def element(name: str, attributes: str, *children: Markup) -> Markup:
    """`attributes` is the joined Markup of some, possibly none."""
    return Markup(f"<{name}{attributes}>{''.join(children)}</{name}>" if children else f"<{name}{attributes}/>")


@lru_cache(maxsize=512)
def coded(name: str, code: Code) -> Markup:
    return element(
        name,
        attribute("csd-code", code.code)
        + attribute("codeSystemName", code.system)
        + attribute("originalText", code.meaning),
    )


@lru_cache(maxsize=4)
def source(name: str) -> Markup:
    """AuditSourceIdentification: the same for all messages of a guard."""
    return element(
        "AuditSourceIdentification",
        attribute("AuditSourceID", name or "?"),
        element("AuditSourceTypeCode", attribute("csd-code", SOURCE_TYPE)),
    )


def to_xml(message: AuditMessage, source_name: str) -> bytes:
    """UTF-8, one line, without an XML declaration (as RFC 5424's MSG is UTF-8 already)."""
    parts = [_event(message)]
    parts += [participant(one) for one in message.participants]
    parts.append(source(source_name))
    parts += [audit_object(one) for one in message.objects]
    return element("AuditMessage", NOTHING, *parts).encode()


def _event(message: AuditMessage) -> Markup:
    stamp = message.ts.isoformat(timespec="milliseconds")
    attributes = (
        f' EventActionCode="{message.action}" EventDateTime="{stamp}" EventOutcomeIndicator="{message.outcome:d}"'
    )
    children = [coded("EventID", message.event), *(coded("EventTypeCode", code) for code in message.types)]
    if message.description:
        children.append(element("EventOutcomeDescription", NOTHING, escaped(message.description)))
    return element("EventIdentification", attributes, *children)


def participant(one: Participant) -> Markup:
    attributes = attribute("UserID", one.user_id.strip() or "?")
    attributes = Markup(
        attributes
        + attribute("AlternativeUserID", one.alternative_id)
        + attribute("UserName", one.name)
        + (' UserIsRequestor="true"' if one.requestor else ' UserIsRequestor="false"')
        + (attribute("NetworkAccessPointID", one.address) + ' NetworkAccessPointTypeCode="2"' if one.address else "")
    )
    return element("ActiveParticipant", attributes, *((coded("RoleIDCode", one.role),) if one.role else ()))


def audit_object(one: AuditObject) -> Markup:
    attributes = (
        attribute("ParticipantObjectID", one.id.strip() or "?")
        + f' ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="{one.role:d}"'
    )
    children = [coded("ParticipantObjectIDTypeCode", one.id_type)]
    if one.query:
        children.append(Markup("<ParticipantObjectQuery/>"))
    else:
        children.append(element("ParticipantObjectName", NOTHING, escaped(one.name or one.id or "?")))
    children += [
        element("ParticipantObjectDetail", attribute("type", name) + f' value="{base64(value)}"')
        for name, value in one.details
    ]
    if one.classes:
        counts = [
            element("SOPClass", attribute("UID", count.uid) + f' NumberOfInstances="{count.instances:d}"')
            for count in one.classes
        ]
        children.append(element("ParticipantObjectDescription", NOTHING, *counts))
    return element("ParticipantObjectIdentification", attributes, *children)


def base64(text: str) -> str:
    """As PS3.15 A.5.1 wants the values of details, which protects readers from what is in them."""
    return b64encode(clean(text).encode()).decode()
