"""What a flow carried and what sources say, in a few words, alike in pages and terminals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from leadapron.model.events import Service
from leadapron.model.findings import Citation
from leadapron.report.contract import FlowEntry
from leadapron.report.vocabulary import interface, security, several
from leadapron.report.words import N_, Words

CLASSES = 3
"""SOP classes named before the rest is counted."""
_SUPERFLUOUS = (" SOP Class", " Information Model")
"""Words that all names of SOP classes share."""


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


def dicom_name(uid: str) -> str:
    """The standard's name of a SOP class (PS3.6 Annex A), less the words all share; an unlisted one stays as it is."""
    from pydicom.uid import UID  # here, so that `leadapron --help` does not wait for all of pydicom

    name = UID(uid, validation_mode=0).name
    for words in _SUPERFLUOUS:
        name = name.replace(words, "")
    return name


def cited(citations: Iterable[Citation], say: Words) -> Iterator[str]:
    """What sources say, one line each: who, where, of which day, in its own words."""
    for one in citations:
        source = " ".join(filter(None, (one.source, one.place)))
        dated = f" ({say.calendar_day(one.dated)})" if one.dated else ""
        quote = say.gettext(N_("“{text}”")).format(text=one.quote)
        yield f"{source}{dated}{say.gettext(N_(':'))} {quote} {one.url}".rstrip()
