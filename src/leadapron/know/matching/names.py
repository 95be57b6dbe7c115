"""Names of makers and products, reduced to what two spellings of the same name share."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_INITIALS = re.compile(r"\b(?:[a-z]\.){2,}")
_SYMBOLS = re.compile(r"\((?:r|tm|c)\)|[®™©'’`]")
_WORD = re.compile(r"[a-z0-9]+(?:\.[0-9x]+)*|\+")
_ACRONYM = re.compile(r"(?P<before>.*\S)\s*\((?P<acronym>[A-Z][A-Za-z]{1,5})\)(?P<after>.*)", re.DOTALL)
_PARTS = re.compile(r"\s+and\s+|[,;/()]")

_LEGAL = frozenset(
    {"ab", "ag", "as", "bv", "bvba", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated", "kg", "kk"}
    | {"limited", "llc", "lp", "ltd", "nv", "oy", "oyj", "plc", "pty", "sa", "sarl", "sas", "sl", "spa", "srl"}
)
"""Words that say what a company is in law, not which company it is."""

_TRADE = frozenset({"care", "group", "health", "healthcare", "international", "medical", "solutions", "system"}) | {
    "systems", "technologies", "technology"
}  # fmt: skip
"""Words at the end of a company's name that people leave out: `Contec` for Contec Health."""

MAX_LENGTH = 300
"""Characters of a name that are looked at."""


@lru_cache(maxsize=16_384)
def words(name: str) -> tuple[str, ...]:
    """Words of a name without case, accents and punctuation: `Syngo® MR (XA10)` → syngo, mr, xa10."""
    plain = _SYMBOLS.sub("", unicodedata.normalize("NFKD", name[:MAX_LENGTH]).casefold())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    plain = _INITIALS.sub(lambda found: found[0].replace(".", ""), plain.replace("&", " and "))
    return tuple("plus" if word == "+" else word for word in _WORD.findall(plain))


def key(name: str) -> str:
    """What two spellings of one name have in common: `EC40 Hub` and `EC 40 hub` → ec40hub."""
    return "".join(words(name))


@lru_cache(maxsize=4096)
def company(name: str) -> str:
    """Key of a company without its legal form: `Siemens Healthcare GmbH` → siemenshealthcare."""
    some = list(words(name))
    while len(some) > 1 and some[-1] in _LEGAL:
        some.pop()
    return "".join(some)


def short_company(name: str) -> str:
    """Key of a company as people call it: `BPL Medical Technologies` → bpl; empty when nothing of its own is left."""
    some = list(words(name))
    while some and some[-1] in _LEGAL | _TRADE:
        some.pop()
    short = "".join(some)
    return short if len(short) > 2 else ""


def company_parts(name: str) -> tuple[str, ...]:
    """Keys of the companies in a joint name, whole and as people call them: `Silex Technology and GE Healthcare`,
    `General Electric (GE)`."""
    parts = (one for part in _PARTS.split(name[:MAX_LENGTH]) for one in (company(part), short_company(part)))
    return tuple(part for part in parts if len(part) > 1 and part not in _LEGAL)


def without_acronym(name: str) -> tuple[str, ...]:
    """The name and its acronym when it ends in one: `IntelliSpace Cardiovascular (ISCV)` → both; else nothing."""
    found = _ACRONYM.fullmatch(name[:MAX_LENGTH])
    if found is None or sum(letter.isupper() for letter in found["acronym"]) < 2:
        return ()
    return f"{found['before']} {found['after']}".strip(), found["acronym"]
