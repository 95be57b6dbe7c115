"""Text that peers chose, made fit for a log that people and programs read: nothing in it can act."""

from __future__ import annotations

import re

LONGEST = 256
"""Characters of any one value that a peer chose; a message stays far below the 32,768 octets of PS3.15 A.6."""

REPLACEMENT = "\ufffd"

UNSAFE = re.compile(
    "[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # what XML 1.0 §2.2 forbids; controls, line ends too
    "|[\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]"  # invisible or turning the direction of writing
    "|[\ufdd0-\ufdef]"
)


def clean(text: str, longest: int = LONGEST) -> str:
    """The text with each character that XML forbids, or that a person cannot see, replaced; cut to `longest`."""
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return UNSAFE.sub(REPLACEMENT, text)
