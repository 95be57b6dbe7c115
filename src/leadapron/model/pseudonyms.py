"""Keyed hashes that stand for identifiers: what the wire shows and what a list declares meet without being told."""

from __future__ import annotations

from hashlib import blake2b

_KEY_BYTES = 64
"""Longest key of BLAKE2b (RFC 7693 §2.1)."""


def pseudonym(value: str, key: bytes) -> str:
    """Hash of an identifier under a workspace's key: equal only within one workspace."""
    return blake2b(value.encode("utf-8", "replace"), digest_size=8, key=key[:_KEY_BYTES]).hexdigest()
