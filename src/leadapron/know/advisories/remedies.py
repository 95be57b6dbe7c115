"""The first repaired version, read from a vendor's sentence only where it cannot be misread.

A wrong version here would send someone to install what does not help, so anything unusual (two versions, a plan for
the future, a part of the flaws, a service pack besides) yields nothing.
"""

from __future__ import annotations

import re

MAX_SENTENCE = 600
"""Characters; a longer text tells more than one thing."""

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
    if len(sentence) > MAX_SENTENCE or _DOUBT.search(sentence):
        return ""
    named = {found.upper() for found in _CVE.findall(sentence)}
    if named and cve not in named:
        return ""
    step = _STEP.search(sentence)
    versions = set(_VERSION.findall(_CVE.sub(" ", sentence)))
    if step is None or versions != {step["version"]}:
        return ""
    return step["version"]
