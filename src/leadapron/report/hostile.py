"""Strings from the wire are hostile: here they become harmless and stay visible.

A device chooses its own names. An escape sequence could rewrite a terminal, a bidirectional override could make
`exe.tac` read as `cat.exe`, a million letters could hide the rest of a page. HTML, SVG and spreadsheet quoting is
the business of each format; what no format may ever show is replaced here, once, before a document is made.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TypeVar

import msgspec
from msgspec import Struct

from leadapron.model.advisories import Answer
from leadapron.model.department import Assumption
from leadapron.model.events import ProcedureAnswered
from leadapron.model.findings import Citation, Finding
from leadapron.model.measures import Measure
from leadapron.model.plan import Acceptance, Assignment
from leadapron.model.procedures import Basis
from leadapron.model.segmentation import Advice, Allow

MAX_TEXT = 200
"""Characters shown of one string; the longest name a standard allows here (a DNS name) has 253, most have 16."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories without a shape of their own: controls, formats, surrogates, private, unassigned, separators."""

T = TypeVar("T")


MAX_LIST = 1000
"""Characters shown of a finding's parameter, which may join many names, and of what people wrote or sources say."""

_LONG: Mapping[type, tuple[str, ...]] = {
    Acceptance: ("reason",),
    Answer: ("constraint",),
    Assignment: ("note",),
    Assumption: ("source",),
    Citation: ("quote",),
    ProcedureAnswered: ("evidence", "note"),
}
"""Fields of that length; people press Enter in some of them, so that ends of lines become spaces there."""

_SPOKEN = (Advice, Allow, Assumption, Basis, Finding, Measure)
"""What has parameters for sentences, which may join many names."""


def visible(text: str, most: int = MAX_TEXT) -> str:
    """The text with every character that has no shape of its own spelled out, cut after `most` characters.

    Each becomes its number: an escape is `[U+001B]`, a right-to-left override `[U+202E]`.
    """
    shown = text if text.isascii() and text.isprintable() else "".join(map(_shape, text[: most + 1]))
    return shown if len(shown) <= most else shown[:most] + "…"


def _shape(character: str) -> str:
    return f"[U+{ord(character):04X}]" if unicodedata.category(character) in _UNSEEN else character


def harmless(value: T) -> T:
    """The same data (structs, tuples, lists, mappings) with every string made `visible`; enumerations stay."""
    return _harmless(value)  # type: ignore[return-value]


def _harmless(value: object) -> object:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, tuple):
        return tuple(map(_harmless, value))
    if isinstance(value, list):
        return list(map(_harmless, value))
    if isinstance(value, Mapping):
        return {_harmless(key): _harmless(item) for key, item in value.items()}
    if isinstance(value, Struct):
        return msgspec.structs.replace(value, **dict(_fields(value)))
    return value


def _fields(struct: Struct) -> Iterator[tuple[str, object]]:
    long = _LONG.get(type(struct), ())
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if name in long:
            yield name, visible(" ".join(value.split()), MAX_LIST)
        elif isinstance(struct, _SPOKEN) and name == "params":
            yield name, {key: visible(one, MAX_LIST) if isinstance(one, str) else one for key, one in value.items()}
        else:
            yield name, _harmless(value)
