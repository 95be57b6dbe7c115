"""JA4: a fingerprint of the software behind a ClientHello (FoxIO's TLS client definition, BSD 3-Clause)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from leadapron.see.wire.tls.hello import ALPN, SERVER_NAME, ClientHello, is_grease

_VERSIONS: Final[dict[int, str]] = {
    0x0304: "13",
    0x0303: "12",
    0x0302: "11",
    0x0301: "10",
    0x0300: "s3",
    0x0002: "s2",
}
_HASH_DIGITS: Final = 12


def ja4(hello: ClientHello) -> str:
    """`t13d1516h2_8daaf6152771_e5627efa2ab1`: the offer in words, hash of the suites, hash of the extensions.

    Order does not matter for suites and extensions, because some clients shuffle them; reserved (GREASE)
    numbers never count.
    """
    ciphers = _without_grease(hello.ciphers)
    extensions = _without_grease(hello.extensions)
    versions = _without_grease(hello.versions) or [hello.legacy_version]
    offer = (
        "t"
        + _VERSIONS.get(max(versions), "00")
        + ("d" if SERVER_NAME in extensions else "i")
        + f"{min(len(ciphers), 99):02d}{min(len(extensions), 99):02d}"
        + _alpn_ends(hello.alpn)
    )
    kept = sorted(number for number in extensions if number not in (SERVER_NAME, ALPN))
    listed = _joined(kept)
    algorithms = _joined(_without_grease(hello.signature_algorithms))
    if listed and algorithms:
        listed += "_" + algorithms
    return f"{offer}_{_hash(_joined(sorted(ciphers)))}_{_hash(listed)}"


def _without_grease(values: Iterable[int]) -> list[int]:
    return [value for value in values if not is_grease(value)]


def _joined(values: Iterable[int]) -> str:
    return ",".join(f"{value:04x}" for value in values)


def _hash(text: str) -> str:
    if not text:
        return "0" * _HASH_DIGITS
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:_HASH_DIGITS]


def _alpn_ends(names: tuple[bytes, ...]) -> str:
    """First and last character of the first protocol name, of its hexadecimal form if either is no letter or digit."""
    if not names or not names[0]:
        return "00"
    first, last = names[0][:1], names[0][-1:]
    if first.isalnum() and last.isalnum():
        return (first + last).decode("ascii")
    return first.hex()[0] + last.hex()[1]
