"""Metadata, lists, hashes and signatures: what strangers send, read without harm."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysequoia import SignatureMode, Tsk, sign

from leadapron.know.feeds.addresses import below, host_of, https_url, same_site
from leadapron.know.feeds.listing import Listing, read_changes, read_index, read_rolie
from leadapron.know.feeds.metadata import Role, csaf_lines, read_metadata
from leadapron.know.feeds.openpgp import Pins, check_hash, check_signature, read_certificates
from leadapron.model.errors import SourceError
from tests.know.feeds.providers import Provider, csaf

FOLDER = "https://vendor.example/csaf/"

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["https://a.example/x.json"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def mangled(sound: bytes) -> st.SearchStrategy[bytes]:
    """Sound JSON with one of its values, at any depth, replaced; or bytes of any kind."""

    def replace(place: tuple[int, object]) -> bytes:
        document = json.loads(sound)
        spots = list(_spots(document))
        container, key = spots[place[0] % len(spots)]
        container[key] = place[1]
        return json.dumps(document).encode()

    return st.tuples(st.integers(0, 200), VALUES).map(replace) | st.binary(max_size=200)


def _spots(value: object) -> list[tuple[dict[object, object], object]]:
    found: list[tuple[dict[object, object], object]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += [(value, key), *_spots(inner)]  # type: ignore[list-item]
    return found


def example() -> Provider:
    provider = Provider("https://vendor.example", Tsk.generate("Example"))
    provider.add("2026/ex-1.json", csaf("EX-1"))
    return provider


EXAMPLE = example()


def test_metadata_is_read() -> None:
    provider = read_metadata(EXAMPLE.metadata(), "x")
    assert (provider.publisher, provider.role) == ("Example", Role.TRUSTED_PROVIDER)
    assert provider.rolie == ("https://vendor.example/csaf/feed-tlp-white.json",)
    assert provider.hosts() == {"vendor.example"}
    assert len(provider.keys) == 1


def test_metadata_of_csaf_2_1_is_read() -> None:
    metadata = json.loads(EXAMPLE.metadata())
    metadata["metadata_version"] = "2.1"
    metadata["distributions"] = [
        {"directory": {"url": FOLDER, "tlp_label": "CLEAR"}},
        {"directory": {"url": f"{FOLDER}red/", "tlp_label": "RED"}},
    ]
    provider = read_metadata(json.dumps(metadata).encode(), "x")
    assert (provider.directories, provider.restricted) == ((FOLDER,), 1)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        ({"canonical_url": "http://vendor.example/x.json"}, "canonical_url is not an https address"),
        ({"role": "csaf_friend"}, r"\$\.role"),
        ({"public_openpgp_keys": [{"url": "https://a.example/k", "fingerprint": "no"}]}, "public_openpgp_keys"),
        ({"public_openpgp_keys": [{"url": "https://a.example/k"}] * 21}, "more than 20 keys"),
        ({"distributions": "none"}, r"\$\.distributions"),
    ],
)
def test_wrong_metadata_is_refused_and_the_place_named(harm: dict[str, object], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read_metadata(json.dumps(json.loads(EXAMPLE.metadata()) | harm).encode(), "x")


def test_a_feed_is_read() -> None:
    (entry,) = read_rolie(EXAMPLE.rolie(), "x").entries
    assert entry.url == f"{FOLDER}2026/ex-1.json"
    assert entry.updated == datetime(2026, 10, 1, tzinfo=UTC)


def test_the_strongest_hash_is_taken() -> None:
    links = [{"rel": "self", "href": f"{FOLDER}a.json"}]
    links += [{"rel": "hash", "href": f"{FOLDER}a.json.{name}"} for name in ("sha256", "md5", "sha512")]
    links += [{"rel": "signature", "href": f"{FOLDER}a.json.asc"}]
    (entry,) = read_rolie(json.dumps({"feed": {"entry": [{"link": links}]}}).encode(), "x").entries
    assert entry.hashes == (f"{FOLDER}a.json.sha512", f"{FOLDER}a.json.sha256")
    assert entry.signature == f"{FOLDER}a.json.asc"


def test_of_two_rows_on_a_document_the_newer_counts() -> None:
    rows = b'"a.json","2026-01-01T00:00:00Z"\n"a.json","2026-03-01T00:00:00+02:00"\nb.json,yesterday\n'
    listing = read_changes(rows, FOLDER)
    assert [(entry.url, entry.updated) for entry in listing.entries] == [
        (f"{FOLDER}a.json", datetime(2026, 2, 28, 22, tzinfo=UTC)),
        (f"{FOLDER}b.json", None),
    ]


@pytest.mark.parametrize(
    "path", ["../a.json", "/a.json", "https://evil.example/a.json", "//evil.example/a.json", "a.txt", "..%2f\x1b.json"]
)
def test_paths_that_lead_elsewhere_are_left_out(path: str) -> None:
    listing = read_index(f"good.json\n{path}\n".encode(), FOLDER)
    assert [entry.url for entry in listing.entries] == [f"{FOLDER}good.json"]
    assert len(listing.refused) == 1
    assert listing.refused[0].isprintable()


def test_security_txt_names_providers() -> None:
    text = b"# x\nCSAF: https://a.example/p.json\r\ncsaf:https://b.example/p.json\nCSAF: http://c.example/\n"
    assert csaf_lines(text) == ("https://a.example/p.json", "https://b.example/p.json")


def test_addresses() -> None:
    assert https_url(" https://a.example/x#y ") == "https://a.example/x"
    for text in ("http://a.example", "https://", "https://u@a.example", "https://a:b/", "x"):
        assert https_url(text) is None
    assert host_of("https://A.example:443/x") == "a.example"
    assert same_site("www.a.example", ["a.example"])
    assert same_site("a.example", ["a.example"])
    assert not same_site("evila.example", ["a.example"])
    assert not same_site("a.example.evil", ["a.example"])
    assert not same_site("", [""])
    assert below(FOLDER, "2026/a.json") == f"{FOLDER}2026/a.json"


def test_hash_files_are_checked() -> None:
    data = b"document"
    for name in ("sha256", "sha512"):
        digest = hashlib.new(name, data).hexdigest()
        for text in (f"{digest}  a.json\n", f"{digest.upper()} *a.json", digest):
            check_hash(data, text.encode(), f"a.json.{name}")
        with pytest.raises(SourceError, match="not the one that was hashed"):
            check_hash(b"other", digest.encode(), f"a.json.{name}")
    with pytest.raises(SourceError, match="not a SHA-256"):
        check_hash(data, b"<html>", "a.json.sha256")


def test_signatures_are_checked_and_keys_kept(tmp_path: Path) -> None:
    key, stranger = Tsk.generate("Example"), Tsk.generate("Stranger")
    signature = sign(key.signer(), b"document", mode=SignatureMode.DETACHED)
    pins = Pins(tmp_path / "keys")
    pins.add(read_certificates(str(key.extract_certificate()).encode(), "x"))

    assert check_signature(b"document", signature, pins.load(), "x") == key.extract_certificate().fingerprint.upper()
    with pytest.raises(SourceError, match="no valid signature"):
        check_signature(b"other", signature, pins.load(), "x")
    with pytest.raises(SourceError, match="no valid signature"):
        check_signature(b"document", signature, read_certificates(bytes(stranger.extract_certificate()), "x"), "x")
    with pytest.raises(SourceError, match="no valid signature"):
        check_signature(b"document", b"junk", pins.load(), "x")


def test_a_revoked_key_signs_no_more(tmp_path: Path) -> None:
    key = Tsk.generate("Example")
    signature = sign(key.signer(), b"document", mode=SignatureMode.DETACHED)
    certificate = key.extract_certificate()
    pins = Pins(tmp_path)
    pins.add({certificate.fingerprint.upper(): certificate})
    revoked = read_certificates(bytes(certificate) + bytes(certificate.revoke(key.certifier())), "x")
    pins.add(revoked)
    with pytest.raises(SourceError, match="no valid signature"):
        check_signature(b"document", signature, pins.load(), "x")


@given(mangled(EXAMPLE.metadata()))
def test_metadata_never_harms(data: bytes) -> None:
    try:
        provider = read_metadata(data, "x")
    except SourceError:
        return
    assert all(host for host in provider.hosts())


def sound(listing: Listing) -> None:
    assert all(https_url(entry.url) == entry.url for entry in listing.entries)
    assert all(text.isprintable() for text in listing.refused)
    assert len({entry.url for entry in listing.entries}) == len(listing.entries)


@given(mangled(EXAMPLE.rolie()))
def test_feeds_never_harm(data: bytes) -> None:
    try:
        sound(read_rolie(data, "x"))
    except SourceError:
        pass


PIECES = st.sampled_from(['"', ",", "\n", "\r\n", "a.json", "../", "https://x", "2026-01-01", "\0", "é"])


@given(st.binary(max_size=100) | st.lists(PIECES | st.text(max_size=5), max_size=30).map("".join).map(str.encode))
def test_folder_lists_never_harm(data: bytes) -> None:
    for read in (read_changes, read_index):
        try:
            listing = read(data, FOLDER)
        except SourceError:
            continue
        sound(listing)
        assert all(entry.url.startswith(FOLDER) for entry in listing.entries)


@given(st.binary(max_size=200))
def test_keys_hashes_and_signatures_never_harm(data: bytes) -> None:
    for attempt in (
        lambda: read_certificates(data, "x"),
        lambda: check_hash(b"", data, "x.sha256"),
        lambda: check_signature(b"", data, {}, "x"),
    ):
        with pytest.raises(SourceError):
            attempt()


@given(st.text(max_size=60), st.text(max_size=60))
def test_addresses_never_harm(base: str, path: str) -> None:
    url = below(https_url(base) or FOLDER, path)
    assert url is None or https_url(url) == url
