"""`provider-metadata.json`: who publishes advisories, where they lie, and with which keys they are signed."""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import chain

import msgspec
from msgspec import Struct, field

from leadapron.know.feeds.addresses import host_of, https_url, printable
from leadapron.model.errors import SourceError

MAX_METADATA = 1 << 20
"""Bytes; real ones take 1 to 4 kB."""
MAX_KEYS = 20
MAX_PLACES = 100

WELL_KNOWN = "/.well-known/csaf/provider-metadata.json"
"""CSAF 2.0 §7.1.9."""
SECURITY_TXT = "/.well-known/security.txt"
"""RFC 9116 §3."""

PUBLIC = {"WHITE", "CLEAR", "UNLABELED"}
"""TLP labels that need no login: CSAF 2.0 says WHITE, 2.1 says CLEAR."""

_FINGERPRINT = re.compile(r"[0-9a-fA-F]{40,64}")
_CSAF_LINE = re.compile(r"^CSAF:[ \t]*(\S{1,2000})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


class Role(StrEnum):
    """What a provider promises (CSAF 2.0 §7.2)."""

    PUBLISHER = "csaf_publisher"
    PROVIDER = "csaf_provider"
    TRUSTED_PROVIDER = "csaf_trusted_provider"
    """Every document has a hash and a signature (§7.2.3)."""
    AGGREGATOR = "csaf_aggregator"
    LISTER = "csaf_lister"


class SigningKey(Struct, frozen=True, kw_only=True):
    """A public OpenPGP key that the provider names (§7.1.20)."""

    url: str
    fingerprint: str
    """Upper-case hexadecimal; empty when the provider does not say."""


class Provider(Struct, frozen=True, kw_only=True):
    """The parts of the metadata that are used. All addresses are https."""

    canonical_url: str
    publisher: str
    role: Role
    rolie: tuple[str, ...]
    """Addresses of public ROLIE feeds."""
    directories: tuple[str, ...]
    """Addresses of folders with `changes.csv` and `index.txt`."""
    keys: tuple[SigningKey, ...]
    restricted: int
    """Feeds that need a login."""

    def hosts(self) -> set[str]:
        """Every host that the provider names: only these are asked."""
        addresses = (self.canonical_url, *self.rolie, *self.directories, *(key.url for key in self.keys))
        return {host_of(address) for address in addresses}


class _Publisher(Struct):
    name: str


class _Feed(Struct):
    url: str
    tlp_label: str = "UNLABELED"


class _Rolie(Struct):
    feeds: list[_Feed] = field(default_factory=list)


class _Directory(Struct):
    url: str
    tlp_label: str = "UNLABELED"


class _Distribution(Struct):
    directory_url: str | None = None
    directory: _Directory | None = None  # CSAF 2.1
    rolie: _Rolie | None = None


class _Key(Struct):
    url: str
    fingerprint: str = ""


class _Metadata(Struct):
    canonical_url: str
    publisher: _Publisher
    role: Role = Role.PROVIDER
    distributions: list[_Distribution] = field(default_factory=list)
    public_openpgp_keys: list[_Key] = field(default_factory=list)


_DECODER = msgspec.json.Decoder(_Metadata)


def read_metadata(data: bytes, name: str) -> Provider:
    """The provider that `data` describes; SourceError names the place that is wrong."""
    try:
        raw = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{name}: not the metadata of a CSAF provider ({error})") from error
    canonical_url = https_url(raw.canonical_url)
    if canonical_url is None:
        raise SourceError(f"{name}: canonical_url is not an https address")
    if len(raw.public_openpgp_keys) > MAX_KEYS or len(raw.distributions) > MAX_PLACES:
        raise SourceError(f"{name}: more than {MAX_KEYS} keys or {MAX_PLACES} distributions; refused")
    feeds = list(chain.from_iterable(each.rolie.feeds for each in raw.distributions if each.rolie))
    folders = [each.directory for each in raw.distributions if each.directory]
    open_places = [feed.url for feed in feeds if feed.tlp_label in PUBLIC]
    open_folders = [folder.url for folder in folders if folder.tlp_label in PUBLIC]
    named = [each.directory_url for each in raw.distributions if each.directory_url]
    return Provider(
        canonical_url=canonical_url,
        publisher=printable(raw.publisher.name.strip(), 100),
        role=raw.role,
        rolie=_addresses(open_places),
        directories=_addresses([*open_folders, *named]),
        keys=tuple(_key(key, name) for key in raw.public_openpgp_keys),
        restricted=len(feeds) + len(folders) - len(open_places) - len(open_folders),
    )


def _addresses(texts: list[str]) -> tuple[str, ...]:
    """Sound addresses, each once, in order."""
    return tuple(dict.fromkeys(url for url in map(https_url, texts[:MAX_PLACES]) if url))


def _key(raw: _Key, name: str) -> SigningKey:
    url, fingerprint = https_url(raw.url), "".join(raw.fingerprint.split())
    if url is None or (fingerprint and not _FINGERPRINT.fullmatch(fingerprint)):
        raise SourceError(f"{name}: public_openpgp_keys: an https address and a fingerprint in hexadecimal are needed")
    return SigningKey(url=url, fingerprint=fingerprint.upper())


def csaf_lines(data: bytes) -> tuple[str, ...]:
    """Addresses that a `security.txt` names for CSAF (§7.1.8), https only."""
    return _addresses(_CSAF_LINE.findall(data[:MAX_METADATA].decode("utf-8", errors="replace"))[:MAX_PLACES])
