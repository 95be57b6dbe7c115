"""What a vendor's sentences say of repairs: the first repaired version, and whether a repair leaves a flaw open.

A wrong version would send someone to install what does not help, so anything unusual (two versions, a plan for the
future, a part of the flaws, a service pack besides) yields none. A repair that is said to be partial must keep later
versions from being called not affected.
"""

from __future__ import annotations

import re
from functools import lru_cache

MAX_SENTENCE = 600
"""Characters; a longer text tells more than one thing."""

MAX_REMEDY = 20_000
"""Characters of one remedy that are read."""

ANY = "*"
"""Stands for every flaw the remedy is listed under."""

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
_PARTIAL = re.compile(
    r"\bexcept (?:for )?(?=CVE-)|\b(?:still|remains?) (?:present|affected|vulnerable|exploitable|unpatched)\b"
    r"|\bpartial\w* (?:remediat|fix|address|resolv)\w*|\brequires? manual intervention\b"
    r"|\bnot (?:fully |completely )?(?:remediate|fix|address|resolve)d?\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.;]\s")


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


def leaves_open(text: str, cve: str) -> bool:
    """Whether a remedy is said not to remove `cve` for good: `fixes all vulnerabilities except CVE-2021-37160`."""
    return not _left_open(text[:MAX_REMEDY]).isdisjoint({cve.upper(), ANY})


@lru_cache(maxsize=64)
def _left_open(text: str) -> frozenset[str]:
    """Flaws that the text says stay open; `ANY` where it names none."""
    found: set[str] = set()
    for sentence in _SENTENCE_END.split(text):
        if said := _PARTIAL.search(sentence):
            named = _CVE.findall(sentence, said.end()) or _CVE.findall(sentence)
            found |= {cve.upper() for cve in named} or {ANY}
    return frozenset(found)
