"""What a flow carried, in a few words, alike in pages and terminals."""

from __future__ import annotations

from leadapron.model.events import Service
from leadapron.report.contract import FlowEntry
from leadapron.report.names import dicom_name
from leadapron.report.vocabulary import interface, security, several
from leadapron.report.words import N_, Words

CLASSES = 3
"""SOP classes named before the rest is counted."""


def operations(flow: FlowEntry, say: Words) -> tuple[str, ...]:
    """What was asked, and how often; or that nothing answered. A log message expects no answer (RFC 5426 §1)."""
    if not flow.answered and flow.service is not Service.SYSLOG:
        return (say.gettext(N_("no answer")),)
    return tuple(
        f"{name}\u00a0×\u00a0{say.number(count)}" for name, count in (flow.operations or flow.message_types).items()
    )


def particulars(flow: FlowEntry, say: Words) -> tuple[str, ...]:
    """Kinds of data, versions and weaknesses of the conversation."""
    _ = say.gettext
    classes = tuple(dicom_name(uid) for uid in flow.sop_classes)
    named = (
        *((several(classes, CLASSES, say),) if classes else ()),
        *flow.tls_versions,
        *(interface(api, say) for api in flow.http_apis if api != "other"),
        *flow.smb_dialects,
        *(security(kind, say) for kind in flow.security),
        *((_(N_("password in clear")),) if flow.credentials_clear else ()),
        *((_(N_("broken messages")),) if flow.anomalies else ()),
    )
    return tuple(dict.fromkeys(named))
