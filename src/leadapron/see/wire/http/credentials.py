"""Which kind of credentials a request carries. Values are looked at only to name the kind and are never kept."""

from __future__ import annotations

import re
from typing import Final

from leadapron.see.wire.http.head import Head
from leadapron.see.wire.http.words import words

FORM_PEEK: Final = 2 * 1024
"""Bytes of a form in which field names are looked for."""

_SCHEMES: Final = frozenset(
    b"basic bearer digest dpop hoba mutual negotiate ntlm oauth scram-sha-1 scram-sha-256 token vapid".split()
)
_KEY_FIELDS: Final = frozenset(
    b"api-key apikey x-access-token x-api-key x-apikey x-auth x-auth-key x-auth-token x-authorization".split()
)
_QUERY_NAMES: Final = words(
    "access_token api_key api-key apikey auth authtoken passwd password pwd sessionid session_id sid token"
)
_FORM_TYPE: Final = b"application/x-www-form-urlencoded"
_JSON_TYPE: Final = b"application/json"
_FORM_NAME: Final = re.compile(rb"(?:^|[&;])([^=&;]{1,64})=")
_JSON_NAME: Final = re.compile(rb'"([A-Za-z0-9_.-]{1,64})"\s*:')
_PASSWORD: Final = re.compile(
    rb"pass(?:word|wd|wort|code|phrase|e)?(?:\]|%5D)?$|pwd(?:\]|%5D)?$|mdp$|kennwort|contrase|^pin$", re.IGNORECASE
)


def credentials_of(head: Head, parameters: tuple[str, ...]) -> str:
    """`basic`, `digest`, `bearer` … (`other` for a scheme that is none), `api-key`, `query`, `cookie`, or empty."""
    told = head.value(b"authorization") or head.value(b"proxy-authorization")
    if told:
        scheme = told.partition(b" ")[0].lower()
        return scheme.decode("ascii") if scheme in _SCHEMES else "other"
    if any(name in _KEY_FIELDS for name, _ in head.fields):
        return "api-key"
    if not _QUERY_NAMES.isdisjoint(parameters):
        return "query"
    return "cookie" if head.value(b"cookie") else ""


def may_log_in(head: Head) -> bool:
    """Could the body be a login form, as a browser or a script sends it?"""
    content_type = head.value(b"content-type").lower()
    return content_type.startswith((_FORM_TYPE, _JSON_TYPE))


def has_password_field(body: bytes) -> bool:
    """Does a field of the form bear a name like `password`? `body`: its first FORM_PEEK bytes."""
    names = _JSON_NAME if body.lstrip()[:1] in (b"{", b"[") else _FORM_NAME
    return any(_PASSWORD.search(name) for name in names.findall(body))
