"""A-ASSOCIATE, read without doubt and rewritten to the byte (PS3.8 §9.3.2, §9.3.3; PS3.7 Annex D.3).

The meaning comes from `parse_items`, as in captures; here everything is refused that two readers could read in two
ways, and the places of contexts are remembered so that some can be taken out while all else stays as it was.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from msgspec import Struct

from leadapron.see.wire.dicom.pdu import FIXED_PART, HEADER, AssociateItems, parse_items

MAX_USER = 64
"""Characters kept of a user name."""
USER_REJECTION = 1
"""Result of a presentation context in an A-ASSOCIATE-AC (PS3.8 Table 9-18)."""

_APPLICATION_CONTEXT, _CONTEXT_RQ, _CONTEXT_AC, _USER_INFORMATION = 0x10, 0x20, 0x21, 0x50
_ABSTRACT_SYNTAX, _TRANSFER_SYNTAX = 0x30, 0x40
_MAX_LENGTH, _ASYNC, _USER_IDENTITY = 0x51, 0x53, 0x58
_ONCE = frozenset({_MAX_LENGTH, _ASYNC, _USER_IDENTITY})
"""User information sub-items that must not come twice."""
_NAME, _NAME_AND_PASSCODE = 1, 2
_UID = re.compile(r"[0-9.]{1,64}")
_TITLE = re.compile(rb"[\x20-\x5b\x5d-\x7e]*\0*")
"""PS3.5 AE: no control characters, no backslash; old devices fill up with NUL."""


class Place(Struct, frozen=True):
    """Where one item lies: `start` of its header, `end` of its value."""

    kind: int
    start: int
    end: int


class Proposal(Struct, frozen=True):
    """The variable items of an A-ASSOCIATE-RQ or -AC: what they mean, and where the contexts lie."""

    items: AssociateItems
    places: tuple[tuple[int, Place], ...]
    """Presentation context id and place, in order."""
    faults: tuple[str, ...]
    user: str = ""
    user_kind: int = 0


def titles_fault(body: bytes) -> bool:
    """Do AE titles hold what readers of different languages would read differently? `body`: after the PDU header."""
    return not (_TITLE.fullmatch(body, 4, 20) and _TITLE.fullmatch(body, 20, 36))


def read_proposal(items: bytes) -> Proposal:
    """The items after the fixed part. Devices repeat theirs all day, so they are read once; those that may hold a
    passcode are not remembered."""
    return _read(items) if bytes((_USER_IDENTITY, 0)) in items else _remembered(items)


@lru_cache(maxsize=1024)
def _remembered(items: bytes) -> Proposal:
    return _read(items)


def _read(data: bytes) -> Proposal:
    items = parse_items(data)
    faults = set(items.faults)
    places: list[tuple[int, Place]] = []
    user, user_kind, seen = "", 0, set[int]()
    for place in _places(data, 0, len(data)):
        if place.kind in (_CONTEXT_RQ, _CONTEXT_AC):
            if place.end - place.start >= 8:
                places.append((data[place.start + 4], place))
                faults |= _context_faults(data, place)
            continue
        if place.kind in seen and place.kind in (_APPLICATION_CONTEXT, _USER_INFORMATION):
            faults.add("dicom.item-twice")
        seen.add(place.kind)
        if place.kind == _USER_INFORMATION:
            user_kind, user, twice = _user(data, place)
            if twice:
                faults.add("dicom.item-twice")
    if len({context for context, _ in places}) != len(places):
        faults.add("dicom.context-twice")
    return Proposal(items, tuple(places), tuple(sorted(faults)), user, user_kind)


def _places(data: bytes, position: int, end: int) -> Iterator[Place]:
    """Items between two places; broken ones end it, and are `parse_items`'s to name."""
    while position + 4 <= end:
        stop = position + 4 + (data[position + 2] << 8 | data[position + 3])
        if stop > end:
            return
        yield Place(data[position], position, stop)
        position = stop


def _context_faults(data: bytes, place: Place) -> set[str]:
    """One abstract syntax in a request, one transfer syntax in an answer; UIDs that are UIDs."""
    kinds = []
    faults = set()
    accepted = place.kind == _CONTEXT_RQ or data[place.start + 6] == 0
    for sub in _places(data, place.start + 8, place.end):
        kinds.append(sub.kind)
        written = data[sub.start + 4 : sub.end].rstrip(b"\0 ").decode("latin-1")
        if accepted and not _UID.fullmatch(written):
            faults.add("dicom.uid")
    syntaxes = kinds.count(_TRANSFER_SYNTAX)
    if place.kind == _CONTEXT_RQ and (kinds.count(_ABSTRACT_SYNTAX) != 1 or not syntaxes):
        faults.add("dicom.context-syntax")
    if place.kind == _CONTEXT_AC and accepted and syntaxes != 1:
        faults.add("dicom.context-syntax")
    if syntaxes > 128:
        faults.add("dicom.too-many-items")
    return faults


def _user(data: bytes, place: Place) -> tuple[int, str, bool]:
    """Kind and name of the user (PS3.7 D.3.3.7), never a passcode, ticket or assertion; was an item there twice?"""
    kind, name, seen, twice = 0, "", set[int](), False
    for sub in _places(data, place.start + 4, place.end):
        twice = twice or (sub.kind in seen and sub.kind in _ONCE)
        seen.add(sub.kind)
        if sub.kind == _USER_IDENTITY and sub.end - sub.start >= 8:
            kind = data[sub.start + 4]
            if kind in (_NAME, _NAME_AND_PASSCODE):
                start = sub.start + 8
                stop = min(start + (data[start - 2] << 8 | data[start - 1]), sub.end)
                name = data[start:stop].decode("utf-8", "replace").strip(" \0")[:MAX_USER]
    return kind, name, twice


# ---------------------------------------------------------------- rewriting
def narrowed(pdu: bytes, proposal: Proposal, kept: Mapping[int, tuple[str, ...]]) -> bytes:
    """The A-ASSOCIATE-RQ with these contexts and transfer syntaxes only; every other byte as it was."""
    data = pdu[HEADER + FIXED_PART :]
    asked = {context.id: context for context in proposal.items.contexts}
    out, last = [pdu[HEADER : HEADER + FIXED_PART]], 0
    for context, place in proposal.places:
        out.append(data[last : place.start])
        last = place.end
        syntaxes = kept.get(context, ())
        if syntaxes == asked[context].transfer_syntaxes:
            out.append(data[place.start : place.end])
        elif syntaxes:
            out.append(_narrowed_context(data, place, syntaxes))
    out.append(data[last:])
    return _pdu(pdu[0], b"".join(out))


def _narrowed_context(data: bytes, place: Place, syntaxes: tuple[str, ...]) -> bytes:
    value = data[place.start + 4 : place.start + 8]
    for sub in _places(data, place.start + 8, place.end):
        item = data[sub.start : sub.end]
        if sub.kind != _TRANSFER_SYNTAX or item[4:].rstrip(b"\0 ").decode("latin-1") in syntaxes:
            value += item
    return struct.pack(">BxH", place.kind, len(value)) + value


def completed(pdu: bytes, proposal: Proposal, request: Proposal, removed: Collection[int]) -> bytes:
    """The A-ASSOCIATE-AC with an answer for the contexts that were taken out of the request: the client must get one
    for each that it proposed (PS3.8 §9.3.3.2)."""
    data = pdu[HEADER + FIXED_PART :]
    asked = {context.id: context for context in request.items.contexts}
    extra = b""
    for context in sorted(removed):
        syntax = asked[context].transfer_syntaxes[0].encode()
        value = bytes((context, 0, USER_REJECTION, 0)) + struct.pack(">BxH", _TRANSFER_SYNTAX, len(syntax)) + syntax
        extra += struct.pack(">BxH", _CONTEXT_AC, len(value)) + value
    at = proposal.places[-1][1].end if proposal.places else _after_application_context(data)
    return _pdu(pdu[0], pdu[HEADER : HEADER + FIXED_PART] + data[:at] + extra + data[at:])


def _after_application_context(data: bytes) -> int:
    first = next(_places(data, 0, len(data)), None)
    return first.end if first is not None and first.kind == _APPLICATION_CONTEXT else 0


def _pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxI", kind, len(body)) + body
