"""Header fields, both ways: only those that are known go on, built anew. What two readers could read in two ways ends
the request (RFC 9110, RFC 9112)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from multidict import CIMultiDict, MultiMapping

from leadapron.guard.web.wiring import refuse
from leadapron.model.guard import Reason

MAX_LINE: Final = 8190
"""Bytes of a request line or one field."""
MAX_FIELDS: Final = 64

SERVER: Final = "leadapron"
"""Neither what is behind nor what the guard is made of is told."""

_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_ONCE: Final = ("Host", "Content-Type", "Content-Length", "Transfer-Encoding", "Authorization", "Expect", "Range")
_OVERRIDES: Final = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
_REQUEST: Final = (
    "Accept-Language", "User-Agent", "Range", "If-Range", "If-None-Match", "If-Modified-Since", "Cache-Control",
    "Pragma", "Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers",
)  # fmt: skip
"""Go on as they came. Cookies do not: sessions of a viewer are none of the archive's business."""
_RESPONSE: Final = (
    "Content-Type", "Content-Disposition", "Content-Language", "Content-Location", "Content-Range", "Accept-Ranges",
    "ETag", "Last-Modified", "Cache-Control", "Expires", "Vary", "Warning", "Retry-After", "Allow",
    "Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
    "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Access-Control-Max-Age",
)  # fmt: skip
"""Go back as they came; not the server's name and version, and no cookies."""
_BODILESS: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
_UID: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_TRANSFER_SYNTAX: Final = re.compile(r";\s*transfer-syntax\s*=\s*\"?([^\";,\s]*)\"?", re.IGNORECASE)
_OPTIONS: Final = re.compile(r'(?:[^,"]|"[^"]*")+')


def check_head(method: str, fields: MultiMapping[str], *, has_body: bool) -> None:
    """Refused for a head that is not plain."""
    if len(fields) > MAX_FIELDS:
        raise refuse(Reason.LIMIT, "web.fields", status=431)
    if any(len(fields.getall(name, ())) > 1 for name in _ONCE):
        raise refuse(Reason.PROTOCOL, "web.field-twice")
    if not _HOST.fullmatch(fields.get("Host", "")):
        raise refuse(Reason.PROTOCOL, "web.host")
    if any(name in fields for name in _OVERRIDES):
        raise refuse(Reason.PROTOCOL, "web.method-override")
    if "Upgrade" in fields or "upgrade" in ",".join(fields.getall("Connection", ())).lower():
        raise refuse(Reason.PROTOCOL, "web.upgrade")
    if fields.get("Transfer-Encoding", "chunked") != "chunked" or (
        "Transfer-Encoding" in fields and "Content-Length" in fields
    ):
        raise refuse(Reason.PROTOCOL, "web.framing")
    if fields.get("Content-Encoding", "identity") != "identity":
        raise refuse(Reason.PROTOCOL, "web.content-encoding", status=415)
    if fields.get("Expect", "100-continue").lower() != "100-continue":
        raise refuse(Reason.PROTOCOL, "web.expect", status=417)
    if has_body and method in _BODILESS:
        raise refuse(Reason.PROTOCOL, "web.body")


def request_fields(fields: MultiMapping[str], *, client: str, secured: bool, authorised: bool) -> CIMultiDict[str]:
    """For the server behind. `authorised`: the Authorization field goes on (no token was meant for the guard)."""
    kept = CIMultiDict({name: ", ".join(fields.getall(name)) for name in _REQUEST if name in fields})
    if "Accept" in fields:
        kept["Accept"] = ", ".join(fields.getall("Accept"))
    if authorised and "Authorization" in fields:
        kept["Authorization"] = fields["Authorization"]
    host, scheme = fields["Host"], "https" if secured else "http"
    node = f'"[{client}]"' if ":" in client else client
    kept["Accept-Encoding"] = "identity"
    kept["X-Forwarded-For"] = client
    kept["X-Forwarded-Host"] = host
    kept["X-Forwarded-Proto"] = scheme
    # RFC 7239 wants quotes around a host with a port; Orthanc would build addresses with them.
    kept["Forwarded"] = f"for={node};host={host};proto={scheme}"
    return kept


def response_fields(fields: Mapping[str, str], *, status: int, authorised: bool) -> CIMultiDict[str]:
    """For the client."""
    kept = CIMultiDict({name: fields[name] for name in _RESPONSE if name in fields})
    if status == 201 and "Location" in fields:
        kept["Location"] = fields["Location"]
    if authorised and "WWW-Authenticate" in fields:
        kept["WWW-Authenticate"] = fields["WWW-Authenticate"]
    kept["X-Content-Type-Options"] = "nosniff"
    kept["Server"] = SERVER
    return kept


def one_transfer_syntax(accept: str) -> tuple[str, str]:
    """An Accept field reduced to the media types of its first transfer syntax (PS3.18 §8.7.3.5.2), and this; empty for
    none or any. Policy judges one transfer syntax, so only one may be answered in."""
    options = [option.strip() for option in _OPTIONS.findall(accept)]
    asked = [(option, _asked_syntax(option)) for option in options if option]
    first = next((syntax for _, syntax in asked if syntax), "")
    return ", ".join(option for option, syntax in asked if syntax in ("", first)), first


def _asked_syntax(option: str) -> str:
    found = _TRANSFER_SYNTAX.search(option)
    if found is None or found[1] == "*":
        return ""
    if not _UID.fullmatch(found[1]) or len(found[1]) > 64:
        raise refuse(Reason.PROTOCOL, "web.accept")
    return found[1]
