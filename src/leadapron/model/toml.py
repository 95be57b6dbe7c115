"""TOML that people give. Python's reader takes time and memory in the square of the parts of a dotted key."""

from __future__ import annotations

import re
import tomllib
from typing import Any

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
