"""The first repaired version, read from a vendor's sentence only where it cannot be misread.

A wrong version here would send someone to install what does not help, so anything unusual (two versions, a plan for
the future, a part of the flaws, a service pack besides) yields nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

MAX_SENTENCE = 600
"""Characters; a longer text tells more than one thing."""

_NUMBER = re.compile(r"\d\.\d")  # most sentences have none, and the rest is slow to look for
_VERSION = re.compile(r"(?<![\w.])(?:[vV]\.?(?=\d))?((?:[A-Z]{1,3})?\d+(?:\.\d+)+[A-Za-z]?\d*)(?![\w*]|\.\d)")
_STEP = re.compile(
    r"\b(?:updat|upgrad)(?:e|es|ed|ing)\b[^.;:]{0,80}?\bto\s+"
    r"(?:the\s+)?(?:latest\s+)?(?:[\w/-]+\s+){0,5}?"
    r"(?:version\s+|release\s+)?(?:[vV]\.?(?=\d))?(?P<version>(?:[A-Z]{1,3})?\d+(?:\.\d+)+[A-Za-z]?\d*)(?![\w*]|\.\d)",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"\b(?:will|plan(?:s|ned)?|schedul\w+|expect\w*|until|upcoming|future|partial\w*|except|later than|newer than|"
    r"higher than|greater than|after|above|service packs?|hotfix(?:es)?|option|not|no longer|"
    r"or (?:prior|earlier|below))\b",
    re.IGNORECASE,
)
_CVE = re.compile(r"CVE-\d{4}-\d{4,}", re.IGNORECASE)


def fixed_version(sentence: str, cve: str) -> str:
    """The version that `sentence` tells people to update to, against `cve`; empty unless that is beyond doubt."""
    version, cves = _told(sentence) if len(sentence) <= MAX_SENTENCE else ("", frozenset())
    return version if not cves or cve in cves else ""


@lru_cache(maxsize=64)
def _told(sentence: str) -> tuple[str, frozenset[str]]:
    """Version and the flaws named beside it; kept, because documents repeat a sentence under each flaw."""
    nothing = "", frozenset[str]()
    if not _NUMBER.search(sentence) or _DOUBT.search(sentence):
        return nothing
    step = _STEP.search(sentence)
    if step is None or set(_VERSION.findall(_CVE.sub(" ", sentence))) != {step["version"]}:
        return nothing
    return step["version"], frozenset(cve.upper() for cve in _CVE.findall(sentence))
