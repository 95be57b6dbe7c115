"""What the parts of one capture run share."""

from __future__ import annotations

from hashlib import blake2b

import pytest

from leadapron.model.pseudonyms import pseudonym
from leadapron.see.wire.context import CaptureContext


@pytest.mark.parametrize("value", ["LAB66301", "", "é", "\ud800", "x" * 5_000])
@pytest.mark.parametrize("key", [b"", b"k" * 32, b"longer than BLAKE2b takes" * 4])
def test_the_wire_and_lists_hash_alike(value: str, key: bytes) -> None:
    """Workspaces keep these hashes: the bytes may never change."""
    seen = CaptureContext("sensor", lambda event: None, key, ()).pseudonym(value)
    assert seen == pseudonym(value, key)
    assert seen == blake2b(value.encode("utf-8", "replace"), digest_size=8, key=key[:64]).hexdigest()
