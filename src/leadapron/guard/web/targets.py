"""A request target taken apart and put together again (RFC 3986, PS3.18 §8.2): what cannot be read in one way only is
refused, so that the server behind can never read it in another one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

MAX_TARGET: Final = 4096
"""Bytes."""
MAX_PARAMETERS: Final = 64
MAX_VALUE: Final = 1024
"""Characters of one decoded parameter."""

_PATH: Final = re.compile(r"/(?:[A-Za-z0-9_~,-][A-Za-z0-9._~,-]*(?:/[A-Za-z0-9_~,-][A-Za-z0-9._~,-]*)*)?")
"""No empty segment, none that starts with a full stop (`..`), no encoding: an identifier, a word or a frame list
needs none of it."""
_QUERY: Final = re.compile(r"[A-Za-z0-9._~!$'()*+,:@/?&=%\\\[\]{}|^ -]*")
"""Not `;`, which some servers read as `&`."""
_ENCODED: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_BROKEN: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_COMMA: Final = re.compile("%2c", re.IGNORECASE)
_KEPT: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~,*/:")

Parameters = tuple[tuple[str, str], ...]


class Target(Struct, frozen=True):
    """Path and decoded query parameters, in order."""

    path: str
    parameters: Parameters


class TargetError(ValueError):
    """`web.path`, `web.query` …: which part cannot be read in one way only."""


def read_target(raw: str) -> Target:
    """The target of a request line, in origin form only (RFC 9112 §3.2.1); TargetError otherwise."""
    if len(raw) > MAX_TARGET:
        raise TargetError("web.target-length")
    path, question, query = raw.partition("?")
    path = _COMMA.sub(",", path)  # between frame numbers; some clients encode it
    if not _PATH.fullmatch(path):
        raise TargetError("web.path")
    return Target(path, _parameters(query) if question and query else ())


def query_text(parameters: Iterable[tuple[str, str]]) -> str:
    """The query of a target, encoded in the one way that `read_target` reads back; empty for none."""
    return "&".join(f"{_encoded(name)}={_encoded(value)}" if value else _encoded(name) for name, value in parameters)


def _parameters(query: str) -> Parameters:
    if not _QUERY.fullmatch(query):
        raise TargetError("web.query")
    pieces = query.split("&")
    if len(pieces) > MAX_PARAMETERS:
        raise TargetError("web.parameters")
    found = []
    for piece in pieces:
        name, _, value = piece.partition("=")
        if not name:
            raise TargetError("web.query")
        found.append((_decoded(name), _decoded(value)))
    return tuple(found)


def _decoded(text: str) -> str:
    raw = text.replace("+", " ").encode("ascii")
    if _BROKEN.search(raw):
        raise TargetError("web.query")
    try:
        value = _ENCODED.sub(lambda found: bytes.fromhex(found[1].decode("ascii")), raw).decode("utf-8")
    except UnicodeDecodeError as error:
        raise TargetError("web.query") from error
    if len(value) > MAX_VALUE or not all(character.isprintable() for character in value):
        raise TargetError("web.query")
    return value


def _encoded(text: str) -> str:
    return "".join(chr(byte) if byte in _KEPT else f"%{byte:02X}" for byte in text.encode("utf-8"))
