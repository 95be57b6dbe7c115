"""JSON files for people to read before a machine does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


def written(document: Mapping[str, Any]) -> str:
    """Indented, ending with a newline."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
