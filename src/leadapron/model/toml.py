"""TOML as people give it, whose dotted keys may not end, and as they get it, with texts that strangers chose.

Python's reader takes time and memory in the square of the parts of a key.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any
from unicodedata import category

MOST_PARTS = 32
"""Of one key; the deepest that is read here has six."""

_WORD = r"""(?:(?<![\w-])[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"(?:{_WORD}[ \t]*+\.[ \t]*+){{{MOST_PARTS}}}", re.ASCII)


def parse_toml(text: str) -> dict[str, Any]:
    """As `tomllib.loads`; ValueError (TOMLDecodeError is one) also for `a.a.a.a…`, of which 200 KB would fill 40 GB.

    RecursionError: lists or tables within one another, without end.
    """
    if found := _LONG_KEY.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise ValueError(f"a key of more than {MOST_PARTS} parts (at line {line})")
    return tomllib.loads(text)


def toml_text(text: str) -> str:
    """A basic string (TOML v1.0.0, String). What has no shape of its own is escaped: a right-to-left override would
    show a person another value than the one that counts."""
    return f'"{"".join(map(_character, text))}"'


def _character(one: str) -> str:
    if one in '"\\':
        return f"\\{one}"
    if one.isprintable() or category(one) == "Zs":
        return one
    if category(one) == "Cs":
        return "\ufffd"  # a half of a pair, which TOML cannot hold
    return f"\\u{ord(one):04x}" if ord(one) <= 0xFFFF else f"\\U{ord(one):08x}"
