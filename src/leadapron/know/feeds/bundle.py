"""Offline bundles: the knowledge of a connected machine, carried to one that is not, signed.

A ZIP file of `manifest.json`, `manifest.sig` (the raw Ed25519 signature of the manifest's bytes) and one stored file
a feed. The signature covers the manifest and the manifest has the size and hash of every file, so nothing is
unpacked that was not signed. Nothing in a bundle names a place on disk: feeds go where their checked names say.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta, Struct

from leadapron.know.feeds.keys import fingerprint, read_private_key, signed_by, spaced
from leadapron.know.feeds.outcome import FeedUpdate, Outcome, Progress, UpdateReport, silent
from leadapron.know.feeds.payload import age_order, by_product, newest, unpack
from leadapron.know.feeds.snapshots import KnowledgeStore, Snapshot, check_feed_id
from leadapron.model.advisories import Feed, Knowledge
from leadapron.model.errors import SourceError, UsageError

FORMAT = 1
MAX_DAYS = 366
MAX_BUNDLE = 1 << 30
"""Bytes of the whole file."""
MAX_MANIFEST = 4 << 20
MAX_FEEDS = 500

_MANIFEST = "manifest.json"
_SIGNATURE = "manifest.sig"
_SIGNATURE_LENGTH = 64
_CLOCKS_DIFFER = timedelta(days=1)
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Item(Struct, frozen=True, kw_only=True):
    """One feed of a bundle and the file that holds its facts."""

    feed: Feed
    file: str
    size: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """`manifest.json`."""

    format: int
    created: datetime
    expires: datetime
    key: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """Fingerprint of the key that signs."""
    feeds: tuple[Item, ...]


_DECODER = msgspec.json.Decoder(Manifest)


# ---------------------------------------------------------------- out
def export_bundle(
    store: KnowledgeStore, path: Path, private_key: Path, *, now: datetime, valid_days: int = 30
) -> Manifest:
    """Write the newest snapshot of each feed to `path`, signed. Equal content and time give an equal file."""
    if not 0 < valid_days <= MAX_DAYS:
        raise UsageError(f"a bundle is valid for 1 to {MAX_DAYS} days")
    key = read_private_key(private_key)
    snapshots = store.snapshots()
    if not snapshots:
        raise UsageError(f"{store.folder}: holds no snapshot to export; run `leadapron knowledge update` first")
    manifest = Manifest(
        format=FORMAT,
        created=now,
        expires=now + timedelta(days=valid_days),
        key=fingerprint(key.public_key()),
        feeds=tuple(_item(snapshot) for snapshot in snapshots),
    )
    plain = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    files = {_MANIFEST: plain, _SIGNATURE: key.sign(plain)}
    files |= {item.file: snapshot.data for item, snapshot in zip(manifest.feeds, snapshots, strict=True)}
    _write(path, files)
    return manifest


def _item(snapshot: Snapshot) -> Item:
    return Item(
        feed=snapshot.feed,
        file=_file_name(snapshot.feed.id),
        size=len(snapshot.data),
        sha256=hashlib.sha256(snapshot.data).hexdigest(),
    )


def _file_name(feed_id: str) -> str:
    return f"feeds/{feed_id}.json.zst"


def _write(path: Path, files: Mapping[str, bytes]) -> None:
    """Whole or not at all."""
    try:
        handle, aside = tempfile.mkstemp(prefix=".new-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                for name, data in files.items():
                    archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
            Path(aside).chmod(0o644)
            Path(aside).replace(path)
        finally:
            Path(aside).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from error


# ---------------------------------------------------------------- in
def import_bundle(
    path: Path,
    store: KnowledgeStore,
    trusted_keys: Mapping[str, Ed25519PublicKey],
    *,
    now: datetime,
    progress: Progress = silent,
) -> UpdateReport:
    """Take in the feeds of a bundle that are newer than what is held; all of them, or none.

    SourceError says which check failed: an unknown key, a wrong signature, a bundle that expired, is cut short or
    was altered. Older feeds are left out and reported, so an old bundle never turns knowledge back.
    """
    manifest, files = read_bundle(path, trusted_keys, now=now)
    updates: list[FeedUpdate] = []
    wanted: list[tuple[Feed, Knowledge]] = []
    for done, item in enumerate(manifest.feeds, start=1):
        held = store.effective(item.feed.id)
        outcome = _compare(item.feed, held)
        if outcome is Outcome.NEW:
            payload = unpack(files[item.file], f"{path}: {item.file}")
            feed = msgspec.structs.replace(item.feed, fetched=item.feed.fetched or now, verified="bundle")
            wanted.append((feed, _added(store.current(feed.id), payload)))
        updates.append(FeedUpdate(id=item.feed.id, outcome=outcome, feed=held))
        progress(done, len(manifest.feeds), item.feed.id)
    saved = {feed.id: feed for feed in store.save_all(wanted)} if wanted else {}
    return UpdateReport(
        updates=tuple(msgspec.structs.replace(each, feed=saved.get(each.id, each.feed)) for each in updates)
    )


def _compare(offered: Feed, held: Feed | None) -> Outcome:
    if held is None:
        return Outcome.NEW
    if offered.as_of == held.as_of and offered.sha256 == held.sha256:
        return Outcome.UNCHANGED
    return Outcome.OLDER if age_order(offered) < age_order(held) else Outcome.NEW


def _added(before: Snapshot | None, payload: Knowledge) -> Knowledge:
    """Advisories and lifecycles add up: what a newer list leaves out is not thereby untrue."""
    if before is None:
        return payload
    return msgspec.structs.replace(
        payload,
        advisories=newest(before.payload.advisories, payload.advisories),
        lifecycles=by_product(before.payload.lifecycles, payload.lifecycles),
    )


def read_bundle(
    path: Path, trusted_keys: Mapping[str, Ed25519PublicKey], *, now: datetime
) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and files of a bundle, everything checked but what the files hold."""
    try:
        if path.stat().st_size > MAX_BUNDLE:
            raise SourceError(f"{path}: larger than {MAX_BUNDLE >> 20} MB; refused")
        with zipfile.ZipFile(path) as archive:
            entries = _entries(archive, path)
            plain = _content(archive, entries, _MANIFEST, path)
            manifest = _checked_manifest(plain, _content(archive, entries, _SIGNATURE, path), trusted_keys, path)
            _check_dates(manifest, now, path)
            _check_names(manifest, entries, path)
            files = {item.file: _content(archive, entries, item.file, path) for item in manifest.feeds}
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
        raise SourceError(f"{path}: not a bundle, or cut short ({error}); fetch it again") from error
    for item in manifest.feeds:
        data = files[item.file]
        if len(data) != item.size or hashlib.sha256(data).hexdigest() != item.sha256:
            raise SourceError(f"{path}: {item.file}: not what was signed; nothing was imported")
    return manifest, files


def _entries(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Files by name: stored plainly, each once, and together no larger than the archive, so nothing can swell."""
    entries = archive.infolist()
    names = {entry.filename: entry for entry in entries}
    if len(entries) > MAX_FEEDS + 2 or len(names) != len(entries):
        raise SourceError(f"{path}: too many files, or a name twice; not a bundle of this program")
    if any(entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1 for entry in entries):
        raise SourceError(f"{path}: compressed or encrypted files; not a bundle of this program")
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise SourceError(f"{path}: its files are larger than itself; refused")
    return names


def _content(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], name: str, path: Path) -> bytes:
    entry = entries.get(name)
    if entry is None:
        raise SourceError(f"{path}: holds no {name}; not a bundle of this program")
    if name in (_MANIFEST, _SIGNATURE) and entry.file_size > MAX_MANIFEST:
        raise SourceError(f"{path}: {name} is too large; refused")
    return archive.read(entry)


def _checked_manifest(
    plain: bytes, signature: bytes, trusted_keys: Mapping[str, Ed25519PublicKey], path: Path
) -> Manifest:
    """Believed only once a pinned key signed these very bytes; before, it serves to say what is wrong."""
    signer = next((key for key in trusted_keys.values() if _signs(key, signature, plain)), None)
    try:
        manifest = _DECODER.decode(plain)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{path}: its manifest is damaged, or of another version ({error})") from error
    if signer is None:
        if manifest.key in trusted_keys:
            raise SourceError(
                f"{path}: its signature is wrong: the bundle was altered or damaged; nothing was imported"
            )
        raise SourceError(
            f"{path}: signed by a key that is not trusted here ({spaced(manifest.key)}); compare this fingerprint "
            "with the maker of the bundle, then pin their public key with `leadapron knowledge trust`"
        )
    if manifest.format != FORMAT:
        raise SourceError(f"{path}: made by a newer version of this program (format {manifest.format}); update it")
    return manifest


def _signs(key: Ed25519PublicKey, signature: bytes, plain: bytes) -> bool:
    return len(signature) == _SIGNATURE_LENGTH and signed_by(key, signature, plain)


def _check_dates(manifest: Manifest, now: datetime, path: Path) -> None:
    if manifest.created.tzinfo is None or manifest.expires.tzinfo is None:
        raise SourceError(f"{path}: its dates name no time zone; refused")
    if manifest.created > now + _CLOCKS_DIFFER:
        raise SourceError(f"{path}: made on {manifest.created:%Y-%m-%d}, after today: check this computer's clock")
    if manifest.expires <= now:
        raise SourceError(f"{path}: expired on {manifest.expires:%Y-%m-%d}; ask for a new one")


def _check_names(manifest: Manifest, entries: Sequence[str] | Mapping[str, object], path: Path) -> None:
    """Exactly the files that the manifest names, under the names that their feeds give."""
    named = {_file_name(check_feed_id(item.feed.id)) for item in manifest.feeds}
    if len(named) != len(manifest.feeds) or any(item.file != _file_name(item.feed.id) for item in manifest.feeds):
        raise SourceError(f"{path}: its manifest names files that no feed has; refused")
    strange = set(entries) - named - {_MANIFEST, _SIGNATURE}
    if strange:
        raise SourceError(f"{path}: holds files that were not signed ({sorted(strange)[0][:80]!r}); refused")
