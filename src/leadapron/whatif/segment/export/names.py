"""Names and remarks of other people's making, made harmless for every format: nothing in them can end a quotation, a
comment or a line, or be expanded by a shell or a console."""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import normalize

from leadapron.whatif.segment.export.spans import Network, is_host

_LONGEST = 20
"""Of a slug: with our prefixes every name stays within the 31 characters of old Palo Alto systems."""
_UNWANTED = re.compile(r"[^A-Za-z0-9 _.,:/()+=-]+")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_OURS = str.maketrans({"’": "'", "\u00a0": " ", "\u202f": " ", "«": '"', "»": '"', "–": "-", "…": "..."})
LONG_LABEL = 4_096
"""Longer hostile text is cut before any work is done on it."""


def ascii_text(text: str) -> str:
    """Our own sentence for comments: accents dropped, because consoles and PowerShell 5 garble them; one line."""
    flat = normalize("NFKD", text.translate(_OURS)).encode("ascii", "ignore").decode("ascii")
    return " ".join(flat.split())


def plain(text: str, limit: int) -> str:
    """Foreign text of at most `limit` characters: ASCII letters, digits, spaces and `_.,:/()+=-` only."""
    return " ".join(_UNWANTED.sub("_", ascii_text(text[:LONG_LABEL])).split())[:limit].rstrip()


def slugs(texts: Sequence[str]) -> tuple[str, ...]:
    """A short name for each text, in order: `[a-z0-9-]`, all different, even where the texts are not."""
    taken: set[str] = set()
    found = []
    for text in texts:
        base = _shortened(_NOT_SLUG.sub("-", ascii_text(text[:LONG_LABEL]).lower()).strip("-")) or "x"
        slug, number = base, 1
        while slug in taken:
            number += 1
            tail = f"-{number}"
            slug = base[: _LONGEST - len(tail)].rstrip("-") + tail
        taken.add(slug)
        found.append(slug)
    return tuple(found)


def _shortened(slug: str) -> str:
    """Words cut alike until they fit, numbers kept whole: `moda-serv-dico-4242` still tells zones, service and port,
    and rarely is another rule's."""
    words = slug.split("-")
    for most in range(_LONGEST, 0, -1):
        short = "-".join(word if word.isdigit() else word[:most] for word in words)
        if len(short) <= _LONGEST:
            return short
    return slug[:_LONGEST].rstrip("-")


def file_stem(address: str) -> str:
    """An address as part of a file name: Windows allows no colon."""
    return address.replace(":", "-")


def object_name(network: Network) -> str:
    """The name of an address object: firewalls allow neither a slash nor a colon in one."""
    text = str(network.network_address) if is_host(network) else str(network).replace("/", "-")
    return f"LA-{text.replace(':', '_')}"
