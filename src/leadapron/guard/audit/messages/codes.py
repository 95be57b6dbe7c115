"""The codes that audit messages are written with (content/guard/audit/codes.toml), read and checked once."""

from __future__ import annotations

from functools import cache

from msgspec import Struct

from leadapron.model.content import read_toml, shipped
from leadapron.model.errors import ContentError
from leadapron.model.guard import Reason

OWN = "99LEADAPRON"
"""Our coding scheme, for what DICOM has no code for."""


class Code(Struct, frozen=True):
    """A coded value: PS3.16 code, coding scheme and meaning (`csd-code`, `codeSystemName`, `originalText`)."""

    code: str
    system: str
    meaning: str


class Events(Struct, frozen=True):
    """CID 400: which message it is."""

    activity: Code
    begin: Code
    accessed: Code
    transferred: Code
    query: Code
    alert: Code
    authentication: Code


class Roles(Struct, frozen=True):
    """CID 402: what an active participant did in the event."""

    application: Code
    launcher: Code
    destination: Code
    source: Code


class Objects(Struct, frozen=True, rename={"class_": "class"}):
    """CID 404 and PS3.15 A.5.1.2.4: what the identifier of a participant object is."""

    class_: Code
    node: Code
    uri: Code
    study: Code
    evidence: Code
    connection: Code
    policy: Code


class ReasonCode(Struct, frozen=True):
    """How a refusal for a reason is told: `type` names one of CID 403."""

    type: str
    outcome: int
    meaning: str


class NoticeCode(Struct, frozen=True):
    """How a notice of the guard about itself is told."""

    type: str
    event: str = "alert"
    outcome: int = 0


class Codes(Struct, frozen=True):
    """The whole file."""

    events: Events
    types: dict[str, Code]
    """CID 401 and 403 by our names of them."""
    roles: Roles
    objects: Objects
    reasons: dict[Reason, ReasonCode]
    notices: dict[str, NoticeCode]
    """By the beginning of the notice's name."""


@cache
def read_codes() -> Codes:
    """The shipped codes; ContentError where a name is used that the file does not define."""
    codes = read_toml(shipped("guard", "audit", "codes.toml"), Codes)
    used = {entry.type for entry in codes.reasons.values()} | {entry.type for entry in codes.notices.values()}
    unknown = sorted(used - codes.types.keys())
    missing = sorted(reason for reason in Reason if reason not in codes.reasons)
    if unknown or missing:
        raise ContentError(f"codes.toml: types not defined: {unknown}; reasons without a code: {missing}")
    return codes


def reason_code(codes: Codes, reason: Reason) -> Code:
    """Why the guard decided, as a second type beside DICOM's."""
    return Code(reason.value, OWN, codes.reasons[reason].meaning)
