"""Which task a DIMSE command or a SOP class is (PS3.4), and what the standard calls classes and transfer syntaxes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from leadapron.model.guard import Task

STORAGE = "storage"
"""Stands for every storage class of the standard where a policy lists SOP classes."""

_ROOT = "1.2.840.10008."
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)+")
MOST_UID = 64
"""Characters (PS3.5 §9.1)."""

_COMMIT = (_ROOT + "1.20.1", _ROOT + "1.20.2")
_HARDCOPY = (_ROOT + "5.1.1.27", _ROOT + "5.1.1.29", _ROOT + "5.1.1.30")
"""Retired storage classes among those of print."""
_NOT_PRINT = (_ROOT + "5.1.1.33", _ROOT + "5.1.1.40")
_QUERIES = (_ROOT + "5.1.4.37.", _ROOT + "5.1.4.41", _ROOT + "5.1.4.42", _ROOT + "5.1.4.1.1.201.6")
"""Relevant patient, product, substance and repository queries, whose numbers do not tell (PS3.4 Q, V, W, GGG)."""
_MODELS = (
    (re.compile(r"5\.1\.4\.1\.2\.\d+\.([123])"), 0),
    (re.compile(r"5\.1\.4\.20\.([123])"), 0),
    (re.compile(r"5\.1\.4\.(?:38|39|43|44|45)\.([234])"), 1),
    (re.compile(r"5\.1\.4\.1\.1\.200\.([456])"), 3),
    (re.compile(r"5\.1\.4\.1\.1\.201\.([234])"), 1),
)
"""Information models for query and retrieval; the last number less the second item: 1 FIND, 2 MOVE, 3 GET."""
_RETRIEVAL = (Task.FIND, Task.MOVE, Task.GET)
_WORKLISTS = (_ROOT + "5.1.4.31", _ROOT + "5.1.4.32.1")
_STEPS = (_ROOT + "5.1.4.34.4.", _ROOT + "5.1.4.34.6.")
"""Unified Procedure Steps: asked for with C-FIND like a worklist, driven with N-services (PS3.4 CC)."""
_NORMALISED = (
    _ROOT + "1.",
    _ROOT + "3.",
    _ROOT + "5.1.1.",
    _ROOT + "5.1.4.32",
    _ROOT + "5.1.4.33",
    _ROOT + "5.1.4.34.2",
    _ROOT + "5.1.4.34.3",
    _ROOT + "5.1.4.34.8",
    _ROOT + "5.1.4.34.9",
    _ROOT + "5.1.4.1.1.201.5",
    _ROOT + "10.",
)


@lru_cache(maxsize=4096)
def tasks_of_class(sop_class: str) -> frozenset[Task]:
    """What can be done in a presentation context of that class; a storage context also takes what C-GET brings back
    (PS3.4 C.4.3). A class that nobody knows may be a maker's own objects or services."""
    known = _composite(sop_class) or _service(sop_class)
    if known:
        return known
    if not sop_class.startswith(_ROOT):
        return frozenset({Task.STORE, Task.GET, Task.NORMALISED, Task.DELETE})
    if sop_class.startswith(_NORMALISED):
        return frozenset({Task.NORMALISED, Task.DELETE})
    return frozenset({Task.STORE, Task.GET})


def _composite(sop_class: str) -> frozenset[Task]:
    if sop_class in _HARDCOPY:
        return frozenset({Task.STORE, Task.GET})
    if sop_class in _WORKLISTS:
        return frozenset({Task.WORKLIST})
    if sop_class.startswith(_STEPS):
        return frozenset({Task.WORKLIST, Task.NORMALISED})
    if sop_class.startswith(_QUERIES):
        return frozenset({Task.FIND})
    for pattern, less in _MODELS:
        if sop_class.startswith(_ROOT) and (found := pattern.fullmatch(sop_class, len(_ROOT))):
            return frozenset({_RETRIEVAL[int(found[1]) - less - 1]})
    return frozenset()


def _service(sop_class: str) -> frozenset[Task]:
    if sop_class == _ROOT + "1.1":
        return frozenset({Task.ECHO})
    if sop_class in _COMMIT:
        return frozenset({Task.COMMIT})
    if sop_class.startswith(_ROOT + "3.1.2.3.") and sop_class[-1] in "345":
        return frozenset({Task.MPPS})
    if sop_class.startswith(_ROOT + "5.1.1.") and sop_class not in _NOT_PRINT:
        return frozenset({Task.PRINT})
    return frozenset()


_BY_COMMAND: Mapping[str, Task] = MappingProxyType(
    {"C-ECHO": Task.ECHO, "C-STORE": Task.STORE, "C-MOVE": Task.MOVE, "C-GET": Task.GET}
)


@lru_cache(maxsize=4096)
def task_of(command: str, sop_class: str) -> Task:
    """The task that a DIMSE request is, by its command (`C-STORE`, as PS3.7 names it) and its affected or requested
    SOP class."""
    if task := _BY_COMMAND.get(command):
        return task
    possible = tasks_of_class(sop_class)
    if command == "C-FIND":
        return Task.WORKLIST if Task.WORKLIST in possible else Task.FIND
    for task in (Task.MPPS, Task.COMMIT, Task.PRINT):
        if task in possible:
            return task
    return Task.DELETE if command == "N-DELETE" else Task.NORMALISED


_PRINTED = tuple(_ROOT + f"5.1.1.{each}" for each in ("1", "2", "16"))
_MEMBERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        _ROOT + "5.1.1.9": frozenset({*_PRINTED, _ROOT + "5.1.1.4"}),
        _ROOT + "5.1.1.18": frozenset({*_PRINTED, _ROOT + "5.1.1.4.1"}),
        **{_ROOT + f"5.1.4.34.6.{each}": frozenset({_ROOT + "5.1.4.34.6.1"}) for each in "2345"},
    }
)
"""Commands in a context of a meta SOP class name its members (PS3.4 H.4.1), those of a procedure step the Push class
(PS3.4 CC.3)."""


def commanded(sop_classes: Iterable[str]) -> frozenset[str]:
    """The classes that commands may name where a policy lists these."""
    listed = frozenset(sop_classes)
    return listed.union(*(_MEMBERS.get(each, ()) for each in listed))


# ---------------------------------------------------------------- names of the standard
def is_uid(text: str) -> bool:
    """Dotted numbers (PS3.5 §9.1), leading zeros forgiven."""
    return len(text) <= MOST_UID and _UID.fullmatch(text) is not None


@lru_cache(maxsize=2)
def _names(kind: str) -> Mapping[str, tuple[str, ...]]:
    """Name → UIDs (a retired one may share it), as the dictionary of PS3.6 Annex A has them."""
    from pydicom._uid_dict import UID_dictionary  # here, as a policy of numbers only needs no pydicom (0.2 s)

    found: dict[str, list[str]] = {}
    for uid, (name, type_, *_) in UID_dictionary.items():
        if name and type_.endswith(kind) and not type_.startswith("LDAP"):
            found.setdefault(name, []).append(uid)
    return {name: tuple(uids) for name, uids in found.items()}


@lru_cache(maxsize=2)
def spellings(kind: str) -> Mapping[str, tuple[str, ...]]:
    """What people may write, in lower case, → UIDs: the name with or without `SOP Class`, and the keyword."""
    from pydicom._uid_dict import UID_dictionary

    found: dict[str, tuple[str, ...]] = {}
    for name, uids in _names(kind).items():
        short = re.sub(r" SOP Class$", "", name)
        words = {name, short, *(UID_dictionary[uid][4] for uid in uids if UID_dictionary[uid][4])}
        for word in words:
            found.setdefault(word.lower(), uids)
    return found


SOP_CLASS = "SOP Class"
TRANSFER_SYNTAX = "Transfer Syntax"


@lru_cache(maxsize=1)
def storage_classes() -> tuple[str, ...]:
    """Every storage class of the standard, retired ones too: old devices send them."""
    return tuple(
        sorted(
            uid
            for uids in _names(SOP_CLASS).values()
            for uid in uids
            if Task.STORE in tasks_of_class(uid) and uid.startswith(_ROOT) and ".1.3.10" not in uid
        )
    )


def named(uids: Iterable[str], kind: str) -> tuple[str, ...]:
    """UIDs as a person reads them: `storage` and names of the standard where they say exactly the same."""
    left = set(uids)
    if not left:
        return ()
    said: list[str] = []
    if kind == SOP_CLASS and left >= set(storage_classes()):
        said.append(STORAGE)
        left -= set(storage_classes())
    for name, meant in _names(kind).items():
        if left.issuperset(meant) and spellings(kind)[name.lower()] == meant:
            said.append(name)
            left -= set(meant)
    return (*said, *sorted(left))
