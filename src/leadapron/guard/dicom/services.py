"""Which SOP classes a command may name on a presentation context: its abstract syntax, or a member of it.

A meta SOP class stands for several (PS3.4 H.4.1); the Unified Procedure Step classes all name UPS Push (PS3.4 CC.3).
"""

from __future__ import annotations

_PRINT = "1.2.840.10008.5.1.1."
_SESSION, _FILM, _GREY_IMAGE, _COLOUR_IMAGE, _PRINTER = (_PRINT + part for part in ("1", "2", "4", "4.1", "16"))
_STEP = "1.2.840.10008.5.1.4.34.6."

_MEMBERS: dict[str, frozenset[str]] = {
    _PRINT + "9": frozenset({_SESSION, _FILM, _GREY_IMAGE, _PRINTER}),
    _PRINT + "18": frozenset({_SESSION, _FILM, _COLOUR_IMAGE, _PRINTER}),
    **{_STEP + part: frozenset({_STEP + "1"}) for part in ("2", "3", "4", "5")},
}


def belongs(sop_class: str, abstract_syntax: str) -> bool:
    """May a command of this class come on a context of that abstract syntax?"""
    return sop_class == abstract_syntax or sop_class in _MEMBERS.get(abstract_syntax, ())
